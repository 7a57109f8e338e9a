"""What each day did to the number of readers."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "reader_days",
        sa.Column("newsletter_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("came", sa.Integer(), nullable=False),
        sa.Column("went", sa.Integer(), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["newsletter_id"],
            ["newsletters.id"],
            name=op.f("fk_reader_days_newsletter_id_newsletters"),
        ),
        sa.PrimaryKeyConstraint("newsletter_id", "day", name=op.f("pk_reader_days")),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only; go back with a backup")

"""Corrections of what was sent, sections put away, sums of a closed issue."""

import sqlalchemy as sa
from alembic import op
from digest.db import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "corrections",
        sa.Column("id", ID, nullable=False),
        sa.Column("issue_id", ID, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("article_id", ID, nullable=True),
        sa.Column("right_url", sa.Text(), nullable=False),
        sa.Column("taken_back_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_corrections_article_id_articles")
        ),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_corrections_issue_id_issues")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    with op.batch_alter_table("corrections", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_corrections_issue_id"), ["issue_id"], unique=False)

    op.add_column("issues", sa.Column("corrects_id", ID, nullable=True))
    op.add_column("issues", sa.Column("sums", sa.JSON(none_as_null=True), nullable=True))
    op.create_index(op.f("ix_issues_corrects_id"), "issues", ["corrects_id"], unique=False)

    with op.batch_alter_table("sections", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("put_away", sa.Boolean(), nullable=False, server_default=sa.false())
        )

    with op.batch_alter_table("suppressions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_suppressions_at"), ["at"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only; go back with a backup")

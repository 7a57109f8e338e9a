"""What is wrong with the machinery now, and whether anybody was told."""

import sqlalchemy as sa
from alembic import op
from digest.db import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "troubles",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("detail", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_troubles")),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only; go back with a backup")

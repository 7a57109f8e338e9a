"""A second person approves."""

import sqlalchemy as sa
from alembic import op
from digest.db import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("issues", schema=None) as batch_op:
        batch_op.add_column(sa.Column("first_hash", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("first_at", UtcDateTime(), nullable=True))
        batch_op.add_column(
            sa.Column("first_by", sa.String(length=200), server_default="", nullable=False)
        )


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only; go back with a backup")

"""Seats of domain groups."""

import sqlalchemy as sa
from alembic import op


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("relay_seats", schema=None) as batch_op:
        batch_op.alter_column(
            "relay",
            existing_type=sa.VARCHAR(length=41),
            type_=sa.String(length=62),
            existing_nullable=False,
        )


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only; go back with a backup")

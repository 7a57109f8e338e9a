"""Tokens of providers' signatures that were used: none counts twice."""

import sqlalchemy as sa
from alembic import op
from digest.db import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "used_tokens",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_used_tokens")),
    )
    op.create_index(op.f("ix_used_tokens_at"), "used_tokens", ["at"])


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only; go back with a backup")

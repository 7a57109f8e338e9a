"""Relays have standing limits and seats."""

import sqlalchemy as sa
from alembic import op
from digest.db import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "relay_paces",
        sa.Column("relay", sa.String(length=41), nullable=False),
        sa.Column("domain_group", sa.String(length=20), nullable=False),
        sa.Column("free_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("relay", "domain_group", name=op.f("pk_relay_paces")),
    )
    op.create_table(
        "relay_seats",
        sa.Column("relay", sa.String(length=41), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(length=60), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("relay", "number", name=op.f("pk_relay_seats")),
    )
    op.create_table(
        "relay_standings",
        sa.Column("relay", sa.String(length=41), nullable=False),
        sa.Column("domain_group", sa.String(length=20), nullable=False),
        sa.Column("open_until", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.Column("connections", sa.Integer(), nullable=True),
        sa.Column("down_since", UtcDateTime(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("relay", "domain_group", name=op.f("pk_relay_standings")),
    )
    op.create_table(
        "relay_uses",
        sa.Column("relay", sa.String(length=41), nullable=False),
        sa.Column("domain_group", sa.String(length=20), nullable=False),
        sa.Column("minute", UtcDateTime(), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("relay", "domain_group", "minute", name=op.f("pk_relay_uses")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("relay", sa.String(length=41), server_default="", nullable=False)
        )
        batch_op.drop_index(
            batch_op.f("ix_deliveries_open"),
            sqlite_where=sa.text("state IN ('pending', 'dotted', 'uncertain')"),
        )
        batch_op.create_index(
            "ix_deliveries_uncertain",
            ["issue_id"],
            unique=False,
            sqlite_where=sa.text("state = 'uncertain'"),
            postgresql_where=sa.text("state = 'uncertain'"),
        )

    with op.batch_alter_table("issues", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("paused_why", sa.String(length=300), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("stopped_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only; go back with a backup")

"""Ran before, the drift watch, and what a draft begins with."""

import sqlalchemy as sa
from alembic import op
from digest.db import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "article_watches",
        sa.Column("article_id", ID, nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("seen_then", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("seen_now", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["articles.id"],
            name=op.f("fk_article_watches_article_id_articles"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_article_watches")),
    )
    with op.batch_alter_table("article_watches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_watches_next_at"), ["next_at"], unique=False)

    with op.batch_alter_table("picks", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("ran_before_allowed", sa.Text(), server_default="", nullable=False)
        )
        batch_op.create_index(batch_op.f("ix_picks_article_id"), ["article_id"], unique=False)

    with op.batch_alter_table("newsletters", schema=None) as batch_op:
        batch_op.add_column(sa.Column("standing", sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table("audit_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entries_about"), ["about"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only; go back with a backup")

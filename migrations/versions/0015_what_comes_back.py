"""What comes back: feedback about copies, suspensions, messages that nobody understood."""

import sqlalchemy as sa
from alembic import op
from digest.db import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VERDICTS = ("unattributed", "noted", "scored", "suspended", "suppressed", "left")


def upgrade() -> None:
    _create_events()
    op.create_table(
        "suspensions",
        sa.Column("subscriber_id", ID, autoincrement=False, nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("probe_at", UtcDateTime(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_suspensions_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("subscriber_id", name=op.f("pk_suspensions")),
    )
    op.create_index(op.f("ix_suspensions_probe_at"), "suspensions", ["probe_at"])
    op.create_table(
        "kept_messages",
        sa.Column("id", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("place", sa.String(length=20), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("message_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_messages")),
        sa.UniqueConstraint("digest", name=op.f("uq_kept_messages_digest")),
    )
    op.create_index(op.f("ix_kept_messages_kept_at"), "kept_messages", ["kept_at"])


def _create_events() -> None:
    op.create_table(
        "feedback_events",
        sa.Column("id", ID, nullable=False),
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("class", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("detail", sa.String(length=300), nullable=False),
        sa.Column("found_by", sa.String(length=20), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                *VERDICTS,
                name="feedbackverdict",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("subscriber_id", ID, nullable=True),
        sa.Column("delivery_id", ID, nullable=True),
        sa.Column("issue_id", ID, nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_feedback_events_subscriber_id_subscribers"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_events")),
    )
    digest = ["provider", "digest"]
    op.create_index("uq_feedback_events_digest", "feedback_events", digest, unique=True)
    op.create_index("ix_feedback_events_reader", "feedback_events", ["subscriber_id", "at"])
    op.create_index("ix_feedback_events_issue", "feedback_events", ["issue_id", "kind"])
    op.create_index(op.f("ix_feedback_events_received_at"), "feedback_events", ["received_at"])


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only; go back with a backup")

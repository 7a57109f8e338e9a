"""The front door, tombstones, sums, mirrors."""

import sqlalchemy as sa
from alembic import op
from digest.db import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=20)


def upgrade() -> None:
    op.create_table(
        "public_hits",
        sa.Column("id", ID, nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_hits")),
    )
    with op.batch_alter_table("public_hits", schema=None) as batch_op:
        batch_op.create_index("ix_public_hits_window", ["scope", "key", "at"], unique=False)

    op.create_table(
        "spent_links",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_spent_links")),
    )
    with op.batch_alter_table("spent_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_spent_links_until"), ["until"], unique=False)

    op.create_table(
        "address_changes",
        sa.Column("id", ID, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("subscriber_id", ID, nullable=False),
        sa.Column("address_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("old_agreed_at", UtcDateTime(), nullable=True),
        sa.Column("new_agreed_at", UtcDateTime(), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("fk_address_changes_subscriber_id_subscribers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_changes")),
        sa.UniqueConstraint("public_id", name=op.f("uq_address_changes_public_id")),
        sa.UniqueConstraint("subscriber_id", name=op.f("uq_address_changes_subscriber_id")),
    )
    op.create_table(
        "leave_counts",
        sa.Column("newsletter_id", ID, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column(
            "reason",
            one_of(
                "leavereason",
                "too-much",
                "not-for-me",
                "never-asked",
                "unsafe",
                "other-address",
                "other",
            ),
            nullable=False,
        ),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter_id"],
            ["newsletters.id"],
            name=op.f("fk_leave_counts_newsletter_id_newsletters"),
        ),
        sa.PrimaryKeyConstraint("newsletter_id", "month", "reason", name=op.f("pk_leave_counts")),
    )
    op.create_table(
        "reader_requests",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", one_of("requestkind", "join", "settings"), nullable=False),
        sa.Column("newsletter_id", ID, nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=True),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("network", sa.String(length=16), nullable=False),
        sa.Column("text_digest", sa.String(length=64), nullable=True),
        sa.Column("policy_digest", sa.String(length=64), nullable=True),
        sa.Column("policy_version", sa.String(length=80), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["newsletter_id"],
            ["newsletters.id"],
            name=op.f("fk_reader_requests_newsletter_id_newsletters"),
        ),
        sa.ForeignKeyConstraint(
            ["policy_digest"],
            ["consent_texts.digest"],
            name=op.f("fk_reader_requests_policy_digest_consent_texts"),
        ),
        sa.ForeignKeyConstraint(
            ["text_digest"],
            ["consent_texts.digest"],
            name=op.f("fk_reader_requests_text_digest_consent_texts"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reader_requests")),
    )
    op.create_table(
        "ledger_sums",
        sa.Column("issue_id", ID, autoincrement=False, nullable=False),
        sa.Column("sums", sa.JSON(), nullable=False),
        sa.Column("key_id", sa.String(length=20), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("shrunk_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_ledger_sums_issue_id_issues")
        ),
        sa.PrimaryKeyConstraint("issue_id", name=op.f("pk_ledger_sums")),
    )
    op.create_table(
        "tombstones",
        sa.Column("issue_id", ID, autoincrement=False, nullable=False),
        sa.Column("address_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_tombstones_issue_id_issues")
        ),
        sa.PrimaryKeyConstraint("issue_id", "address_index", name=op.f("pk_tombstones")),
    )
    with op.batch_alter_table("consent_events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("policy_digest", sa.String(length=64), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_consent_events_policy_digest_consent_texts"),
            "consent_texts",
            ["policy_digest"],
            ["digest"],
        )

    with op.batch_alter_table("issues", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mirrors", sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table("newsletters", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mirror_order", sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.add_column(sa.Column("address_index", sa.LargeBinary(length=32), nullable=True))
        batch_op.add_column(sa.Column("reply_sealed", sa.LargeBinary(), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_notices_address_index"), ["address_index"], unique=False
        )


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only; go back with a backup")

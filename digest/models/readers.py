"""Tables about who reads: personal values are sealed or indexed, see sealed.py."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from digest.models.base import Base, Id, words_of
from digest.models.states import (
    ImportState,
    SubscriptionState,
    SuppressionReason,
)


class Subscriber(Base):
    """One address and the person behind it. Writer: subscribers.lifecycle (its transfer,
    its unconfirmed).
    """

    __tablename__ = "subscribers"
    # An id is never given twice: ledger rows of an erased subscriber must not pass to the next.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads a dict

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    address_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    address_sealed: Mapped[bytes]
    name_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime]


class Subscription(Base):
    """Subscriber × Newsletter. Writer: subscribers.lifecycle (its transfer, its unconfirmed)."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "newsletter_id"),
        Index("ix_subscriptions_audience", "newsletter_id", "state"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id", ondelete="CASCADE"))
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    state: Mapped[SubscriptionState] = mapped_column(words_of(SubscriptionState))
    edition: Mapped[str] = mapped_column(String(20), default="full")
    language: Mapped[str | None] = mapped_column(String(35))
    timezone: Mapped[str | None] = mapped_column(String(64))
    domain_group: Mapped[str] = mapped_column(String(20))
    paused_until: Mapped[datetime | None]
    appeal_hidden_until: Mapped[datetime | None]
    supports_until: Mapped[datetime | None]  # a member until then, and thanked instead of asked
    hidden_blocks: Mapped[list[Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # names of blocks this reader does not want: sections, whole texts
    import_id: Mapped[int | None] = mapped_column(
        ForeignKey("imports.id")
    )  # nobody's subscription until that import is done; None once the reader has acted themselves
    joined_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ConsentText(Base):
    """A wording somebody agreed to, kept once by its SHA-256. Writer: subscribers.consent."""

    __tablename__ = "consent_texts"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    wording: Mapped[str] = mapped_column(Text)


class ConsentEvent(Base):
    """Append-only evidence of what a subscriber agreed to or took back. Writer:
    subscribers.consent.
    """

    __tablename__ = "consent_events"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(
        ForeignKey("subscribers.id", ondelete="CASCADE"), index=True
    )
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    kind: Mapped[str] = mapped_column(String(20))  # a word of subscribers.consent.ConsentKind
    at: Mapped[datetime]
    origin: Mapped[str] = mapped_column(String(200))  # which form, import, link or hand
    text_digest: Mapped[str | None] = mapped_column(ForeignKey("consent_texts.digest"))
    policy_version: Mapped[str | None] = mapped_column(String(80))
    policy_digest: Mapped[str | None] = mapped_column(
        ForeignKey("consent_texts.digest")
    )  # the policy's own words, where they are ours to keep
    evidence: Mapped[dict[str, Any]]  # e.g. an import's own times; never an address or a raw IP


class Suppression(Base):
    """This address must not be mailed; survives erasure. Writer: subscribers.suppression."""

    __tablename__ = "suppressions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    address_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    reason: Mapped[SuppressionReason] = mapped_column(words_of(SuppressionReason))
    at: Mapped[datetime] = mapped_column(index=True)
    detail: Mapped[str] = mapped_column(String(500), default="")


class Import(Base):
    """One file of subscribers on its way in; what it brought counts once it is done. Writer:
    subscribers.transfer.
    """

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    file_digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[ImportState] = mapped_column(words_of(ImportState))
    merged_rows: Mapped[int] = mapped_column(default=0)
    withdrawn: Mapped[int] = mapped_column(
        default=0, server_default="0"
    )  # merged, and the reader's own again before the import was done
    counts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

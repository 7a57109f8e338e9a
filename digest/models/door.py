"""Tables of the front door: what strangers and readers ask for by page or mail, and its limits."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from digest.models.base import Base, Id, words_of
from digest.models.states import LeaveReason, RequestKind


class ReaderRequest(Base):
    """What somebody asked for, waiting to be answered by mail; every request is kept alike, so that
    no page can tell whom we know. Gone once answered. Writer: subscribers.door.requests.
    """

    __tablename__ = "reader_requests"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[RequestKind] = mapped_column(words_of(RequestKind))
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"))
    address_sealed: Mapped[bytes]
    name_sealed: Mapped[bytes | None]
    language: Mapped[str | None] = mapped_column(String(35))
    timezone: Mapped[str | None] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(String(200))  # which form or letter
    network: Mapped[str] = mapped_column(String(16), default="")  # keyed; never an address
    text_digest: Mapped[str | None] = mapped_column(ForeignKey("consent_texts.digest"))
    policy_digest: Mapped[str | None] = mapped_column(ForeignKey("consent_texts.digest"))
    policy_version: Mapped[str | None] = mapped_column(String(80))
    asked_at: Mapped[datetime]


class PublicHit(Base):
    """One thing that was allowed and counts towards a limit: a letter to an address, a form from a
    network. Writer: subscribers.door.limits.
    """

    __tablename__ = "public_hits"
    __table_args__ = (Index("ix_public_hits_window", "scope", "key", "at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    scope: Mapped[str] = mapped_column(String(20))
    key: Mapped[bytes] = mapped_column(LargeBinary(32))  # keyed hash of an address or a network
    at: Mapped[datetime]


class SpentLink(Base):
    """A link or form that works once, and was used. Writer: subscribers.door.spent."""

    __tablename__ = "spent_links"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    until: Mapped[datetime] = mapped_column(index=True)  # when it would have run out by itself


class AddressChange(Base):
    """A reader's new address, until both mailboxes have agreed. Writer: subscribers.moving."""

    __tablename__ = "address_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    subscriber_id: Mapped[int] = mapped_column(
        ForeignKey("subscribers.id", ondelete="CASCADE"), unique=True
    )
    address_index: Mapped[bytes] = mapped_column(LargeBinary(32))
    address_sealed: Mapped[bytes]
    old_agreed_at: Mapped[datetime | None]
    new_agreed_at: Mapped[datetime | None]
    asked_at: Mapped[datetime]


class LeaveCount(Base):
    """How many left a newsletter in a month for a reason; of whom is not kept. Writer:
    subscribers.leaving.
    """

    __tablename__ = "leave_counts"

    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"), primary_key=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)  # its first day
    reason: Mapped[LeaveReason] = mapped_column(words_of(LeaveReason), primary_key=True)
    readers: Mapped[int]

"""Tables of what comes back: feedback about copies, readers whose mailbox is on trial, and messages
that nobody understood.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from digest.models.base import Base, Id, words_of
from digest.models.states import FeedbackVerdict


class FeedbackEvent(Base):
    """One bounce, complaint or unsubscription that we were told of, and what followed. Writer:
    delivery.feedback.taking.

    The numbers carry no foreign key to the ledger: its rows go after ninety days. An erased
    reader's events lose their reader and stay as counts.
    """

    __tablename__ = "feedback_events"
    __table_args__ = (
        Index("uq_feedback_events_digest", "provider", "digest", unique=True),
        Index("ix_feedback_events_reader", "subscriber_id", "at"),
        Index("ix_feedback_events_issue", "issue_id", "kind"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    provider: Mapped[str] = mapped_column(String(20))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))  # keyed hash of the provider's event id
    kind: Mapped[str] = mapped_column(String(20))
    class_: Mapped[str] = mapped_column("class", String(20), default="")
    status: Mapped[str] = mapped_column(String(12), default="")
    detail: Mapped[str] = mapped_column(String(300), default="")  # redacted
    found_by: Mapped[str] = mapped_column(String(20), default="")
    verdict: Mapped[FeedbackVerdict] = mapped_column(words_of(FeedbackVerdict))
    subscriber_id: Mapped[int | None] = mapped_column(
        ForeignKey("subscribers.id", ondelete="SET NULL")
    )
    delivery_id: Mapped[int | None] = mapped_column(Id)
    issue_id: Mapped[int | None] = mapped_column(Id)
    at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(index=True)


class Suspension(Base):
    """A reader who is not mailed because copies kept coming back; once more after a month. Writer:
    delivery.feedback.suspending.

    While it is closed a suppression stands for it; opened, the next copy is the probe.
    """

    __tablename__ = "suspensions"

    subscriber_id: Mapped[int] = mapped_column(
        ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    since: Mapped[datetime]
    probe_at: Mapped[datetime] = mapped_column(index=True)
    opened_at: Mapped[datetime | None]


class KeptMessage(Base):
    """A message that came back and that nobody understood: it stays for a person. Writer:
    delivery.feedback.keeping.
    """

    __tablename__ = "kept_messages"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)  # keyed, of the message
    place: Mapped[str] = mapped_column(String(20))  # pipe, or mailbox
    size: Mapped[int]  # bytes it had; more than are kept, where it was too long
    why: Mapped[str] = mapped_column(String(200))
    message_sealed: Mapped[bytes]
    kept_at: Mapped[datetime] = mapped_column(index=True)

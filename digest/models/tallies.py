"""Tables about the instance: what each day did to the number of readers, and what is wrong now."""

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from digest.models.base import Base


class ReaderDay(Base):
    """How many readers a newsletter gained and lost on a day (UTC), and how many it had afterwards.
    Writer: subscribers.tally.
    """

    __tablename__ = "reader_days"

    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    came: Mapped[int]
    went: Mapped[int]
    readers: Mapped[int | None]  # None: nobody counted them then


class Trouble(Base):
    """Something about the machinery that is wrong now: since when, and whether operators were told.
    Writer: operations.watching.troubles.
    """

    __tablename__ = "troubles"

    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject: Mapped[str] = mapped_column(String(80), primary_key=True)
    since: Mapped[datetime]
    seen_at: Mapped[datetime]
    told_at: Mapped[datetime | None]
    detail: Mapped[str] = mapped_column(String(300))

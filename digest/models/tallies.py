"""Table of what each day did to the number of readers."""

from datetime import date

from sqlalchemy import Date, ForeignKey
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

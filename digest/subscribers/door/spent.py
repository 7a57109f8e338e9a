"""Links and forms that work once: those that were used, until they would have run out anyway."""

from datetime import datetime
from typing import cast

from sqlalchemy import Table, delete
from sqlalchemy.orm import Session

from digest.inserts import insert_new
from digest.models import SpentLink
from digest.tokens import Passing

_LINKS = cast(Table, SpentLink.__table__)


def spend(session: Session, passing: Passing) -> bool:
    """Use a link up; tell whether this was the first time. Two uses at once: one of them is."""
    row = {"digest": passing.digest, "until": passing.until}
    insert = insert_new(session, _LINKS).returning(_LINKS.c.digest)
    return session.scalar(insert, row) is not None


def give_back(session: Session, passing: Passing) -> None:
    """Let a link that was used up without doing anything be used once more."""
    session.execute(delete(SpentLink).where(SpentLink.digest == passing.digest))


def is_spent(session: Session, passing: Passing) -> bool:
    """Tell whether a link was used."""
    return session.get(SpentLink, passing.digest) is not None


def forget_spent(session: Session, now: datetime) -> None:
    """Forget the links that have run out by now."""
    session.execute(delete(SpentLink).where(SpentLink.until < now))

"""Links and forms that work once: those that were used, until they would have run out anyway."""

from datetime import datetime
from functools import cache
from typing import cast

from sqlalchemy import Table, delete
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from digest.inserts import insert_new_in
from digest.models import SpentLink
from digest.tokens import Passing

_LINKS = cast(Table, SpentLink.__table__)


def spend(session: Session, passing: Passing) -> bool:
    """Use a link up; tell whether this was the first time. Two uses at once: one of them is."""
    row = {"digest": passing.digest, "until": passing.until}
    return session.scalar(_spending(session.get_bind().dialect.name), row) is not None


@cache
def _spending(dialect: str) -> ReturningInsert[tuple[bytes]]:
    """Return the insert, built once: a form waits for it, and most of that is Python."""
    return insert_new_in(dialect, _LINKS).returning(_LINKS.c.digest)


def give_back(session: Session, passing: Passing) -> None:
    """Let a link that was used up without doing anything be used once more."""
    session.execute(delete(SpentLink).where(SpentLink.digest == passing.digest))


def is_spent(session: Session, passing: Passing) -> bool:
    """Tell whether a link was used."""
    return session.get(SpentLink, passing.digest) is not None


def forget_spent(session: Session, now: datetime) -> None:
    """Forget the links that have run out by now."""
    session.execute(delete(SpentLink).where(SpentLink.until < now))

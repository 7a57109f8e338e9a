"""Finding readers by a part of their address: every address is sealed, so every one must be opened.

Reads in pages by key, each in a transaction of its own, and opens addresses outside it; keeps
nothing it has opened but what matches. Who asks decides how fast the pages follow each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from digest.db import Database
from digest.errors import BadInput
from digest.models import Subscriber
from digest.sealed import Sealer

PAGE_ROWS = 500  # a thread that opens more keeps others of its process waiting for milliseconds
SHORTEST, LONGEST = 3, 254


class Match(NamedTuple):
    """A reader whose address has the term in it."""

    public_id: str
    address: str


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """What one page came to; the next one begins behind the id `last`."""

    last: int
    looked_at: int
    found: Sequence[Match]


def clean_term(text: str) -> str:
    """Return what to look for, in lower case; BadInput for what nearly every address would have."""
    term = "".join(text.split()).lower()
    if not SHORTEST <= len(term) <= LONGEST:
        raise BadInput(f"Give a part of an address that is {SHORTEST} characters long or longer.")
    return term


def count_subscribers(session: Session) -> int:
    """Return how many addresses a scan looks at."""
    return session.scalar(select(func.count()).select_from(Subscriber)) or 0


def scan_page(db: Database, sealer: Sealer, term: str, after: int) -> ScannedPage | None:
    """Look at the next PAGE_ROWS readers behind an id; None when there is none."""
    with db.read() as session:
        rows = session.execute(
            select(Subscriber.id, Subscriber.public_id, Subscriber.address_sealed)
            .where(Subscriber.id > after)
            .order_by(Subscriber.id)
            .limit(PAGE_ROWS)
        ).all()
    if not rows:
        return None
    opened = ((public_id, sealer.open(sealed)) for _id, public_id, sealed in rows)
    found = [Match(public_id, address) for public_id, address in opened if term in address.lower()]
    return ScannedPage(rows[-1][0], len(rows), found)

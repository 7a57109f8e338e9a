"""A newsletter's readers on their way out, as CSV that a spreadsheet cannot be tricked with.

Everything an import reads comes back by it. Half-imported readers are left out; whoever left or is
suppressed is in, with that status, so that no later import brings them back.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TextIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.db import Database
from digest.models import (
    ConsentEvent,
    Subscriber,
    Subscription,
    Suppression,
    SuppressionReason,
)
from digest.sealed import Sealer
from digest.subscribers.consent import ConsentKind
from digest.subscribers.transfer.csv_file import GUARDED
from digest.subscribers.transfer.shown import shown

COLUMNS = (
    *("email", "name", "status", "edition", "language", "timezone"),
    *("joined_at", "confirmed_at", "changed_at", "paused_until"),
)
PAGE_ROWS = 1000
_SAID_OF_SUPPRESSED = {
    SuppressionReason.BOUNCED: "bounced",
    SuppressionReason.COMPLAINED: "complained",
}


def export_csv(
    db: Database, sealer: Sealer, newsletter_id: int, out: TextIO, *, raw: bool = False
) -> int:
    """Write every subscription of a newsletter to `out` (opened with ``newline=""``) and return how
    many.

    Cells a spreadsheet would compute get a ' in front (CWE-1236) that our import takes away again;
    `raw` leaves it out. Times are ISO 8601 in UTC.
    """
    count = 0
    for piece, readers in csv_pieces(db, sealer, newsletter_id, raw=raw):
        out.write(piece)
        count += readers
    return count


def csv_pieces(
    db: Database, sealer: Sealer, newsletter_id: int, *, raw: bool = False
) -> Iterator[tuple[str, int]]:
    """Yield the same file piece by piece, each with how many readers it holds; no more than a page
    of them is in memory, and no transaction is open between two.
    """
    yield _lines([COLUMNS]), 0
    for page in _pages(db, newsletter_id):
        rows = (_cells(reader, sealer) for reader in page)
        yield _lines(rows if raw else map(_guarded_row, rows)), len(page)


def _lines(rows: Iterable[Sequence[str]]) -> str:
    out = StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _guarded_row(cells: Sequence[str]) -> list[str]:
    return [guarded(cell) for cell in cells]


def guarded(cell: str) -> str:
    """Return a cell that no spreadsheet computes: a ' before = + - @, TAB and line breaks, and
    before '=.
    """
    return f"'{cell}" if cell.lstrip("'").startswith(GUARDED) else cell


@dataclass(frozen=True, slots=True)
class _Reader:
    subscription: Subscription
    subscriber: Subscriber
    suppressed: SuppressionReason | None
    confirmed: str

    @property
    def status(self) -> str:
        """Return the subscription's state, or why the address must not be mailed."""
        if self.suppressed is None:
            return self.subscription.state.value
        return _SAID_OF_SUPPRESSED.get(self.suppressed, "blocked")


def _pages(db: Database, newsletter_id: int) -> Iterator[list[_Reader]]:
    """Yield readers page by page, each read in a transaction of its own so that none lasts long."""
    last = 0
    while True:
        with db.read() as session:
            found = session.execute(
                select(Subscription, Subscriber, Suppression.reason)
                .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
                .outerjoin(Suppression, Suppression.address_index == Subscriber.address_index)
                .where(
                    Subscription.newsletter_id == newsletter_id,
                    shown(),
                    Subscription.id > last,
                )
                .order_by(Subscription.id)
                .limit(PAGE_ROWS)
            ).all()
            confirmed = _confirmations(session, newsletter_id, [row[1].id for row in found])
        if not found:
            return
        last = found[-1][0].id
        yield [_Reader(*row, confirmed.get(row[1].id, "")) for row in found]


def _confirmations(
    session: Session, newsletter_id: int, subscriber_ids: Sequence[int]
) -> dict[int, str]:
    """Return when each reader last confirmed: our own time, or the words of their file."""
    events = session.scalars(
        select(ConsentEvent)
        .where(
            ConsentEvent.subscriber_id.in_(subscriber_ids),
            ConsentEvent.newsletter_id == newsletter_id,
            ConsentEvent.kind.in_([ConsentKind.CONFIRMED.value, ConsentKind.IMPORTED.value]),
        )
        .order_by(ConsentEvent.id)
    )
    return {event.subscriber_id: _confirmation(event) for event in events}


def _confirmation(event: ConsentEvent) -> str:
    if event.kind == ConsentKind.CONFIRMED.value:
        return event.at.isoformat()
    return str(event.evidence.get("confirmed", ""))


def _cells(reader: _Reader, sealer: Sealer) -> list[str]:
    subscription, subscriber = reader.subscription, reader.subscriber
    return [
        sealer.open(subscriber.address_sealed),
        sealer.open(subscriber.name_sealed) if subscriber.name_sealed else "",
        reader.status,
        subscription.edition,
        subscription.language or "",
        subscription.timezone or "",
        subscription.joined_at.isoformat(),
        reader.confirmed,
        subscription.changed_at.isoformat(),
        subscription.paused_until.isoformat() if subscription.paused_until else "",
    ]

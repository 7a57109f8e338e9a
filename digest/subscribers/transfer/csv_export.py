"""A newsletter's readers on their way out, as CSV that a spreadsheet cannot be tricked with.

Everything an import reads comes back by it. Half-imported readers are left out; whoever left or is
suppressed is in, with that status, so that no later import brings them back.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from io import StringIO
from typing import Any, NamedTuple, TextIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.db import Database
from digest.models import (
    ConsentEvent,
    Subscriber,
    Subscription,
    SubscriptionState,
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
_SUSPECT = frozenset({"'", *GUARDED})
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
        rows = (_cells(reader, confirmed, sealer) for reader, confirmed in page)
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
    if cell[:1] not in _SUSPECT:  # nearly all; there are ten million cells of a million readers
        return cell
    return f"'{cell}" if cell.lstrip("'").startswith(GUARDED) else cell


class _Reader(NamedTuple):
    """What is written of one reader, column by column: whole rows of four tables, as objects, cost
    as much as everything else here together.
    """

    id: int
    subscriber_id: int
    address_sealed: bytes
    name_sealed: bytes | None
    state: SubscriptionState
    edition: str
    language: str | None
    timezone: str | None
    joined_at: datetime
    changed_at: datetime
    paused_until: datetime | None
    suppressed: SuppressionReason | None

    @property
    def status(self) -> str:
        """Return the subscription's state, or why the address must not be mailed."""
        if self.suppressed is None:
            return self.state.value
        return _SAID_OF_SUPPRESSED.get(self.suppressed, "blocked")


def _pages(db: Database, newsletter_id: int) -> Iterator[list[tuple[_Reader, str]]]:
    """Yield readers with their confirmations page by page, each read in a transaction of its own so
    that none lasts long.
    """
    last = 0
    while True:
        with db.read() as session:
            rows = session.execute(_page(newsletter_id, last))
            found = [_Reader(*row) for row in rows]
            confirmed = _confirmations(session, newsletter_id, [each[1] for each in found])
        if not found:
            return
        last = found[-1].id
        yield [(reader, confirmed.get(reader.subscriber_id, "")) for reader in found]


def _page(newsletter_id: int, after: int) -> Any:
    return (
        select(
            Subscription.id,
            Subscription.subscriber_id,
            Subscriber.address_sealed,
            Subscriber.name_sealed,
            Subscription.state,
            Subscription.edition,
            Subscription.language,
            Subscription.timezone,
            Subscription.joined_at,
            Subscription.changed_at,
            Subscription.paused_until,
            Suppression.reason,
        )
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .outerjoin(Suppression, Suppression.address_index == Subscriber.address_index)
        .where(Subscription.newsletter_id == newsletter_id, shown(), Subscription.id > after)
        .order_by(Subscription.id)
        .limit(PAGE_ROWS)
    )


def _confirmations(
    session: Session, newsletter_id: int, subscriber_ids: Sequence[int]
) -> dict[int, str]:
    """Return when each reader last confirmed: our own time, or the words of their file."""
    events = session.execute(
        select(
            ConsentEvent.subscriber_id, ConsentEvent.kind, ConsentEvent.at, ConsentEvent.evidence
        )
        .where(
            ConsentEvent.subscriber_id.in_(subscriber_ids),
            ConsentEvent.newsletter_id == newsletter_id,
            ConsentEvent.kind.in_([ConsentKind.CONFIRMED.value, ConsentKind.IMPORTED.value]),
        )
        .order_by(ConsentEvent.id)
    )
    return {id_: _confirmation(kind, at, evidence) for id_, kind, at, evidence in events}


def _confirmation(kind: str, at: datetime, evidence: dict[str, Any]) -> str:
    if kind == ConsentKind.CONFIRMED.value:
        return at.isoformat()
    return str(evidence.get("confirmed", ""))


def _cells(reader: _Reader, confirmed: str, sealer: Sealer) -> list[str]:
    return [
        sealer.open(reader.address_sealed),
        sealer.open(reader.name_sealed) if reader.name_sealed else "",
        reader.status,
        reader.edition,
        reader.language or "",
        reader.timezone or "",
        reader.joined_at.isoformat(),
        confirmed,
        reader.changed_at.isoformat(),
        reader.paused_until.isoformat() if reader.paused_until else "",
    ]

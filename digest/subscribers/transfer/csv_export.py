"""A newsletter's readers on their way out, as CSV that a spreadsheet cannot be tricked with.

Everything an import of a list reads comes back by it. Half-imported readers are left out; whoever
left or is suppressed is in, with that status, so that no later import brings them back. A `whole`
export has, in further columns, what only Friday understands: choices, pauses and every consent
event, so that an import into an empty Friday loses nothing. What a reader pays is in neither.
"""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from io import StringIO
from typing import Any, NamedTuple, TextIO

from sqlalchemy import func, select
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
WHOLE_COLUMNS = ("state", "suppressed_since", "without", "appeal_hidden_until", "consent")
PAGE_ROWS = 1000
_SUSPECT = frozenset({"'", *GUARDED})
_SAID_OF_SUPPRESSED = {
    SuppressionReason.BOUNCED: "bounced",
    SuppressionReason.COMPLAINED: "complained",
}


def export_csv(
    db: Database,
    sealer: Sealer,
    newsletter_id: int,
    out: TextIO,
    *,
    raw: bool = False,
    whole: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Write every subscription of a newsletter to `out` (opened with ``newline=""``) and return how
    many.

    Cells a spreadsheet would compute get a ' in front (CWE-1236) that our import takes away again;
    `raw` leaves it out, `whole` adds the further columns. Times are ISO 8601 in UTC. `progress` is
    told how many are written, and how many there were when it began.
    """
    count = 0
    with db.read() as session:
        theirs = select(func.count()).where(Subscription.newsletter_id == newsletter_id)
        total = session.scalar(theirs) or 0
    for piece, readers in csv_pieces(db, sealer, newsletter_id, raw=raw, whole=whole):
        out.write(piece)
        count += readers
        progress(count, max(count, total))
    return count


def csv_pieces(
    db: Database, sealer: Sealer, newsletter_id: int, *, raw: bool = False, whole: bool = False
) -> Iterator[tuple[str, int]]:
    """Yield the same file piece by piece, each with how many readers it holds; no more than a page
    of them is in memory, and no transaction is open between two.
    """
    yield lines([COLUMNS + WHOLE_COLUMNS if whole else COLUMNS]), 0
    for page, confirmed in _pages(db, newsletter_id):
        rows = [_cells(each, confirmed.get(each.subscriber_id, ""), sealer) for each in page]
        if whole:
            events = _events(db, newsletter_id, page)
            for row, each in zip(rows, page, strict=True):
                row += _whole_cells(each, events.get(each.subscriber_id, []))
                row[2] = _whole_status(each)
        yield lines(rows if raw else map(guarded_row, rows)), len(page)


def lines(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as lines of CSV."""
    out = StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


def guarded_row(cells: Sequence[str]) -> list[str]:
    """Return a row that no spreadsheet computes anything of."""
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
    suppressed_at: datetime | None
    hidden_blocks: list[str] | None
    appeal_hidden_until: datetime | None

    @property
    def status(self) -> str:
        """Return the subscription's state, or why the address must not be mailed."""
        if self.suppressed is None:
            return self.state.value
        return _SAID_OF_SUPPRESSED.get(self.suppressed, "blocked")


def _pages(db: Database, newsletter_id: int) -> Iterator[tuple[list[_Reader], dict[int, str]]]:
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
        yield found, confirmed


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
            Suppression.at,
            Subscription.hidden_blocks,
            Subscription.appeal_hidden_until,
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


def _whole_status(reader: _Reader) -> str:
    """Return the status in our own words, which tell apart what is all the same to others."""
    return reader.state.value if reader.suppressed is None else word_of(reader.suppressed)


def word_of(reason: SuppressionReason) -> str:
    """Return what our own export calls a reason not to mail somebody."""
    return "blocked" if reason is SuppressionReason.MANUAL else reason.value


def _whole_cells(reader: _Reader, events: list[dict[str, Any]]) -> list[str]:
    return [
        reader.state.value,
        reader.suppressed_at.isoformat() if reader.suppressed_at else "",
        json.dumps(reader.hidden_blocks, ensure_ascii=False) if reader.hidden_blocks else "",
        reader.appeal_hidden_until.isoformat() if reader.appeal_hidden_until else "",
        json.dumps(events, ensure_ascii=False),
    ]


def _events(
    db: Database, newsletter_id: int, page: Sequence[_Reader]
) -> dict[int, list[dict[str, Any]]]:
    """Return the consent events of some readers, oldest first; wordings by their digest."""
    found: dict[int, list[dict[str, Any]]] = {}
    with db.read() as session:
        events = session.scalars(
            select(ConsentEvent)
            .where(
                ConsentEvent.subscriber_id.in_([each.subscriber_id for each in page]),
                ConsentEvent.newsletter_id == newsletter_id,
            )
            .order_by(ConsentEvent.id)
        )
        for event in events:
            told = {
                "kind": event.kind,
                "at": event.at.isoformat(),
                "origin": event.origin,
                "text": event.text_digest,
                "policy_version": event.policy_version,
                "policy": event.policy_digest,
                "evidence": event.evidence,
            }
            kept = {name: value for name, value in told.items() if value not in (None, {})}
            found.setdefault(event.subscriber_id, []).append(kept)
    return found

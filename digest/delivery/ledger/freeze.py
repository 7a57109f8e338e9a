"""Writes an issue's audience into the ledger, once and whole, and cuts it into chunks."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    CursorResult,
    MetaData,
    Row,
    Select,
    String,
    Table,
    bindparam,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from digest.db import UtcDateTime
from digest.delivery.ledger.corrected import got_it
from digest.models import Chunk, Delivery, DeliveryState, Origin, Subscription
from digest.subscribers.audience import audience_select

CACHE_KIB = 8_000  # the index over a million rows, near enough

Mornings = Callable[[str | None], datetime]
_Row = Row[int, datetime, str]

# Lives as long as one freeze. A table, because SQLite would read all of a VALUES list again for
# each subscription.
_MORNINGS = Table(
    "freeze_mornings",
    MetaData(),
    Column("zone", String(64), primary_key=True),
    Column("at", UtcDateTime(), nullable=False),
    prefixes=["TEMPORARY"],
)

_ROW_FROM = (
    select(Delivery.id, Delivery.not_before, Delivery.domain_group)
    # The sum keeps databases from the index over issues, by which each row would cost all of them.
    .where(Delivery.id >= bindparam("from"), Delivery.issue_id + 0 == bindparam("issue"))
    .order_by(Delivery.id)
    .limit(1)
)


def freeze(
    session: Session,
    issue_id: int,
    newsletter_id: int,
    *,
    not_before: datetime,
    now: datetime,
    chunk_rows: int,
    mornings: Mornings | None = None,
    corrects: int | None = None,
) -> int:
    """Write one pending row for everyone in the audience, cut into chunks; return how many.

    Nobody's copy leaves before `not_before` nor, where `mornings` is given, before what it answers
    for the subscription's time zone (None: not known). Of a correction, only those get one whose
    copy of the issue `corrects` was accepted. It happens whole in the caller's transaction, or not
    at all.
    """
    newest = session.scalar(select(func.max(Delivery.id))) or 0
    audience = audience_select(newsletter_id, now, dialect=session.get_bind().dialect.name)
    if corrects is not None:
        audience = audience.where(got_it(corrects))
    if mornings is None:
        count = _insert_rows(session, issue_id, audience, literal(not_before, UtcDateTime()))
    else:
        count = _insert_mornings(session, issue_id, audience, newsletter_id, mornings, not_before)
    _cut_chunks(session, issue_id, newest, chunk_rows)
    return count


def _insert_mornings(
    session: Session,
    issue_id: int,
    audience: Select[*tuple[Any, ...]],
    newsletter_id: int,
    mornings: Mornings,
    not_before: datetime,
) -> int:
    _MORNINGS.create(session.connection())
    zones = session.scalars(
        select(Subscription.timezone)
        # Most rows are this newsletter's: the sum keeps SQLite from visiting them by an index.
        .where(Subscription.newsletter_id + 0 == newsletter_id)
        .distinct()
    )
    rows = [{"zone": zone, "at": max(mornings(zone), not_before)} for zone in zones if zone]
    if rows:
        session.execute(insert(_MORNINGS), rows)
    usual = literal(max(mornings(None), not_before), UtcDateTime())
    count = _insert_rows(
        session,
        issue_id,
        audience.outerjoin(_MORNINGS, _MORNINGS.c.zone == Subscription.timezone),
        func.coalesce(_MORNINGS.c.at, usual),
    )
    _MORNINGS.drop(session.connection())
    return count


def _insert_rows(
    session: Session,
    issue_id: int,
    audience: Select[*tuple[Any, ...]],
    moment: ColumnElement[datetime],
) -> int:
    """Insert in the order of moment, domain group and subscriber: ids are given in that order."""
    columns: dict[str, ColumnElement[Any] | InstrumentedAttribute[Any]] = {
        "issue_id": literal(issue_id),
        "state": literal(DeliveryState.PENDING.value),
        "origin": literal(Origin.AUDIENCE.value),
        "not_before": moment.label("moment"),
        "subscriber_id": Subscription.subscriber_id,
        "edition": Subscription.edition,
        "domain_group": Subscription.domain_group,
    }
    rows = audience.with_only_columns(*columns.values(), maintain_column_froms=True)
    order = ("moment", Subscription.domain_group, Subscription.subscriber_id)
    with _swift(session):
        inserted = session.execute(
            insert(Delivery).from_select(list(columns), rows.order_by(*order)),
            execution_options={"preserve_rowcount": True},
        )
    return cast(CursorResult[Any], inserted).rowcount


@contextmanager
def _swift(session: Session) -> Iterator[None]:
    """Let SQLite keep the growing index in memory, and take the two words above as they are.

    Nobody else may write meanwhile. Comparing each row's words with the lists of allowed ones is a
    quarter of that time.
    """
    if session.get_bind().dialect.name != "sqlite":
        yield
        return
    pages = session.execute(text("PRAGMA cache_size")).scalar_one()
    session.execute(text(f"PRAGMA cache_size = -{CACHE_KIB}"))
    session.execute(text("PRAGMA ignore_check_constraints = 1"))
    try:
        yield
    finally:
        session.execute(text("PRAGMA ignore_check_constraints = 0"))
        session.execute(text(f"PRAGMA cache_size = {pages}"))


def _cut_chunks(session: Session, issue_id: int, newest: int, chunk_rows: int) -> None:
    """Cut the rows after id `newest` into runs of one moment and one domain group.

    Another issue frozen at the same time on PostgreSQL may own ids in between; its rows make our
    chunks smaller, even empty, and nothing else: a chunk's rows are told apart by their issue.
    """
    chunks = [
        {
            "issue_id": issue_id,
            "first_id": first,
            "last_id": min(first + chunk_rows, run.stop) - 1,
            "domain_group": group,
            "next_at": moment,
        }
        for run, moment, group in _runs(session, issue_id, newest)
        for first in run[::chunk_rows]
    ]
    if chunks:
        session.execute(insert(Chunk), chunks)


def _runs(session: Session, issue_id: int, newest: int) -> Iterator[tuple[range, datetime, str]]:
    """Yield the ids of each moment and domain group, in order."""

    def row_from(id: int) -> _Row | None:
        return session.execute(_ROW_FROM, {"issue": issue_id, "from": id}).first()

    stop = (session.scalar(select(func.max(Delivery.id))) or 0) + 1
    row = row_from(newest + 1)
    while row is not None:
        end = _end_of_run(row_from, row, stop)
        yield range(row.id, end), row.not_before, row.domain_group
        row = row_from(end)


def _end_of_run(row_from: Callable[[int], _Row | None], first: _Row, stop: int) -> int:
    """Return the first id from which on the rows are not of `first`'s moment and group any more.

    The rows lie in their order, so it is found by halving; grouping would sort them all again.
    """

    def is_past(id: int) -> bool:
        row = row_from(id)
        return row is None or row[1:] != first[1:]

    start: int = first.id
    return start + bisect_left(range(start, stop), True, key=is_past)

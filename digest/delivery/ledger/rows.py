"""Single rows: what may be tried, the commit that allows a dot, and how each row went on."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Table,
    Update,
    and_,
    any_,
    bindparam,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from digest.db import UtcDateTime
from digest.delivery.ledger.compiled import Compiled, execute_plain
from digest.delivery.ledger.leases import Lease, lease_clock, of_issue, record_events
from digest.models import (
    Chunk,
    Delivery,
    DeliveryState,
    Issue,
    IssueState,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)
from digest.subscribers.audience import mailable

ALL = 1_000_000  # more rows than a chunk ever has
MOST_VALUES = 50  # rows of one statement; SQLite keeps a plan for each number of them
_TABLE = cast(Table, Delivery.__table__)  # plain statements: no ORM bookkeeping for each copy


@dataclass(slots=True)
class Dot:
    """The wish to write one copy's final dot."""

    delivery_id: int
    lease: Lease


@dataclass(slots=True)
class Settlement:
    """How one row goes on. `epoch` is the lease's under which it was dotted; None: it never got its
    dot.
    """

    delivery_id: int
    state: DeliveryState
    epoch: int | None
    code: int | None = None
    reply: str = ""
    queue_id: str = ""
    reason: str = ""
    next_at: datetime | None = None
    tried: bool = True  # whether this counts as an attempt where no dot counted it


class PendingRow(NamedTuple):
    """A row that may be tried, with what decides about and addresses its copy.

    A subscriber or subscription that is gone leaves its fields None.
    """

    id: int
    attempt: int
    edition: str
    address_sealed: bytes | None
    name_sealed: bytes | None
    public_id: str | None
    state: SubscriptionState | None
    paused_until: datetime | None
    appeal_hidden_until: datetime | None
    supports_until: datetime | None
    hidden_blocks: list[str] | None
    suppressed: bool


def list_pending(
    session: Session, lease: Lease, now: datetime, *, most: int = ALL
) -> list[PendingRow]:
    """Return the chunk's rows that may be tried now, `most` of them, in their order."""
    connection = session.connection()
    values = {
        "p_issue": lease.issue_id,
        "p_first": lease.first_id,
        "p_last": lease.last_id,
        "p_group": lease.domain_group,
        "p_newsletter": lease.newsletter_id,
        "p_now": now,
        "p_most": most,
    }
    rows = _pending(connection.dialect).converted_rows(connection, values)
    return [PendingRow(*row) for row in rows]


@lru_cache(maxsize=16)
def _pending(dialect: Dialect) -> Compiled:
    suppressed = exists().where(Suppression.address_index == Subscriber.address_index)
    return Compiled(
        select(
            Delivery.id,
            Delivery.attempt,
            Delivery.edition,
            Subscriber.address_sealed,
            Subscriber.name_sealed,
            Subscription.public_id,
            Subscription.state,
            Subscription.paused_until,
            Subscription.appeal_hidden_until,
            Subscription.supports_until,
            Subscription.hidden_blocks,
            suppressed.label("suppressed"),
        )
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .outerjoin(
            Subscription,
            (Subscription.subscriber_id == Delivery.subscriber_id)
            & (Subscription.newsletter_id == bindparam("p_newsletter")),
        )
        .where(
            of_issue(bindparam("p_issue", type_=BigInteger())),
            Delivery.id.between(bindparam("p_first"), bindparam("p_last")),
            Delivery.domain_group == bindparam("p_group"),
            Delivery.state == DeliveryState.PENDING,
            or_(
                Delivery.next_at.is_(None),
                Delivery.next_at <= bindparam("p_now", type_=UtcDateTime()),
            ),
        )
        .order_by(Delivery.id)
        .limit(bindparam("p_most", type_=BigInteger())),
        dialect,
    )


class NotAllDotted(Exception):
    """Some of the rows were not to be dotted; the transaction must be rolled back."""


def commit_dots(
    connection: Connection, dots: Sequence[Dot], now: datetime, *, all_of_them: bool = False
) -> set[int]:
    """Mark rows dotted where that is still right; return the ids of those that were.

    Right means: pending, under a lease that is ours and has not run out, the issue still sending,
    and the subscriber still to be mailed, so an unsubscribe counts up to this very commit. With
    `all_of_them`, raises NotAllDotted unless it is right for every row, and is faster: a row that
    is returned costs a hand-over between threads.
    """
    if not dots:
        return set()
    dialect = connection.dialect
    by_lease: dict[tuple[int, int], tuple[Lease, list[int]]] = {}
    for dot in dots:
        key = (dot.lease.chunk_id, dot.lease.epoch)
        by_lease.setdefault(key, (dot.lease, []))[1].append(dot.delivery_id)
    if dialect.name != "sqlite":
        # Nobody may take a chunk over while dots of its rows are being committed: the next owner
        # would not see them, and so not doubt them.
        chunks = [chunk_id for chunk_id, _ in by_lease]
        connection.execute(select(Chunk.id).where(Chunk.id.in_(chunks)).with_for_update(read=True))
    hit: set[int] = set()
    for lease, ids in by_lease.values():
        values = _dot_values(dialect.name, lease, ids, now)
        if not all_of_them:
            hit.update(row[0] for row in _dot_returning(dialect).rows(connection, values))
            continue
        if _dot_all(dialect).run(connection, values) != len(ids):
            raise NotAllDotted
        hit.update(ids)
    return hit


def _dot_values(dialect: str, lease: Lease, ids: list[int], now: datetime) -> dict[str, object]:
    return {
        "d_ids": _array(dialect, ids),
        "d_chunk": lease.chunk_id,
        "d_owner": lease.owner,
        "d_epoch": lease.epoch,
        "d_issue": lease.issue_id,
        "d_newsletter": lease.newsletter_id,
        "d_relay": lease.relay,
        "d_now": now,
    }


def _array(dialect: str, ids: list[int]) -> Any:
    return json.dumps(ids) if dialect == "sqlite" else ids


def _among(dialect: str, column: ColumnElement[int], name: str) -> ColumnElement[bool]:
    """Return "column is one of the bound array" without a statement for each length."""
    if dialect == "sqlite":
        values = func.json_each(bindparam(name)).table_valued("value")
        return column.in_(select(values.c.value))
    return column == any_(bindparam(name, type_=ARRAY(BigInteger)))


@lru_cache(maxsize=16)
def _dot_all(dialect: Dialect) -> Compiled:
    return Compiled(_dot_statement(dialect.name), dialect)


@lru_cache(maxsize=16)
def _dot_returning(dialect: Dialect) -> Compiled:
    return Compiled(_dot_statement(dialect.name).returning(_TABLE.c.id), dialect)


def _dot_statement(dialect: str) -> Update:
    """Return the fence: what must be true of a row at the very commit that allows its dot."""
    now = bindparam("d_now", type_=UtcDateTime())
    mine = select(Chunk.id).where(
        Chunk.id == bindparam("d_chunk"),
        Chunk.owner == bindparam("d_owner"),
        Chunk.epoch == bindparam("d_epoch"),
        Chunk.lease_until > lease_clock(dialect, now),
    )
    sending = select(Issue.id).where(
        Issue.id == bindparam("d_issue"),
        Issue.state == IssueState.SENDING,
        Issue.paused.is_(False),
    )
    reader = (
        select(Subscription.id)
        .where(
            Subscription.subscriber_id == _TABLE.c.subscriber_id,
            mailable(bindparam("d_newsletter"), now),
        )
        .correlate(_TABLE)
    )
    return (
        update(_TABLE)
        .where(
            _among(dialect, _TABLE.c.id, "d_ids"),
            _TABLE.c.state == DeliveryState.PENDING,
            mine.exists(),
            sending.exists(),
            reader.exists(),
        )
        .values(
            state=DeliveryState.DOTTED,
            dotted_at=now,
            attempt=_TABLE.c.attempt + 1,
            epoch=bindparam("d_epoch"),
            relay=bindparam("d_relay"),
        )
    )


def settle(connection: Connection, settlements: Sequence[Settlement], now: datetime) -> None:
    """Write how rows went on. A dotted row answers only to the lease that dotted it, late replies
    included.
    """
    accepted = [s for s in settlements if s.state is DeliveryState.ACCEPTED and s.epoch is not None]
    if accepted:
        _settle_accepted(connection, accepted, now)
    if len(accepted) == len(settlements):
        return
    told = []
    for settlement in settlements:
        if settlement.state is DeliveryState.ACCEPTED and settlement.epoch is not None:
            continue
        if _settle_one(connection, settlement, now) and _worth_telling(settlement):
            told.append((settlement.delivery_id, settlement.state.value, settlement.reply))
    record_events(connection, told, now)


def _settle_accepted(connection: Connection, accepted: Sequence[Settlement], now: datetime) -> None:
    """Write them in one statement, or a few of MOST_VALUES rows; the write that runs most."""
    if connection.dialect.name != "sqlite":
        rows = [
            {
                "id": s.delivery_id,
                "epoch": s.epoch,
                "code": s.code,
                "reply": s.reply,
                "q": s.queue_id,
            }
            for s in accepted
        ]
        _accept(connection.dialect).run(connection, {"rows": json.dumps(rows), "now": now})
        return
    moment = _moments(connection.dialect)(now)
    for start in range(0, len(accepted), MOST_VALUES):
        part = accepted[start : start + MOST_VALUES]
        values: list[Any] = []
        for s in part:
            values += (s.delivery_id, s.epoch, s.code, s.reply, s.queue_id)
        execute_plain(connection, _accept_values(len(part)), [*values, moment]).close()


@lru_cache(maxsize=16)
def _moments(dialect: Dialect) -> Callable[[datetime], Any]:
    """Return what turns an instant into what this driver binds."""
    convert = UtcDateTime().dialect_impl(dialect).bind_processor(dialect)
    return convert or (lambda instant: instant)


def _settle_one(connection: Connection, settlement: Settlement, now: datetime) -> bool:
    """Write one row's rarer end; False when it was not this lease's to write any more."""
    if settlement.epoch is not None:
        statement, values = _SETTLE_DOTTED, _dotted_values(settlement, now)
    else:
        statement = _SETTLE_PENDING
        values = {**_values(settlement, now), "b_tried": int(settlement.tried)}
    return connection.execute(statement, values).rowcount > 0


_ACCEPTED = """UPDATE deliveries SET state = 'accepted', code = done.code, reply = done.reply,
    queue_id = done.q, reason = '', next_at = NULL, done_at = {now}
    FROM {done} WHERE deliveries.id = done.id AND deliveries.epoch = done.epoch
    AND deliveries.state IN ('dotted', 'uncertain')"""
_DONE_JSON = """json_to_recordset(CAST(:rows AS json))
    AS done(id bigint, epoch integer, code integer, reply text, q text)"""
_DONE_VALUES = "WITH done (id, epoch, code, reply, q) AS (VALUES {rows})"


@lru_cache(maxsize=16)
def _accept(dialect: Dialect) -> Compiled:
    statement = text(_ACCEPTED.format(now=":now", done=_DONE_JSON))
    return Compiled(statement.bindparams(bindparam("now", type_=UtcDateTime())), dialect)


@lru_cache(maxsize=MOST_VALUES)
def _accept_values(rows: int) -> str:
    """Return SQLite's form for so many rows: to bind values takes half as long as to read JSON."""
    done = _DONE_VALUES.format(rows=", ".join(["(?, ?, ?, ?, ?)"] * rows))
    return f"{done} {_ACCEPTED.format(now='?', done='done')}"


def _worth_telling(settlement: Settlement) -> bool:
    return settlement.state not in {DeliveryState.ACCEPTED, DeliveryState.SKIPPED}


def _values(settlement: Settlement, now: datetime) -> dict[str, object]:
    return {
        "b_id": settlement.delivery_id,
        "b_state": settlement.state,
        "b_code": settlement.code,
        "b_reply": settlement.reply,
        "b_queue_id": settlement.queue_id,
        "b_reason": settlement.reason,
        "b_next_at": settlement.next_at,
        "b_done_at": None if settlement.state is DeliveryState.PENDING else now,
    }


def _dotted_values(settlement: Settlement, now: datetime) -> dict[str, object]:
    final = settlement.state is not DeliveryState.PENDING
    return {**_values(settlement, now), "b_epoch": settlement.epoch, "b_final": int(final)}


_NEW_VALUES = {
    "state": bindparam("b_state", type_=Delivery.state.type),
    "code": bindparam("b_code"),
    "reply": bindparam("b_reply"),
    "queue_id": bindparam("b_queue_id"),
    "reason": bindparam("b_reason"),
    "next_at": bindparam("b_next_at", type_=UtcDateTime()),
    "done_at": bindparam("b_done_at", type_=UtcDateTime()),
}
_SETTLE_DOTTED = (
    update(_TABLE)
    .where(
        _TABLE.c.id == bindparam("b_id"),
        _TABLE.c.epoch == bindparam("b_epoch"),
        # an IN list cannot be part of an executemany
        or_(
            _TABLE.c.state == DeliveryState.DOTTED,
            # Its chunk may be done for by now, so a late "try again" leaves the row in doubt.
            and_(_TABLE.c.state == DeliveryState.UNCERTAIN, bindparam("b_final") == 1),
        ),
    )
    .values(_NEW_VALUES)
)
_SETTLE_PENDING = (
    update(_TABLE)
    .where(_TABLE.c.id == bindparam("b_id"), _TABLE.c.state == DeliveryState.PENDING)
    .values({**_NEW_VALUES, "attempt": _TABLE.c.attempt + bindparam("b_tried")})
)

"""Single rows: what may be tried, the commit that allows a dot, and how each row went on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Row, Table, and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from digest.db import UtcDateTime
from digest.delivery.ledger.leases import Lease, lease_clock, record_events, rows_of
from digest.models import (
    Chunk,
    Delivery,
    DeliveryState,
    Issue,
    IssueState,
    Subscriber,
    Subscription,
    Suppression,
)
from digest.subscribers.audience import mailable

_TABLE = cast(Table, Delivery.__table__)  # plain statements: no ORM bookkeeping for each copy


@dataclass(frozen=True, slots=True)
class Dot:
    """The wish to write one copy's final dot."""

    delivery_id: int
    lease: Lease


@dataclass(frozen=True, slots=True)
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


def list_pending(session: Session, lease: Lease, now: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the chunk's rows that may be tried now, each with what decides about and addresses the
    copy.

    A subscriber or subscription that is gone leaves its columns None.
    """
    suppressed = exists().where(Suppression.address_index == Subscriber.address_index)
    return session.execute(
        select(
            Delivery.id,
            Delivery.attempt,
            Delivery.not_before,
            Delivery.edition,
            Subscriber.address_sealed,
            Subscriber.name_sealed,
            Subscription.public_id,
            Subscription.state,
            Subscription.paused_until,
            Subscription.appeal_hidden_until,
            suppressed.label("suppressed"),
        )
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .outerjoin(
            Subscription,
            (Subscription.subscriber_id == Delivery.subscriber_id)
            & (Subscription.newsletter_id == lease.newsletter_id),
        )
        .where(
            *rows_of(lease),
            Delivery.state == DeliveryState.PENDING,
            or_(Delivery.next_at.is_(None), Delivery.next_at <= now),
        )
        .order_by(Delivery.id)
    ).all()


def commit_dots(session: Session, dots: Sequence[Dot], now: datetime) -> set[int]:
    """Mark rows dotted where that is still right; return the ids of those that were.

    Right means: pending, under a lease that is ours and has not run out, the issue still sending,
    and the subscriber still to be mailed, so an unsubscribe counts up to this very commit.
    """
    hit: set[int] = set()
    if session.get_bind().dialect.name != "sqlite":
        # Nobody may take a chunk over while dots of its rows are being committed: the next owner
        # would not see them, and so not doubt them.
        chunks = {dot.lease.chunk_id for dot in dots}
        session.execute(select(Chunk.id).where(Chunk.id.in_(chunks)).with_for_update(read=True))
    statement = _dot_statement(session.get_bind().dialect.name)
    for lease in {dot.lease for dot in dots}:
        values = {
            "d_ids": [dot.delivery_id for dot in dots if dot.lease == lease],
            "d_chunk": lease.chunk_id,
            "d_owner": lease.owner,
            "d_epoch": lease.epoch,
            "d_issue": lease.issue_id,
            "d_newsletter": lease.newsletter_id,
            "d_now": now,
        }
        hit.update(session.scalars(statement, values))
    return hit


@cache
def _dot_statement(dialect: str) -> ReturningUpdate[tuple[int]]:
    """Build the fence once: it runs for every few copies, and building it costs more than the
    disk.
    """
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
            _TABLE.c.id.in_(bindparam("d_ids", expanding=True)),
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
        )
        .returning(_TABLE.c.id)
    )


def settle(session: Session, settlements: Sequence[Settlement], now: datetime) -> None:
    """Write how rows went on. A dotted row answers only to the lease that dotted it, late replies
    included.
    """
    dotted = [s for s in settlements if s.epoch is not None]
    before = [s for s in settlements if s.epoch is None]
    if dotted:
        session.execute(_SETTLE_DOTTED, [_dotted_values(s, now) for s in dotted])
    if before:
        session.execute(
            _SETTLE_PENDING, [{**_values(s, now), "b_tried": int(s.tried)} for s in before]
        )
    record_events(
        session,
        [(s.delivery_id, s.state.value, s.reply) for s in settlements if _worth_telling(s)],
        now,
    )


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

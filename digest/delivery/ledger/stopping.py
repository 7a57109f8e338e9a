"""What becomes of an issue's rows when its run is stopped for good. The issue itself is
curation.issues'.

A stop is safe against senders at work without waiting for them: the issue is paused in the same
transaction, so no dot is committed after it; a row that a sender is just committing goes its own
way, and what comes back from there (a 4xx, a dead owner) is taken at the next tick.
"""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from digest.delivery.ledger.idle import chunk_of_row, lock_idle_rows, nobody_works_on
from digest.delivery.ledger.leases import record_events
from digest.models import Chunk, Delivery, DeliveryState

OPEN = (DeliveryState.PENDING, DeliveryState.DOTTED)


def stop_rows(session: Session, issue_id: int, now: datetime) -> int:
    """Skip what is pending of a stopped issue and return how many rows that were.

    Call it in the transaction of `stop_issue`, and again with every tick until the issue is sent:
    a paused issue's chunks are leased by nobody, so rows that a dead owner left dotted are found in
    doubt here.
    """
    skipped = _skip_pending(session, issue_id, now)
    _doubt_abandoned(session, issue_id, now)
    put_chunks_to_rest(session, issue_id, now)
    return skipped


def _skip_pending(session: Session, issue_id: int, now: datetime) -> int:
    pending = (
        select(Delivery.id)
        .where(Delivery.issue_id == issue_id, Delivery.state == DeliveryState.PENDING)
        .with_for_update(skip_locked=True)
    )
    result = session.execute(
        update(Delivery)
        .where(Delivery.id.in_(pending), Delivery.state == DeliveryState.PENDING)
        .values(state=DeliveryState.SKIPPED, reason="stopped", next_at=None, done_at=now)
        .execution_options(synchronize_session=False)
    )
    return cast(CursorResult[Any], result).rowcount


def _doubt_abandoned(session: Session, issue_id: int, now: datetime) -> None:
    abandoned = lock_idle_rows(
        session,
        Delivery.issue_id == issue_id,
        Delivery.state == DeliveryState.DOTTED,
        now=now,
    )
    for delivery_id, _ in abandoned:  # at most one for each connection that died
        session.execute(
            update(Delivery)
            .where(Delivery.id == delivery_id, Delivery.state == DeliveryState.DOTTED)
            .values(state=DeliveryState.UNCERTAIN, reason="owner gone", done_at=now)
        )
    detail = "the sender that wrote the dot is gone"
    record_events(session, [(id, "uncertain", detail) for id, _ in abandoned], now)


def put_chunks_to_rest(session: Session, issue_id: int, now: datetime) -> None:
    """Take chunks without an open row out of the queue of work; nobody else would do it."""
    still_open = (
        select(Delivery.id).where(chunk_of_row(), Delivery.state.in_(OPEN)).correlate(Chunk)
    )
    done = (
        select(Chunk.id)
        .where(
            Chunk.issue_id == issue_id,
            Chunk.next_at.is_not(None),
            nobody_works_on(session, now),
            ~still_open.exists(),
        )
        .with_for_update(skip_locked=True)
    )
    session.execute(
        update(Chunk)
        .where(Chunk.id.in_(done))
        .values(next_at=None)
        .execution_options(synchronize_session=False)
    )

"""Rows in chunks that nobody works on: the only ones whose way may be changed from outside.

Never waits for a lock that a sender holds, so it can be part of no deadlock: what is held is being
worked on, and that is an answer too.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from digest.delivery.ledger.leases import lease_clock
from digest.models import Chunk, Delivery


def lock_idle_rows(
    session: Session, *conditions: ColumnElement[bool], now: datetime
) -> list[tuple[int, int]]:
    """Return (delivery id, chunk id) of rows that fit and whose chunk no living owner has.

    Rows and chunks stay locked to the end of the transaction: no sender can lease one of these
    chunks, or finish it, in between.
    """
    rows = session.execute(
        select(Delivery.id, Chunk.id)
        .join(Chunk, chunk_of_row())
        .where(*conditions, nobody_works_on(session, now))
        .order_by(Delivery.id)
        .with_for_update(skip_locked=True, of=(Delivery, Chunk))
    )
    return [(delivery_id, chunk_id) for delivery_id, chunk_id in rows]


def nobody_works_on(session: Session, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a chunk's lease was given back or has run out."""
    lease_now = lease_clock(session.get_bind().dialect.name, now)
    return or_(Chunk.lease_until.is_(None), Chunk.lease_until <= lease_now)


def chunk_of_row() -> ColumnElement[bool]:
    """Return the condition that ties a row to the one chunk it belongs to."""
    return and_(
        Chunk.issue_id == Delivery.issue_id,
        Chunk.domain_group == Delivery.domain_group,
        Delivery.id.between(Chunk.first_id, Chunk.last_id),
    )

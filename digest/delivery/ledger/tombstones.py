"""What an issue keeps of an erased reader: a keyed hash that stops a second copy when they join
again.

A row outlives its reader as a number that nothing leads to, so whoever joins again is somebody new
to the ledger. Where their copy left, or may have, a tombstone stands in for the row until the issue
is too old to be sent to anybody who joins.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from digest.inserts import insert_new
from digest.models import Delivery, DeliveryState, Issue, IssueState, Tombstone
from digest.subscribers.audience import SkipReason

NEEDED = timedelta(days=14)  # from the moment its sending began; the longest an issue is "new"
_SPARED = (DeliveryState.SKIPPED, DeliveryState.EXPIRED, DeliveryState.REJECTED)


def bury(session: Session, subscriber_id: int, address_index: bytes, now: datetime) -> int:
    """Leave a tombstone in each open or recent issue of which a subscriber's copy may have gone,
    and skip what is still pending; return how many tombstones there are. Call it in the transaction
    that erases the subscriber.
    """
    issues = session.scalars(select(Issue.id).where(_is_needed(now)).order_by(Issue.id)).all()
    if not issues:
        return 0
    theirs = (Delivery.issue_id.in_(issues), Delivery.subscriber_id == subscriber_id)
    _skip_pending(session, theirs, now)
    # Once dotted, a row that was deferred or put back may still have brought a copy.
    spared = or_(
        and_(Delivery.dotted_at.is_(None), Delivery.state.in_(_SPARED)),
        and_(Delivery.attempt == 1, Delivery.state == DeliveryState.REJECTED),
    )
    gone = session.scalars(select(Delivery.issue_id).where(*theirs, ~spared)).all()
    for issue_id in gone:
        row = {"issue_id": issue_id, "address_index": address_index, "at": now}
        session.execute(insert_new(session, Tombstone), row)
    return len(gone)


def _skip_pending(session: Session, theirs: Sequence[ColumnElement[bool]], now: datetime) -> None:
    """Settle what is pending as the sender would; a row that a sender is just committing stays, and
    counts as gone.
    """
    pending = session.scalars(
        select(Delivery.id)
        .where(*theirs, Delivery.state == DeliveryState.PENDING)
        .with_for_update(skip_locked=True)
    ).all()
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(pending), Delivery.state == DeliveryState.PENDING)
        .values(
            state=DeliveryState.SKIPPED, reason=SkipReason.GONE.value, next_at=None, done_at=now
        )
        .execution_options(synchronize_session=False)
    )


def remove_tombstones(session: Session, now: datetime) -> None:
    """Remove the tombstones of issues that go to nobody any more."""
    needed = select(Issue.id).where(_is_needed(now))
    session.execute(delete(Tombstone).where(Tombstone.issue_id.not_in(needed)))


def _is_needed(now: datetime) -> ColumnElement[bool]:
    recent = and_(Issue.state == IssueState.SENT, Issue.sending_at > now - NEEDED)
    return or_(Issue.state == IssueState.SENDING, recent)

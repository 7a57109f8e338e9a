"""Readers whose copies kept coming back: not mailed for a month, then tried once more.

While a suspension is closed a suppression stands for it, so nothing is sent whoever asks. Opened,
the reader gets the next issue like everybody, and that copy is the probe. Never commits.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from digest.inserts import insert_new
from digest.models import Subscriber, Suppression, SuppressionReason, Suspension
from digest.subscribers.suppression import lift_indexes, suppress_subscriber

SUSPENDED = "suspended: "  # how the suppression's detail begins
MOST = 500  # in one transaction


def suspend(
    session: Session, subscriber_id: int, *, now: datetime, probe_at: datetime, detail: str
) -> None:
    """Stop mailing a reader until `probe_at`."""
    new = insert_new(session, Suspension)
    session.execute(new, {"subscriber_id": subscriber_id, "since": now, "probe_at": probe_at})
    suppress_subscriber(
        session, subscriber_id, SuppressionReason.BOUNCED, now=now, detail=SUSPENDED + detail
    )


def end_suspension(session: Session, subscriber_id: int) -> None:
    """Forget a suspension: the probe arrived, or it is settled otherwise."""
    session.execute(delete(Suspension).where(Suspension.subscriber_id == subscriber_id))


def open_probes(session: Session, now: datetime) -> int:
    """Let readers whose month is over have the next issue; return how many, at most MOST. Where
    somebody has suppressed the address for another reason meanwhile, that stays.
    """
    due = session.execute(
        select(Suspension.subscriber_id, Subscriber.address_index)
        .join(Subscriber, Subscriber.id == Suspension.subscriber_id)
        .where(Suspension.probe_at <= now, Suspension.opened_at.is_(None))
        .order_by(Suspension.probe_at)
        .limit(MOST)
    ).all()
    readers, indexes = [row[0] for row in due], [row[1] for row in due]
    session.execute(
        update(Suspension).where(Suspension.subscriber_id.in_(readers)).values(opened_at=now)
    )
    lift_indexes(session, _still_suspended(session, indexes), {SuppressionReason.BOUNCED})
    return len(readers)


def _still_suspended(session: Session, indexes: Sequence[bytes]) -> Sequence[bytes]:
    """Return those of the indexes whose suppression stands for a suspension and nothing more."""
    return session.scalars(
        select(Suppression.address_index).where(
            Suppression.address_index.in_(indexes),
            Suppression.detail.startswith(SUSPENDED, autoescape=True),
        )
    ).all()


def forget_survivors(session: Session, now: datetime, *, after: timedelta) -> None:
    """Remove suspensions that were opened so long ago that the probe cannot come back any more."""
    session.execute(delete(Suspension).where(Suspension.opened_at < now - after))

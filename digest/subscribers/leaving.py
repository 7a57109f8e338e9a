"""After somebody left: coming back at once, and why people leave.

Owns leave_counts: how many said so of a newsletter in a month. Who said it is not kept, so it
cannot be told again. Never commits.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from digest.errors import Refused
from digest.inserts import insert_new
from digest.models import (
    ConsentEvent,
    LeaveCount,
    LeaveReason,
    Newsletter,
    Subscriber,
    Subscription,
)
from digest.sealed import Sealer
from digest.subscribers import suppression
from digest.subscribers.consent import Circumstances, ConsentKind
from digest.subscribers.lifecycle import (
    ACTIVE,
    PAUSED,
    UNSUBSCRIBED,
    Verb,
    leave,
    move,
    take_subscription,
)


def leave_for_now(session: Session, public_id: str, *, now: datetime, origin: str) -> bool:
    """Unsubscribe as `leave` does; tell whether this took somebody out who had been confirmed, and
    who may therefore come back without being asked again.
    """
    before = take_subscription(session, public_id).state
    leave(session, public_id, now=now, origin=origin)
    return before in {ACTIVE, PAUSED}


def come_back(
    session: Session,
    sealer: Sealer,
    public_id: str,
    *,
    left_by: datetime,
    now: datetime,
    origin: str,
) -> bool:
    """Undo a leaving that happened by `left_by` ("I left by mistake"); False, and nothing changes,
    for somebody who is back already.

    Refused while the address is suppressed, for somebody who has left once more since, and for
    whom a confirmation is asked anew. The caller makes sure that this reader had been confirmed.
    """
    subscription = take_subscription(session, public_id)
    if subscription.state in {ACTIVE, PAUSED}:
        return False
    if subscription.state is not UNSUBSCRIBED or subscription.changed_at > left_by:
        raise Refused("cannot return: it was another leaving that this undoes")
    subscriber = session.get_one(Subscriber, subscription.subscriber_id)
    if suppression.is_suppressed(session, sealer, sealer.open(subscriber.address_sealed)):
        raise Refused("cannot return: this address must not be mailed")
    move(session, subscription, Verb.RETURN, ConsentKind.RETURNED, Circumstances(now, origin))
    return True


def has_left_since(session: Session, subscription: Subscription, moment: datetime) -> bool:
    """Tell whether a reader has left this newsletter after a moment, back by now or not."""
    leavings = exists().where(
        ConsentEvent.subscriber_id == subscription.subscriber_id,
        ConsentEvent.newsletter_id == subscription.newsletter_id,
        ConsentEvent.kind == ConsentKind.LEFT.value,
        ConsentEvent.at > moment,
    )
    return bool(session.scalar(select(leavings)))


def count_reason(
    session: Session, newsletter_id: int, reason: LeaveReason, *, now: datetime
) -> None:
    """Count one more who left a newsletter for a reason, in the month (UTC) of `now`."""
    month = now.date().replace(day=1)
    key = {"newsletter_id": newsletter_id, "month": month, "reason": reason}
    session.execute(insert_new(session, LeaveCount), {**key, "readers": 0})
    session.execute(
        update(LeaveCount)
        .where(
            LeaveCount.newsletter_id == newsletter_id,
            LeaveCount.month == month,
            LeaveCount.reason == reason,
        )
        .values(readers=LeaveCount.readers + 1)
        .execution_options(synchronize_session=False)
    )


class CountedReason(NamedTuple):
    """How many left a newsletter for a reason in a month, such as ``2026-11``."""

    slug: str
    month: str
    reason: LeaveReason
    readers: int


def list_reasons(session: Session) -> Sequence[CountedReason]:
    """Return why people left, the latest month first, the commonest reason first within it."""
    rows = session.execute(
        select(Newsletter.slug, LeaveCount.month, LeaveCount.reason, LeaveCount.readers)
        .join(Newsletter, Newsletter.id == LeaveCount.newsletter_id)
        .order_by(
            LeaveCount.month.desc(),
            Newsletter.slug,
            LeaveCount.readers.desc(),
            LeaveCount.reason,
        )
    )
    return [
        CountedReason(slug, f"{month:%Y-%m}", reason, readers)
        for slug, month, reason, readers in rows
    ]

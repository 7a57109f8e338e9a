"""Addresses that somebody asked for and nobody confirmed: forgotten after a time.

Whoever confirmed once, was imported or was added by hand is not among them: what they said stays
on record.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session

from digest.models import ConsentEvent, Subscriber, Subscription, SubscriptionState
from digest.subscribers.consent import ConsentKind

KEPT = timedelta(days=30)
AT_ONCE = 500  # so that no transaction lasts


def forget_unconfirmed(session: Session, now: datetime) -> int:
    """Remove subscriptions asked for more than KEPT ago that were never confirmed, AT_ONCE of them
    at most, and subscribers who have no other; return how many subscriptions that were.
    """
    found = session.execute(
        select(Subscription.id, Subscription.subscriber_id)
        .where(
            Subscription.state == SubscriptionState.PENDING,
            Subscription.joined_at < now - KEPT,
            ~_was_ever_theirs(),
        )
        .order_by(Subscription.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if found:
        _remove(session, [row.id for row in found], [row.subscriber_id for row in found])
    return len(found)


def _was_ever_theirs() -> ColumnElement[bool]:
    return exists().where(
        ConsentEvent.subscriber_id == Subscription.subscriber_id,
        ConsentEvent.newsletter_id == Subscription.newsletter_id,
        ConsentEvent.kind != ConsentKind.ASKED.value,
    )


def _remove(session: Session, ids: Sequence[int], subscriber_ids: Sequence[int]) -> None:
    session.execute(delete(Subscription).where(Subscription.id.in_(ids)))
    # Locked first and looked at afterwards: somebody may just be asking for another newsletter.
    chosen = Subscriber.id.in_(subscriber_ids)
    session.execute(select(Subscriber.id).where(chosen).with_for_update())
    others = exists().where(Subscription.subscriber_id == Subscriber.id)
    session.execute(
        delete(Subscriber)
        .where(chosen, ~others)  # their consent events go with them
        .execution_options(synchronize_session=False)
    )

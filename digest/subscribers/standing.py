"""Questions about subscriptions that only read: how many there are, and what one subscriber has.

Half-imported ones are nobody's yet and are left out.
"""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from digest.models import Newsletter, Subscription, SubscriptionState
from digest.subscribers.transfer.shown import shown


def list_subscriptions(session: Session, subscriber_id: int) -> list[tuple[str, Subscription]]:
    """Return a subscriber's subscriptions, each with its newsletter's slug."""
    rows = session.execute(
        select(Newsletter.slug, Subscription)
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .where(Subscription.subscriber_id == subscriber_id, shown())
        .order_by(Newsletter.slug)
    )
    return [(slug, subscription) for slug, subscription in rows]


def count_states(session: Session) -> list[tuple[str, SubscriptionState, int]]:
    """Return (newsletter slug, state, count) for every state that occurs."""
    rows = session.execute(
        select(Newsletter.slug, Subscription.state, func.count())
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .where(shown())
        .group_by(Newsletter.slug, Subscription.state)
        .order_by(Newsletter.slug, Subscription.state)
    )
    return [(slug, state, count) for slug, state, count in rows]

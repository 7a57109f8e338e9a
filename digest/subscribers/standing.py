"""Questions about subscriptions that only read: how many there are, and what one subscriber has.

Half-imported ones are nobody's yet and are left out.
"""

from collections import Counter

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from digest.models import Import, ImportState, Newsletter, Subscription, SubscriptionState
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
    """Return (newsletter slug, state, count) for every state that occurs.

    A million are counted from the index of audiences alone, without reading a subscription; only
    while an import is half-way in do the rows themselves have to be asked.
    """
    counting = _counting()
    if _is_half_imported(session):
        counting = counting.where(shown())
    slugs = {row.id: row.slug for row in session.scalars(select(Newsletter))}
    rows = [(slugs[id_], state, count) for id_, state, count in session.execute(counting)]
    return sorted(rows)


def _counting() -> Select[int, SubscriptionState, int]:
    return select(Subscription.newsletter_id, Subscription.state, func.count()).group_by(
        Subscription.newsletter_id, Subscription.state
    )


def _is_half_imported(session: Session) -> bool:
    """Tell whether there may be subscriptions of an import that is not done: a staged one has none
    yet, and one that is taken back whole has none left.
    """
    taking_back = and_(Import.state == ImportState.ABANDONED, Import.finished_at.is_(None))
    half = exists().where(or_(Import.state == ImportState.MERGING, taking_back))
    return bool(session.scalar(select(half)))


def count_readers(session: Session) -> Counter[str]:
    """Return by newsletter how many are confirmed and have not left; a pause counts."""
    readers = Counter[str]()
    for slug, state, count in count_states(session):
        if state in {SubscriptionState.ACTIVE, SubscriptionState.PAUSED}:
            readers[slug] += count
    return readers

"""Who gets an issue: one judgement in Python, the same one in SQL; tests prove that they agree.

Never writes. A pause whose date has come counts as over, without anybody having to end it. A
subscription whose import is not done is nobody's yet.
"""

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from digest.models import Subscriber, Subscription, SubscriptionState, Suppression
from digest.subscribers.transfer.shown import shown


class SkipReason(enum.StrEnum):
    """Why a copy is not sent to somebody who was in the audience."""

    LEFT = "left"
    SUPPRESSED = "suppressed"
    PAUSED = "paused"
    PENDING = "pending"
    GONE = "gone"  # erased: there is no subscription any more
    STOPPED = "stopped"  # the run was stopped; never said by may_mail


def may_mail(
    state: SubscriptionState | None,
    suppressed: bool,
    paused_until: datetime | None,
    now: datetime,
) -> SkipReason | None:
    """Return None when a copy may go out at `now`, else why not. `state` None: there is no
    subscription.
    """
    if state is None:
        return SkipReason.GONE
    if state is SubscriptionState.UNSUBSCRIBED:
        return SkipReason.LEFT
    if suppressed:
        return SkipReason.SUPPRESSED
    if state is SubscriptionState.PENDING:
        return SkipReason.PENDING
    if state is SubscriptionState.PAUSED and (paused_until is None or paused_until > now):
        return SkipReason.PAUSED
    return None


def audience_select(
    newsletter_id: int, now: datetime, *, dialect: str
) -> Select[int, str, str, str | None]:
    """Return the select of (subscriber_id, edition, domain_group, timezone) that the freeze inserts
    from, in no order; `dialect` is the database's, as SQLAlchemy calls it.
    """
    return select(
        Subscription.subscriber_id,
        Subscription.edition,
        Subscription.domain_group,
        Subscription.timezone,
    ).where(_wants(newsletter_id, now), ~_all_suppressed(dialect))


def audience_count(session: Session, newsletter_id: int, now: datetime) -> int:
    """Return how many readers an issue frozen at `now` would go to."""
    dialect = session.get_bind().dialect.name
    return (
        session.scalar(
            select(func.count())
            .select_from(Subscription)
            .where(_wants(newsletter_id, now), ~_all_suppressed(dialect))
        )
        or 0
    )


def mailable(
    newsletter_id: int | BindParameter[Any], now: datetime | BindParameter[Any]
) -> ColumnElement[bool]:
    """Return `may_mail` as a condition on subscriptions of one newsletter, half-imported ones left
    out.
    """
    return and_(_wants(newsletter_id, now), ~_is_suppressed())


def _wants(
    newsletter_id: int | BindParameter[Any], now: datetime | BindParameter[Any]
) -> ColumnElement[bool]:
    """Return what `mailable` asks of the subscription alone."""
    pause_is_over = and_(
        Subscription.state == SubscriptionState.PAUSED, Subscription.paused_until <= now
    )
    return and_(
        Subscription.newsletter_id == newsletter_id,
        shown(),
        or_(Subscription.state == SubscriptionState.ACTIVE, pause_is_over),
    )


def _all_suppressed(dialect: str) -> ColumnElement[bool]:
    """Return the same as `_is_suppressed`, for a statement that reads every subscription."""
    if dialect != "sqlite":
        return _is_suppressed()  # PostgreSQL hashes this one; a large IN list it would not
    # SQLite would look up every subscriber; this way it only looks up those that are suppressed.
    suppressed = select(Suppression.address_index)
    return Subscription.subscriber_id.in_(
        select(Subscriber.id).where(Subscriber.address_index.in_(suppressed))
    )


def _is_suppressed() -> ColumnElement[bool]:
    return exists().where(
        Subscriber.id == Subscription.subscriber_id,
        Suppression.address_index == Subscriber.address_index,
    )

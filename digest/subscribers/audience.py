"""Who gets an issue: one judgement in Python, the same one in SQL; tests prove that they agree.

Never writes. A pause whose date has come counts as over, without anybody having to end it. A
subscription still marked by an import is nobody's reader yet.
"""

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from digest.models import Subscriber, Subscription, SubscriptionState, Suppression


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


def audience_select(newsletter_id: int, now: datetime) -> Select[int, str, str]:
    """Return the select of (subscriber_id, edition, domain_group) that the freeze inserts from."""
    return (
        select(Subscription.subscriber_id, Subscription.edition, Subscription.domain_group)
        .where(mailable(newsletter_id, now))
        .order_by(Subscription.domain_group, Subscription.subscriber_id)
    )


def audience_count(session: Session, newsletter_id: int, now: datetime) -> int:
    """Return how many readers an issue frozen at `now` would go to."""
    return (
        session.scalar(
            select(func.count()).select_from(Subscription).where(mailable(newsletter_id, now))
        )
        or 0
    )


def mailable(
    newsletter_id: int | BindParameter[Any], now: datetime | BindParameter[Any]
) -> ColumnElement[bool]:
    """Return `may_mail` as a condition on subscriptions of one newsletter, half-imported ones left
    out.
    """
    pause_is_over = and_(
        Subscription.state == SubscriptionState.PAUSED, Subscription.paused_until <= now
    )
    return and_(
        Subscription.newsletter_id == newsletter_id,
        Subscription.import_id.is_(None),
        or_(Subscription.state == SubscriptionState.ACTIVE, pause_is_over),
        ~_is_suppressed(),
    )


def _is_suppressed() -> ColumnElement[bool]:
    return exists().where(
        Subscriber.id == Subscription.subscriber_id,
        Suppression.address_index == Subscriber.address_index,
    )

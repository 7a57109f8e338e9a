"""How a staged reader who would join stands to a newsletter: new, subscribed already, suppressed,
or gone by their own will. Of those who would not, see restraining.

Reads only. The one judgement both halves of an import use, so that the dry run and the merge cannot
differ.
"""

import enum
from collections import Counter
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from digest.models import (
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from digest.subscribers.transfer.beside import STAGED, Stretch, count_staged, in_stretch

INDEX_BYTES = 32


class Standing(enum.StrEnum):
    """What an import does with a reader: only the new ones get a subscription to be mailed by.

    GONE left the old provider, BARRED must not be mailed; of these two, those who are subscribed
    here are ENDED by the import, or SPARED because they have asked us for it since.
    """

    NEW = "new"
    ALREADY = "already"
    SUPPRESSED = "suppressed"
    LEFT = "left"
    GONE = "gone"
    BARRED = "barred"
    ENDED = "ended"
    SPARED = "spared"


def judge(suppressed: bool, state: SubscriptionState | None, is_own: bool) -> Standing:
    """Judge by what the store has. `is_own`: this very import made the subscription."""
    if state is SubscriptionState.UNSUBSCRIBED:
        return Standing.LEFT
    if suppressed:
        return Standing.SUPPRESSED
    return Standing.NEW if state is None or is_own else Standing.ALREADY


def count_standings(
    session: Session, stretch: Stretch, newsletter_id: int, import_id: int, index_keys: int
) -> Counter[Standing]:
    """Count those of a stretch who would join, by standing; retired index keys are tried as
    well.
    """
    low, high = stretch.bounds()
    values = {"low": low, "high": high, "newsletter": newsletter_id, "import": import_id}
    statement = _facts(session.get_bind().dialect.name, index_keys)
    found = Counter[Standing]()
    for suppressed, state, is_own, count in session.execute(statement, values):
        found[judge(suppressed, state, bool(is_own))] += count
    unknown = count_staged(session, stretch, restrained=False) - found.total()
    found[judge(suppressed=False, state=None, is_own=False)] += unknown
    return found


@cache
def _facts(dialect: str, index_keys: int) -> Select[Any]:
    """Return the select of (suppressed, state, is own, count) of those the store knows, built once:
    building it takes longer than a short stretch.
    """
    each = (
        select(
            is_suppressed(index_keys).label("suppressed"),
            known_subscriber(index_keys).label("subscriber_id"),
        )
        .where(in_stretch(dialect, restrained=False))
        .offset(0)  # keeps databases from looking them up again wherever they are named
        .subquery()
    )
    theirs = and_(
        Subscription.subscriber_id == each.c.subscriber_id,
        Subscription.newsletter_id == bindparam("newsletter"),
    )
    is_own = (Subscription.import_id == bindparam("import")).label("is_own")
    return (
        select(each.c.suppressed, Subscription.state, is_own, func.count())
        .select_from(each.outerjoin(Subscription, theirs))
        .where(or_(each.c.suppressed, each.c.subscriber_id.is_not(None)))
        .group_by(each.c.suppressed, Subscription.state, is_own)
    )


def known_subscriber(index_keys: int) -> ScalarSelect[int]:
    """Return the id of a staged reader's subscriber, or null, as a part of a select of staged rows;
    `index_keys` says under how many keys they have an index.
    """
    found = select(Subscriber.id).where(Subscriber.address_index.in_(_indexes(index_keys)))
    if index_keys > 1:
        found = found.order_by(Subscriber.id).limit(1)
    return found.correlate(STAGED).scalar_subquery()


def is_suppressed(index_keys: int, *, erased_only: bool = False) -> ColumnElement[bool]:
    """Return whether a staged reader is suppressed, as a part of a select of staged rows; with
    `erased_only`, whether they were erased.
    """
    found = select(Suppression.id).where(Suppression.address_index.in_(_indexes(index_keys)))
    if erased_only:
        found = found.where(Suppression.reason == SuppressionReason.ERASED)
    return found.correlate(STAGED).exists()


def _indexes(index_keys: int) -> list[ColumnElement[bytes]]:
    retired = [
        func.substr(STAGED.c.retired_indexes, 1 + INDEX_BYTES * number, INDEX_BYTES)
        for number in range(index_keys - 1)
    ]
    return [STAGED.c.address_index, *retired]

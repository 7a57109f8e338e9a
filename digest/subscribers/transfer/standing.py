"""How a staged reader stands to a newsletter: new, subscribed already, suppressed, or gone by their
own will.

Reads only. The one judgement both halves of an import use, so that the dry run and the merge cannot
differ.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from digest.models import Subscriber, Subscription, SubscriptionState, Suppression
from digest.subscribers.transfer.staging_file import StagedRow


class Standing(enum.StrEnum):
    """What an import does with a reader: only the new ones get a subscription."""

    NEW = "new"
    ALREADY = "already"
    SUPPRESSED = "suppressed"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Place:
    """A staged reader's standing, and their subscriber where there is one."""

    standing: Standing
    subscriber_id: int | None


@dataclass(frozen=True, slots=True)
class _Known:
    subscriber_id: int
    state: SubscriptionState | None
    import_id: int | None


def judge(suppressed: bool, state: SubscriptionState | None, is_own: bool) -> Standing:
    """Judge by what the store has. `is_own`: this very import made the subscription."""
    if state is SubscriptionState.UNSUBSCRIBED:
        return Standing.LEFT
    if suppressed:
        return Standing.SUPPRESSED
    return Standing.NEW if state is None or is_own else Standing.ALREADY


def find_places(
    session: Session, rows: Sequence[StagedRow], newsletter_id: int, import_id: int
) -> list[Place]:
    """Return the place of each row, in order; retired index keys are tried as well."""
    indexes = [index for row in rows for index in row.every_index()]
    suppressed = set(
        session.scalars(
            select(Suppression.address_index).where(Suppression.address_index.in_(indexes))
        )
    )
    known = _find_known(session, indexes, newsletter_id)
    return [_place(row, suppressed, known, import_id) for row in rows]


def _find_known(
    session: Session, indexes: Sequence[bytes], newsletter_id: int
) -> dict[bytes, _Known]:
    found = session.execute(
        select(Subscriber.address_index, Subscriber.id, Subscription.state, Subscription.import_id)
        .outerjoin(
            Subscription,
            and_(
                Subscription.subscriber_id == Subscriber.id,
                Subscription.newsletter_id == newsletter_id,
            ),
        )
        .where(Subscriber.address_index.in_(indexes))
    )
    return {row.address_index: _Known(row.id, row.state, row.import_id) for row in found}


def _place(
    row: StagedRow, suppressed: set[bytes], known: dict[bytes, _Known], import_id: int
) -> Place:
    indexes = row.every_index()
    match = next((known[index] for index in indexes if index in known), None)
    is_suppressed = any(index in suppressed for index in indexes)
    if match is None:
        return Place(judge(is_suppressed, None, is_own=False), None)
    is_own = match.import_id == import_id
    return Place(judge(is_suppressed, match.state, is_own), match.subscriber_id)

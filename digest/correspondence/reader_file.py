"""What the desk shows of one reader: subscriptions, how each came about, the last copies.

Reads only. Of a guarded newsletter it has what the command line prints of a subscription and
nothing else: no dates, no history, no copies.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.correspondence.receipt import consent_of, slugs_by_id
from digest.delivery.feedback.showing import CameBack, OnTrial, find_suspension, list_of_reader
from digest.models import Delivery, Issue, Subscriber, Subscription, Suppression
from digest.sealed import Sealer
from digest.subscribers.addresses import parse_address
from digest.subscribers.standing import list_subscriptions

SHOWN_ISSUES = 12


@dataclass(frozen=True, slots=True)
class Subscribed:
    """One subscription with its newsletter's slug."""

    slug: str
    guarded: bool
    subscription: Subscription


@dataclass(frozen=True, slots=True)
class Copy:
    """A reader's copy of one issue, as the ledger has it."""

    slug: str
    number: int
    subject: str
    state: str
    reason: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class ReaderFile:
    """One reader. `name` is left out for whoever reads a guarded newsletter; `events` are consent
    events as the receipt has them, the newest first.
    """

    public_id: str
    address: str
    name: str | None
    subscribed: Sequence[Subscribed]
    suppressions: Sequence[Suppression]
    events: Sequence[dict[str, Any]]
    copies: Sequence[Copy]
    came_back: Sequence[CameBack]
    on_trial: OnTrial | None

    @property
    def guarded(self) -> bool:
        """Tell whether any of their newsletters is guarded."""
        return any(each.guarded for each in self.subscribed)


def open_file(
    session: Session, sealer: Sealer, subscriber: Subscriber, guarded: Collection[str]
) -> ReaderFile:
    """Return what is shown of a subscriber; `guarded` are the slugs of guarded newsletters."""
    subscribed = [
        Subscribed(slug, slug in guarded, subscription)
        for slug, subscription in list_subscriptions(session, subscriber.id)
    ]
    address = sealer.open(subscriber.address_sealed)
    hidden = any(each.guarded for each in subscribed)
    sealed = None if hidden else subscriber.name_sealed
    indexes = sealer.indexes(parse_address(address).key)
    suppressed = select(Suppression).where(Suppression.address_index.in_(indexes))
    events = [
        event for event in consent_of(session, subscriber) if event["newsletter"] not in guarded
    ]
    return ReaderFile(
        subscriber.public_id,
        address,
        sealer.open(sealed) if sealed else None,
        subscribed,
        session.scalars(suppressed).all(),
        events[::-1],
        _copies(session, subscriber.id, guarded),
        list_of_reader(session, subscriber.id, except_slugs=tuple(guarded)),
        None if hidden else find_suspension(session, subscriber.id),
    )


def _copies(session: Session, subscriber_id: int, guarded: Collection[str]) -> Sequence[Copy]:
    slugs = {id_: slug for id_, slug in slugs_by_id(session).items() if slug not in guarded}
    latest = (
        select(Issue.id)
        .where(Issue.sending_at.is_not(None), Issue.newsletter_id.in_(slugs))
        .order_by(Issue.id.desc())
        .limit(SHOWN_ISSUES)
    )
    # By issue and reader, the ledger's own key: rows of one reader alone would be a long search.
    rows = session.execute(
        select(Delivery, Issue)
        .join(Issue, Issue.id == Delivery.issue_id)
        .where(
            Delivery.issue_id.in_(session.scalars(latest).all()),
            Delivery.subscriber_id == subscriber_id,
        )
        .order_by(Issue.id.desc())
    )
    return [_copy(slugs, delivery, issue) for delivery, issue in rows]


def _copy(slugs: dict[int, str], delivery: Delivery, issue: Issue) -> Copy:
    at = delivery.done_at or delivery.dotted_at
    said = (slugs[issue.newsletter_id], issue.number, issue.subject)
    return Copy(*said, delivery.state.value, delivery.reason, at)

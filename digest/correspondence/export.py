"""Everything held about one reader, in plain words, as they may take it along.

Reads only. Two things are left out because they cannot be found by a reader: why somebody left,
which is counted without them, and what stands in a request that nobody has answered yet.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.correspondence.receipt import consent_of, instant, slugs_by_id
from digest.delivery.feedback.showing import find_suspension, list_of_reader
from digest.models import (
    AddressChange,
    Delivery,
    Issue,
    Notice,
    PublicHit,
    Section,
    Subscriber,
    Subscription,
    Suppression,
    Tombstone,
)
from digest.sealed import Sealer
from digest.subscribers.addresses import parse_address
from digest.subscribers.moving import find_change_of
from digest.subscribers.person import list_own

SCHEMA = "friday.reader-export.1"


def export_reader(
    session: Session, sealer: Sealer, subscriber: Subscriber, now: datetime
) -> dict[str, Any]:
    """Return all of it; instants are ISO 8601 in UTC (docs/settings.md has the fields)."""
    slugs = slugs_by_id(session)
    address = sealer.open(subscriber.address_sealed)
    parsed = parse_address(address)
    indexes = sealer.indexes(parsed.key)
    counted = {*indexes, *sealer.indexes(parsed.mailbox)}
    own = list_own(session, subscriber.id)
    return {
        "schema": SCHEMA,
        "made_at": instant(now),
        "subscriber": _subscriber(sealer, subscriber, address),
        "subscriptions": [_subscription(session, each, slugs) for each in own],
        "consent": consent_of(session, subscriber),
        "deliveries": _deliveries(session, subscriber.id, slugs),
        "came_back": _came_back(session, subscriber.id),
        "earlier_copies": _tombstones(session, indexes, slugs),
        "suppression": _suppression(session, indexes),
        "letters": _letters(session, indexes),
        "counted_letters": _hits(session, counted),
        "address_change": _change(sealer, find_change_of(session, subscriber.id)),
    }


def _subscriber(sealer: Sealer, subscriber: Subscriber, address: str) -> dict[str, Any]:
    return {
        "id": subscriber.public_id,
        "address": address,
        "name": sealer.open(subscriber.name_sealed) if subscriber.name_sealed else None,
        "created_at": instant(subscriber.created_at),
    }


def _subscription(
    session: Session, subscription: Subscription, slugs: dict[int, str]
) -> dict[str, Any]:
    return {
        "id": subscription.public_id,
        "newsletter": slugs[subscription.newsletter_id],
        "state": subscription.state.value,
        "edition": subscription.edition,
        "without": _named(session, subscription),
        "language": subscription.language,
        "timezone": subscription.timezone,
        "domain_group": subscription.domain_group,
        "paused_until": instant(subscription.paused_until),
        "appeal_hidden_until": instant(subscription.appeal_hidden_until),
        "supports_until": instant(subscription.supports_until),
        "joined_at": instant(subscription.joined_at),
        "changed_at": instant(subscription.changed_at),
    }


def _named(session: Session, subscription: Subscription) -> list[str]:
    """Return the parts a reader does without, sections by their headings."""
    sections = select(Section).where(Section.newsletter_id == subscription.newsletter_id)
    headings = {f"section {each.id}": each.heading for each in session.scalars(sections)}
    return [headings.get(block, block) for block in subscription.hidden_blocks or ()]


def _deliveries(
    session: Session, subscriber_id: int, slugs: dict[int, str]
) -> list[dict[str, Any]]:
    # By issue and reader, the ledger's own key: rows of one reader alone would be a long search.
    theirs = (
        select(Delivery, Issue)
        .join(Issue, Issue.id == Delivery.issue_id)
        .where(
            Delivery.issue_id.in_(select(Issue.id).where(Issue.sending_at.is_not(None))),
            Delivery.subscriber_id == subscriber_id,
        )
        .order_by(Delivery.id)
    )
    return [
        {
            "newsletter": slugs[issue.newsletter_id],
            "issue": issue.number,
            "subject": issue.subject,
            "state": row.state.value,
            "reason": row.reason or None,
            "came_by": row.origin.value,
            "edition": row.edition,
            "not_before": instant(row.not_before),
            "handed_over_at": instant(row.dotted_at),
            "done_at": instant(row.done_at),
            "reply": row.reply or None,
        }
        for row, issue in session.execute(theirs)
    ]


def _came_back(session: Session, subscriber_id: int) -> list[dict[str, Any]]:
    """Return what the mail systems on the way said of their copies, the newest first."""
    said = list_of_reader(session, subscriber_id, most=None)
    told = [
        {
            "at": instant(each.at),
            "issue": each.issue or None,
            "what": each.kind,
            "meaning": each.meaning or None,
            "followed": each.followed,
            "said": each.said or None,
            "told_by": each.provider,
        }
        for each in said
    ]
    trial = find_suspension(session, subscriber_id)
    if trial is not None:
        told.insert(0, {"suspended_since": instant(trial.since), "until": instant(trial.probe_at)})
    return told


def _tombstones(
    session: Session, indexes: Sequence[bytes], slugs: dict[int, str]
) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Tombstone.at, Issue.number, Issue.newsletter_id)
        .join(Issue, Issue.id == Tombstone.issue_id)
        .where(Tombstone.address_index.in_(indexes))
        .order_by(Issue.id)
    )
    return [
        {"newsletter": slugs[newsletter_id], "issue": number, "erased_at": instant(at)}
        for at, number, newsletter_id in rows
    ]


def _suppression(session: Session, indexes: Sequence[bytes]) -> list[dict[str, Any]]:
    rows = session.scalars(select(Suppression).where(Suppression.address_index.in_(indexes)))
    return [
        {"reason": row.reason.value, "at": instant(row.at), "detail": row.detail or None}
        for row in rows
    ]


def _letters(session: Session, indexes: Sequence[bytes]) -> list[dict[str, Any]]:
    """Return the service mails to the reader, without their text: it holds links that may do more
    than this page.
    """
    rows = session.scalars(
        select(Notice).where(Notice.address_index.in_(indexes)).order_by(Notice.id)
    )
    return [
        {
            "kind": row.kind,
            "newsletter": row.newsletter_slug,
            "subject": row.subject,
            "state": row.state.value,
            "created_at": instant(row.created_at),
            "done_at": instant(row.done_at),
        }
        for row in rows
    ]


def _hits(session: Session, indexes: Collection[bytes]) -> list[dict[str, Any]]:
    rows = session.scalars(
        select(PublicHit).where(PublicHit.key.in_(indexes)).order_by(PublicHit.id)
    )
    return [{"what": row.scope, "at": instant(row.at)} for row in rows]


def _change(sealer: Sealer, change: AddressChange | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return {
        "address": sealer.open(change.address_sealed),
        "asked_at": instant(change.asked_at),
        "old_agreed_at": instant(change.old_agreed_at),
        "new_agreed_at": instant(change.new_agreed_at),
    }

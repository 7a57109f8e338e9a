"""The consent receipt: all that a reader agreed to or took back, with the words they were shown.

Plain data, fit for JSON and for a page. Reads only.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.models import ConsentEvent, Newsletter, Subscriber
from digest.subscribers.consent import find_wording, list_events

SCHEMA = "friday.consent-receipt.1"


def consent_receipt(session: Session, subscriber: Subscriber, now: datetime) -> dict[str, Any]:
    """Return the receipt; instants are ISO 8601 in UTC (docs/settings.md has the fields)."""
    return {"schema": SCHEMA, "made_at": instant(now), "events": consent_of(session, subscriber)}


def consent_of(session: Session, subscriber: Subscriber) -> list[dict[str, Any]]:
    """Return a reader's consent events, the oldest first."""
    slugs = slugs_by_id(session)
    return [
        _event(session, event, slugs[event.newsletter_id])
        for event in list_events(session, subscriber.id)
    ]


def _event(session: Session, event: ConsentEvent, slug: str) -> dict[str, Any]:
    return {
        "newsletter": slug,
        "kind": event.kind,
        "at": instant(event.at),
        "origin": event.origin,
        "wording": _text(session, event.text_digest),
        "wording_sha256": event.text_digest,
        "policy_version": event.policy_version,
        "policy": _text(session, event.policy_digest),
        "policy_sha256": event.policy_digest,
        "evidence": event.evidence,
    }


def _text(session: Session, digest: str | None) -> str | None:
    return find_wording(session, digest) if digest else None


def slugs_by_id(session: Session) -> dict[int, str]:
    """Return every newsletter's slug by its id."""
    return {row.id: row.slug for row in session.scalars(select(Newsletter))}


def instant(at: datetime | None) -> str | None:
    """Return an instant as ISO 8601 in UTC, None for none."""
    return at.isoformat(timespec="seconds") if at else None

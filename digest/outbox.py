"""Notices waiting to be sent: one service mail each. Anyone may enqueue; delivery.notices sends.

Enqueuing happens in the caller's transaction, so a notice exists exactly when the change it speaks
of does. The dedupe key makes a second enqueue of the same thing a no-op.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.models import Notice, NoticeState
from digest.sealed import Sealer


@dataclass(frozen=True, slots=True)
class NoticeText:
    """What a notice says: plain text only, and no word that a visitor typed."""

    subject: str
    body: str


def enqueue(
    session: Session,
    sealer: Sealer,
    *,
    kind: str,
    newsletter_slug: str,
    address: str,
    text: NoticeText,
    dedupe_key: str,
    now: datetime,
) -> bool:
    """Put one service mail into the outbox; False when one with the same key is or was there."""
    if session.scalar(select(Notice.id).where(Notice.dedupe_key == dedupe_key)) is not None:
        return False
    session.add(
        Notice(
            kind=kind,
            newsletter_slug=newsletter_slug,
            address_sealed=sealer.seal(address),
            subject=text.subject,
            body_sealed=sealer.seal(text.body),
            dedupe_key=dedupe_key,
            state=NoticeState.WAITING,
            next_at=now,
            created_at=now,
        )
    )
    session.flush()
    return True

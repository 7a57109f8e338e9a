"""Notices waiting to be sent: one service mail each. Anyone may enqueue; delivery.notices sends.

Enqueuing happens in the caller's transaction, so a notice exists exactly when the change it speaks
of does. The dedupe key makes a second enqueue of the same thing a no-op.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from digest.inserts import insert_new
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
    address_index: bytes | None = None,
    reply_to: str | None = None,
) -> bool:
    """Put one service mail into the outbox; False when one with the same key is or was there.

    `address_index` is a reader's, so that erasing finds what waits for them; `reply_to` is where an
    answer goes, if not to the newsroom.
    """
    row = {
        "kind": kind,
        "newsletter_slug": newsletter_slug,
        "address_sealed": sealer.seal(address),
        "address_index": address_index,
        "reply_sealed": sealer.seal(reply_to) if reply_to else None,
        "subject": text.subject,
        "body_sealed": sealer.seal(text.body),
        "dedupe_key": dedupe_key,
        "state": NoticeState.WAITING,
        "attempts": 0,
        "next_at": now,
        "created_at": now,
    }
    return session.scalar(insert_new(session, Notice).values(row).returning(Notice.id)) is not None


def withdraw(session: Session, indexes: Collection[bytes]) -> None:
    """Remove every notice to a reader who is being erased, sent ones too; `indexes` are those of
    the address under each index key.
    """
    session.execute(delete(Notice).where(Notice.address_index.in_(indexes)))


def take_back(session: Session, dedupe_key: str) -> None:
    """Remove a notice that was put in by this key and has not gone yet."""
    session.execute(
        delete(Notice).where(Notice.dedupe_key == dedupe_key, Notice.state == NoticeState.WAITING)
    )


def remove_done(session: Session, before: datetime) -> None:
    """Remove notices that were accepted or given up before an instant."""
    session.execute(
        delete(Notice).where(Notice.state != NoticeState.WAITING, Notice.done_at < before)
    )

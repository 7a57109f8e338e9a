"""Messages that came back and that nobody understood: sealed, a few weeks, for a person to see.

The only writer of kept_messages. Never commits.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from digest.config import FeedbackConfig
from digest.errors import NotFound
from digest.inserts import insert_new
from digest.models import KeptMessage
from digest.sealed import Sealer

MOST_BYTES = 100_000  # of one message that are kept; what matters of a report stands before


def keep_message(
    session: Session,
    sealer: Sealer,
    raw: bytes,
    *,
    place: str,
    why: str,
    rules: FeedbackConfig,
    now: datetime,
) -> None:
    """Keep a message; the same one once, and the oldest go when there are too many."""
    text = raw[:MOST_BYTES].decode("latin-1")  # every byte as it is
    values = {
        "digest": sealer.index(f"message\0{text}"),
        "place": place[:20],
        "size": len(raw),
        "why": why[:200],
        "message_sealed": sealer.seal(text),
        "kept_at": now,
    }
    session.execute(insert_new(session, KeptMessage), values)
    newest = select(KeptMessage.id).order_by(KeptMessage.id.desc()).limit(rules.kept_most)
    if count_kept(session) > rules.kept_most:
        session.execute(delete(KeptMessage).where(KeptMessage.id.not_in(newest)))


def count_kept(session: Session) -> int:
    """Return how many messages wait for a person."""
    return session.scalar(select(func.count()).select_from(KeptMessage)) or 0


def list_kept(session: Session, most: int = 100) -> Sequence[KeptMessage]:
    """Return the messages that wait for a person, the newest first."""
    return session.scalars(select(KeptMessage).order_by(KeptMessage.id.desc()).limit(most)).all()


def find_kept(session: Session, number: int) -> KeptMessage:
    """Return one of them; NotFound when it is gone."""
    found = session.get(KeptMessage, number)
    if found is None:
        raise NotFound(f"no kept message has the number {number}: see digest feedback list")
    return found


def open_kept(sealer: Sealer, kept: KeptMessage) -> bytes:
    """Return what is kept of a message: personal data, for those who may see it."""
    return sealer.open(kept.message_sealed).encode("latin-1")


def drop_kept(session: Session, number: int) -> None:
    """Remove one; NotFound when it is gone."""
    session.delete(find_kept(session, number))
    session.flush()


def drop_old(session: Session, rules: FeedbackConfig, now: datetime) -> None:
    """Remove those that lay there for long enough."""
    before = now - timedelta(days=rules.kept_days)
    session.execute(delete(KeptMessage).where(KeptMessage.kept_at < before))

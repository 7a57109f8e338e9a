"""Who is signed in at the desk. A browser holds a secret; the store holds its SHA-256 alone.

A session ends by itself after some time without use, and in any case after some hours. Whatever a
form of the session must carry against forgery is derived from its secret.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from digest.models import DeskSession, Editor, Role
from digest.sealed import Sealer

SECRET_BYTES = 32
IDLE = timedelta(hours=2)
NOTED_AFTER = timedelta(minutes=1)  # a use is not written down more often


@dataclass(frozen=True, slots=True)
class Signed:
    """Who is signed in, and the token that their forms carry."""

    editor_id: int
    name: str
    role: Role
    token: str
    has_factor: bool  # a second one


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One browser in which an editor is signed in; `mark` names it, `here` is the one that asks."""

    mark: str
    signed_in_at: datetime
    seen_at: datetime
    here: bool


def open_session(session: Session, editor: Editor, now: datetime, hours: float) -> str:
    """Sign an editor in; return the secret that their browser keeps."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    session.add(
        DeskSession(
            digest=_digest(secret),
            editor_id=editor.id,
            signed_in_at=now,
            seen_at=now,
            until=now + timedelta(hours=hours),
        )
    )
    editor.seen_at = now
    session.flush()
    return secret


def find_signed(session: Session, sealer: Sealer, secret: str, now: datetime) -> Signed | None:
    """Return whose secret this is; None when it is nobody's, or no longer."""
    row = session.execute(
        select(DeskSession, Editor)
        .join(Editor, Editor.id == DeskSession.editor_id)
        .where(DeskSession.digest == _digest(secret), Editor.active)
    ).one_or_none()
    if row is None:
        return None
    kept, editor = row
    if now >= kept.until or now >= kept.seen_at + IDLE:
        return None
    name, has_factor = sealer.open(editor.name_sealed), editor.totp_sealed is not None
    return Signed(editor.id, name, editor.role, form_token(secret), has_factor)


def is_due(session: Session, secret: str, now: datetime) -> bool:
    """Tell whether the use of a session should be written down by now."""
    kept = session.get(DeskSession, _digest(secret))
    return kept is not None and now >= kept.seen_at + NOTED_AFTER


def note_use(session: Session, secret: str, now: datetime) -> None:
    """Keep a session that is used from ending for want of use."""
    kept = session.get(DeskSession, _digest(secret))
    if kept is not None:
        # The editor first, as by whoever ends their sessions: neither waits for the other.
        session.execute(update(Editor).where(Editor.id == kept.editor_id).values(seen_at=now))
        kept.seen_at = max(kept.seen_at, now)


def end_session(session: Session, secret: str) -> None:
    """Sign one browser out."""
    session.execute(delete(DeskSession).where(DeskSession.digest == _digest(secret)))


def end_sessions(session: Session, editor_id: int) -> None:
    """Sign an editor out everywhere."""
    session.execute(delete(DeskSession).where(DeskSession.editor_id == editor_id))


def list_sessions(
    session: Session, editor_id: int, secret: str, now: datetime
) -> list[OpenSession]:
    """Return where an editor is signed in, this browser first, then the last used."""
    here = _digest(secret)
    rows = session.scalars(
        select(DeskSession).where(
            DeskSession.editor_id == editor_id,
            DeskSession.until > now,
            DeskSession.seen_at > now - IDLE,
        )
    )
    found = [
        OpenSession(row.digest.hex(), row.signed_in_at, row.seen_at, row.digest == here)
        for row in rows
    ]
    return sorted(found, key=lambda each: (each.here, each.seen_at), reverse=True)


def end_marked(session: Session, editor_id: int, mark: str) -> bool:
    """Sign an editor out in one other browser; False when they are not signed in there."""
    try:
        digest = bytes.fromhex(mark)
    except ValueError:
        return False
    theirs = delete(DeskSession).where(
        DeskSession.editor_id == editor_id, DeskSession.digest == digest
    )
    return session.scalar(theirs.returning(DeskSession.editor_id)) is not None


def end_others(session: Session, editor_id: int, secret: str) -> None:
    """Sign an editor out everywhere but in this browser."""
    session.execute(
        delete(DeskSession).where(
            DeskSession.editor_id == editor_id, DeskSession.digest != _digest(secret)
        )
    )


def forget_sessions(session: Session, now: datetime) -> None:
    """Forget the sessions that are over."""
    session.execute(
        delete(DeskSession).where((DeskSession.until <= now) | (DeskSession.seen_at <= now - IDLE))
    )


def form_token(secret: str) -> str:
    """Return what every form of a session carries."""
    return hmac.digest(secret.encode(), b"digest.desk-form.1", "sha256").hex()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()

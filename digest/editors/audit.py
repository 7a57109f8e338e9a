"""Who did what, when: entries that are only ever added. No entry names a reader."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from digest.logs import redact
from digest.models import AuditEntry


def note(
    session: Session,
    editor_id: int | None,
    verb: str,
    about: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write down that an editor, or somebody at the command line (None), did something.

    `about` names a thing, such as ``weekly/12``; addresses in it and in `detail` are taken out.
    """
    kept = {key: redact(v) if isinstance(v, str) else v for key, v in (detail or {}).items()}
    entry = AuditEntry(
        at=now, editor_id=editor_id, verb=verb, about=redact(about)[:200], detail=kept
    )
    session.add(entry)
    session.flush()


def is_noted_since(session: Session, editor_id: int, about: str, since: datetime) -> bool:
    """Tell whether an editor is on record for having done something about a thing after an
    instant.
    """
    theirs = exists().where(
        AuditEntry.editor_id == editor_id, AuditEntry.at > since, AuditEntry.about == about
    )
    return bool(session.scalar(select(theirs)))


def last_hands(session: Session, about: str, since: datetime) -> list[tuple[int, datetime]]:
    """Return the editors who did something about a thing since a moment, each with the last time,
    the last one first.
    """
    last = func.max(AuditEntry.at)
    query = (
        select(AuditEntry.editor_id, last)
        .where(AuditEntry.about == about, AuditEntry.at >= since, AuditEntry.editor_id.is_not(None))
        .group_by(AuditEntry.editor_id)
        .order_by(last.desc())
    )
    return [(editor_id, at) for editor_id, at in session.execute(query) if editor_id is not None]


def list_entries(
    session: Session, *, before: int | None = None, most: int = 50
) -> Sequence[AuditEntry]:
    """Return the newest entries, those with a smaller id than `before` where it is given."""
    newest = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(most)
    if before is not None:
        newest = newest.where(AuditEntry.id < before)
    return session.scalars(newest).all()

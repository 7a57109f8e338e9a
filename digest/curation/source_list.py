"""The sources: which there are, and when each is asked again. Sole writer of their table.

Asks nobody; `intake` does, and writes down here what came of it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from digest.curation.inbox import FromSource, let_go
from digest.curation.plain import one_line, web_url
from digest.curation.row_numbers import row_number
from digest.errors import BadInput, Conflict, DigestError, NotFound
from digest.fetch import Fetched, shown
from digest.models import Source
from digest.plugins import load_plugin

POLL_EVERY = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(days=1)
GROUP = "digest.sources"


def add_source(session: Session, *, url: str, kind: str, name: str, now: datetime) -> Source:
    """Write a new source that is due at once.

    BadInput for a URL that is not http(s) or an empty name, ConfigError for an unknown kind,
    Conflict when the URL is a source already.
    """
    load_plugin(GROUP, kind)
    address, name = _checked(url, name)
    _refuse_known(session, address, None)
    source = Source(kind=kind, url=address, name=name, next_poll_at=now, created_at=now)
    session.add(source)
    session.flush()
    return source


def _checked(url: str, name: str) -> tuple[str, str]:
    address, name = web_url(url), one_line(name)
    if address is None:
        raise BadInput(f"{shown(url)}: a source needs an http:// or https:// address")
    if not name:
        raise BadInput(f"{shown(url)}: a source needs a name")
    return address, name[:200]


def _refuse_known(session: Session, address: str, but: int | None) -> None:
    known = session.scalar(select(Source.id).where(Source.url == address))
    if known is not None and known != but:
        raise Conflict(f"{shown(address)} is a source already")


def change_source(
    session: Session, source_id: int, *, url: str, kind: str, name: str, now: datetime
) -> list[str]:
    """Change a source's address, kind and name; return which of them are others now. One that is
    read elsewhere, or otherwise, is due at once, and what is known of its health is forgotten.

    Errors as `add_source` raises them, NotFound where there is none.
    """
    source = _locked(session, source_id)
    if kind != source.kind:  # one whose plug-in is gone can still be called something else
        load_plugin(GROUP, kind)
    address, name = _checked(url, name)
    _refuse_known(session, address, source.id)
    was = {"address": source.url, "kind": source.kind, "name": source.name}
    source.url, source.kind, source.name = address, kind, name
    present = {"address": address, "kind": kind, "name": name}
    changed = [each for each in was if was[each] != present[each]]
    if {"address", "kind"} & set(changed):
        source.etag = source.last_modified = source.polled_at = None
        source.failures, source.last_error, source.next_poll_at = 0, "", now
    session.flush()
    return changed


def remove_source(session: Session, source_id: int, *, aside: bool) -> FromSource:
    """Remove a source for good; return how many articles it leaves behind. They stay, in issues
    and in the inbox, and keep its name; with `aside` those that wait are set aside.
    """
    source = _locked(session, source_id)
    left = let_go(session, source.id, source.name, aside=aside)
    session.delete(source)
    session.flush()
    return left


def _locked(session: Session, source_id: int) -> Source:
    """Return a source that nobody else reads, changes or removes until the transaction ends."""
    source = session.get(Source, source_id, with_for_update=True)
    if source is None:
        raise NotFound(f"there is no source {source_id}")
    return source


def find_source(session: Session, ref: int | str) -> Source:
    """Return a source by its number or URL; NotFound when there is none."""
    number = row_number(ref)
    found = session.get(Source, number) if number is not None else None
    if found is None and isinstance(ref, str):
        found = session.scalar(select(Source).where(Source.url == ref.strip()))
    if found is None:
        raise NotFound(f"there is no source {shown(str(ref))}")
    return found


def list_sources(session: Session) -> Sequence[Source]:
    """Return all sources by name, resting ones included."""
    return session.scalars(select(Source).order_by(func.lower(Source.name), Source.id)).all()


def due_sources(session: Session, now: datetime) -> Sequence[Source]:
    """Return the active sources whose next poll is due, the longest waiting first."""
    due = select(Source).where(Source.active.is_(True), Source.next_poll_at <= now)
    return session.scalars(due.order_by(Source.next_poll_at, Source.id)).all()


def set_source_active(session: Session, source_id: int, active: bool, now: datetime) -> Source:
    """Let a source rest, or wake it: it is due at once then, its failures forgotten."""
    source = find_source(session, source_id)
    if active and not source.active:
        source.next_poll_at, source.failures = now, 0
    source.active = active
    return source


def next_poll(failures: int, now: datetime, every: timedelta) -> datetime:
    """Return when to ask again: after `every`, doubled with each failure, a day at most."""
    factor: int = 2 ** min(failures, 20)
    return now + max(every, min(every * factor, LONGEST_PAUSE))


def record_poll(
    session: Session,
    source_id: int,
    outcome: Fetched | DigestError,
    now: datetime,
    *,
    every: timedelta = POLL_EVERY,
    asked: str | None = None,
) -> bool:
    """Write what a poll brought and when the next is due; False, and nothing written, where the
    source is read elsewhere by now than at the address `asked`.

    Validators are kept only with a body that was understood: after a failure the next answer must
    be whole.
    """
    source = _locked(session, source_id)
    if asked not in (None, source.url):
        return False
    source.polled_at = now
    if isinstance(outcome, DigestError):
        source.failures += 1
        source.last_error = str(outcome)[:500]
    else:
        source.failures, source.last_error = 0, ""
        if not outcome.not_modified:
            source.etag, source.last_modified = outcome.etag, outcome.last_modified
    source.next_poll_at = next_poll(source.failures, now, every)
    return True

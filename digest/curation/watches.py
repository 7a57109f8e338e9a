"""The drift watch's table: which articles are re-read, when, and what was found. Sole writer of it.

Every article picked for an open issue is watched from its first reading on, and no other. Asks
nobody; `rereading` does, and writes down here what came of it.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.orm import Session

from digest.curation.drift import (
    Drift,
    Kind,
    Seen,
    accept,
    accept_headline,
    begin_watch,
    compare,
)
from digest.curation.issues import OPEN_TO_EDITS
from digest.errors import Conflict, NotFound, Refused
from digest.inserts import insert_new
from digest.models import Article, ArticleWatch, Issue, Pick, Slot

LAST_DAY = timedelta(days=1)
AT_LEAST = timedelta(hours=1)  # between two readings by themselves, however near the moment is
CLAIMED = timedelta(minutes=10)  # longer than any reading takes
A_ROUND = 20  # articles


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known of an article's page. `read_at` is None before its first reading."""

    read_at: datetime | None
    drifts: tuple[Drift, ...] = ()
    title: str = ""  # of the page as it was read last; empty where it could not be
    accepted_title: str = ""  # that it is compared with
    mark: str = ""  # of what was read; the same while nothing new is

    @property
    def is_gone(self) -> bool:
        """Whether there was nothing at its address."""
        return any(each.kind is Kind.GONE for each in self.drifts)

    @property
    def has_new_headline(self) -> bool:
        """Whether its headline is another one now."""
        return any(each.kind is Kind.HEADLINE for each in self.drifts)

    @property
    def may_be_accepted(self) -> bool:
        """Whether an editor may say that all of it is fine."""
        return bool(self.drifts) and all(each.may_be_accepted for each in self.drifts)


def has_work(session: Session, now: datetime) -> bool:
    """Return whether an article is due, is not watched yet, or no longer to be watched."""
    due = select(ArticleWatch.article_id).where(ArticleWatch.next_at <= now)
    queries = (due, _unwatched(), _left())
    return any(session.scalar(query.limit(1)) is not None for query in queries)


def follow_picks(session: Session, now: datetime) -> None:
    """Watch what is picked for open issues, due at once; forget what is in none any more."""
    session.execute(delete(ArticleWatch).where(ArticleWatch.article_id.in_(_left())))
    rows = [
        {"article_id": id, "next_at": now, "failures": 0, "findings": []}
        for id in session.scalars(_unwatched())
    ]
    if rows:
        session.execute(insert_new(session, ArticleWatch), rows)


def _picked() -> Select[int]:
    query = select(Pick.article_id).join(Issue, Issue.id == Pick.issue_id)
    return query.where(Issue.state.in_(OPEN_TO_EDITS))


def _unwatched() -> Select[int]:
    watched = select(ArticleWatch.article_id).where(ArticleWatch.article_id == Pick.article_id)
    return _picked().where(~watched.exists()).distinct()


def _left() -> Select[int]:
    picked = _picked().where(Pick.article_id == ArticleWatch.article_id).correlate(ArticleWatch)
    return select(ArticleWatch.article_id).where(~picked.exists())


def list_due(session: Session, now: datetime) -> Sequence[int]:
    """Return the articles to be read now, the longest waiting first; not more than a round."""
    due = select(ArticleWatch.article_id).where(ArticleWatch.next_at <= now)
    return session.scalars(due.order_by(ArticleWatch.next_at).limit(A_ROUND)).all()


def list_unread_since(session: Session, issue_id: int, since: datetime) -> Sequence[int]:
    """Return the articles of an issue that were not read since a moment, in reading order."""
    query = (
        select(Pick.article_id)
        .outerjoin(ArticleWatch, ArticleWatch.article_id == Pick.article_id)
        .where(
            Pick.issue_id == issue_id,
            or_(ArticleWatch.read_at.is_(None), ArticleWatch.read_at < since),
        )
        .order_by(Pick.section_id, Pick.position)
    )
    return session.scalars(query).all()


def claim(session: Session, article_id: int, now: datetime) -> bool:
    """Take a due article for one reading; False when another process was faster."""
    hit = session.execute(
        update(ArticleWatch)
        .where(ArticleWatch.article_id == article_id, ArticleWatch.next_at <= now)
        .values(next_at=now + CLAIMED)
        .returning(ArticleWatch.article_id)
    ).first()
    return hit is not None


def record_reading(
    session: Session, article_id: int, seen: Seen, now: datetime, *, every: timedelta
) -> Watched | None:
    """Write down what an article's page is now, and when it is read next; None when the article is
    not watched any more.
    """
    row = session.get(ArticleWatch, article_id, with_for_update=True)
    if row is None:
        return None
    then = _then(session, row, seen)
    row.seen_then, row.findings = then.to_json(), _kept(compare(then, seen))
    row.read_at, row.seen_now = now, seen.to_json()
    row.failures = row.failures + 1 if seen.unreached else 0
    row.next_at = next_reading(now, _due_at(session, article_id), row.failures, every)
    session.flush()
    return _watched(row)


def _then(session: Session, row: ArticleWatch, seen: Seen) -> Seen:
    """Return what a reading is compared with: the first page that could be read, or accepted."""
    then = Seen.from_json(row.seen_then) if row.seen_then else Seen()
    if not seen.was_read:
        return then
    if not then.title:
        article = session.get_one(Article, row.article_id)
        then = begin_watch(article.title, article.url, seen)
    # That it could not be reached was fine then; the next time somebody decides anew.
    return replace(then, unreached="", unreadable="")


def _kept(drifts: Iterable[Drift]) -> list[dict[str, str]]:
    return [each.to_json() for each in drifts]


def _due_at(session: Session, article_id: int) -> datetime | None:
    """Return when the first open issue that has the article is due."""
    due: Any = func.min(func.coalesce(Slot.due_at, Issue.send_at))
    same_date = (Slot.newsletter_id == Issue.newsletter_id) & (Slot.local_date == Issue.slot_date)
    found: Any = session.scalar(
        select(due)
        .select_from(Pick)
        .join(Issue, Issue.id == Pick.issue_id)
        .outerjoin(Slot, same_date)
        .where(Pick.article_id == article_id, Issue.state.in_(OPEN_TO_EDITS))
    )
    return found if isinstance(found, datetime) else None


def next_reading(
    now: datetime, due_at: datetime | None, failures: int, every: timedelta
) -> datetime:
    """Return when a page is read again: after `every`, on the last day before it is due after a
    quarter of that, though not within the hour; a page that failed is asked less and less often.
    """
    quick = max(every / 4, min(AT_LEAST, every))
    last_day = None if due_at is None else due_at - LAST_DAY
    if last_day is not None and last_day <= now:
        pause = quick
    else:
        pause = every if last_day is None else min(every, max(quick, last_day - now))
    factor: int = 2 ** min(failures, 2)
    return now + pause * factor


def find_watched(session: Session, article_ids: Iterable[int]) -> dict[int, Watched]:
    """Return what is known of these articles' pages; those that are not watched are left out."""
    query = select(ArticleWatch).where(ArticleWatch.article_id.in_(list(article_ids)))
    return {row.article_id: _watched(row) for row in session.scalars(query)}


def _watched(row: ArticleWatch) -> Watched:
    now = Seen.from_json(row.seen_now) if row.seen_now else Seen()
    then = Seen.from_json(row.seen_then) if row.seen_then else Seen()
    drifts = tuple(map(Drift.from_json, row.findings))
    return Watched(row.read_at, drifts, now.title, then.title, _mark(row))


def _mark(row: ArticleWatch) -> str:
    looked_at = json.dumps([row.seen_now, row.findings], sort_keys=True)
    return hashlib.sha256(looked_at.encode()).hexdigest()[:16]


def accept_present(session: Session, article_id: int, *, mark: str) -> None:
    """Let the present be what an article is compared with from now on.

    `mark` is that of what was looked at: Conflict when it was read again and is another one by now.
    Refused for a page that is gone.
    """
    row, then, now = _looked_at(session, article_id, mark)
    if now.gone:
        raise Refused("Its page is gone. Take the article out, or wait until the page is back.")
    _compare_with(row, accept(then, now), now)


def accept_new_headline(session: Session, article_id: int, *, mark: str) -> str:
    """Let the present headline be what an article is compared with; return it. Errors as above,
    and Refused where it has no other one.
    """
    row, then, now = _looked_at(session, article_id, mark)
    if not now.was_read or now.title == then.title:
        raise Refused("There is no other headline to take.")
    _compare_with(row, accept_headline(then, now), now)
    return now.title


def _looked_at(session: Session, article_id: int, mark: str) -> tuple[ArticleWatch, Seen, Seen]:
    row = session.get(ArticleWatch, article_id, with_for_update=True)
    if row is None or row.seen_now is None or row.read_at is None:
        raise NotFound("This article has not been read yet.")
    if _mark(row) != mark:
        raise Conflict("The page is another one again since. Look at what it says now.")
    then = Seen.from_json(row.seen_then) if row.seen_then else Seen()
    return row, then, Seen.from_json(row.seen_now)


def _compare_with(row: ArticleWatch, then: Seen, now: Seen) -> None:
    row.seen_then, row.findings = then.to_json(), _kept(compare(then, now))

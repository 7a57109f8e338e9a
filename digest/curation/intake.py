"""What comes in: sources, when they are asked again, and the inbox. Sole writer of both tables.

An article is kept once, whatever the number of links to it. A later poll may correct headline and
summary while the article waits in the inbox; once an editor has picked or dismissed it, nothing
here changes its words.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Select, exists, func, select, update
from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.curation.canonical import canonical_url
from digest.curation.cleaning import one_line, web_url
from digest.curation.sources.base import FoundArticle
from digest.curation.sources.base import Source as SourcePlugin
from digest.curation.sources.page import PageSource
from digest.db import Database
from digest.errors import BadInput, Conflict, DigestError, NotFound, Refused
from digest.fetch import Fetched, Fetcher, shown
from digest.inserts import insert_new
from digest.models import Article, ArticleState, Pick, Source
from digest.plugins import load_plugin

POLL_EVERY = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(days=1)
GROUP = "digest.sources"


@dataclass(frozen=True, slots=True)
class IntakeReport:
    """How many articles were new, known, or known with other words; and what was unusable."""

    new: int = 0
    known: int = 0
    updated: int = 0
    problems: tuple[str, ...] = ()


def poll(
    db: Database, fetcher: Fetcher, source_id: int, clock: Clock, *, every: timedelta = POLL_EVERY
) -> IntakeReport:
    """Ask one source now and take in what it has; call it outside any transaction.

    A failure is recorded with the source, which is asked less and less often, and raised:
    FetchFailed, BadInput, ConfigError for a plug-in that is gone, NotFound for a source that is.
    """
    with db.read() as session:
        source = find_source(session, source_id)
    try:
        plugin: SourcePlugin = load_plugin(GROUP, source.kind)()
        fetched = fetcher.get(
            source.url, etag=source.etag, last_modified=source.last_modified, accept=plugin.accept
        )
        found = None if fetched.not_modified else plugin.read(fetched)
    except DigestError as error:
        with db.write() as session:
            record_poll(session, source_id, error, clock.now(), every=every)
        raise
    now = clock.now()
    with db.write() as session:
        record_poll(session, source_id, fetched, now, every=every)
        if found is None:
            return IntakeReport()
        return take_in(session, found.articles, source_id, now, problems=found.problems)


def fetch_article(fetcher: Fetcher, url: str) -> FoundArticle:
    """Return the article at a pasted URL, from its metadata; FetchFailed or BadInput if none."""
    plugin = PageSource()
    return plugin.read(fetcher.get(url.strip(), accept=plugin.accept)).articles[0]


# Sources


def add_source(session: Session, *, url: str, kind: str, name: str, now: datetime) -> Source:
    """Write a new source that is due at once.

    BadInput for a URL that is not http(s) or an empty name, ConfigError for an unknown kind,
    Conflict when the URL is a source already.
    """
    load_plugin(GROUP, kind)
    address, name = web_url(url), one_line(name)
    if address is None:
        raise BadInput(f"{shown(url)}: a source needs an http:// or https:// address")
    if not name:
        raise BadInput(f"{shown(url)}: a source needs a name")
    if session.scalar(select(exists().where(Source.url == address))):
        raise Conflict(f"{shown(address)} is a source already")
    source = Source(kind=kind, url=address, name=name[:200], next_poll_at=now, created_at=now)
    session.add(source)
    session.flush()
    return source


def find_source(session: Session, ref: int | str) -> Source:
    """Return a source by its number or URL; NotFound when there is none."""
    number = _number(ref)
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
) -> None:
    """Write what a poll brought and when the next is due.

    Validators are kept only with a body that was understood: after a failure the next answer must
    be whole.
    """
    source = find_source(session, source_id)
    source.polled_at = now
    if isinstance(outcome, DigestError):
        source.failures += 1
        source.last_error = str(outcome)[:500]
    else:
        source.failures, source.last_error = 0, ""
        if not outcome.not_modified:
            source.etag, source.last_modified = outcome.etag, outcome.last_modified
    source.next_poll_at = next_poll(source.failures, now, every)


# Articles


def take_in(
    session: Session,
    found: Iterable[FoundArticle],
    source_id: int | None,
    now: datetime,
    *,
    problems: tuple[str, ...] = (),
) -> IntakeReport:
    """Put articles into the inbox, each once by its canonical URL.

    `source_id` is None for a file's. One that is there already gets a new headline or summary only
    from its own source, and only while it is neither picked nor dismissed.
    """
    counts = {"new": 0, "known": 0, "updated": 0}
    for article in found:
        counts[_take_one(session, article, source_id, now)] += 1
    return IntakeReport(**counts, problems=problems)


def _take_one(session: Session, found: FoundArticle, source_id: int | None, now: datetime) -> str:
    row = _row(found, source_id, now)
    if session.scalar(insert_new(session, Article).values(row).returning(Article.id)) is not None:
        return "new"
    if source_id is None:
        return "known"
    corrected = session.execute(
        update(Article)
        .where(
            Article.canonical_url == row["canonical_url"],
            Article.source_id == source_id,
            Article.state == ArticleState.NEW,
            ~_is_picked(),
            (Article.title != found.title) | (Article.summary != found.summary),
        )
        .values(title=found.title, summary=found.summary)
        .returning(Article.id)
    )
    return "updated" if corrected.first() else "known"


def add_article(session: Session, found: FoundArticle, *, now: datetime) -> Article:
    """Put an article typed or pasted by an editor into the inbox.

    Conflict, naming the article, when its canonical URL is there already.
    """
    inserted = insert_new(session, Article).values(_row(found, None, now)).returning(Article.id)
    number = session.scalar(inserted)
    if number is None:
        known = find_article(session, found.url)
        state = "set aside" if known.state is ArticleState.DISMISSED else "there"
        raise Conflict(f"{shown(found.url)} is {state} already, as article {known.id}")
    return find_article(session, number)


def _row(found: FoundArticle, source_id: int | None, now: datetime) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "canonical_url": canonical_url(found.url),
        "url": found.url,
        "title": found.title,
        "summary": found.summary,
        "author": found.author,
        "site_name": found.site_name,
        "language": found.language,
        "categories": list(found.categories),
        "body_html": found.body_html,
        "image_url": found.image_url,
        "image_alt": found.image_alt,
        "image_credit": found.image_credit,
        "published_at": found.published_at,
        "state": ArticleState.NEW,
        "created_at": now,
    }


def find_article(session: Session, ref: int | str) -> Article:
    """Return an article by its number or by any URL of it; NotFound when there is none."""
    number = _number(ref)
    found = session.get(Article, number) if number is not None else None
    if found is None and isinstance(ref, str) and (url := web_url(ref)):
        same = select(Article).where(Article.canonical_url == canonical_url(url))
        found = session.scalar(same)
    if found is None:
        raise NotFound(f"there is no article {shown(str(ref))}")
    return found


def _number(ref: int | str) -> int | None:
    text = str(ref).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def list_inbox(session: Session, *, search: str | None = None, limit: int = 100) -> list[Article]:
    """Return what waits to be judged, newest first: neither dismissed nor picked.

    `search` keeps the articles in which every word of it occurs, in any case of any script.
    """
    words = (search or "").casefold().split()
    with closing(session.scalars(_inbox().execution_options(yield_per=200))) as waiting:
        return list(islice(_matching(waiting, words), limit))


def _inbox() -> Select[Article]:
    newest = func.coalesce(Article.published_at, Article.created_at)
    waiting = select(Article).where(Article.state == ArticleState.NEW, ~_is_picked())
    return waiting.order_by(newest.desc(), Article.id.desc())


def _matching(articles: Iterable[Article], words: Sequence[str]) -> Iterator[Article]:
    # In Python, because SQLite's LIKE and lower() know the case of ASCII letters only.
    for article in articles:
        texts = (
            article.title,
            article.summary,
            article.author,
            article.site_name,
            article.canonical_url,
        )
        everything = " ".join(texts).casefold()
        if all(word in everything for word in words):
            yield article


def dismiss(session: Session, article_id: int) -> Article:
    """Set an article aside as not for us; Refused while it is picked for an issue."""
    article = find_article(session, article_id)
    if session.scalar(select(exists().where(Pick.article_id == article_id))):
        raise Refused(f"article {article_id} is picked: take it out of its issue first")
    article.state = ArticleState.DISMISSED
    return article


def restore(session: Session, article_id: int) -> Article:
    """Put a dismissed article back into the inbox."""
    article = find_article(session, article_id)
    article.state = ArticleState.NEW
    return article


def _is_picked() -> Any:
    return exists().where(Pick.article_id == Article.id)

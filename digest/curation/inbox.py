"""The articles that came in or were typed in, and which of them wait. Sole writer of their table.

An article is kept once, whatever the number of links to it. A later poll may correct headline and
summary while the article waits in the inbox; once an editor has picked or dismissed it, nothing
here changes its words.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Select, exists, func, select, update
from sqlalchemy.orm import Session

from digest.curation.canonical import canonical_url
from digest.curation.plain import web_url
from digest.curation.row_numbers import row_number
from digest.curation.sources.base import FoundArticle
from digest.errors import Conflict, NotFound, Refused
from digest.fetch import shown
from digest.inserts import insert_new
from digest.models import Article, ArticleState, Pick


@dataclass(frozen=True, slots=True)
class IntakeReport:
    """How many articles were new, known, or known with other words; and what was unusable."""

    new: int = 0
    known: int = 0
    updated: int = 0
    problems: tuple[str, ...] = ()


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
            ~is_picked(),
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
    number = row_number(ref)
    found = session.get(Article, number) if number is not None else None
    if found is None and isinstance(ref, str) and (url := web_url(ref)):
        same = select(Article).where(Article.canonical_url == canonical_url(url))
        found = session.scalar(same)
    if found is None:
        raise NotFound(f"there is no article {shown(str(ref))}")
    return found


def list_inbox(session: Session, *, search: str | None = None, limit: int = 100) -> list[Article]:
    """Return what waits to be judged, newest first: neither dismissed nor picked.

    `search` keeps the articles in which every word of it occurs, in any case of any script.
    """
    words = (search or "").casefold().split()
    with closing(session.scalars(_inbox().execution_options(yield_per=200))) as waiting:
        return list(islice(matching(waiting, words), limit))


def _inbox() -> Select[Article]:
    newest = func.coalesce(Article.published_at, Article.created_at)
    waiting = select(Article).where(*_waiting())
    return waiting.order_by(newest.desc(), Article.id.desc())


def matching(articles: Iterable[Article], words: Sequence[str]) -> Iterator[Article]:
    """Yield the articles in which every casefolded word occurs."""
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


@dataclass(frozen=True, slots=True)
class FromSource:
    """How many articles of a source wait, and how many were picked or set aside."""

    waiting: int
    settled: int


def count_from(session: Session, source_id: int) -> FromSource:
    """Count the articles that came in from a source."""
    theirs = select(func.count()).where(Article.source_id == source_id)
    waiting = session.scalars(theirs.where(*_waiting())).one()
    return FromSource(waiting, session.scalars(theirs).one() - waiting)


def let_go(session: Session, source_id: int, name: str, *, aside: bool) -> FromSource:
    """Keep the articles of a source that ends: they belong to none from now on, and bear its name
    where they have no site's. With `aside` those that wait are set aside.
    """
    counts = count_from(session, source_id)
    theirs = update(Article).where(Article.source_id == source_id)
    if aside:
        session.execute(theirs.where(*_waiting()).values(state=ArticleState.DISMISSED))
    session.execute(theirs.where(Article.site_name == "").values(site_name=name))
    session.execute(theirs.values(source_id=None))
    return counts


def _waiting() -> tuple[Any, Any]:
    return Article.state == ArticleState.NEW, ~is_picked()


def is_picked() -> Any:
    """Return the condition that an article stands in an issue."""
    return exists().where(Pick.article_id == Article.id)

"""The inbox as the desk shows it: page by page, with where each article comes from and where it is
picked already. Reads only.
"""

import enum
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, defer

from digest.curation.inbox import is_picked, matching
from digest.curation.issues import OPEN_TO_EDITS
from digest.curation.reruns import Radar, Rerun, read_radar
from digest.curation.row_numbers import row_number
from digest.errors import BadInput
from digest.models import Article, ArticleState, Issue, Newsletter, Pick, Section, Source

BY_HAND = "hand"  # in the place of a source: articles that were typed or pasted


class Kept(enum.StrEnum):
    """Which articles one looks at."""

    WAITING = "waiting"  # neither picked nor set aside
    PICKED = "picked"
    ASIDE = "aside"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. `source` is a number, BY_HAND, or empty for all; `before` is a page's
    `older`.
    """

    kept: Kept = Kept.WAITING
    source: str = ""
    search: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an article is picked, in an issue that may still be edited."""

    issue: str  # as `find_issue` takes it
    heading: str


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One article, and what an editor must know of it. `article.body_html` is not loaded."""

    article: Article
    source: str  # its source's name; empty for one by hand
    places: tuple[Place, ...]
    reruns: tuple[Rerun, ...] = ()  # where it, or nearly the same headline, ran before

    @property
    def is_aside(self) -> bool:
        """Tell whether it was set aside."""
        return self.article.state is ArticleState.DISMISSED


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Some articles, newest first, and the cursor of those after them; empty at the end."""

    rows: tuple[InboxRow, ...]
    older: str


def read_page(session: Session, wanted: Wanted, *, most: int) -> InboxPage:
    """Return the articles wanted, newest first. Every word of `search` must occur in an article,
    in any case of any script.

    BadInput for a cursor or a source that was not made here.
    """
    words = wanted.search.casefold().split()
    query = _query(wanted).options(defer(Article.body_html)).execution_options(yield_per=200)
    with closing(session.scalars(query)) as articles:
        found = list(islice(matching(articles, words), most + 1))
    older = _cursor(found[most - 1]) if len(found) > most else ""
    return InboxPage(_rows(session, found[:most]), older)


def read_row(session: Session, article: Article) -> InboxRow:
    """Return one article as a row."""
    return _rows(session, [article])[0]


def _query(wanted: Wanted) -> Select[Article]:
    query = select(Article).order_by(_newest().desc(), Article.id.desc())
    conditions = {
        Kept.WAITING: (Article.state == ArticleState.NEW, ~is_picked()),
        Kept.PICKED: (is_picked(),),
        Kept.ASIDE: (Article.state == ArticleState.DISMISSED,),
        Kept.ALL: (),
    }
    query = query.where(*conditions[wanted.kept])
    if wanted.source == BY_HAND:
        query = query.where(Article.source_id.is_(None))
    elif wanted.source:
        query = query.where(Article.source_id == _number(wanted.source, "source"))
    return query.where(_is_before(wanted.before)) if wanted.before else query


def _newest() -> ColumnElement[datetime]:
    return func.coalesce(Article.published_at, Article.created_at)


def _number(text: str, field: str) -> int:
    number = row_number(text)
    if number is None:
        raise BadInput(f"{field}: there is none called {text[:40]!r}")
    return number


def _cursor(article: Article) -> str:
    moment = article.published_at or article.created_at
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}_{article.id}"


def _is_before(cursor: str) -> ColumnElement[bool]:
    instant, _, number = cursor.partition("_")
    try:
        moment = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    except ValueError as error:
        raise BadInput("before: this is not where a page of the inbox ends") from error
    earlier = Article.id < _number(number, "before")
    return or_(_newest() < moment, and_(_newest() == moment, earlier))


def _rows(session: Session, articles: Sequence[Article]) -> tuple[InboxRow, ...]:
    names = _source_names(session, {each.source_id for each in articles})
    places = _places(session, [each.id for each in articles])
    radar = read_radar(session, None) if articles else Radar(())
    return tuple(
        InboxRow(
            each,
            names.get(each.source_id, ""),
            tuple(places.get(each.id, ())),
            _reruns(radar, each, places.get(each.id, ())),
        )
        for each in articles
    )


def _reruns(radar: Radar, article: Article, places: Iterable[Place]) -> tuple[Rerun, ...]:
    """Return where an article ran; an approved issue that has it is told as one of its places."""
    there = {place.issue for place in places}
    found = radar.find(article.id, [article.title])
    return tuple(each for each in found if each.issue not in there)


def _source_names(session: Session, ids: Iterable[int | None]) -> dict[int | None, str]:
    named: Any = select(Source.id, Source.name).where(Source.id.in_([i for i in ids if i]))
    return dict(session.execute(named).all())


def _places(session: Session, ids: Sequence[int]) -> dict[int, list[Place]]:
    picked = (
        select(Pick.article_id, Newsletter.slug, Issue.number, Section.heading)
        .join(Issue, Issue.id == Pick.issue_id)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .join(Section, Section.id == Pick.section_id)
        .where(Pick.article_id.in_(ids), Issue.state.in_(OPEN_TO_EDITS))
        .order_by(Issue.id)
    )
    places: dict[int, list[Place]] = {}
    for article_id, slug, number, heading in session.execute(picked):
        places.setdefault(article_id, []).append(Place(f"{slug}/{number}", heading))
    return places

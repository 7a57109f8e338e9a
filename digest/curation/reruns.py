"""Ran before: which articles stood in an issue already, and where. Reads only.

Earlier issues are those approved, sent or on their way. An article is known again by its address
(the inbox keeps one row for it) or by a headline that is nearly the same, its own or the editor's.
What is read is bounded: so many picks of the newsletter, and so many of all others together, the
newest first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from digest.curation.titles import NEAR, are_near, carrying_words, words_in_order
from digest.models import Article, Issue, IssueState, Newsletter, Pick, Section

EARLIER = (IssueState.APPROVED, IssueState.SENDING, IssueState.SENT)
MOST = 4_000  # picks: six years of a weekly with twelve articles
TOLD = 3  # of one article


@dataclass(frozen=True, slots=True)
class Rerun:
    """Where an article, or one with nearly the same headline, ran before."""

    slug: str
    number: int
    day: date | None  # None: an extra that nothing says the day of
    heading: str
    position: int  # in its section, from 1
    headline: str  # as it ran
    article_id: int
    is_own: bool = True  # in the newsletter that is being made
    same_address: bool = True  # otherwise only the headline is nearly the same

    @property
    def issue(self) -> str:
        """Return what the issue is called."""
        return f"{self.slug}/{self.number}"


@dataclass(frozen=True, slots=True)
class _Ran:
    rerun: Rerun
    titles: tuple[str, ...]


class Radar:
    """Earlier picks, ready to be asked about many articles."""

    def __init__(self, ran: Iterable[_Ran]) -> None:
        self._ran = list(ran)
        self._by_article: dict[int, list[int]] = {}
        self._by_title: dict[tuple[str, ...], list[int]] = {}
        self._by_word: dict[str, list[int]] = {}
        for number, each in enumerate(self._ran):
            self._by_article.setdefault(each.rerun.article_id, []).append(number)
            for title in each.titles:
                self._by_title.setdefault(words_in_order(title), []).append(number)
                for word in carrying_words(title):
                    self._by_word.setdefault(word, []).append(number)

    def find(self, article_id: int, titles: Iterable[str]) -> list[Rerun]:
        """Return where an article ran: its own newsletter before others, the same address before a
        headline nearly the same, the newest first; not more than a card can show.
        """
        same = self._by_article.get(article_id, [])
        near = {number for title in titles for number in self._near(title)} - set(same)
        found = [self._ran[number].rerun for number in same]
        found += [_by_headline(self._ran[number].rerun) for number in sorted(near)]
        found.sort(key=lambda each: (not each.is_own, not each.same_address))
        return found[:TOLD]

    def _near(self, title: str) -> Iterable[int]:
        yield from self._by_title.get(words_in_order(title), ()) if words_in_order(title) else ()
        words = carrying_words(title)
        # Whoever shares four fifths of the words shares one of any that are more than a fifth.
        rarest = sorted(words, key=lambda word: len(self._by_word.get(word, ())))
        few = rarest[: len(words) - _least_shared(len(words)) + 1]
        for number in {number for word in few for number in self._by_word.get(word, ())}:
            if any(are_near(words, carrying_words(each)) for each in self._ran[number].titles):
                yield number


def _least_shared(words: int) -> int:
    return ceil(words * NEAR - 1e-9)  # four fifths of five are four, whatever floats say


def _by_headline(rerun: Rerun) -> Rerun:
    return Rerun(
        *(rerun.slug, rerun.number, rerun.day, rerun.heading, rerun.position),
        *(rerun.headline, rerun.article_id, rerun.is_own, False),
    )


def read_radar(session: Session, newsletter_id: int | None, issue_id: int | None = None) -> Radar:
    """Return the earlier picks of a newsletter, and those of all others; without `issue_id`'s own.

    Without a newsletter all of them count as one's own.
    """
    own = _earlier(issue_id)
    if newsletter_id is None:
        return Radar(_read(session, own, is_own=True))
    of_others = own.where(Issue.newsletter_id != newsletter_id)
    own = own.where(Issue.newsletter_id == newsletter_id)
    ran = [*_read(session, own, is_own=True), *_read(session, of_others, is_own=False)]
    return Radar(ran)


def _earlier(issue_id: int | None) -> Select[*tuple[Any, ...]]:
    begun = func.coalesce(Issue.sending_at, Issue.approved_at)
    query = (
        select(
            *(Newsletter.slug, Issue.number, Issue.slot_date, begun),
            *(Section.heading, Pick.position, Pick.headline, Pick.article_id, Article.title),
        )
        .join(Pick, Pick.issue_id == Issue.id)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .join(Section, Section.id == Pick.section_id)
        .join(Article, Article.id == Pick.article_id)
        .where(Issue.state.in_(EARLIER))
        .order_by(Issue.id.desc(), Section.position, Pick.position)
        .limit(MOST)
    )
    return query if issue_id is None else query.where(Issue.id != issue_id)


def _read(session: Session, query: Select[*tuple[Any, ...]], *, is_own: bool) -> list[_Ran]:
    rows = session.execute(query).all()
    return [
        _Ran(
            Rerun(
                *(slug, number, day or (begun.date() if begun else None)),
                *(heading, position, headline, article_id, is_own),
            ),
            tuple({headline, title}),
        )
        for slug, number, day, begun, heading, position, headline, article_id, title in rows
    ]


def find_reruns(
    session: Session, newsletter_id: int | None, articles: Mapping[int, Iterable[str]]
) -> dict[int, list[Rerun]]:
    """Return where each of these articles ran, by its id; `articles` has each one's headlines."""
    radar = read_radar(session, newsletter_id)
    return {id: found for id, titles in articles.items() if (found := radar.find(id, titles))}

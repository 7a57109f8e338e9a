"""Which articles ran before, where, and how quickly that is known."""

from datetime import date, timedelta
from time import perf_counter

import pytest

from digest.curation.reruns import TOLD, read_radar
from digest.db import Database
from digest.models import Article, ArticleState, Issue, IssueState, Layout, Pick
from tests.curation.newsroom import NOW, THIS_WEEK, Week

LAST_WEEK = date(2026, 11, 20)
TITLE = "Dockers go back to work at last"
EARLIER = (IssueState.APPROVED, IssueState.SENDING, IssueState.SENT)


@pytest.mark.parametrize("state", EARLIER)
def test_same_article_is_known_with_its_place(any_db: Database, state: IssueState) -> None:
    with any_db.write() as session:
        week = Week(session)
        old, issue = week.issue(LAST_WEEK, state), week.issue()
        article = week.article("strike", TITLE)
        week.pick(old, week.article("first", "Something else"), section=1)
        week.pick(old, article, section=1, headline="In the editor's own words")
        [ran] = read_radar(session, week.newsletter.id, issue.id).find(article.id, [TITLE])

    assert (ran.issue, ran.day, ran.heading, ran.position) == (
        *("weekly/1", LAST_WEEK, "Features"),
        2,
    )
    assert ran.headline == "In the editor's own words"
    assert ran.is_own
    assert ran.same_address


@pytest.mark.parametrize("state", [IssueState.DRAFT, IssueState.CANCELLED])
def test_what_readers_never_had_did_not_run(any_db: Database, state: IssueState) -> None:
    with any_db.write() as session:
        week = Week(session)
        article = week.article("strike", TITLE)
        week.pick(week.issue(LAST_WEEK, state), article)
        found = read_radar(session, week.newsletter.id).find(article.id, [TITLE])

    assert found == []


def test_near_headline_is_known_by_the_article_s_words_and_the_editor_s(any_db: Database) -> None:
    with any_db.write() as session:
        week = Week(session)
        old = week.issue(LAST_WEEK, IssueState.SENT)
        week.pick(old, week.article("a", TITLE), headline="What the strike won")
        radar = read_radar(session, week.newsletter.id)
        by_article = radar.find(99, ["At last, the dockers go back to work"])
        by_editor = radar.find(99, ["WHAT THE STRIKE WON?"])
        neither = radar.find(99, ["Teachers go back to work at last"])

    assert [ran.same_address for ran in (*by_article, *by_editor)] == [False, False]
    assert neither == []


def test_own_issue_is_none_and_other_newsletters_come_last(any_db: Database) -> None:
    with any_db.write() as session:
        week, other = Week(session), Week(session, "science")
        article = week.article("strike", TITLE)
        approved = week.issue(THIS_WEEK, IssueState.APPROVED)
        week.pick(approved, article)
        other.pick(other.issue(LAST_WEEK, IssueState.SENT), article)
        week.pick(week.issue(LAST_WEEK, IssueState.SENT), week.article("b", f"The {TITLE}"))
        found = read_radar(session, week.newsletter.id, approved.id).find(article.id, [TITLE])

    assert [(ran.slug, ran.is_own) for ran in found] == [("weekly", True), ("science", False)]


def test_no_more_than_a_card_can_show(any_db: Database) -> None:
    with any_db.write() as session:
        week = Week(session)
        article = week.article("strike", TITLE)
        for number in range(TOLD + 2):
            day = LAST_WEEK - timedelta(days=7 * number)
            week.pick(week.issue(day, IssueState.SENT), article)
        found = read_radar(session, week.newsletter.id).find(article.id, [TITLE])

    assert len(found) == TOLD
    assert found[0].number == TOLD + 2  # the newest


def test_five_years_are_looked_through_at_once(any_db: Database) -> None:
    """260 issues of 12 picks, 40 articles asked about: a page of the inbox."""
    with any_db.write() as session:
        week = Week(session)
        _fill(week, issues=260, picks=12)
    started = perf_counter()
    with any_db.read() as session:
        radar = read_radar(session, week.newsletter.id)
        found = [radar.find(10**9, [_title(number * 77)]) for number in range(40)]
    took = perf_counter() - started

    assert all(len(ran) == 1 for ran in found)
    assert took < 3  # a tenth of that by itself; other tests run beside this one


def _title(number: int) -> str:
    return " ".join(f"word{number * 31 % (997 + step)}" for step in range(8)) + f" n{number}"


def _fill(week: Week, *, issues: int, picks: int) -> None:
    session = week.session
    rows = [
        Issue(
            **{"public_id": f"p{n}", "newsletter_id": week.newsletter.id, "number": n + 1},
            **{"slot_date": THIS_WEEK - timedelta(days=7 * (n + 1)), "state": IssueState.SENT},
            **{"topper": {}, "quote": {}, "numbers": [], "created_at": NOW},
        )
        for n in range(issues)
    ]
    articles = [
        Article(
            **{"canonical_url": f"https://courier.example/{n}", "url": "x", "title": _title(n)},
            **{"categories": [], "state": ArticleState.NEW, "created_at": NOW},
        )
        for n in range(issues * picks)
    ]
    session.add_all([*rows, *articles])
    session.flush()
    session.add_all(
        Pick(
            **{"issue_id": rows[n // picks].id, "article_id": article.id},
            **{"section_id": week.sections[0].id, "position": n % picks + 1},
            **{"layout": Layout.COLUMN, "headline": _title(n)},
        )
        for n, article in enumerate(articles)
    )
    session.flush()

"""Which articles are re-read, when, and what is written down; against a real site."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from digest.clock import FixedClock
from digest.curation.drift import Kind
from digest.curation.issues import move_issue
from digest.curation.picks import unpick
from digest.curation.rereading import claim_and_reread, reread
from digest.curation.sources.base import FoundArticle
from digest.curation.watches import (
    Watched,
    accept_new_headline,
    accept_present,
    claim,
    find_watched,
    follow_picks,
    has_work,
    list_due,
    list_unread_since,
    next_reading,
)
from digest.db import Database
from digest.errors import Conflict, NotFound, Refused
from digest.models import ArticleWatch, IssueState, Slot, SlotState
from digest.testing.web import WebServer, answer, loopback_fetcher
from tests.curation.newsroom import NOW, THIS_WEEK, Week

EVERY = timedelta(hours=4)
FETCHER = loopback_fetcher()


def html(title: str, body: str = "<p>Fog.</p>", status: int = 200):
    text = f"<html><head><title>{title}</title></head><body><article>{body}</article></body></html>"
    return answer(status, text.encode(), Content_Type="text/html; charset=utf-8")


@pytest.fixture
def site() -> Iterator[WebServer]:
    server = WebServer()
    server.answers["/fog"] = html("Fog closes the harbour")
    yield server
    server.close()


class Watch:
    """One article of one issue, watched, and the reading of it."""

    def __init__(self, db: Database, site: WebServer) -> None:
        self.db, self.site = db, site
        self.clock = FixedClock(NOW)
        with db.write() as session:
            week = Week(session)
            issue = week.issue()
            found = FoundArticle(url=site.url("/fog"), title="Fog closes the harbour")
            article = week.article("fog", found.title)
            article.url = found.url
            week.pick(issue, article)
            self.issue_id, self.article_id = issue.id, article.id
            follow_picks(session, NOW)

    def read(self) -> Watched:
        seen = reread(self.db, FETCHER, self.article_id, self.clock, every=EVERY)
        assert seen is not None
        return seen

    def drifts(self) -> list[tuple[Kind, str, str]]:
        return [(each.kind, each.then, each.now) for each in self.read().drifts]

    def row(self) -> ArticleWatch:
        with self.db.read() as session:
            return session.get_one(ArticleWatch, self.article_id)


@pytest.fixture
def watch(any_db: Database, site: WebServer) -> Watch:
    return Watch(any_db, site)


def test_page_that_stays_as_it_was_is_fine(watch: Watch) -> None:
    assert watch.drifts() == []
    watch.clock.advance(EVERY)
    assert watch.drifts() == []
    assert watch.row().read_at == NOW + EVERY


def test_headline_that_changes_is_told_with_both(watch: Watch) -> None:
    watch.read()
    watch.site.answers["/fog"] = html("Fog lifts")
    assert watch.drifts() == [(Kind.HEADLINE, "Fog closes the harbour", "Fog lifts")]


def test_page_that_goes_and_comes_back(watch: Watch) -> None:
    watch.read()
    for status in (404, 410):
        watch.site.answers["/fog"] = html("Gone", status=status)
        [(kind, _, words)] = watch.drifts()
        assert kind is Kind.GONE
        assert str(status) in words
    watch.site.answers["/fog"] = html("Fog closes the harbour")
    assert watch.drifts() == []


def test_redirect_elsewhere_is_told(watch: Watch) -> None:
    watch.read()
    front = watch.site.url("/")
    watch.site.answers["/fog"] = answer(302, b"", Location="/")
    watch.site.answers["/"] = html("Fog closes the harbour")
    assert watch.drifts() == [(Kind.MOVED, watch.site.url("/fog"), front)]


def test_correction_that_is_appended_is_told(watch: Watch) -> None:
    watch.read()
    words = "Correction: It was Monday."
    watch.site.answers["/fog"] = html("Fog closes the harbour", f"<p>Fog.</p><p>{words}</p>")
    assert watch.drifts() == [(Kind.CORRECTION, "", words)]


def test_server_that_does_not_answer_is_asked_less_often(watch: Watch) -> None:
    watch.read()
    watch.site.answers["/fog"] = html("", status=503)
    pauses = []
    for _ in range(3):
        [(kind, _, _)] = watch.drifts()
        assert kind is Kind.UNREACHED
        pauses.append(watch.row().next_at - watch.clock.now())
    assert pauses == [2 * EVERY, 4 * EVERY, 4 * EVERY]
    watch.site.answers["/fog"] = html("Fog closes the harbour")
    watch.read()
    assert watch.row().failures == 0


def test_page_that_fails_at_first_is_compared_once_it_can_be_read(watch: Watch) -> None:
    watch.site.answers["/fog"] = html("", status=503)
    watch.read()
    watch.site.answers["/fog"] = html("Fog closes the harbour | Courier")
    assert watch.drifts() == []
    watch.site.answers["/fog"] = html("Fog lifts | Courier")
    assert [kind for kind, _, _ in watch.drifts()] == [Kind.HEADLINE]


def test_what_is_no_page_is_told_and_may_be_fine(watch: Watch) -> None:
    watch.site.answers["/fog"] = answer(200, b"%PDF-1.7", Content_Type="application/pdf")
    seen = watch.read()
    assert [each.kind for each in seen.drifts] == [Kind.UNREADABLE]
    with watch.db.write() as session:
        accept_present(session, watch.article_id, mark=seen.mark)
    assert watch.drifts() == []


def test_present_that_is_accepted_is_what_counts(watch: Watch) -> None:
    watch.read()
    watch.site.answers["/fog"] = html("Fog lifts")
    mark = watch.read().mark
    with watch.db.write() as session:
        accept_present(session, watch.article_id, mark=mark)
        assert find_watched(session, [watch.article_id])[watch.article_id].drifts == ()
    assert watch.drifts() == []
    watch.site.answers["/fog"] = html("Fog closes the harbour")
    assert [kind for kind, _, _ in watch.drifts()] == [Kind.HEADLINE]


def test_nobody_accepts_what_they_did_not_see(watch: Watch) -> None:
    watch.read()
    watch.site.answers["/fog"] = html("Fog lifts")
    mark = watch.read().mark
    assert watch.read().mark == mark  # the same page again
    watch.site.answers["/fog"] = html("Storm")
    watch.read()
    with watch.db.write() as session:
        with pytest.raises(Conflict, match="another one again"):
            accept_present(session, watch.article_id, mark=mark)
        with pytest.raises(Conflict):
            accept_new_headline(session, watch.article_id, mark=mark)
        with pytest.raises(NotFound):
            accept_present(session, 99, mark=mark)


def test_dead_page_is_never_fine(watch: Watch) -> None:
    watch.site.answers["/fog"] = html("", status=410)
    mark = watch.read().mark
    with watch.db.write() as session, pytest.raises(Refused, match="gone"):
        accept_present(session, watch.article_id, mark=mark)
    with watch.db.write() as session, pytest.raises(Refused, match="no other headline"):
        accept_new_headline(session, watch.article_id, mark=mark)


def test_picks_of_open_issues_are_watched_and_no_others(any_db: Database) -> None:
    with any_db.write() as session:
        week = Week(session)
        issue, sent = week.issue(), week.issue(None, IssueState.SENT)
        mine, old = week.article("a", "One"), week.article("b", "Two")
        week.article("c", "Three")
        pick = week.pick(issue, mine)
        week.pick(sent, old)
        assert has_work(session, NOW)
        follow_picks(session, NOW)
        follow_picks(session, NOW)
        watched = list_due(session, NOW)
        assert watched == [mine.id]
        unpick(session, issue, pick)
        assert has_work(session, NOW)
        follow_picks(session, NOW)
        assert list_due(session, NOW) == []
        assert not has_work(session, NOW)


def test_watch_ends_when_the_issue_is_on_its_way(watch: Watch) -> None:
    with watch.db.write() as session:
        move_issue(session, watch.issue_id, to=IssueState.APPROVED)
        move_issue(session, watch.issue_id, to=IssueState.SENDING)
        follow_picks(session, NOW)
    assert reread(watch.db, FETCHER, watch.article_id, watch.clock, every=EVERY) is None


def test_article_is_claimed_by_one_process(watch: Watch) -> None:
    with watch.db.write() as session:
        assert claim(session, watch.article_id, NOW)
        assert not claim(session, watch.article_id, NOW)
    assert claim_and_reread(watch.db, FETCHER, watch.article_id, watch.clock, every=EVERY) is None
    assert watch.site.asked == []


def test_reading_holds_no_transaction(watch: Watch) -> None:
    def write_meanwhile(request) -> None:
        with watch.db.write() as session:
            assert claim(session, watch.article_id, NOW)
        html("Fog closes the harbour")(request)

    watch.site.answers["/fog"] = write_meanwhile
    assert watch.drifts() == []


@pytest.mark.parametrize(
    ("hours", "failures", "pause"),
    [
        (None, 0, 4),  # an extra without a moment
        (100, 0, 4),
        (26, 0, 2),  # in time for the last day
        (24.5, 0, 1),
        (23, 0, 1),
        (-1, 0, 1),
        (100, 1, 8),
        (100, 9, 16),
        (23, 1, 2),
    ],
)
def test_last_day_is_watched_more_closely(hours: float, failures: int, pause: float) -> None:
    due = None if hours is None else NOW + timedelta(hours=hours)
    assert next_reading(NOW, due, failures, EVERY) == NOW + timedelta(hours=pause)


def test_nobody_is_asked_more_than_once_an_hour_by_itself() -> None:
    due = NOW + timedelta(hours=1)
    assert next_reading(NOW, due, 0, timedelta(hours=2)) == NOW + timedelta(hours=1)


def test_slot_decides_what_the_last_day_is(watch: Watch) -> None:
    at = datetime(2026, 11, 25, 20, tzinfo=UTC)
    with watch.db.write() as session:
        newsletter_id = 1
        slot = Slot(newsletter_id=newsletter_id, local_date=THIS_WEEK, due_at=at, alerted=[])
        slot.state = SlotState.PLANNED
        session.add(slot)
    watch.read()
    assert watch.row().next_at == NOW + timedelta(hours=1)


def test_unread_articles_of_an_issue_are_those_not_read_since(watch: Watch) -> None:
    with watch.db.read() as session:
        assert list_unread_since(session, watch.issue_id, NOW) == [watch.article_id]
    watch.read()
    with watch.db.read() as session:
        assert list_unread_since(session, watch.issue_id, NOW) == []
        later = NOW + timedelta(seconds=1)
        assert list_unread_since(session, watch.issue_id, later) == [watch.article_id]

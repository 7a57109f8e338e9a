"""The drift watch at the desk and in the daemon, against a site that changes its pages."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from digest.clock import FixedClock
from digest.curation.inbox import take_in
from digest.curation.issues import edit_issue, find_issue, new_issue
from digest.curation.newsletters import find_newsletter, find_section
from digest.curation.picks import find_pick, list_picks, pick_article
from digest.curation.sources.base import FoundArticle
from digest.errors import Refused
from digest.models import Article, ArticleWatch, Role
from digest.scheduler import watch_articles
from digest.testing.web import Answer, WebServer, answer
from tests.web.desk.conftest import Desk

LOCAL = {"[preflight]": '[fetch]\nallow_networks = ["127.0.0.0/8"]\n\n[preflight]'}
PAGES = ("/fog", "/sun", "/rain")
ISSUE = "/desk/weekly/1"


def html(title: str, body: str = "<p>All of it.</p>", status: int = 200) -> Answer:
    text = f"<html><head><title>{title}</title></head><body><article>{body}</article></body></html>"
    return answer(status, text.encode(), Content_Type="text/html; charset=utf-8")


@pytest.fixture
def site() -> Iterator[WebServer]:
    server = WebServer()
    for path in PAGES:
        server.answers[path] = html(f"About {path[1:]}")
    yield server
    server.close()


@pytest.fixture
def near(
    open_house: Callable[..., AbstractContextManager], clock: FixedClock, site: WebServer
) -> Iterator[Desk]:
    """A desk that may ask this machine, with an issue of three articles on the site."""
    with open_house(more=LOCAL) as house:
        desk = Desk(house, clock)
        now = clock.now()
        articles = [FoundArticle(url=site.url(p), title=f"About {p[1:]}") for p in PAGES]
        with desk.browsers, desk.app.db.write() as session:
            take_in(session, articles, None, now)
            newsletter = find_newsletter(session, "weekly")
            issue = new_issue(session, newsletter, slot_date=date(2026, 12, 4), now=now)
            edit_issue(session, issue, {"subject": "The weather"})
            section = find_section(session, newsletter.id, "News")
            for number in range(1, 4):
                article = session.get_one(Article, number)
                pick_article(session, issue, article, section, words={"blurb": "Words."})
        with desk.browsers:
            yield desk


def watch(desk: Desk) -> None:
    """Let the daemon do its round."""
    watch_articles(desk.app, lambda: False)


def later(desk: Desk) -> None:
    desk.clock.advance(timedelta(hours=5))
    watch(desk)


def headline(desk: Desk, article_id: int = 1) -> str:
    with desk.app.db.read() as session:
        return find_pick(session, find_issue(session, "weekly/1"), article_id).headline


def mark(page: str) -> str:
    return page.partition('name="mark" value="')[2].partition('"')[0]


def test_daemon_reads_each_article_once_in_a_while(near: Desk, site: WebServer) -> None:
    watch(near)
    watch(near)
    assert sorted(each.path for each in site.asked) == sorted(PAGES)
    near.clock.advance(timedelta(hours=3, minutes=59))
    watch(near)
    assert len(site.asked) == 3
    near.clock.advance(timedelta(minutes=1))
    watch(near)
    assert len(site.asked) == 6


def test_daemon_reads_more_often_on_the_last_day(near: Desk, site: WebServer) -> None:
    near.app.sender.tick()  # plans the slots
    near.clock.set(near.clock.now().replace(month=12, day=3, hour=8))
    watch(near)
    near.clock.advance(timedelta(hours=1))
    watch(near)
    assert len(site.asked) == 6


def test_daemon_stops_between_two_articles(near: Desk, site: WebServer) -> None:
    stop = asyncio.Event()
    site.answers["/fog"] = lambda request: (stop.set(), html("About fog")(request))[1]
    watch_articles(near.app, stop.is_set)
    assert [each.path for each in site.asked] == ["/fog"]


def test_watch_can_be_turned_off(
    open_house: Callable[..., AbstractContextManager], clock: FixedClock
) -> None:
    with open_house(more={"tick_seconds = 0.2": "tick_seconds = 0.2\nwatch_hours = 0"}) as house:
        house.newsroom.draft()
        watch_articles(house.app, lambda: False)
        with house.app.db.read() as session:
            assert session.query(ArticleWatch).count() == 0


def test_card_says_what_became_of_an_article(near: Desk, site: WebServer) -> None:
    watch(near)
    assert "note drift" not in near.signed_in(Role.CONTRIBUTOR).get(ISSUE).text
    site.answers["/fog"] = html("Fog &amp; rain")
    site.answers["/sun"] = html("", status=404)
    site.answers["/rain"] = html("About rain", "<p>Correction: It was snow.</p>")
    later(near)
    page = near.signed_in(Role.CONTRIBUTOR, "again").get(ISSUE).text

    assert "<pre>About fog</pre>" in page
    assert "<pre>Fog &amp; rain</pre>" in page
    assert "The page is gone." in page
    assert "<q>Correction: It was snow.</q>" in page
    assert page.count("It is fine</button>") == 2  # a page that is gone never is
    assert page.count("Use the new one</button>") == 1


def test_new_headline_is_taken_and_undone(near: Desk, site: WebServer) -> None:
    watch(near)
    site.answers["/fog"] = html("Fog lifts")
    later(near)
    browser = near.signed_in(Role.CONTRIBUTOR)
    browser.post(f"{ISSUE}/picks/1/headline", mark=mark(browser.get(ISSUE).text))
    assert headline(near) == "Fog lifts"
    page = browser.get(ISSUE).text
    assert "The headline is another one now" not in page

    change = page.partition('name="change" value="')[2].partition('"')[0]
    browser.post(f"{ISSUE}/undo", change=change)
    assert headline(near) == "About fog"


def test_present_that_is_fine_is_not_told_again(near: Desk, site: WebServer) -> None:
    watch(near)
    site.answers["/fog"] = html("Fog lifts")
    later(near)
    browser = near.signed_in(Role.CONTRIBUTOR)
    answer = browser.post(f"{ISSUE}/picks/1/fine", mark=mark(browser.get(ISSUE).text))
    assert answer.headers["location"] == f"{ISSUE}#card-1"
    later(near)
    browser = near.signed_in(Role.CONTRIBUTOR, "again")
    assert "another one now" not in browser.get(ISSUE).text
    assert headline(near) == "About fog"
    assert "drift is fine" in near.verbs()


def test_nobody_decides_about_what_they_did_not_see(near: Desk, site: WebServer) -> None:
    watch(near)
    site.answers["/fog"] = html("Fog lifts")
    later(near)
    seen = mark(near.signed_in(Role.CONTRIBUTOR).get(ISSUE).text)
    site.answers["/fog"] = html("Storm")
    later(near)
    browser = near.signed_in(Role.CONTRIBUTOR, "again")
    for what in ("fine", "headline"):
        answer = browser.post(f"{ISSUE}/picks/1/{what}", mark=seen)
        assert answer.status_code == 409
        assert "another one again" in answer.text
    assert headline(near) == "About fog"


def test_dead_page_stops_the_approval_without_asking_anybody(near: Desk, site: WebServer) -> None:
    watch(near)
    site.answers["/sun"] = html("", status=410)
    later(near)
    asked = len(site.asked)
    with pytest.raises(Refused, match="watch-gone"):
        near.house.newsroom.approve("weekly/1")
    assert len(site.asked) == asked
    browser = near.signed_in(Role.EDITOR)
    week = browser.get("/desk").text
    assert "1 article whose page is gone" in week
    assert "preflight: its page is gone" in week
    site.answers["/sun"] = html("About sun")
    later(near)
    assert near.house.newsroom.approve("weekly/1").report.blocking == ()


def test_article_of_an_issue_on_its_way_is_left_alone(near: Desk, site: WebServer) -> None:
    watch(near)
    near.house.newsroom.approve("weekly/1")
    near.house.newsroom.make_due("weekly/1")
    near.app.sender.tick()
    asked = len(site.asked)
    later(near)
    assert len(site.asked) == asked
    with near.app.db.read() as session:
        assert session.query(ArticleWatch).count() == 0
    refused = near.signed_in(Role.EDITOR).post(f"{ISSUE}/watch")
    assert refused.status_code == 403


def test_check_now_reads_everything_without_scripts(near: Desk, site: WebServer) -> None:
    browser = near.signed_in(Role.CONTRIBUTOR)
    assert "Not every article’s page has been read again yet" in browser.get(ISSUE).text
    answer = browser.post(f"{ISSUE}/watch")
    assert answer.headers["location"] == ISSUE
    assert sorted(each.path for each in site.asked) == sorted(PAGES)
    assert "pages were last read just now" in browser.get(ISSUE).text


def test_check_now_tells_how_far_it_is(near: Desk, site: WebServer) -> None:
    browser = near.signed_in(Role.CONTRIBUTOR)
    htmx = {"HX-Request": "true"}
    first = browser.client.post(f"{ISSUE}/watch", data={"token": browser.token}, headers=htmx)
    assert "2 of 3" in first.text
    assert len(site.asked) == 2
    since = first.text.partition('name="since" value="')[2].partition('"')[0]
    fields = {"token": browser.token, "since": since}
    last = browser.client.post(f"{ISSUE}/watch", data=fields, headers=htmx)
    assert "3 articles were read again. Nothing has changed." in last.text
    assert len(site.asked) == 3
    assert near.verbs().count("check articles") == 1


@pytest.mark.parametrize("since", ["9999-12-31T00:00:00+00:00", "x", "2026-11-27T00:00:00"])
def test_check_now_ends_whatever_is_posted(near: Desk, site: WebServer, since: str) -> None:
    browser = near.signed_in(Role.CONTRIBUTOR)
    for _ in range(2):  # the second as the answer to the first asks for it
        fields = {"token": browser.token, "since": since}
        text = browser.client.post(
            f"{ISSUE}/watch", data=fields, headers={"HX-Request": "true"}
        ).text
        since = text.partition('name="since" value="')[2].partition('"')[0]
    assert "read again." in text


def test_check_now_in_a_browser(
    near: Desk, site: WebServer, browser: Chromium, axe: Callable[[Page], list[str]]
) -> None:
    watch(near)
    site.answers["/fog"] = html("Fog lifts")
    with browser.new_context(viewport={"width": 375, "height": 800}) as context:
        near.let_in(context, Role.EDITOR)
        page = context.new_page()
        failures: list[str] = []
        page.on("console", lambda message: failures.append(message.text))
        page.goto(f"{near.house.url}{ISSUE}")
        page.locator("#open-2").click()
        page.locator("#f-2-headline").fill("Half a head")
        near.clock.advance(timedelta(minutes=1))
        page.get_by_role("button", name="Check now").click()
        expect(page.get_by_text("1 is not as it was.")).to_be_visible()
        expect(page.locator("#notes-1")).to_contain_text("Fog lifts")
        assert page.locator("#f-2-headline").input_value() == "Half a head"
        assert axe(page) == []
        assert page.locator("html").evaluate("e => e.scrollWidth <= e.clientWidth")
        page.get_by_role("button", name="Use the new one").click()
        expect(page.locator("#card-1 strong").first).to_have_text("Fog lifts")
        expect(page.locator("#notes-1 .drift")).to_have_count(0)
        # A preflight that is given up for a newer version's is no failure, and htmx says two lines.
        given_up = ("htmx:afterRequest", "htmx:sendAbort")
        assert [line for line in failures if not line.startswith(given_up)] == []


def test_order_of_picks_is_left_alone(near: Desk) -> None:
    near.signed_in(Role.CONTRIBUTOR).post(f"{ISSUE}/watch")
    with near.app.db.read() as session:
        issue = find_issue(session, "weekly/1")
        assert [pick.position for _, pick, _ in list_picks(session, issue.id)] == [1, 2, 3]

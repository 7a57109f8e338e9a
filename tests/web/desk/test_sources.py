"""The sources: how each is, who may change them, reading one now."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from digest.clock import FixedClock
from digest.curation.source_list import add_source, find_source, list_sources, record_poll
from digest.errors import FetchFailed
from digest.models import Article, Role, Source
from digest.testing.web import WebServer, answer
from tests.web.desk.conftest import PASSWORD, Desk
from tests.web.desk.test_inbox import LOCAL

FEED = (
    b'<rss version="2.0"><channel><title>Courier</title>'
    b"<item><title>Fog</title><link>/fog</link></item>"
    b"<item><title>Trap</title><link>javascript:x</link></item></channel></rss>"
)
KIND = "digest.curation.sources.feed:FeedSource"


@pytest.fixture
def site() -> Iterator[WebServer]:
    server = WebServer()
    server.answers["/feed"] = answer(body=FEED, Content_Type="application/rss+xml")
    yield server
    server.close()


@pytest.fixture
def near(open_house: Callable[..., AbstractContextManager], clock: FixedClock) -> Iterator[Desk]:
    """A desk whose configuration lets it ask this machine."""
    with open_house(more=LOCAL) as house:
        desk = Desk(house, clock)
        with desk.browsers:
            yield desk


def add(desk: Desk, url: str = "https://courier.example/feed", name: str = "Courier") -> int:
    with desk.app.db.write() as session:
        return add_source(session, url=url, kind=KIND, name=name, now=desk.clock.now()).id


def now(desk: Desk, number: int) -> Source:
    with desk.app.db.read() as session:
        return find_source(session, number)


def test_page_says_how_each_source_is(desk: Desk) -> None:
    well, failing, paused = (
        add(desk, f"https://courier.example/{n}", f"Feed {n}") for n in range(3)
    )
    with desk.app.db.write() as session:
        error = FetchFailed("courier.example: <b>the server answered 500</b>")
        record_poll(session, failing, error, desk.clock.now() - timedelta(hours=2))
        find_source(session, well).polled_at = desk.clock.now() - timedelta(minutes=3)
        find_source(session, paused).active = False
    page = desk.signed_in(Role.CONTRIBUTOR).get("/desk/sources").text

    for words in (">well<", ">failing<", ">paused<", "1 failure in a row", "3 minutes ago"):
        assert words in page
    assert "&lt;b&gt;the server answered 500" in page
    assert "2 hours ago" in page


def test_contributor_looks_and_changes_nothing(desk: Desk) -> None:
    number = add(desk)
    browser = desk.signed_in(Role.CONTRIBUTOR)
    page = browser.get("/desk/sources").text

    assert "Courier" in page
    assert "Add a source" not in page
    assert "Pause" not in page
    for path in ("add", f"{number}/pause", f"{number}/resume", f"{number}/read"):
        assert browser.post(f"/desk/sources/{path}").status_code == 403


def test_editor_adds_a_source(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    fields = {"url": "https://courier.example/feed", "name": "", "kind": "feed"}
    assert browser.post("/desk/sources/add", **fields).status_code == 303

    with desk.app.db.read() as session:
        [source] = list_sources(session)
    assert (source.kind, source.name) == ("feed", "https://courier.example/feed")
    assert desk.verbs()[-1] == "add source"
    again = browser.post("/desk/sources/add", **fields)
    assert again.status_code == 409
    assert "is a source already" in again.text
    assert 'value="https://courier.example/feed"' in again.text


@pytest.mark.parametrize("kind", ["", "pigeon", KIND, "os:system", "antigravity:x"])
def test_form_imports_no_code(desk: Desk, kind: str) -> None:
    browser = desk.signed_in(Role.OPERATOR)
    fields = {"url": "https://courier.example/feed", "name": "C", "kind": kind}
    answered = browser.post("/desk/sources/add", **fields)

    assert answered.status_code == 422
    assert "there is none called" in answered.text
    with desk.app.db.read() as session:
        assert list_sources(session) == []


@pytest.mark.parametrize("url", ["", "feed", "javascript:alert(1)", "file:///etc/passwd"])
def test_source_needs_an_address(desk: Desk, url: str) -> None:
    browser = desk.signed_in(Role.EDITOR)
    fields = {"url": url, "name": "C", "kind": "feed"}
    assert browser.post("/desk/sources/add", **fields).status_code == 422


def test_source_rests_and_is_due_when_it_wakes(desk: Desk) -> None:
    number = add(desk)
    with desk.app.db.write() as session:
        record_poll(session, number, FetchFailed("no"), desk.clock.now())
    browser = desk.signed_in(Role.EDITOR)

    browser.post(f"/desk/sources/{number}/pause")
    assert now(desk, number).active is False
    browser.post(f"/desk/sources/{number}/resume")

    source = now(desk, number)
    assert (source.active, source.failures) == (True, 0)
    assert source.next_poll_at == desk.clock.now()
    assert desk.verbs()[-2:] == ["pause source", "resume source"]


def test_reading_now_says_what_came(near: Desk, site: WebServer) -> None:
    number = add(near, site.url("/feed"))
    page = near.signed_in(Role.EDITOR).post(f"/desk/sources/{number}/read").text

    assert "1 new, 0 known, 0 changed." in page
    assert now(near, number).polled_at == near.clock.now()
    with near.app.db.read() as session:
        assert session.query(Article).count() == 1
    assert near.verbs()[-1] == "read source"


def test_reading_now_holds_no_transaction(near: Desk, site: WebServer) -> None:
    number = add(near, site.url("/feed"))

    def write_meanwhile(request) -> None:
        with near.app.db.write() as session:
            find_source(session, number).name = "Renamed meanwhile"
        answer(body=FEED)(request)

    site.answers["/feed"] = write_meanwhile
    near.signed_in(Role.EDITOR).post(f"/desk/sources/{number}/read")
    assert now(near, number).name == "Renamed meanwhile"


def test_failure_is_said_and_kept(near: Desk, site: WebServer) -> None:
    number = add(near, site.url("/gone"))
    page = near.signed_in(Role.EDITOR).post(f"/desk/sources/{number}/read").text

    assert "the server answered 404" in page
    assert now(near, number).failures == 1


def test_nothing_inside_is_read(desk: Desk, site: WebServer) -> None:
    number = add(desk, site.url("/feed"))
    page = desk.signed_in(Role.EDITOR).post(f"/desk/sources/{number}/read").text

    assert site.asked == []
    assert now(desk, number).failures == 1
    assert "failing" in page


def test_unknown_source_is_not_found(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    for what in ("pause", "resume", "read"):
        assert browser.post(f"/desk/sources/7/{what}").status_code == 404


def test_pages_are_fit_for_everybody(
    desk: Desk, browser: Chromium, axe: Callable[[Page], list[str]]
) -> None:
    number = add(desk, name="A source with a long name that goes on")
    with desk.app.db.write() as session:
        record_poll(session, number, FetchFailed("the server answered 500"), desk.clock.now())
    address = desk.add(Role.EDITOR, "ada")
    with browser.new_context(viewport={"width": 375, "height": 800}) as context:
        page = context.new_page()
        page.goto(f"{desk.house.url}/desk/sign-in")
        page.get_by_label("E-mail address").fill(address)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/desk")
        for path in ("/desk/sources", "/desk/inbox/add"):
            page.goto(f"{desk.house.url}{path}")
            assert axe(page) == []
            assert page.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth")

"""The sources: how each is, who may change them, reading one now."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from digest.clock import FixedClock
from digest.curation.inbox import dismiss, find_article, take_in
from digest.curation.issues import new_issue
from digest.curation.newsletters import find_newsletter, find_section
from digest.curation.picks import pick_article
from digest.curation.source_list import (
    add_source,
    change_source,
    find_source,
    list_sources,
    record_poll,
)
from digest.curation.sources.base import FoundArticle
from digest.errors import FetchFailed
from digest.models import Article, ArticleState, AuditEntry, Role, Source
from digest.testing.web import WebServer, answer
from tests.web.desk.conftest import PASSWORD, Desk
from tests.web.desk.test_inbox import LOCAL

FEED = (
    b'<rss version="2.0"><channel><title>Courier</title>'
    b"<item><title>Fog</title><link>/fog</link></item>"
    b"<item><title>Trap</title><link>javascript:x</link></item></channel></rss>"
)
DOINGS = ("pause", "resume", "read", "change", "remove")
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
    assert browser.get(f"/desk/sources/{number}/change").status_code == 403
    for path in ("add", *(f"{number}/{do}" for do in DOINGS)):
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


def articles_of(desk: Desk, number: int) -> list[int]:
    """Bring three articles in from a source: one waits, one was picked, one set aside."""
    stories = [FoundArticle(url=f"https://courier.example/{n}", title=f"Story {n}") for n in "abc"]
    with desk.app.db.write() as session:
        take_in(session, stories, number, desk.clock.now())
        waits, picked, aside = (find_article(session, each.url) for each in stories)
        newsletter = find_newsletter(session, "weekly")
        issue = new_issue(session, newsletter, slot_date=None, now=desk.clock.now())
        pick_article(session, issue, picked, find_section(session, newsletter.id, "News"))
        dismiss(session, aside.id)
        return [waits.id, picked.id, aside.id]


def test_source_gets_another_address_and_name(desk: Desk) -> None:
    number, browser = add(desk), desk.signed_in(Role.EDITOR)
    with desk.app.db.write() as session:
        record_poll(session, number, FetchFailed("the server answered 404"), desk.clock.now())
    page = browser.get(f"/desk/sources/{number}/change").text
    assert 'value="https://courier.example/feed"' in page
    assert f"<option selected>{KIND}</option>" in page  # a kind from elsewhere stays as it is

    fields = {"url": "https://courier.example/new", "name": "Harbour wire", "kind": KIND}
    answered = browser.post(f"/desk/sources/{number}/change", **fields)

    assert answered.headers["location"] == f"/desk/sources?done=changed#source-{number}"
    source = now(desk, number)
    assert (source.url, source.name) == ("https://courier.example/new", "Harbour wire")
    assert (source.failures, source.last_error, source.next_poll_at) == (0, "", desk.clock.now())
    [entry] = record_of(desk, "change source")
    assert entry.about == f"source#{number}"
    assert entry.detail == {"fields": "address, name", "name": "Harbour wire"}


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"url": "javascript:alert(1)"}, 422, "needs an http:// or https:// address"),
        ({"url": "https://courier.example/other"}, 409, "is a source already"),
        ({"kind": "os:system"}, 422, "there is none called"),
    ],
)
def test_change_that_cannot_be_changes_nothing(
    desk: Desk, fields: dict[str, str], status: int, words: str
) -> None:
    number, browser = add(desk), desk.signed_in(Role.EDITOR)
    add(desk, "https://courier.example/other", "Other")
    asked = {"url": "https://courier.example/feed", "name": "Renamed", "kind": KIND, **fields}
    answered = browser.post(f"/desk/sources/{number}/change", **asked)

    assert answered.status_code == status
    assert words in answered.text
    assert 'value="Renamed"' in answered.text
    assert now(desk, number).name == "Courier"
    assert record_of(desk, "change source") == []


def test_source_whose_plug_in_is_gone_is_renamed(desk: Desk) -> None:
    number, browser = add(desk), desk.signed_in(Role.EDITOR)
    with desk.app.db.write() as session:
        find_source(session, number).kind = "pigeon"
    fields = {"url": "https://courier.example/feed", "name": "Old wire", "kind": "pigeon"}

    assert browser.post(f"/desk/sources/{number}/change", **fields).status_code == 303
    assert now(desk, number).name == "Old wire"


def test_removed_source_leaves_its_articles(desk: Desk) -> None:
    number, browser = add(desk), desk.signed_in(Role.EDITOR)
    articles_of(desk, number)
    page = " ".join(browser.get(f"/desk/sources/{number}/change").text.split())
    assert "Its articles stay: 1 waits in the inbox, 2 were picked or set aside." in page
    assert browser.post(f"/desk/sources/{number}/remove").status_code == 422
    assert now(desk, number)  # the box was not ticked

    answered = browser.post(f"/desk/sources/{number}/remove", sure="yes")

    assert answered.headers["location"] == "/desk/sources?done=removed"
    with desk.app.db.read() as session:
        assert list_sources(session) == []
        assert [each.site_name for each in session.query(Article)] == ["Courier"] * 3
    inbox = browser.get("/desk/inbox?source=hand").text
    assert "Story a" in inbox
    assert '<p class="quiet">Courier · ' in inbox
    [entry] = record_of(desk, "remove source")
    assert entry.detail == {"name": "Courier", "articles kept": 3, "set aside": 0}


def test_what_waits_is_set_aside_with_its_source(desk: Desk) -> None:
    number, browser = add(desk), desk.signed_in(Role.EDITOR)
    waits, picked, _ = articles_of(desk, number)
    browser.post(f"/desk/sources/{number}/remove", sure="yes", aside="yes")

    with desk.app.db.read() as session:
        assert find_article(session, waits).state is ArticleState.DISMISSED
        assert find_article(session, picked).state is ArticleState.NEW
    [entry] = record_of(desk, "remove source")
    assert entry.detail == {"name": "Courier", "articles kept": 3, "set aside": 1}


def test_what_was_read_at_the_old_address_counts_for_nothing(near: Desk, site: WebServer) -> None:
    number = add(near, site.url("/feed"))

    def change_meanwhile(request) -> None:
        with near.app.db.write() as session:
            elsewhere = {"url": site.url("/other"), "kind": KIND, "name": "Courier"}
            change_source(session, number, **elsewhere, now=near.clock.now())
        answer(body=FEED, ETag='"old"', Content_Type="application/rss+xml")(request)

    site.answers["/feed"] = change_meanwhile
    near.signed_in(Role.EDITOR).post(f"/desk/sources/{number}/read")

    source = now(near, number)
    assert (source.etag, source.polled_at) == (None, None)
    with near.app.db.read() as session:
        assert session.query(Article).count() == 0


def record_of(desk: Desk, verb: str) -> list[AuditEntry]:
    with desk.app.db.read() as session:
        return session.query(AuditEntry).filter_by(verb=verb).all()


def test_unknown_source_is_not_found(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    for what in ("pause", "resume", "read"):
        assert browser.post(f"/desk/sources/7/{what}").status_code == 404
    assert browser.get("/desk/sources/7/change").status_code == 404
    assert browser.post("/desk/sources/7/remove", sure="yes").status_code == 404


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
        for path in ("/desk/sources", f"/desk/sources/{number}/change", "/desk/inbox/add"):
            page.goto(f"{desk.house.url}{path}")
            assert axe(page) == []
            assert page.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth")

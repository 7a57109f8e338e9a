"""An editor's whole week in a real browser, from an empty inbox to a sent issue: by mouse, and
again by keyboard alone.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from playwright.sync_api import Browser, expect

from digest.clock import FixedClock
from digest.models import Role
from digest.scheduler import tick_once
from digest.testing.web import WebServer, answer
from tests.web.conftest import ANNA, BEN
from tests.web.desk.conftest import PASSWORD, Desk
from tests.web.desk.hands import Hand, Keyboard, Mouse
from tests.web.desk.test_inbox import LOCAL

FEED = (
    b'<rss version="2.0"><channel><title>Harbour wire</title>'
    b"<item><title>The ferry is back</title><link>https://courier.example/ferry</link>"
    b"<description>After a year in dock.</description></item>"
    b"<item><title>Ten horoscopes</title><link>https://courier.example/stars</link></item>"
    b"</channel></rss>"
)
PAGE = b"""<html><head><title>Fog closes the harbour</title><meta name=description content="Thick.">
<link rel=canonical href="https://courier.example/fog"></head><body>Nobody sails.</body></html>"""


@pytest.fixture
def site() -> Iterator[WebServer]:
    server = WebServer()
    server.answers["/feed"] = answer(body=FEED, Content_Type="application/rss+xml")
    server.answers["/fog"] = answer(body=PAGE, Content_Type="text/html")
    yield server
    server.close()


@pytest.fixture
def near(open_house: Callable[..., AbstractContextManager], clock: FixedClock) -> Iterator[Desk]:
    """A desk with two readers, whose configuration lets it ask this machine."""
    with open_house(more=LOCAL) as house:
        house.newsroom.subscribe(ANNA, BEN)
        desk = Desk(house, clock)
        with desk.browsers:
            yield desk


class Week:
    """What Ada does from Monday to Friday, told in the order she does it."""

    def __init__(self, desk: Desk, hand: Hand, site: WebServer) -> None:
        self.desk, self.hand, self.page, self.site = desk, hand, hand.page, site

    def sign_in(self) -> None:
        address = self.desk.add(Role.PUBLISHER, "ada")
        self.page.goto(f"{self.desk.house.url}/desk")
        self.hand.write(self.page.get_by_label("E-mail address"), address)
        self.hand.write(self.page.get_by_label("Password"), PASSWORD)
        self.hand.press(self.page.get_by_role("button", name="Sign in"))
        self.page.wait_for_url("**/desk")

    def go(self, name: str) -> None:
        """Go to a place by the bar."""
        self.hand.press(self.page.get_by_label("The desk").get_by_role("link", name=name))
        expect(self.page.get_by_label("The desk").locator("[aria-current]")).to_have_text(name)

    def begin(self) -> None:
        self.hand.press(self.page.get_by_role("button", name="Begin the issue"))
        expect(self.page.get_by_text("Still missing")).to_be_visible()

    def add_a_source(self) -> None:
        self.go("Inbox")
        expect(self.page.get_by_text("Nothing waits.")).to_be_visible()
        self.go("Sources")
        self.hand.write(
            self.page.get_by_role("textbox", name="Address", exact=True), self.site.url("/feed")
        )
        self.hand.write(self.page.get_by_role("textbox", name="Name"), "Harbour wire")
        self.hand.press(self.page.get_by_role("button", name="Add it"))
        self.hand.press(self.page.get_by_role("button", name="Read now: Harbour wire"))
        expect(self.page.get_by_role("status").filter(has_text="2")).to_be_visible()

    def add_an_article(self) -> None:
        self.go("Inbox")
        self.hand.press(self.page.get_by_role("link", name="Add an article"))
        self.hand.write(self.page.get_by_label("Address of its page"), self.site.url("/fog"))
        self.hand.press(self.page.get_by_role("button", name="Read the page"))
        self.hand.write(self.page.get_by_label("Headline"), "Fog at last")
        address = self.page.get_by_role("textbox", name="Address", exact=True)
        self.hand.write(address, "https://courier.example/fog")
        self.hand.press(self.page.get_by_role("button", name="Keep"))

    def choose(self) -> None:
        self.go("Inbox")
        for headline in ("The ferry is back", "Fog at last"):
            article = self.page.locator(".article", has_text=headline)
            self.hand.press(article.get_by_role("button", name="Pick"))
            expect(article.get_by_text("In weekly/1")).to_be_visible()
        stars = self.page.locator(".article", has_text="Ten horoscopes")
        self.hand.press(stars.get_by_role("button", name="Not for us"))
        expect(stars.get_by_role("button", name="Back to the inbox")).to_be_visible()

    def edit(self) -> None:
        self.go("This week")
        self.hand.press(self.page.get_by_role("link", name="Open the board"))
        self.hand.press(self.page.locator("#open-words"))
        for label, words in (
            ("Subject", "The ferry is back, and so is the fog"),
            ("Line for the inbox", "And nobody sails."),
            ("The paper's message", "Dear readers, take the bus."),
        ):
            field = self.page.locator("#card-words").get_by_role("textbox", name=label)
            self.hand.write(field, words)
            self._saved()
        card = self.page.locator(".pick").first
        self.hand.press(card.locator("summary"))
        self.hand.write(card.get_by_label("Headline", exact=True), "At last, the ferry")
        self._saved()
        expect(self.page.locator(".pick strong").first).to_have_text("At last, the ferry")
        self.hand.press(card.locator("summary"))
        self.hand.move_below(card, self.page.locator(".pick").nth(1))
        expect(self.page.locator("#said")).to_contain_text("Now 2 of 2")

    def look(self) -> None:
        self.tab("Preview")
        mail = self.page.frame_locator("iframe[name=mail]")
        expect(mail.get_by_text("Dear readers, take the bus.").first).to_be_visible()
        expect(mail.get_by_text("At last, the ferry").first).to_be_visible()
        self.hand.press(self.page.get_by_role("button", name="Look it over"))
        expect(self.page.locator("#preflight")).to_contain_text("the present one")

    def approve(self) -> None:
        self.hand.press(self.page.get_by_role("button", name="Approve these bytes"))
        expect(self.page.get_by_text("Approved by Ada")).to_be_visible()

    def send(self) -> None:
        self.tab("Schedule")
        now = self.page.locator("form", has=self.page.get_by_role("heading", name="Send now"))
        self.hand.write(now.get_by_label("Type weekly/1"), "weekly/1")
        self.hand.press(now.get_by_role("button", name="Send now"))
        expect(self.page.get_by_text("It is due")).to_be_visible()
        tick = threading.Thread(target=asyncio.run, args=(tick_once(self.desk.app),))
        tick.start()
        tick.join()
        expect(self.page.get_by_text("It is sent.")).to_be_visible()
        self.go("Past issues")
        expect(self.page.locator(".past")).to_contain_text("The ferry is back, and so is the fog")

    def prove(self) -> None:
        self.hand.press(self.page.get_by_role("link", name="The ferry is back, and so is the fog"))
        self.tab("Sending")
        expect(self.page.get_by_text("It is sent.")).to_be_visible()
        self.tab("Send proof")
        expect(self.page.get_by_role("heading", level=1)).to_have_text(
            "Every copy is accounted for"
        )
        self.hand.write(self.page.get_by_label("Exactly their address"), ANNA)
        self.hand.press(self.page.get_by_role("button", name="Look"))
        expect(self.page.get_by_text("Yes: a relay took their copy.")).to_be_visible()

    def tab(self, name: str) -> None:
        """Go to a page of the issue."""
        self.hand.press(self.page.get_by_label("This issue").get_by_role("link", name=name))
        current = self.page.get_by_label("This issue").locator("[aria-current]")
        expect(current).to_have_text(name)

    def _saved(self) -> None:
        expect(self.page.locator("#said")).to_contain_text("Saved as version")


@pytest.fixture(params=[Mouse, Keyboard])
def hand(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Hand]:
    """A hand over a page of its own."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(10_000)
        yield request.param(page)


def test_week_from_an_empty_inbox_to_a_sent_issue(near: Desk, hand: Hand, site: WebServer) -> None:
    week = Week(near, hand, site)
    week.sign_in()
    week.begin()
    week.add_a_source()
    week.add_an_article()
    week.choose()
    week.edit()
    week.look()
    week.approve()
    week.send()
    week.prove()
    arrived = [envelope.rcpt_to for envelope, _ in near.house.newsroom.backend.accepted]
    assert sorted(arrived) == [ANNA, BEN]

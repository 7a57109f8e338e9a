"""The ways in, one's own page and the people in a real browser: without scripts, on a phone, for
everybody.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from digest.clock import FixedClock
from digest.editors.inviting import invite
from digest.editors.letters import DeskPost
from digest.models import Role
from digest.web.desk.doors import COOKIE
from tests.web.conftest import WebHouse
from tests.web.desk.conftest import PASSWORD, Desk
from tests.web.desk.phones import Phone, code_of

RULES = '[desk]\nmailed_links = true\nsecond_factor = "publishers"\n\n[scheduler]'
PHONE: Any = {"width": 375, "height": 800}


@pytest.fixture
def strict(
    open_house: Callable[..., AbstractContextManager[WebHouse]], clock: FixedClock
) -> Iterator[Desk]:
    """A desk that mails links, and where operators must have a second factor."""
    with open_house(more={"[scheduler]": RULES}) as house:
        yield Desk(house, clock)


@contextmanager
def listening(context: BrowserContext) -> Iterator[Page]:
    """Yield a page of which nothing is complained in the console."""
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda message: complaints.append(message.text))
    yield page
    assert complaints == []


def type_password(desk: Desk, page: Page, address: str) -> None:
    page.goto(f"{desk.house.url}/desk/sign-in")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def fits(page: Page) -> bool:
    return page.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_second_factor_is_set_up_and_asked_for_by_keyboard_on_a_phone(
    strict: Desk, browser: Browser, scripts: bool
) -> None:
    address = strict.add(Role.OPERATOR, "ada")
    with (
        browser.new_context(java_script_enabled=scripts, viewport=PHONE) as context,
        listening(context) as page,
    ):
        type_password(strict, page, address)
        expect(page.get_by_role("heading", name="A second factor")).to_be_visible()
        expect(page.get_by_role("img", name="QR code")).to_be_visible()
        page.get_by_text("I cannot point it there").click()
        secret = page.locator("code.secret").inner_text()
        assert fits(page)
        page.get_by_label("Type the code").fill(code_of(strict, secret))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
        recovery = page.locator(".codes code").first.inner_text()
        assert fits(page)
        page.get_by_role("link", name="I have kept them").click()
        page.get_by_role("button", name="Sign out").click()

        type_password(strict, page, address)
        page.get_by_text("My phone is not here").click()
        page.get_by_label("One of your recovery codes").fill(recovery)
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Ada").click()
        expect(page.get_by_text("You have 9 recovery codes left")).to_be_visible()
        assert fits(page)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_editor_is_invited_and_comes_on_a_phone(
    strict: Desk, browser: Browser, scripts: bool
) -> None:
    address = strict.add(Role.OPERATOR, "ada")
    phone = Phone(strict, address)
    options: Any = {"java_script_enabled": scripts, "viewport": PHONE}
    with browser.new_context(**options) as context, listening(context) as page:
        type_password(strict, page, address)
        page.get_by_label("Code from the app").fill(phone.code())
        page.keyboard.press("Enter")
        page.get_by_role("link", name="People").click()
        page.get_by_label("Name").fill("Ben")
        page.get_by_label("E-mail address").fill("ben@gazette.example")
        page.get_by_role("button", name="Invite").click()
        expect(page.get_by_text("An invitation is on its way")).to_be_visible()
        assert fits(page)
        page.get_by_role("link", name="Ben").click()
        assert fits(page)
    body = strict.house.letters()[-1][2]
    path = next(line for line in body.splitlines() if "/desk/invitation/" in line)
    with browser.new_context(**options) as context, listening(context) as page:
        page.goto(path.replace("http://127.0.0.1:8000", strict.house.url))
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("The same once more").fill(PASSWORD)
        assert fits(page)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Ben")).to_be_visible()


class Judge:
    """Opens pages on a phone and keeps what is wrong with them."""

    def __init__(self, desk: Desk, page: Page, axe: Callable[[Page], list[str]]) -> None:
        self.desk, self.page, self.axe = desk, page, axe
        self.found: dict[str, list[str]] = {}

    def go(self, path: str) -> None:
        self.page.goto(f"{self.desk.house.url}{path}")

    def look(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        self.found[heading] = self.axe(self.page)
        if not fits(self.page):
            self.found[heading].append("wider than a phone")

    def faults(self) -> dict[str, list[str]]:
        return {name: faults for name, faults in self.found.items() if faults}


def letters_of(desk: Desk, address: str) -> tuple[str, str]:
    """Return the paths in an invitation, and in a letter to an editor with a link."""
    app, now = desk.app, desk.app.clock.now()
    post = DeskPost(app.config, app.sealer, app.signer)
    who = {"name": "Ernest", "address": "ernest@gazette.example", "role": Role.EDITOR}
    with app.db.write() as session:
        invite(session, post, **who, now=now)
        post.mail_link(session, address, now)
    invitation, link = [
        next(line for line in body.splitlines() if "http" in line).partition(":8000")[2]
        for _, _, body in desk.house.letters()
    ]
    return invitation, link


def test_ways_in_are_fit_for_everybody(
    strict: Desk, browser: Browser, axe: Callable[[Page], list[str]]
) -> None:
    ada, chi = strict.add(Role.OPERATOR, "ada"), strict.add(Role.PUBLISHER, "chi")
    Phone(strict, ada)
    invitation, link = letters_of(strict, ada)
    with browser.new_context(viewport=PHONE) as context:
        judge = Judge(strict, context.new_page(), axe)
        judge.go("/desk/sign-in")
        judge.look("Sign in")
        judge.page.get_by_label("E-mail address").fill(ada)
        judge.page.get_by_role("button", name="Mail me a link").click()
        judge.look("Look into your mailbox")
        judge.go(link)
        judge.look("Almost there")
        judge.go(invitation)
        judge.look("Welcome to the desk of The Harbour Courier")
        type_password(strict, judge.page, chi)
        judge.look("A second factor")
        type_password(strict, judge.page, ada)
        judge.page.get_by_text("My phone is not here").click()
        judge.look("Your code")
    assert len(judge.found) == 6
    assert judge.faults() == {}


def test_own_page_and_people_are_fit_for_everybody(
    strict: Desk, browser: Browser, axe: Callable[[Page], list[str]]
) -> None:
    ada = strict.add(Role.OPERATOR, "ada")
    Phone(strict, ada)
    Phone(strict, strict.add(Role.EDITOR, "dora"))
    letters_of(strict, ada)
    with browser.new_context(viewport=PHONE) as context:
        cookie = {"name": COOKIE, "value": strict.open_session(ada)}
        context.add_cookies([{**cookie, "url": f"{strict.house.url}/desk"}])
        strict.open_session(ada)
        judge = Judge(strict, context.new_page(), axe)
        pages = {"me": "Ada", "people": "People"}
        pages |= {"people/editor/2": "Dora", "people/editor/3": "Ernest"}
        for path, heading in pages.items():
            judge.go(f"/desk/{path}")
            judge.look(heading)
        buttons = {"Change to another phone": "A second factor"}
        buttons |= {"New recovery codes": "Your recovery codes"}
        for button, heading in buttons.items():
            judge.go("/desk/me")
            judge.page.get_by_label("Your present password").first.fill(PASSWORD)
            judge.page.get_by_role("button", name=button).click()
            judge.look(heading)
    assert len(judge.found) == 6
    assert judge.faults() == {}

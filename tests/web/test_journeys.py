"""A reader's whole way through the pages in a real browser: in English and Arabic, on a phone and a
desk, with scripts and without; axe-core looks at every page on the way.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from playwright.sync_api import Browser, Page

from digest.rendering.theme import direction_of
from digest.scheduler import tick_once
from digest.subscribers.lifecycle import find_by_address

NORA = "nora@example.net"


class Reader:
    """Nora, her browser and her mailbox."""

    def __init__(self, house, page: Page, language: str, judge, run) -> None:
        self.house = house
        self.app = house.app
        self.page = page
        self.language = language
        self.said: list[str] = []
        self._judge = judge
        self._run = run
        page.on("console", lambda message: self.said.append(message.text))

    def open(self, path: str) -> None:
        self.page.goto(self.house.url + path)
        self.look()

    def press(self, where: str = "main form") -> None:
        """Press the first button of a form and look at what comes."""
        self.page.locator(f"{where} button").first.click()
        self.look()

    def look(self) -> None:
        """See that a page is in the reader's language, fits the window and has no fault."""
        page = self.page
        assert page.locator("html").get_attribute("lang") == self.language
        assert page.locator("html").get_attribute("dir") == direction_of(self.language)
        assert page.locator("h1").count() == 1
        width = page.viewport_size["width"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert self.said == []
        assert self._judge(page) == []

    def wait_for_mail(self) -> None:
        self._run(tick_once(self.app))
        self._run(tick_once(self.app))

    def mails(self) -> list[EmailMessage]:
        return [
            message_from_bytes(message, _class=EmailMessage, policy=default)
            for envelope, message in self.house.newsroom.backend.accepted
            if envelope.rcpt_to == NORA
        ]

    def link(self, path: str) -> str:
        """Return the newest link in the mailbox that begins with a path, as a path."""
        for mail in reversed(self.mails()):
            plain = mail.get_body(("plain",))
            found = re.search(rf"http://127\.0\.0\.1:8000({path}\S+)", plain.get_content())
            if found:
                return found[1]
        raise LookupError(path)

    @property
    def is_known(self) -> bool:
        with self.app.db.read() as session:
            return find_by_address(session, self.app.sealer, NORA) is not None


WAYS = [
    (language, width, scripts)
    for language in ("en", "ar")
    for width in (375, 1280)
    for scripts in (False, True)
]


@pytest.fixture(params=WAYS, ids=lambda way: f"{way[0]}-{way[1]}-{'on' if way[2] else 'off'}")
def reader(
    request: pytest.FixtureRequest,
    browser: Browser,
    axe: Callable[[Page], list[str]],
    open_house,
    run,
) -> Iterator[Reader]:
    language, width, scripts = request.param
    with ExitStack() as stack:
        house = stack.enter_context(
            open_house(more={'language = "en"': f'language = "{language}"'})
        )
        context = browser.new_context(
            viewport={"width": width, "height": 800}, java_script_enabled=scripts
        )
        stack.callback(context.close)
        house.newsroom.ready(date(2026, 11, 27))
        run(tick_once(house.app))
        # axe waits by the page's own timers, so it looks where scripts are allowed.
        judge = axe if scripts else lambda _page: []
        yield Reader(house, context.new_page(), language, judge, run)


def test_reader_comes_chooses_leaves_returns_and_is_erased(reader: Reader) -> None:
    _subscribe(reader)
    _confirm(reader)
    _open_settings(reader)
    _choose(reader)
    _look_at_what_is_held(reader)
    _leave_and_return(reader)
    _be_erased(reader)


def _subscribe(reader: Reader) -> None:
    reader.open("/n/weekly")
    reader.page.fill("input[name=address]", NORA)
    reader.page.fill("input[name=name]", "Nora")
    reader.app.clock.advance(timedelta(seconds=20))
    reader.press("form.stack")
    reader.wait_for_mail()

    assert reader.house.state(NORA) == "pending"


def _confirm(reader: Reader) -> None:
    reader.open(reader.link("/c/"))
    assert reader.house.state(NORA) == "pending"
    reader.press()
    reader.wait_for_mail()

    assert reader.house.state(NORA) == "active"
    issues = [mail for mail in reader.mails() if mail["List-Id"]]
    assert [mail["Subject"] for mail in issues] == ["Issue 1"]


def _open_settings(reader: Reader) -> None:
    reader.app.clock.advance(timedelta(minutes=5))
    reader.open("/n/weekly/settings")
    reader.page.fill("input[name=address]", NORA)
    reader.press("form.stack")
    assert NORA not in reader.page.content()
    reader.wait_for_mail()
    reader.open(reader.link("/s/"))
    assert NORA not in reader.page.content()
    reader.press()

    assert NORA in reader.page.content()


def _choose(reader: Reader) -> None:
    page = reader.page
    page.locator("input[name=edition][value=headlines]").check()
    reader.press("form[action$='/settings/parts']")
    assert page.locator("input[name=edition][value=headlines]").is_checked()
    reader.press("form[action$='/settings/pause']")
    assert reader.house.state(NORA) == "paused"
    reader.press("form[action$='/settings/resume']")
    assert reader.house.state(NORA) == "active"
    page.select_option("select[name=timezone]", "Asia/Tbilisi")
    reader.press("form[action$='/settings/person']")
    assert page.locator("select[name=timezone]").input_value() == "Asia/Tbilisi"


def _look_at_what_is_held(reader: Reader) -> None:
    for what in ("receipt", "export"):
        reader.press(f"form[action$='/settings/{what}']")
        assert reader.page.locator("main dl").count() >= 1
        reader.press("form[action$='/settings/show']")


def _leave_and_return(reader: Reader) -> None:
    reader.open(reader.link("/u/"))
    reader.press()
    assert reader.house.state(NORA) == "unsubscribed"
    reader.page.locator("input[name=reason]").first.check()
    reader.press("form:has(input[name=reason])")
    reader.press("form:has(input[value=return])")

    assert reader.house.state(NORA) == "active"


def _be_erased(reader: Reader) -> None:
    _open_settings(reader)
    reader.press("form[action$='/settings/erase']")
    reader.wait_for_mail()
    assert reader.is_known
    reader.open(reader.link("/erase/"))
    assert NORA not in reader.page.content()
    reader.press()

    assert not reader.is_known

"""Finding readers by a part of their address: a page that streams, and that ends when it shall."""

import os
import re
import time
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from sqlalchemy import insert

from digest.editors.accounts import find_editor, set_role
from digest.models import Role, Subscriber
from digest.web.desk.reader_scan import MOST_FOUND
from tests.web.conftest import ANNA
from tests.web.desk.conftest import Browser, Desk
from tests.web.desk.test_readers import assert_named_nowhere, path, record

MANY = 60_000


def add_readers(desk: Desk, number: int, address: str = "somebody@example.net") -> None:
    """Add readers who all have one address, sealed; to a scan they are as good as others."""
    sealed, now = desk.app.sealer.seal(address), desk.clock.now()
    with desk.app.db.write() as session:
        rows = [
            {
                "public_id": f"r{each}",
                "address_index": os.urandom(32),
                "address_sealed": sealed,
                "created_at": now,
            }
            for each in range(number)
        ]
        session.execute(insert(Subscriber), rows)


def wait_for_end(desk: Desk) -> dict[str, object]:
    """Return what is on record of the end of a scan."""
    for _ in range(200):
        if ended := [detail for verb, _, detail in record(desk) if verb == "scanned addresses"]:
            return ended[-1]
        time.sleep(0.05)
    raise AssertionError("no scan has ended")


def last_line(page: str) -> str:
    return " ".join(
        re.sub("<[^>]+>", "", re.findall(r"(?s)<li class=.at.*?</li>", page)[-1]).split()
    )


@pytest.fixture
def publisher(desk: Desk) -> Browser:
    return desk.signed_in(Role.PUBLISHER)


def test_readers_are_found_by_a_part(desk: Desk, publisher: Browser, logged: list[str]) -> None:
    answer = publisher.post("/desk/readers/scan", part="NNA@exam")

    assert answer.status_code == 200
    assert f'<a href="{path(desk)}">{ANNA}</a>' in answer.text
    assert answer.text.count('class="found"') == 1
    assert last_line(answer.text) == "2 of 2 looked at, 1 found. That is all."
    assert answer.text.rstrip().endswith("</html>")
    assert answer.headers["cache-control"] == "no-store"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert wait_for_end(desk) == {"looked at": 2, "found": 1, "ended": "done"}
    assert record(desk)[0] == ("scan addresses", "readers", {})
    assert_named_nowhere(desk, logged)
    assert "nna@exam" not in f"{record(desk)}{logged}".lower()


@pytest.mark.parametrize("part", ["", "an", "x" * 300])
def test_part_that_says_nothing_is_refused(desk: Desk, publisher: Browser, part: str) -> None:
    answer = publisher.post("/desk/readers/scan", part=part)
    assert answer.status_code == 422
    assert "3 characters" in answer.text
    assert record(desk) == []


def test_no_more_is_shown_than_anybody_reads(desk: Desk, publisher: Browser) -> None:
    add_readers(desk, 2000)
    answer = publisher.post("/desk/readers/scan", part="somebody")

    assert answer.text.count('class="found"') == MOST_FOUND
    assert "There may be more" in last_line(answer.text)
    assert wait_for_end(desk)["ended"] == "enough was found"


def test_text_of_readers_is_text(desk: Desk, publisher: Browser) -> None:
    add_readers(desk, 1, "<b>somebody</b>@example.net")
    answer = publisher.post("/desk/readers/scan", part="somebody")
    assert "&lt;b&gt;somebody" in answer.text


def begin(browser: Browser) -> httpx.Request:
    fields = {"token": browser.token, "part": "nobody-has-this"}
    return browser.client.build_request("POST", "/desk/readers/scan", data=fields)


def test_scan_ends_when_the_browser_goes_away(desk: Desk, publisher: Browser) -> None:
    add_readers(desk, MANY)
    answer = publisher.client.send(begin(publisher), stream=True)
    for piece in answer.iter_text():
        if "10," in piece:
            break
    answer.close()
    ended = wait_for_end(desk)

    assert ended["ended"] == "the browser went away"
    assert 0 < int(str(ended["looked at"])) < MANY


def test_progress_comes_while_the_scan_goes_on_and_stop_ends_it(
    desk: Desk, publisher: Browser
) -> None:
    add_readers(desk, MANY)
    answer = publisher.client.send(begin(publisher), stream=True)
    pieces = answer.iter_text()
    page = ""
    while "looked at, 0 found</li>" not in page.partition("0 of")[2].partition("</li>")[2]:
        page += next(pieces)
    stopping = Browser(publisher.client)
    assert stopping.post("/desk/readers/scan/stop").status_code == 204
    page += "".join(pieces)

    assert "Stopped." in last_line(page)
    looked_at = int(last_line(page).partition(" ")[0].replace(",", ""))
    assert 10_000 <= looked_at < MANY
    assert wait_for_end(desk)["looked at"] == looked_at


@pytest.mark.parametrize("ending", ["locked", "server"])
def test_scan_ends_with_its_session_and_with_the_server(
    desk: Desk, publisher: Browser, ending: str
) -> None:
    add_readers(desk, MANY)
    pieces = publisher.client.send(begin(publisher), stream=True).iter_text()
    next(pieces)
    if ending == "locked":
        with desk.app.db.write() as session:
            editor = find_editor(session, desk.app.sealer, "publisher@gazette.example")
            set_role(session, editor, Role.CONTRIBUTOR)
    else:
        desk.house.server.should_exit = True
    page = "".join(pieces)

    why = {"locked": "the session was over", "server": "the server stopped"}[ending]
    assert f"It ended early: {why}." in last_line(page)
    ended = wait_for_end(desk)
    assert ended["ended"] == why
    assert ended["looked at"] < MANY


def test_one_scan_for_each_editor(desk: Desk, publisher: Browser) -> None:
    add_readers(desk, MANY)
    other = desk.signed_in(Role.OPERATOR)
    first = publisher.client.send(begin(publisher), stream=True)
    second = other.client.send(begin(other), stream=True)
    pages = [first.iter_text(), second.iter_text()]
    for page in pages:
        next(page)
    answer = publisher.post("/desk/readers/scan", part="anna@")

    assert "1 found" in last_line(answer.text)
    assert "Stopped." in "".join(pages[0])
    assert "That is all." in "".join(pages[1])


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.EDITOR])
def test_scans_are_for_publishers(desk: Desk, role: Role) -> None:
    browser = desk.signed_in(role)
    assert browser.post("/desk/readers/scan", part="anna").status_code == 403
    assert browser.post("/desk/readers/scan/stop").status_code == 403
    assert record(desk) == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_scan_is_stopped_in_a_browser(
    desk: Desk, browser: Chromium, axe: Callable[[Page], list[str]], scripts: bool
) -> None:
    add_readers(desk, MANY)
    size = {"width": 375, "height": 800}
    with browser.new_context(java_script_enabled=scripts, viewport=size) as context:
        desk.let_in(context, Role.PUBLISHER)
        page = context.new_page()
        page.goto(f"{desk.house.url}/desk/readers")
        page.get_by_label("The part that you know").fill("anna@")
        page.get_by_role("button", name="Look through all").click(no_wait_after=True)
        expect(page.get_by_role("link", name=ANNA)).to_be_visible()
        shown = page.locator(".scan .at:visible")
        expect(shown).to_have_text(re.compile("[1-9]0,000 of .* 1 found"))

        page.get_by_role("button", name="Stop").click(no_wait_after=True)
        expect(page.get_by_text("Stopped.")).to_be_visible()
        expect(page.get_by_role("button", name="Stop")).to_be_hidden()
        expect(page.get_by_role("link", name=ANNA)).to_be_visible()
        assert wait_for_end(desk)["ended"] == "stopped"
        if scripts:
            assert axe(page) == []
        page.get_by_role("link", name=ANNA).click()
        expect(page.get_by_role("heading", name=ANNA)).to_be_visible()

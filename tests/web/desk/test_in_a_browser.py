"""Signing in, beginning an issue and signing out, in a real browser, with scripts and without."""

from collections.abc import Callable
from datetime import date
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from digest.models import Role
from tests.web.desk.conftest import PASSWORD, Desk


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_editor_comes_and_goes(desk: Desk, browser: Browser, scripts: bool, width: int) -> None:
    address = desk.add(Role.OPERATOR, "ada")
    size = {"width": width, "height": 800}
    with browser.new_context(java_script_enabled=scripts, viewport=size) as context:
        page = context.new_page()
        failures: list[str] = []
        page.on("console", lambda message: failures.append(message.text))
        page.goto(f"{desk.house.url}/desk/audit")
        page.get_by_label("E-mail address").fill(address)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Who did what")).to_be_visible()

        page.get_by_role("link", name="This week").click()
        page.get_by_role("button", name="Begin the issue").click()
        expect(page.get_by_text("Still missing")).to_be_visible()
        assert _fits(page)

        page.get_by_role("button", name="Sign out").click()
        page.goto(f"{desk.house.url}/desk")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        assert failures == []


def test_button_of_a_long_work_says_so_and_takes_one_press(desk: Desk, browser: Browser) -> None:
    name = desk.house.newsroom.draft(day=date(2026, 12, 4))
    with browser.new_context() as context:
        desk.let_in(context, Role.EDITOR, "ada")
        page = context.new_page()
        page.goto(f"{desk.house.url}/desk/{name}/preview")
        page.evaluate("addEventListener('submit', (event) => event.preventDefault())")
        page.get_by_role("button", name="Approve these bytes").click()
        expect(page.get_by_role("button", name="Looking them over…")).to_be_disabled()

        page.evaluate("dispatchEvent(new Event('pageshow'))")  # as when somebody goes back to it
        expect(page.get_by_role("button", name="Approve these bytes")).to_be_enabled()


def test_preview_is_dark_where_it_says_dark(desk: Desk, browser: Browser) -> None:
    name = desk.house.newsroom.draft(day=date(2026, 12, 4))
    address = desk.add(Role.EDITOR)
    # Without an emulated scheme: an emulated one holds in frames as well, whatever they are in.
    with browser.new_context(color_scheme="null") as context:
        page = context.new_page()
        page.goto(f"{desk.house.url}/desk/{name}/preview")
        page.get_by_label("E-mail address").fill(address)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        light = _brightness(page)
        page.get_by_role("link", name="Dark").click()
        dark = _brightness(page)
    assert light > 200
    assert dark < 80


def _brightness(page: Page) -> int:
    """Return how bright the edge of the mail in its frame is, from 0 to 255."""
    frame = page.locator("iframe")
    expect(frame.content_frame.get_by_text("Headline 0")).to_be_visible()
    picture = Image.open(BytesIO(frame.screenshot())).convert("L")
    return int(picture.getpixel((20, 20)))


def _fits(page: Page) -> bool:
    return page.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth")


def test_pages_are_fit_for_everybody(
    desk: Desk, browser: Browser, axe: Callable[[Page], list[str]]
) -> None:
    name = desk.house.newsroom.draft(day=date(2026, 12, 4))
    address = desk.add(Role.OPERATOR, "ada")
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{desk.house.url}/desk/sign-in")
        assert axe(page) == []
        page.get_by_label("E-mail address").fill(address)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/desk")
        assert axe(page) == []
        for path in ("audit", f"{name}/preview"):
            page.goto(f"{desk.house.url}/desk/{path}")
            assert axe(page) == []

"""The inbox's keys, in a real browser; and the inbox without scripts."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from digest.models import Role
from tests.web.desk.conftest import PASSWORD, Desk
from tests.web.desk.test_inbox import bring, found, picked


def come_in(page: Page, desk: Desk) -> None:
    address = desk.add(Role.CONTRIBUTOR, "ada")
    page.goto(f"{desk.house.url}/desk/sign-in")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")


@pytest.fixture
def page(desk: Desk, browser: Chromium) -> Iterator[Page]:
    """A contributor's inbox of four articles on a phone, the issue begun."""
    bring(desk, *(found(number, desk) for number in range(1, 5)))
    with browser.new_context(viewport={"width": 375, "height": 800}) as context:
        page = context.new_page()
        come_in(page, desk)
        page.get_by_role("button", name="Begin the issue").click()
        page.goto(f"{desk.house.url}/desk/inbox")
        yield page


def test_keys_go_pick_and_set_aside(desk: Desk, page: Page) -> None:
    for key in ("j", "j", "p"):
        page.keyboard.press(key)
    expect(page.locator("#article-2").get_by_text("In weekly/1")).to_be_visible()
    expect(page.locator("#said")).to_contain_text("Picked for weekly/1")
    expect(page.locator("#article-2")).to_be_focused()

    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#article-3").get_by_text("Back to the inbox")).to_be_visible()
    page.keyboard.press("x")
    expect(page.locator("#article-3 button.pick")).to_be_visible()
    page.keyboard.press("k")
    page.keyboard.press("k")
    expect(page.locator("#article-1")).to_be_focused()
    assert picked(desk) == ["Headline 2"]
    assert desk.verbs()[-3:] == ["pick", "not for us", "back to the inbox"]


def test_keys_show_themselves_and_stay_out_of_what_is_typed(desk: Desk, page: Page) -> None:
    failures: list[str] = []
    page.on("console", lambda message: failures.append(message.text))
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_have_attribute("open", "")
    assert page.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("px?")

    assert page.locator("#search").input_value() == "px?"
    assert picked(desk) == []
    assert failures == []


def test_keys_can_be_turned_off(page: Page) -> None:
    """WCAG 2.1.4: a key that is one letter must not be forced on anybody."""
    page.keyboard.press("?")
    page.get_by_label("Use these keys").uncheck()
    page.reload()
    page.keyboard.press("j")
    assert page.locator(".article:focus").count() == 0
    page.locator("#keys summary").click()
    page.get_by_label("Use these keys").check()
    page.keyboard.press("j")
    expect(page.locator("#article-1")).to_be_focused()


def test_inbox_is_fit_for_everybody(page: Page, axe: Callable[[Page], list[str]]) -> None:
    for key in ("?", "j", "p", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("#article-2").get_by_text("Back to the inbox")).to_be_visible()
    assert axe(page) == []


def test_refusal_is_said_where_one_is(desk: Desk, browser: Chromium) -> None:
    bring(desk, found(1, desk))
    with browser.new_context() as context:
        page = context.new_page()
        come_in(page, desk)
        page.goto(f"{desk.house.url}/desk/inbox")
        page.keyboard.press("j")
        page.keyboard.press("p")
        expect(page.locator("#said")).to_contain_text("Choose first where picks go")
        expect(page.locator("#article-1 button.pick")).to_be_visible()


def test_inbox_works_without_scripts(desk: Desk, browser: Chromium) -> None:
    bring(desk, found(1, desk))
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        come_in(page, desk)
        page.get_by_role("button", name="Begin the issue").click()
        page.goto(f"{desk.house.url}/desk/inbox?kept=all")
        page.get_by_role("button", name="Pick").click()
        expect(page.get_by_text("In weekly/1")).to_be_visible()
    assert picked(desk) == ["Headline 1"]

"""The reader pages in a real browser, scripts off: readable, narrow enough, usable by keyboard."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from digest.curation.issues import find_issue
from digest.rendering.theme import READABLE, contrast

ANNA = "anna@example.org"
LONG = "Donaudampfschifffahrtsgesellschaftsnachrichten für Überlingen"
# Every text with the colours it is painted in: its own, and the nearest painted ground below it.
TEXT_COLOURS = """() => {
  const texts = [...document.querySelectorAll('p, h1, button')];
  const painted = (e) => getComputedStyle(e).backgroundColor;
  return texts.map((text) => {
    let ground = text;
    while (ground.parentElement && painted(ground) === 'rgba(0, 0, 0, 0)')
      ground = ground.parentElement;
    return [getComputedStyle(text).color, painted(ground)];
  });
}"""


@pytest.fixture
def visit(browser: Browser, shared_house) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a path; what the browser complains of is in `page.said`."""
    contexts = []

    def opened(path: str, width: int = 375, scheme: str = "light", scripts: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 700},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=scripts,
            base_url=shared_house.url,
        )
        contexts.append(context)
        page = context.new_page()
        page.said = []
        page.on("console", lambda message: page.said.append(message.text))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()


def _paths(house) -> list[str]:
    return [house.leave_link(ANNA), house.later_link(ANNA), "/own-copy", "/nothing"]


def _hex(colour: str) -> str:
    red, green, blue = (int(part) for part in colour.removeprefix("rgb(")[:-1].split(","))
    return f"#{red:02x}{green:02x}{blue:02x}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_is_readable(visit, shared_house, scheme: str) -> None:
    for path in _paths(shared_house):
        pairs = visit(path, scheme=scheme).evaluate(TEXT_COLOURS)

        assert len(pairs) >= 2
        assert min(contrast(_hex(text), _hex(ground)) for text, ground in pairs) >= READABLE


def test_dark_is_dark(visit) -> None:
    grounds = [
        visit("/own-copy", scheme=scheme).evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for scheme in ("light", "dark")
    ]

    assert contrast(_hex(grounds[0]), "#000000") > 15 > 2 > contrast(_hex(grounds[1]), "#000000")


@pytest.mark.parametrize("width", [320, 375, 900])
def test_nothing_scrolls_sideways(visit, shared_house, width: int) -> None:
    for path in _paths(shared_house):
        assert visit(path, width).evaluate("document.documentElement.scrollWidth") == width


def test_long_name_stays_within_the_page(browser: Browser, open_house) -> None:
    with open_house(more={"The Harbour Courier": LONG}) as house:
        house.newsroom.subscribe(ANNA)
        page = browser.new_page(viewport={"width": 320, "height": 700})
        page.goto(house.url + house.leave_link(ANNA))

        assert page.inner_text(".nameplate") == LONG
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        page.close()


def test_style_is_applied_and_the_browser_has_nothing_to_say(visit, shared_house) -> None:
    """A policy that did not fit the page would show here."""
    page = visit(shared_house.leave_link(ANNA))

    box = page.locator("button").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (375 - 48, 48)
    assert page.said == []


def test_keyboard_reaches_the_button_and_shows_it(visit, shared_house) -> None:
    page = visit(shared_house.leave_link(ANNA))

    page.keyboard.press("Tab")

    outline = "getComputedStyle(document.activeElement).outlineWidth"
    assert page.evaluate("document.activeElement.textContent") == "Unsubscribe"
    assert page.evaluate(outline) == "3px"


def test_button_hides_the_appeal_without_scripts(visit, shared_house) -> None:
    page = visit(shared_house.later_link(ANNA))

    page.get_by_role("button", name="Remind me later").press("Enter")

    assert page.get_by_role("heading").inner_text() == "We will ask again later"
    assert page.said == []


def test_button_unsubscribes_without_scripts(visit, shared_house) -> None:
    shared_house.newsroom.subscribe("carla@example.org")
    page = visit(shared_house.leave_link("carla@example.org"))

    page.get_by_role("button", name="Unsubscribe").click()

    assert page.get_by_role("heading").inner_text() == "You are unsubscribed"
    assert shared_house.state("carla@example.org") == "unsubscribed"
    assert page.said == []


def _issue_page(visit, house) -> Page:
    issue = house.newsroom.draft()
    shown = house.newsroom.approve(issue)
    return visit(_issue_link(house, shown.number), 900)


def _issue_link(house, number: int) -> str:
    with house.app.db.read() as session:
        return f"/i/{find_issue(session, f'weekly/{number}').public_id}"


def test_issue_keeps_its_style_under_its_policy(visit, shared_house) -> None:
    page = _issue_page(visit, shared_house)

    assert page.evaluate("getComputedStyle(document.querySelector('h1 a')).fontWeight") == "700"
    assert page.said == []


def test_links_of_an_issue_open_and_work_although_it_is_sandboxed(visit, shared_house) -> None:
    page = _issue_page(visit, shared_house)
    page.context.route("https://courier.example/**", lambda route: route.fulfill(body="article"))
    page.context.route("http://127.0.0.1:8000/**", _to(shared_house.url))

    page.get_by_role("link", name="Unsubscribe").first.click()

    assert page.get_by_role("heading").inner_text() == "This link works in your own copy"
    page.go_back()
    page.get_by_role("link", name="Headline 0").click()
    page.wait_for_url("https://courier.example/0")
    assert page.inner_text("body") == "article"


def _to(url: str) -> Callable[..., None]:
    def pass_on(route) -> None:
        path = route.request.url.removeprefix("http://127.0.0.1:8000")
        route.fulfill(response=route.fetch(url=url + path))

    return pass_on


def test_axe_finds_nothing_serious(visit, shared_house, axe) -> None:
    for path in _paths(shared_house):
        assert axe(visit(path, scripts=True)) == []


def test_axe_finds_what_is_wrong(browser: Browser, axe) -> None:
    """A judge that never says no would prove nothing."""
    page = browser.new_page()
    page.set_content("<html><body style='color:#eee;background:#fff'>pale<input></body></html>")

    found = " ".join(axe(page))

    assert "label" in found
    assert "color-contrast" in found
    page.close()

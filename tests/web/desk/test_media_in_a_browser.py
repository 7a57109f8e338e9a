"""The media room in a real browser: a picture is brought in, its focal point set by a click and by
keys, and chosen for an article; with scripts and without, on a phone, for everybody.
"""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from digest.curation.issues import find_issue
from digest.curation.picks import list_picks
from digest.media.darkroom import PICTURE_MOST
from digest.media.room import Words
from digest.models import Pick, Role
from tests.media.samples import colour_of, opened, photo, saved, striped
from tests.web.desk.conftest import Desk

PUBLIC = "http://127.0.0.1:8000"
EXPECT = 10_000  # milliseconds; a picture is made in them


@pytest.fixture
def name(desk: Desk) -> str:
    return desk.house.newsroom.draft(date(2026, 12, 4))


@pytest.fixture
def stripes(tmp_path: Path) -> Path:
    """A file of three stripes: red, green, blue."""
    path = tmp_path / "stripes.png"
    path.write_bytes(saved(striped(2700, 600), "PNG"))
    return path


@pytest.fixture
def context(browser: Browser, desk: Desk) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        desk.let_in(context, Role.EDITOR, "ada")
        context.set_default_timeout(EXPECT)
        context.route(f"{PUBLIC}/**", _to(desk.house.url))  # where the configuration says we are
        yield context


def _to(url: str) -> Callable[[Route], None]:
    def pass_on(route: Route) -> None:
        path = route.request.url.removeprefix(PUBLIC)
        route.fulfill(response=route.fetch(url=url + path))

    return pass_on


def pick_of(desk: Desk, name: str) -> Pick:
    with desk.app.db.read() as session:
        return list_picks(session, find_issue(session, name).id)[0][1]


def shown_colour(desk: Desk, name: str) -> str:
    """Return what the middle of the pick's picture shows to a reader."""
    path = pick_of(desk, name).image_url.removeprefix(PUBLIC)
    return colour_of(opened(desk.house.client.get(path).content))


def failures_of(page: Page) -> list[str]:
    """Return a list that fills with what the page complains of."""
    failures: list[str] = []
    page.on("console", lambda message: failures.append(message.text))
    page.on("pageerror", lambda error: failures.append(str(error)))
    return failures


def test_picture_is_brought_in_cut_and_chosen(
    desk: Desk, context: BrowserContext, name: str, stripes: Path
) -> None:
    page = context.new_page()
    failures = failures_of(page)
    page.goto(f"{desk.house.url}/desk/{name}?open=1")
    page.get_by_role("link", name="Choose a picture").first.click()
    page.get_by_label("Picture", exact=False).first.set_input_files(stripes)
    page.get_by_role("button", name="Upload it").click()

    whole = page.locator(".focus-on img")
    expect(whole).to_be_visible()
    box = whole.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.04, box["y"] + box["height"] / 2)
    expect(page.get_by_label("From the left (%)")).to_have_value("4")
    assert _preview_colour(page) == "red"
    page.get_by_label("What the picture shows").fill("Three stripes")
    page.get_by_label("Credit").fill("Photo: Ada Holm")
    page.get_by_role("button", name="Use this picture").click()

    page.wait_for_url("**/desk/weekly/1?open=1*")
    expect(page.locator("#f-1-image_alt")).to_have_value("Three stripes")
    expect(page.locator("#f-1-image_credit")).to_have_value("Photo: Ada Holm")
    assert shown_colour(desk, name) == "red"
    assert failures == []

    page.locator("#f-1-image_alt").fill("Stripes, three of them")
    page.keyboard.press("Tab")
    expect(page.locator("#said")).to_contain_text("Saved as version")
    assert pick_of(desk, name).image_alt == "Stripes, three of them"


def _preview_colour(page: Page) -> str:
    page.wait_for_function("document.querySelector('.crop img').complete")
    return colour_of(opened(page.locator(".crop").screenshot()))


def test_preview_shows_what_will_be_printed(desk: Desk, context: BrowserContext, name: str) -> None:
    """At three focal points, by keys alone."""
    number = _bring(desk, saved(striped(2700, 600)))
    page = context.new_page()
    page.goto(f"{desk.house.url}/desk/{name}/picks/1/picture?picture={number}")
    field = page.get_by_label("From the left (%)")
    colours = []
    for value in ("0", "50", "100"):
        field.fill(value)
        colours.append(_preview_colour(page))
    assert colours == ["red", "green", "blue"]

    field.press("ArrowDown")
    expect(field).to_have_value("99")
    page.keyboard.press("Enter")
    page.wait_for_url("**?open=1*")
    assert shown_colour(desk, name) == "blue"


def _bring(desk: Desk, data: bytes, alt: str = "A quay") -> int:
    now = desk.app.clock.now()
    return desk.app.media.take_in(data, Words(alt, "Ada Holm"), None, now)[0]


@pytest.mark.parametrize("width", [375, 1280])
def test_all_of_it_works_without_scripts(
    desk: Desk, browser: Browser, name: str, stripes: Path, width: int
) -> None:
    size = {"width": width, "height": 800}
    with browser.new_context(java_script_enabled=False, viewport=size) as context:
        desk.let_in(context, Role.EDITOR, "ada")
        page = context.new_page()
        page.goto(f"{desk.house.url}/desk/{name}/picks/1/picture")
        page.get_by_label("Picture", exact=False).first.set_input_files(stripes)
        page.get_by_role("button", name="Upload it").click()
        page.get_by_label("From the left (%)").fill("100")
        page.get_by_label("What the picture shows").fill("Three stripes")
        assert _fits(page)
        page.get_by_role("button", name="Use this picture").click()
        page.wait_for_url("**?open=1*")
        assert shown_colour(desk, name) == "blue"

        page.goto(f"{desk.house.url}/desk/{name}/picks/1/picture")
        page.get_by_role("button", name="No picture").click()
        assert pick_of(desk, name).image_url == ""

        page.goto(f"{desk.house.url}/desk/media")
        page.get_by_role("link", name="Three stripes").click()
        page.get_by_label("Rights").fill("ours")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_label("Rights")).to_have_value("ours")
        assert _fits(page)


def _fits(page: Page) -> bool:
    return page.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth")


def test_file_that_is_too_large_is_told_before_it_is_sent(
    desk: Desk, context: BrowserContext, tmp_path: Path
) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(photo() + b"\0" * PICTURE_MOST)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    page.goto(f"{desk.house.url}/desk/media")
    field = page.locator("input[type=file]")
    field.set_input_files(large)
    page.get_by_role("button", name="Upload it").click()

    assert "larger than 10 MB" in field.evaluate("field => field.validationMessage")
    assert "POST" not in asked


def test_pages_are_fit_for_everybody_and_for_a_phone(
    desk: Desk, browser: Browser, name: str, axe: Callable[[Page], list[str]]
) -> None:
    for alt in ("A quay", "", "A very long description " * 12):
        number = _bring(desk, photo(), alt)
    at_pick = f"/desk/{name}/picks/1/picture"
    with browser.new_context(viewport={"width": 375, "height": 800}) as context:
        desk.let_in(context, Role.OPERATOR, "ada")
        page = context.new_page()
        failures = failures_of(page)
        for path in (
            *("/desk/media", "/desk/media?search=nothing", f"/desk/media/picture/{number}"),
            *(at_pick, f"{at_pick}?picture={number}"),
        ):
            page.goto(desk.house.url + path)
            for details in page.locator("details").all():
                details.evaluate("details => details.open = true")
            assert axe(page) == [], path
            assert _fits(page), path
        assert failures == []

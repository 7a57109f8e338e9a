"""The archive in a real browser, scripts off: it fits, its styles and links work, and the browser
has nothing to complain of; served, and opened as files.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from digest.testing.past import publish
from digest.web.archive.export import Options, export_archive
from digest.web.pages import Pages

LONG = "Donaudampfschifffahrtsgesellschaftsnachrichten für Überlingen " * 2
STORIES = [{"headline": LONG, "blurb": "Fog. " * 80}, {"headline": "Fog", "byline": LONG}]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens an address; what the browser complains of is in `page.said`."""
    contexts = []

    def opened(url: str, width: int = 320) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 700}, java_script_enabled=False
        )
        contexts.append(context)
        page = context.new_page()
        page.said = []
        page.on("console", lambda message: page.said.append(message.text))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(params=["house", "arabic_house"])
def sent(request: pytest.FixtureRequest):
    """A house, in either direction, that sent three issues."""
    house = request.getfixturevalue(request.param)
    for _ in range(3):
        publish(house.newsroom, STORIES, subject=LONG, preheader=LONG)
    return house


@pytest.fixture
def files(sent, tmp_path: Path) -> Path:
    """The same as files."""
    app = sent.app
    pages = Pages(None, app.templates.catalogues)
    out = tmp_path / "site"
    export_archive(app.db, app.config, pages, "weekly", out, Options(), lambda _done, _all: None)
    return out


@pytest.mark.parametrize("path", ["archive", "archive?q=fog", "archive/2"])
def test_served_pages_fit_and_the_browser_has_nothing_to_say(visit, sent, path: str) -> None:
    page = visit(f"{sent.url}/n/weekly/{path}")

    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.said == []


@pytest.mark.parametrize("path", ["index.html", "headlines.html", "2/index.html", "404.html"])
def test_files_fit_and_the_browser_has_nothing_to_say(visit, files, path: str) -> None:
    page = visit((files / path).as_uri())

    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.said == []


def test_reader_searches_opens_an_issue_and_goes_on_to_the_next(visit, house) -> None:
    publish(house.newsroom, [{"headline": "Fog"}], subject="First")
    publish(house.newsroom, [{"headline": "Rain"}], subject="Second")
    page = visit(f"{house.url}/n/weekly/archive")

    page.get_by_label("Search past issues").fill("fog")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="First").click()
    page.get_by_role("link", name="Newer issue").click()

    assert page.url == f"{house.url}/n/weekly/archive/2"
    assert page.title() == "Second"
    assert page.said == []


def test_bar_is_styled_and_its_links_are_tall_enough_for_a_finger(visit, sent) -> None:
    page = visit(f"{sent.url}/n/weekly/archive/2", 900)

    boxes = [link.bounding_box() for link in page.locator(".past-bar a").all()]

    assert len(boxes) == 5
    assert min(box["height"] for box in boxes) >= 44
    assert len({box["y"] for box in boxes}) == 1


def test_bar_of_a_file_leads_on(visit, files) -> None:
    page = visit((files / "2" / "index.html").as_uri(), 900)

    page.locator("nav.past-bar a[rel=prev]").click()

    assert page.url == (files / "1" / "index.html").as_uri()


@pytest.mark.parametrize("path", ["archive", "archive?q=fog"])
def test_axe_finds_nothing_serious(browser: Browser, axe, sent, path: str) -> None:
    page = browser.new_page()
    page.goto(f"{sent.url}/n/weekly/{path}")

    assert axe(page) == []
    page.close()

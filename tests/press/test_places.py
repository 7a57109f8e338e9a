"""About where things stand in a mail, beside what a browser says of it."""

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, sync_playwright

from benchmarks.edition import stock_issue, widened
from digest.curation.issues import find_issue
from digest.press.approval import draft_view
from digest.press.places import Places, find_places, find_text_places
from digest.press.preview import neutral_values
from digest.rendering.personalise import fill_html
from digest.rendering.view import LOOKS
from digest.testing.newsroom import Newsroom

BEAR = 500  # pixels: two thirds of a pane
HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3")].map((each) => [
  each.innerText.replace(/\\s+/g, " ").trim(), each.getBoundingClientRect().top])"""


@pytest.fixture(scope="module")
def chromium(system_part) -> Browser:
    with sync_playwright() as playwright:
        place = system_part("chromium")
        browser = playwright.chromium.launch(executable_path=place, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("articles", [0, 40])
def test_places_are_about_where_a_browser_has_them(
    newsroom: Newsroom, chromium: Browser, look: str, articles: int
) -> None:
    app = newsroom.app
    configured = app.config.newsletters[0]
    with app.db.read() as session:
        issue = find_issue(session, stock_issue(newsroom))
        view = replace(draft_view(session, issue, configured, app.clock.now()), look=look)
    if articles:
        view = widened(view, articles)
    full, *_ = app.press.render(view, configured)
    html = fill_html(full, neutral_values("https://courier.example", "x"))
    page = chromium.new_page(viewport={"width": 600, "height": 800})
    grey = '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="600"/>'
    page.route("**/*", lambda route: route.fulfill(body=grey, content_type="image/svg+xml"))
    page.set_content(html)
    height = page.evaluate("document.documentElement.scrollHeight")
    real: dict[str, float] = {}
    for words, top in page.evaluate(HEADINGS):
        real.setdefault(words, top)
    page.close()

    found = find_places(html, width=600)

    assert height <= found.height <= 1.2 * height
    assert found.headlines.keys() == real.keys()
    assert all(abs(found.headlines[words] - top) < BEAR for words, top in real.items())


@pytest.mark.parametrize("html", ["", "no markup", "<html>", "<body><table><tr></tr>", "\0", "<p"])
def test_anything_has_a_height(html: str) -> None:
    assert find_places(html, width=375).height >= 0


def test_narrow_mail_is_higher() -> None:
    html = f"<body><p style='font-size:16px;line-height:24px'>{'word ' * 200}</p></body>"
    assert find_places(html, width=300).height > 1.8 * find_places(html, width=600).height


def test_what_is_hidden_takes_no_place() -> None:
    hidden = "<div style='display:none;font-size:20px'>The line for the inbox</div>"
    assert find_places(f"<body>{hidden}</body>", width=600).height == 0


def test_picks_are_found_by_their_headlines() -> None:
    places = Places(900, {"Fog": 40, "Tides and tolls": 300})
    assert places.of([(7, "Tides  and\ntolls"), (8, "Gone")]) == {7: 300}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("THE COURIER\n\nFog over the harbour again\nand more\n", 2),
        ("THE COURIER\nFog over the\nharbour again and more\n", 1),
        ("Fog\nFog over the harbour again and more\n", 1),
    ],
)
def test_text_part_has_places_by_its_lines(text: str, line: int) -> None:
    headline = "Fog over the harbour again and more"
    assert find_text_places(text, [headline, "Gone", ""]).headlines == {headline: 16 * line}

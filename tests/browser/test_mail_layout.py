"""The mail in a real browser: nothing scrolls sideways, everything is seen, in light and dark."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from digest.rendering.compiling.mjml import compile_mjml
from digest.rendering.issue import render_issue
from digest.rendering.personalise import ReaderValues, fill_html
from digest.rendering.templates import Templates
from digest.rendering.theme import READABLE, contrast
from digest.rendering.view import (
    LOOKS,
    AppealView,
    IssueView,
    PickView,
    PictureView,
    QuoteView,
    SectionView,
    TopperView,
)

SITE = "https://courier.example"
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="800"></svg>'
READER = ReaderValues(
    {
        "unsubscribe_url": f"{SITE}/u/{'t' * 120}",
        "view_url": f"{SITE}/v/1",
        "remind_later_url": f"{SITE}/r/1",
        "address": "a.rather.long.address.of.some.reader+newsletters@subdomain.example.net",
        "first_name": "Wolfeschlegelsteinhausenbergerdorff",
    }
)
# Every text with the colours it is painted in: its own, and the nearest painted ground below it.
TEXT_COLOURS = """() => {
  const painted = (e) => getComputedStyle(e).backgroundColor;
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !parent.getClientRects().length) continue;
    if (parent.closest('style, [style*="display:none"]')) continue;
    let ground = parent;
    while (ground.parentElement && painted(ground) === 'rgba(0, 0, 0, 0)')
      ground = ground.parentElement;
    found.add(getComputedStyle(parent).color + '|' + painted(ground));
  }
  return [...found];
}"""
# The sizes in which words are set; a rule or a gap holds a no-break space and is no word.
TEXT_SIZES = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = new Set();
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!/[^\\s\\u00a0]/.test(walker.currentNode.data) || !parent.getClientRects().length) continue;
    if (parent.closest('style, [style*="display:none"]')) continue;
    found.add(parseFloat(getComputedStyle(parent).fontSize));
  }
  return [...found];
}"""


def issue(language: str, look: str) -> IssueView:
    picture = PictureView(f"{SITE}/p.jpg", "Cranes", "A photographer", 1200, 800)
    headline = "Donaudampfschifffahrtsgesellschaft: 41 days, and what comes after them"
    picks = [
        PickView(headline, f"{SITE}/{n}", "Text. " * 30, "Kicker", "By someone", layout, shown)
        for n, (layout, shown) in enumerate(
            [("column", picture)] * 2
            + [("column", None), ("column", picture), ("column", picture)]
            + [("lead", picture), ("brief", None), ("brief", None)]
        )
    ]
    return IssueView(
        newsletter="The Harbour Courier",
        language=language,
        number=47,
        date=date(2026, 11, 27),
        subject="Dockers go back",
        preheader="The strike is over.",
        tagline="The week in our town, chosen by hand",
        accent="#0b5d4e",
        site_url=SITE,
        postal_address="12 Quay Street, Example Town EX1 2AB",
        why="",
        topper=TopperView("The strike is over. " * 12, "Ada Marsh, editor"),
        lead=PickView(headline, f"{SITE}/lead", "Text. " * 30, "K", "B", "lead", picture),
        sections=(SectionView("City hall", tuple(picks)),),
        quote=QuoteView("I wanted a shift rota I could plan a birthday around.", "Marit Holm"),
        numbers=(("1,240,000", "tons"), ("61", "empty flats"), ("€7.40", "true cost of a ride")),
        appeal=AppealView(
            "We answer to readers",
            "You paid for this. " * 9,
            ("Give $15 once", f"{SITE}/1"),
            ("Give $5 a month", f"{SITE}/2"),
            ("Give $50 a year", f"{SITE}/3"),
            "Cards, bank transfer, PayPal",
            "Ada Marsh",
        ),
        about="Owned by 900 of its readers.",
        corrections_address="corrections.and.complaints@courier.example",
        privacy_url=f"{SITE}/privacy",
        look=look,
    )


@pytest.fixture(scope="module")
def pages() -> dict[tuple[str, str], str]:
    """The mail's HTML by language and look."""
    templates = Templates()

    def page(language: str, look: str) -> str:
        view = issue(language, look)
        rendering = render_issue(
            view, edition="full", templates=templates, compile_mjml=compile_mjml
        )
        return fill_html(rendering, READER)

    return {pair: page(*pair) for pair in product(("en", "de", "fr", "ar"), LOOKS)}


@pytest.fixture(scope="module")
def browser(system_part: Callable[[str], Path]) -> Iterator[Browser]:
    chromium = system_part("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_mail(browser: Browser, pages: dict[tuple[str, str], str]) -> Iterator[Callable[..., Page]]:
    """Return a function that shows the mail at a width; pictures come from here, nothing else."""
    opened: list[Page] = []

    def show(language: str, width: int, scheme: str = "light", look: str = "front-page") -> Page:
        page = browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        opened.append(page)
        page.route("**/*", answer)
        page.set_content(pages[language, look])
        page.wait_for_function("[...document.images].every((image) => image.complete)")
        return page

    yield show
    for page in opened:
        page.close()


def answer(route: Route) -> None:
    if route.request.url == f"{SITE}/p.jpg":
        route.fulfill(body=PICTURE, content_type="image/svg+xml")
    else:
        route.abort()


@pytest.mark.parametrize("language", ["en", "de", "fr", "ar"])
@pytest.mark.parametrize("width", [320, 375, 700])
@pytest.mark.parametrize("look", LOOKS)
def test_mail_never_scrolls_sideways(
    open_mail: Callable[..., Page], language: str, width: int, look: str
) -> None:
    page = open_mail(language, width, look=look)

    overflow = page.evaluate(
        "[...document.querySelectorAll('p, h1, h2, h3, a, img')].filter((e) => "
        "e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1)"
        ".map((e) => e.outerHTML)"
    )

    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert overflow == []


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("look", LOOKS)
def test_mail_text_is_readable(
    open_mail: Callable[..., Page], language: str, scheme: str, look: str
) -> None:
    page = open_mail(language, 700, scheme, look)
    pairs = [pair.split("|") for pair in page.evaluate(TEXT_COLOURS)]
    ratios = {f"{ink} on {ground}": contrast(rgb(ink), rgb(ground)) for ink, ground in pairs}

    assert len(ratios) >= 5
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < READABLE} == {}


def test_mail_is_dark_where_the_reader_asks_for_it(open_mail: Callable[..., Page]) -> None:
    page = open_mail("en", 700, "dark")
    grounds = page.evaluate(
        "[...document.querySelectorAll('.card > table, .bg > table, .tint > table')]"
        ".map((e) => getComputedStyle(e).backgroundColor)"
    )

    assert set(grounds) == {"rgb(28, 28, 28)", "rgb(18, 18, 18)", "rgb(38, 34, 27)"}


def test_pictures_have_descriptions_and_stretch_on_a_phone(open_mail: Callable[..., Page]) -> None:
    pictures = open_mail("en", 375).evaluate(
        "[...document.images].map((image) => [image.alt, image.getBoundingClientRect().width])"
    )

    assert len(pictures) == 6
    assert all(alt for alt, _ in pictures)
    assert {round(width) for _, width in pictures} == {375, 327}


def test_columns_stand_side_by_side_on_a_desktop_only(open_mail: Callable[..., Page]) -> None:
    tops = (
        "[...document.querySelectorAll('h3')].slice(1, 3).map((e) => e.getBoundingClientRect().top)"
    )

    wide = open_mail("en", 700).evaluate(tops)
    narrow = open_mail("en", 375).evaluate(tops)

    assert wide[0] == wide[1]
    assert narrow[0] < narrow[1]


@pytest.mark.parametrize(("language", "first_is_left"), [("en", True), ("ar", False)])
def test_figures_run_in_the_direction_of_the_script(
    open_mail: Callable[..., Page], language: str, first_is_left: bool
) -> None:
    """On a phone too: the row of figures never stacks."""
    boxes = open_mail(language, 375).evaluate(
        "['1,240,000', '€7.40'].map((figure) => [...document.querySelectorAll('p')]"
        ".findLast((e) => e.textContent === figure).getBoundingClientRect().toJSON())"
    )

    assert boxes[0]["top"] == boxes[1]["top"]
    assert (boxes[0]["left"] < boxes[1]["left"]) == first_is_left


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("width", [320, 700])
def test_no_words_are_smaller_than_13_pixels(
    open_mail: Callable[..., Page], look: str, width: int
) -> None:
    sizes = open_mail("en", width, look=look).evaluate(TEXT_SIZES)

    assert len(sizes) >= 5
    assert min(sizes) >= 13


@pytest.mark.parametrize("look", LOOKS)
def test_buttons_and_lone_links_are_large_enough_to_tap(
    open_mail: Callable[..., Page], look: str
) -> None:
    heights = open_mail("en", 320, look=look).evaluate(
        "[...document.querySelectorAll('.cta a, a[style*=\"inline-block\"]')]"
        ".map((a) => a.getBoundingClientRect().height)"
    )

    assert len(heights) == 10
    assert min(heights) >= 44


def rgb(painted: str) -> str:
    """Return ``#rrggbb`` for a computed colour such as ``rgb(1, 2, 3)``."""
    channels = painted[painted.index("(") + 1 : -1].split(",")[:3]
    return "#" + "".join(f"{int(channel):02x}" for channel in channels)

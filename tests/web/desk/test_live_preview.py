"""The preview beside the board, in a real browser: it changes by itself, keeps its place, goes to
the pick that is edited, and stays shut in its frame.
"""

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from digest.curation.issues import find_issue
from digest.curation.picks import edit_pick, list_picks
from digest.models import Role
from digest.press.preview import neutral_values
from digest.rendering.personalise import fill_html
from tests.web.desk.conftest import Desk
from tests.web.desk.test_board import ATTACKS

PICKS = 12
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 375, "height": 800}
ENTERED = "() => window.entered"


@pytest.fixture
def name(desk: Desk) -> str:
    return desk.house.newsroom.draft(
        date(2026, 12, 4), picks=PICKS, preheader="What is in it", subject="Tides"
    )


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport=WIDE) as context:
        yield context


def opened(desk: Desk, context: BrowserContext, name: str, editor: str = "ada") -> Page:
    """Return the board with its preview, once that is there."""
    desk.let_in(context, Role.EDITOR, editor)
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.goto(f"{desk.house.url}/desk/{name}")
    if page.locator("#pane").is_visible():
        expect(page.locator("#pane[data-shown]")).to_be_visible()
    return page


def mail(page: Page) -> Locator:
    return page.locator("#pane iframe:not(.coming)")


def retitle(page: Page, article: int, words: str) -> None:
    page.locator(f"#edit-{article}").evaluate("details => details.open = true")
    page.locator(f"#f-{article}-headline").fill(words)
    page.locator(f"#f-{article}-headline").press("Tab")


def test_frame_shows_an_edit_without_a_new_page(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    page = opened(desk, context, name)
    page.evaluate("window.entered = 'once'")

    retitle(page, 2, "The ferry will not wait")

    expect(mail(page).content_frame.get_by_text("The ferry will not wait").first).to_be_visible()
    expect(page.locator("#pane iframe")).to_have_count(1)
    assert page.evaluate("window.entered") == "once"


def test_frame_shows_what_is_being_typed_after_a_pause(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    page = opened(desk, context, name)
    page.locator("#open-2").click()
    page.locator("#f-2-headline").fill("Headline 1 and more")

    expect(mail(page).content_frame.get_by_text("Headline 1 and more").first).to_be_visible()
    expect(page.locator("#f-2-headline")).to_be_focused()


def test_frame_holds_the_bytes_that_would_be_approved(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    page = opened(desk, context, name)
    source = mail(page).get_attribute("src")

    shown = page.request.get(f"{desk.house.url}{source}").text()

    with desk.app.db.read() as session:
        public_id = find_issue(session, name).public_id
    site = desk.app.config.site_of(desk.app.config.newsletters[0])
    full = desk.house.newsroom.render(name)[0]
    assert shown == fill_html(full, neutral_values(site, public_id))


def test_pane_keeps_its_place_and_nothing_flashes(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    page = opened(desk, context, name)
    view = page.locator("#pane .view")
    view.evaluate("view => view.scrollTop = 150")
    page.evaluate(
        """() => {
          window.frames_seen = [];
          const view = document.querySelector("#pane .view");
          const isSeen = (frame) => getComputedStyle(frame).visibility === "visible";
          new MutationObserver(() => window.frames_seen.push(
            [...view.querySelectorAll("iframe")].filter(isSeen).length
          )).observe(view, {childList: true, attributes: true, subtree: true});
        }"""
    )
    page.locator("#open-words").click()
    page.locator("#f-words-topper").fill("A note at the head")
    page.locator("#f-words-topper").press("Tab")
    expect(mail(page).content_frame.get_by_text("A note at the head").first).to_be_visible()

    assert view.evaluate("view => view.scrollTop") == 150
    assert set(page.evaluate("window.frames_seen")) == {1}


def test_pane_goes_to_the_pick_that_is_edited(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    page = opened(desk, context, name)
    retitle(page, PICKS, "The last one of all")
    words = mail(page).content_frame.get_by_text("The last one of all").first
    expect(words).to_be_visible()
    page.wait_for_timeout(500)  # its place is told after the words

    port, at = page.locator("#pane .view").bounding_box(), words.bounding_box()
    assert port is not None
    assert at is not None
    assert port["y"] <= at["y"] <= port["y"] + port["height"]


def test_looks_and_editions_are_chosen_in_the_pane(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    page = opened(desk, context, name)
    tabs = page.locator("#pane .tabs")
    tabs.get_by_role("link", name="Phone").click()
    expect(page.locator("#pane iframe.phone")).to_be_visible()
    tabs.get_by_role("link", name="Headlines").click()
    expect(page.locator("#edition-headlines")).to_have_attribute("aria-current", "true")
    expect(page.locator("#edition-headlines")).to_be_focused()
    assert "Summary 2." not in mail(page).content_frame.locator("body").inner_text()
    tabs.get_by_role("link", name="Text").click()
    expect(
        mail(page)
        .content_frame.get_by_text("HEADLINE 0")
        .or_(mail(page).content_frame.get_by_text("Headline 0"))
        .first
    ).to_be_visible()
    assert page.url.endswith(name)


def test_choice_stays_through_an_edit(desk: Desk, context: BrowserContext, name: str) -> None:
    page = opened(desk, context, name)
    page.locator("#edition-headlines").click()
    expect(page.locator("#edition-headlines")).to_have_attribute("aria-current", "true")
    retitle(page, 2, "A new one")
    expect(mail(page).content_frame.get_by_text("A new one").first).to_be_visible()
    assert "headlines.html" in str(mail(page).get_attribute("src"))


def test_closed_pane_stays_closed_in_this_browser_without_a_cookie(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    page = opened(desk, context, name)
    cookies = context.cookies()
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#pane")).to_be_hidden()
    page.reload()
    expect(page.locator("#pane")).to_be_hidden()
    page.get_by_role("button", name="Open the preview").click()
    expect(mail(page).content_frame.get_by_text("Headline 0").first).to_be_visible()
    assert context.cookies() == cookies


def test_issue_that_is_not_ready_says_why_in_the_pane(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    page = opened(desk, context, name)
    page.locator("#open-words").click()
    page.locator("#f-words-subject").fill("")
    page.locator("#f-words-subject").press("Tab")
    expect(page.locator("#showing")).to_contain_text("has no subject yet")
    page.locator("#f-words-subject").fill("Again")
    page.locator("#f-words-subject").press("Tab")
    expect(mail(page).content_frame.get_by_text("Headline 0").first).to_be_visible()


def test_phone_has_the_preview_behind_a_link(desk: Desk, browser: Browser, name: str) -> None:
    for scripts in (True, False):
        with browser.new_context(viewport=PHONE, java_script_enabled=scripts) as context:
            page = opened(desk, context, name, f"ada{scripts}")
            assert not page.locator("#pane").is_visible()
            page.get_by_role("link", name="Preview and preflight").click()
            expect(page.locator("#preflight")).to_be_visible()
            assert not page.locator("#board-frame").is_visible()
            if scripts:
                expect(mail(page).content_frame.get_by_text("Headline 0").first).to_be_visible()
            width = "page => page.scrollWidth <= page.clientWidth"
            assert page.locator("html").evaluate(width)
            page.get_by_role("link", name="To the cards").click()
            expect(page.locator("#board-frame")).to_be_visible()


def test_board_with_its_preview_is_fit_for_everybody(
    desk: Desk, browser: Browser, name: str, axe: Callable[[Page], list[str]]
) -> None:
    for number, size in enumerate((WIDE, PHONE)):
        with browser.new_context(viewport=size) as context:
            page = opened(desk, context, name, f"ada{number}")
            if size is PHONE:
                page.get_by_role("link", name="Preview and preflight").click()
                expect(mail(page)).to_be_visible()
            page.locator("#wishes").click()
            assert axe(page) == []


def test_hostile_words_stay_shut_in_the_frame(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    """The payloads reach the frame as words; its policy would let nothing else happen."""
    with desk.app.db.write() as session:
        issue = find_issue(session, name)
        for attack, (_, pick, _) in zip(ATTACKS, list_picks(session, issue.id), strict=False):
            edit_pick(session, issue, pick, {"headline": attack, "blurb": attack})
    alarms: list[str] = []
    page = context.new_page()
    page.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    page.close()
    page = opened(desk, context, name)
    page.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: alarms.append(message.text))
    retitle(page, 1, f"{ATTACKS[0]} once more")
    expect(mail(page).content_frame.get_by_text(f"{ATTACKS[0]} once more").first).to_be_visible()

    inside = mail(page).content_frame
    assert inside.locator("script, iframe, form, object, embed").count() == 0
    assert mail(page).get_attribute("sandbox") == ""
    answer = page.request.get(f"{desk.house.url}{mail(page).get_attribute('src')}")
    policy = answer.headers["content-security-policy"]
    assert policy == (
        "sandbox; default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; "
        "frame-ancestors 'self'"
    )
    assert alarms == []

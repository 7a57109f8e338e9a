"""The board in a real browser: by mouse, by keys alone, by two editors, on a phone."""

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from digest.curation.issues import find_issue
from digest.curation.picks import list_picks
from digest.models import Role
from tests.web.desk.conftest import PASSWORD, Desk
from tests.web.desk.test_board import ATTACKS


@pytest.fixture
def name(desk: Desk) -> str:
    return desk.house.newsroom.draft(date(2026, 12, 4))


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield context


EXPECT = 5_000


def opened(desk: Desk, context: BrowserContext, name: str, editor: str = "ada") -> Page:
    """Return the board in a browser that an editor signed in to."""
    page = context.new_page()
    page.set_default_timeout(EXPECT)  # milliseconds
    page.goto(f"{desk.house.url}/desk/sign-in")
    page.get_by_label("E-mail address").fill(desk.add(Role.EDITOR, editor))
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk")
    page.goto(f"{desk.house.url}/desk/{name}")
    return page


def board_of(desk: Desk, name: str) -> list[tuple[str, str]]:
    with desk.app.db.read() as session:
        rows = list_picks(session, find_issue(session, name).id)
        return [(section.heading, pick.headline) for section, pick, _ in rows]


def drag(page: Page, headline: str, x: float, y: float) -> None:
    grip = page.locator(".pick", has_text=headline).locator(".grip").bounding_box()
    assert grip is not None
    page.mouse.move(grip["x"] + 4, grip["y"] + 8)
    page.mouse.down()
    page.mouse.move(x, y - 20, steps=8)
    page.mouse.move(x, y, steps=4)
    page.wait_for_timeout(200)  # the cards make room, animated
    page.mouse.up()


def said(page: Page) -> str:
    expect(page.locator("#said p")).to_be_visible()
    return page.locator("#said").inner_text()


def test_drag_within_and_between_sections(desk: Desk, context: BrowserContext, name: str) -> None:
    page = opened(desk, context, name)
    box = page.locator(".pick", has_text="Headline 2").bounding_box()
    assert box is not None
    drag(page, "Headline 0", box["x"] + 40, box["y"] + box["height"] - 4)
    expect(page.locator("#said")).to_contain_text("Now 3 of 3 in News")
    assert [each[1] for each in board_of(desk, name)] == ["Headline 1", "Headline 2", "Headline 0"]

    features = page.locator("section", has_text="Features").locator(".picks").bounding_box()
    assert features is not None
    drag(page, "Headline 1", features["x"] + 60, features["y"] + 20)
    expect(page.locator("#said")).to_contain_text("Now 1 of 1 in Features")
    assert ("Features", "Headline 1") in board_of(desk, name)


def test_same_by_keys_alone_and_undone_by_keys(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    page, before = opened(desk, context, name), board_of(desk, name)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.pick') !== null"):
            break
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#said")).to_contain_text("Now 2 of 3 in News")
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#said")).to_contain_text("Now 3 of 3 in News")
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator("#said")).to_contain_text("Now 1 of 1 in Features")
    assert board_of(desk, name)[-1] == ("Features", "Headline 0")

    for left in (2, 1, 0):
        page.keyboard.press("Control+z")
        expect(page.locator("#undo")).to_have_count(1 if left else 0)
        expect(page.locator("#board")).not_to_have_attribute("inert", "")
        if left == 2:
            expect(page.locator("section", has_text="Features").locator(".pick")).to_have_count(0)
        if left == 1:
            expect(page.locator(".pick").nth(1)).to_contain_text("Headline 0")
    assert board_of(desk, name) == before


def test_key_that_comes_at_once_after_a_move_is_no_other_than_the_next(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    """What was swapped in is ready when it is there: nothing sends the page away."""
    page = opened(desk, context, name)
    page.evaluate(
        """() => new MutationObserver((_, observer) => {
             observer.disconnect();
             document.activeElement.click();
           }).observe(document.getElementById("said"), {childList: true})"""
    )
    page.locator("button[value=down]").first.press("Enter")
    expect(page.locator("#said")).to_contain_text("Now 3 of 3 in News")


def test_fields_save_themselves_and_keep_what_is_being_typed(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    page = opened(desk, context, name)
    card = page.locator(".pick", has_text="Headline 0")
    card.locator("summary").click()
    card.get_by_label("Headline", exact=True).fill("A better headline")
    card.get_by_label("Blurb").press_sequentially("Typed while it was saved. ")
    expect(page.locator("#said")).to_contain_text("Saved as version")
    expect(page.locator(".pick strong").first).to_have_text("A better headline")
    page.keyboard.press("Tab")
    expect(page.locator(".pick .face").first).to_contain_text("Typed while it was saved.")
    page.reload()
    expect(page.locator(".pick strong").first).to_have_text("A better headline")
    assert board_of(desk, name)[0][1] == "A better headline"


def test_two_editors_in_conflict_see_both_and_choose(
    desk: Desk, browser: Browser, name: str
) -> None:
    with browser.new_context() as first, browser.new_context() as second:
        ada, bob = opened(desk, first, name, "ada"), opened(desk, second, name, "bob")
        for page, words in ((ada, "Ada's words"), (bob, "Bob's words")):
            page.locator("#open-1").click()
            page.locator("#f-1-headline").fill(words)
            page.locator("#f-1-headline").press("Tab")
            if page is ada:
                assert "Saved" in said(ada)
        expect(bob.get_by_text("Theirs, saved now")).to_be_visible()
        assert bob.locator(".two pre").all_inner_texts() == ["Ada's words", "Bob's words"]
        assert board_of(desk, name)[0][1] == "Ada's words"

        bob.get_by_role("button", name="Take mine").click()
        expect(bob.locator(".pick strong").first).to_have_text("Bob's words")
        assert board_of(desk, name)[0][1] == "Bob's words"

        ada.locator("#f-1-headline").fill("Ada again")
        ada.locator("#f-1-headline").press("Tab")
        ada.get_by_role("button", name="Take theirs").click()
        expect(ada.locator("#f-1-headline")).to_have_value("Bob's words")
        assert board_of(desk, name)[0][1] == "Bob's words"


def test_phone_without_scripts(desk: Desk, browser: Browser, name: str) -> None:
    size = {"width": 375, "height": 800}
    with browser.new_context(java_script_enabled=False, viewport=size) as context:
        page = opened(desk, context, name)
        page.get_by_role("button", name="Move to the next section: Headline 0").click()
        assert ("Features", "Headline 0") in board_of(desk, name)
        page.get_by_role("button", name="Undo a move").click()
        assert board_of(desk, name)[0] == ("News", "Headline 0")
        page.locator("#open-1").click()
        page.locator("#f-1-headline").fill("By hand")
        page.locator("#edit-1").get_by_role("button", name="Save").click()
        assert board_of(desk, name)[0][1] == "By hand"
        expect(page.locator("#f-1-headline")).to_be_visible()
        page.locator("#edit-1").get_by_role("button", name="Take out of the issue").click()
        expect(page.locator(".pick")).to_have_count(2)


def test_board_is_fit_for_everybody(
    desk: Desk, browser: Browser, name: str, axe: Callable[[Page], list[str]]
) -> None:
    with browser.new_context(viewport={"width": 375, "height": 800}) as context:
        page = opened(desk, context, name)
        page.locator("#open-words").click()
        page.locator("#open-1").click()
        width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        assert page.evaluate(width)
        assert axe(page) == []


@pytest.mark.parametrize("width", [1400, 2200])
def test_all_has_one_left_and_one_right_edge(
    desk: Desk, browser: Browser, name: str, width: int
) -> None:
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        page = opened(desk, context, name)
        edges = {
            "": (["header .brand", ".tabs.issue", "#board"], [".who", ".tabs.issue", "#pane"]),
            "/preview": (
                ["header .brand", ".tabs.issue", ".proof"],
                [".who", ".tabs.issue", ".aside"],
            ),
            "/schedule": (["header .brand", ".tabs.issue", ".steering"], [".who", ".tabs.issue"]),
        }
        seen = set()
        for tail, (left, right) in edges.items():
            page.goto(f"{desk.house.url}/desk/{name}{tail}")
            seen |= {("left", edge_of(page, each, "left")) for each in left}
            seen |= {("right", edge_of(page, each, "right")) for each in right}
    assert len(seen) == 2, seen


def edge_of(page: Page, selector: str, side: str) -> int:
    script = f"element => Math.round(element.getBoundingClientRect().{side})"
    return int(page.locator(selector).first.evaluate(script))


def test_hostile_words_do_nothing(desk: Desk, context: BrowserContext, name: str) -> None:
    page = opened(desk, context, name)
    alarms: list[str] = []
    page.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: alarms.append(message.text))
    page.locator("#open-1").click()
    for attack in ATTACKS:
        page.locator("#f-1-headline").fill(attack)
        page.locator("#f-1-blurb").fill(attack)
        page.locator("#f-1-kicker").fill(attack)
        page.keyboard.press("Tab")
        expect(page.locator(".pick strong").first).to_have_text(attack)
    page.reload()
    expect(page.locator(".pick strong").first).to_have_text(ATTACKS[-1])
    assert page.locator(".pick img, .pick svg, .pick iframe, .pick script").count() == 0
    assert alarms == []


def test_what_was_done_is_said_as_what_it_was(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    page = opened(desk, context, name)
    for headline, button, words in (
        ("Headline 0", "Hold over to the next issue", "Held over: it is in the next issue"),
        ("Headline 1", "Take out of the issue", "Taken out of the issue. It waits in the inbox."),
    ):
        card = page.locator(".pick", has_text=headline)
        card.locator("summary", has_text="Edit").click()
        card.get_by_role("button", name=button).click()
        expect(page.locator("#said")).to_contain_text(words)

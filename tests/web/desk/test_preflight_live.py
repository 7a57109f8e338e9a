"""Preflight beside the board: after each save, of the present version, with the cards it means."""

from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from digest.curation.issues import edit_issue, find_issue
from digest.curation.picks import edit_pick, find_pick
from digest.models import Role
from digest.press.preflight.findings import Level
from digest.press.preflight.records import find_report
from digest.web.desk.checking import SIGNS, Checked, checked_of
from tests.web.desk.conftest import Desk

UNFINISHED = "TK: a headline"


@pytest.fixture
def name(desk: Desk) -> str:
    return desk.house.newsroom.draft(date(2026, 12, 4))


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        yield context


def opened(desk: Desk, context: BrowserContext, name: str) -> Page:
    desk.let_in(context, Role.EDITOR, "ada")
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.goto(f"{desk.house.url}/desk/{name}")
    return page


def kept(desk: Desk, name: str) -> Checked:
    with desk.app.db.read() as session:
        return checked_of(find_issue(session, name))


def retitle(desk: Desk, name: str, article: int, headline: str) -> None:
    with desk.app.db.write() as session:
        issue = find_issue(session, name)
        edit_pick(session, issue, find_pick(session, issue, article), {"headline": headline})


def test_finding_knows_its_article_and_leads_to_its_card(desk: Desk, name: str) -> None:
    retitle(desk, name, 2, UNFINISHED)
    browser = desk.signed_in(Role.CONTRIBUTOR)
    assert browser.post(f"/desk/{name}/preflight").status_code == 303

    page = browser.get(f"/desk/{name}/preview").text

    assert f'href="/desk/{name}?open=2#card-2">{UNFINISHED}</a>' in page
    mark = kept(desk, name).marks[2]
    assert mark.level is Level.BLOCK or mark.level is Level.WARN
    assert any("unfinished" in found.message for found in mark.findings)


def test_cards_are_marked_where_there_is_no_script(desk: Desk, name: str) -> None:
    retitle(desk, name, 2, UNFINISHED)
    browser = desk.signed_in(Role.CONTRIBUTOR)
    browser.post(f"/desk/{name}/preflight")
    board = browser.get(f"/desk/{name}").text
    assert 'id="mark-2" class="mark ' in board
    assert 'id="mark-1" class="mark" href="#preflight" hidden' in board


def test_other_version_s_report_is_called_that_and_marks_nothing(desk: Desk, name: str) -> None:
    retitle(desk, name, 2, UNFINISHED)
    browser = desk.signed_in(Role.CONTRIBUTOR)
    browser.post(f"/desk/{name}/preflight")
    before = kept(desk, name)
    retitle(desk, name, 2, "Finished")

    board = browser.get(f"/desk/{name}").text

    assert before.report is not None
    assert f"This was said of version {before.report.version}" in board
    assert kept(desk, name).marks == {}
    assert 'id="mark-2" class="mark" href="#preflight" hidden' in board


def test_level_has_a_sign_and_words_of_its_own(desk: Desk, name: str) -> None:
    assert len(set(SIGNS.values())) == len(Level)
    with desk.app.db.write() as session:
        edit_issue(session, find_issue(session, name), {"preheader": "Short"})
    browser = desk.signed_in(Role.CONTRIBUTOR)
    browser.post(f"/desk/{name}/preflight")
    page = browser.get(f"/desk/{name}/preview").text
    for level, sign in SIGNS.items():
        if any(found.level is level for found in kept(desk, name).report.findings):  # type: ignore[union-attr]
            assert sign in page


def test_it_runs_after_a_save_and_is_kept_with_the_issue(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    page = opened(desk, context, name)
    expect(page.locator("#preflight")).to_contain_text("the present one")
    page.locator("#open-2").click()
    page.locator("#f-2-headline").fill(UNFINISHED)
    page.locator("#f-2-headline").press("Tab")

    expect(page.locator("#preflight")).to_contain_text("looks unfinished")
    expect(page.locator("#mark-2")).to_be_visible()
    with desk.app.db.read() as session:
        issue = find_issue(session, name)
        report = find_report(issue)
        assert report is not None
        assert report.version == issue.version
        assert not report.online
    version = page.locator("#issue-state").get_attribute("data-version")
    assert page.locator("#preflight").get_attribute("data-version") == version

    page.locator("#f-2-headline").fill("Finished")
    page.locator("#f-2-headline").press("Tab")
    expect(page.locator("#mark-2")).to_be_hidden()
    expect(page.locator("#preflight")).not_to_contain_text("looks unfinished")


def test_finding_opens_its_card_without_a_new_page(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    retitle(desk, name, 3, UNFINISHED)
    page = opened(desk, context, name)
    page.evaluate("window.entered = 'once'")
    # By key: while the mail comes, what is below it moves, and a pointer would miss it.
    page.locator('#preflight .about[data-article="3"]').first.press("Enter")
    expect(page.locator("#f-3-headline")).to_be_visible()
    expect(page.locator("#open-3")).to_be_focused()
    assert page.evaluate("window.entered") == "once"


def test_it_runs_with_the_preview_closed_too(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    page = opened(desk, context, name)
    page.get_by_role("button", name="Close").click()
    page.locator("#open-2").click()
    page.locator("#f-2-headline").fill(UNFINISHED)
    page.locator("#f-2-headline").press("Tab")
    expect(page.locator("#mark-2")).to_be_visible()
    page.locator("#mark-2").click()
    expect(page.locator("#preflight")).to_be_visible()


def test_issue_that_is_not_ready_is_looked_at_once_a_version(
    desk: Desk, context: BrowserContext, name: str
) -> None:
    """With the preview closed, where nothing but preflight is asked for."""
    page = opened(desk, context, name)
    page.get_by_role("button", name="Close").click()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator("#open-words").click()
    page.locator("#f-words-subject").fill("")
    page.locator("#f-words-subject").press("Tab")
    expect(page.locator("#said")).to_contain_text("Saved as version")
    page.wait_for_timeout(1_500)
    assert sum(url.endswith("/preflight") for url in asked) == 1


def test_quick_look_asks_nothing_outside_and_says_so(desk: Desk, name: str) -> None:
    browser = desk.signed_in(Role.CONTRIBUTOR)
    answer = browser.client.post(
        f"/desk/{name}/preflight",
        data={"token": browser.token, "quick": "yes", "cards": "yes"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    assert "links and pictures were not asked for" in answer.text
    assert answer.text.count('hx-swap-oob="true"') == 3  # a mark for each card


def test_issue_that_is_not_ready_says_why_in_the_panel(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    browser.post("/desk/weekly/begin")
    answer = browser.client.post(
        "/desk/weekly/1/preflight", data={"token": browser.token}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert "has no subject yet" in answer.text

"""Holding a pick over at the desk, the words that stand, and the draft that opens by itself."""

from collections.abc import Callable
from datetime import date

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from digest.curation.issues import edit_issue, find_issue
from digest.curation.newsletters import find_newsletter, skip_date
from digest.curation.picks import list_picks
from digest.models import AuditEntry, Role
from tests.web.desk.conftest import Browser, Desk

THIS_WEEK = date(2026, 11, 27)


def headlines(desk: Desk, name: str) -> list[str]:
    with desk.app.db.read() as session:
        issue = find_issue(session, name)
        return [pick.headline for _, pick, _ in list_picks(session, issue.id)]


def day(desk: Desk, name: str) -> date | None:
    with desk.app.db.read() as session:
        return find_issue(session, name).slot_date


def removal(page: str, article_id: int) -> str:
    return page.partition(f'id="removal-{article_id}"')[2].partition('value="')[2].partition('"')[0]


def hold(desk: Desk, browser: Browser, name: str, article_id: int = 1):
    was = removal(browser.get(f"/desk/{name}").text, article_id)
    return browser.post(f"/desk/{name}/picks/{article_id}/hold-over", was=was)


def test_pick_is_held_over_to_a_draft_that_opens_for_it(desk: Desk) -> None:
    name = desk.house.newsroom.draft(THIS_WEEK)
    browser = desk.signed_in(Role.CONTRIBUTOR)

    assert hold(desk, browser, name).headers["location"] == f"/desk/{name}"

    assert headlines(desk, "weekly/1") == ["Headline 1", "Headline 2"]
    assert headlines(desk, "weekly/2") == ["Headline 0"]
    assert day(desk, "weekly/2") == date(2026, 12, 4)
    with desk.app.db.read() as session:
        entries = [(e.verb, e.about) for e in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert entries[-2:] == [("hold over", "weekly/1"), ("take over", "weekly/2")]


def test_skipped_week_is_stepped_over(desk: Desk) -> None:
    name = desk.house.newsroom.draft(THIS_WEEK)
    with desk.app.db.write() as session:
        skip_date(session, find_newsletter(session, "weekly"), date(2026, 12, 4))
    hold(desk, desk.signed_in(Role.CONTRIBUTOR), name)

    assert day(desk, "weekly/2") == date(2026, 12, 11)


def test_extra_gives_to_the_next_slot(desk: Desk) -> None:
    this_week = desk.house.newsroom.draft(THIS_WEEK, picks=1)
    extra = desk.house.newsroom.draft(picks=3)
    browser = desk.signed_in(Role.CONTRIBUTOR)

    refused = hold(desk, browser, extra)
    hold(desk, browser, extra, article_id=2)

    assert refused.status_code == 409
    assert "is in number 1 already" in refused.text
    assert headlines(desk, this_week) == ["Headline 0", "Headline 1"]
    assert headlines(desk, extra) == ["Headline 0", "Headline 2"]


def test_holding_over_is_undone(desk: Desk) -> None:
    name = desk.house.newsroom.draft(THIS_WEEK)
    browser = desk.signed_in(Role.CONTRIBUTOR)
    hold(desk, browser, name, article_id=2)
    page = browser.get(f"/desk/{name}").text
    assert "Undo holding over" in page
    change = page.partition('name="change" value="')[2].partition('"')[0]
    browser.post(f"/desk/{name}/undo", change=change)

    assert headlines(desk, name) == ["Headline 0", "Headline 1", "Headline 2"]
    assert headlines(desk, "weekly/2") == []


def test_article_that_somebody_changed_is_not_held_over_unseen(desk: Desk) -> None:
    name = desk.house.newsroom.draft(THIS_WEEK)
    browser = desk.signed_in(Role.CONTRIBUTOR)
    answer = browser.post(f"/desk/{name}/picks/1/hold-over", was="0" * 16)

    assert answer.status_code == 409
    assert "Somebody changed this article" in answer.text
    assert len(headlines(desk, name)) == 3


def test_standing_words_are_marked_by_editors_and_begin_the_next_draft(desk: Desk) -> None:
    name = desk.house.newsroom.draft(THIS_WEEK)
    with desk.app.db.write() as session:
        quote, topper = {"text": "So it is.", "who": "Mayor"}, {"text": "Hello.", "signed": "Ada"}
        edit_issue(session, find_issue(session, name), {"quote": quote, "topper": topper})
    contributor, browser = desk.signed_in(Role.CONTRIBUTOR), desk.signed_in(Role.EDITOR)
    assert "Goes on into the next draft" not in contributor.get(f"/desk/{name}").text
    assert browser.post(f"/desk/{name}/standing", standing="subject").status_code == 422

    browser.post(f"/desk/{name}/standing", standing=["quote", "signed"])
    page = browser.get(f"/desk/{name}").text
    assert 'value="quote" checked' in page
    assert 'value="topper">' in page
    hold(desk, browser, name)

    with desk.app.db.read() as session:
        later = find_issue(session, "weekly/2")
        assert later.quote == {"text": "So it is.", "who": "Mayor"}
        assert later.topper == {"signed": "Ada"}


def test_pick_is_held_over_in_a_browser(
    desk: Desk, browser: Chromium, axe: Callable[[Page], list[str]]
) -> None:
    name = desk.house.newsroom.draft(THIS_WEEK)
    with browser.new_context(viewport={"width": 375, "height": 800}) as context:
        desk.let_in(context, Role.EDITOR)
        page = context.new_page()
        page.goto(f"{desk.house.url}/desk/{name}?open=words")
        assert axe(page) == []
        page.locator("#open-1").click()
        page.locator("#card-1").get_by_role("button", name="Hold over to the next issue").click()
        expect(page.locator("#card-1")).to_have_count(0)
        assert headlines(desk, "weekly/2") == ["Headline 0"]
        page.get_by_role("button", name="Undo holding over").click()
        expect(page.locator("#card-1")).to_have_count(1)
        assert page.locator("html").evaluate("e => e.scrollWidth <= e.clientWidth")
    assert headlines(desk, "weekly/2") == []

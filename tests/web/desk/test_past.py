"""Past issues at the desk: which there are, how they went, what is said of complaints."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from lxml import html
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from sqlalchemy import event

from digest.curation.issues import find_issue
from digest.delivery.ledger.sums import Sums
from digest.models import Issue, LedgerSum, Role, SuppressionReason
from digest.operations.housekeeping import shrink
from digest.scheduler import tick_once
from digest.subscribers.suppression import suppress_index
from digest.testing.past import publish
from digest.web.desk.past import A_PAGE, BAR, CHARTED, pieces_of
from tests.web.desk.conftest import Desk

FRIDAY = date(2026, 11, 27)


def sent(desk: Desk, run, **texts: str) -> str:
    """Send a whole issue to the readers there are; return what it is called."""
    name: str = desk.house.newsroom.ready(FRIDAY, **texts)
    run(tick_once(desk.app))
    assert desk.house.newsroom.state(name) == "sent"
    return name


def words(desk: Desk, path: str = "/desk/issues", role: Role = Role.CONTRIBUTOR) -> str:
    answer = desk.signed_in(role, "reader").get(path)
    assert answer.status_code == 200
    return " ".join(" ".join(html.fromstring(answer.text).itertext()).split())


def subjects(desk: Desk, **asked: str) -> list[str]:
    answer = desk.signed_in(Role.CONTRIBUTOR, "-".join(asked)).get("/desk/issues", params=asked)
    assert answer.status_code == 200, answer.text
    return [found.text_content() for found in html.fromstring(answer.text).iterfind(".//li//h2")]


def test_sums_of_a_sent_issue_are_those_of_its_rows(desk: Desk, run) -> None:
    sent(desk, run)
    said = words(desk)
    assert "Frozen 2 Accepted 2 Rejected 0 Complaints none Bounces none" in said


def test_what_was_sent_is_one_click_away(desk: Desk, run) -> None:
    name = sent(desk, run)
    page = desk.signed_in(Role.EDITOR).get("/desk/issues").text
    for link in (f"/desk/{name}/preview", f"/desk/{name}/corrections", "/n/weekly/archive/1"):
        assert f'{link}"' in page


def test_corrections_are_offered_to_editors_alone(desk: Desk, run) -> None:
    name = sent(desk, run)
    page = desk.signed_in(Role.CONTRIBUTOR).get("/desk/issues").text
    assert f"/desk/{name}/corrections" not in page


def test_sums_are_kept_when_sending_ends_and_rows_are_not_added_up_again(desk: Desk, run) -> None:
    name = sent(desk, run)
    with desk.app.db.read() as session:
        assert find_issue(session, name).sums["accepted"] == 2
    asked: list[str] = []
    browser = desk.signed_in(Role.CONTRIBUTOR)
    event.listen(
        desk.app.db.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_rest: asked.append(statement),
    )
    browser.get("/desk/issues")
    adding = [each for each in asked if "deliveries" in each and "GROUP BY deliveries.st" in each]
    assert adding == []


def test_kept_sums_are_not_believed_once_a_doubt_was_settled(desk: Desk, run) -> None:
    name = sent(desk, run)
    with desk.app.db.write() as session:
        issue = find_issue(session, name)
        issue.sums = {**issue.sums, "accepted": 1, "uncertain": 1}
    assert "Frozen 2 Accepted 2 Rejected 0" in words(desk)


def test_issue_whose_rows_are_gone_shows_its_signed_sums(desk: Desk, run) -> None:
    name = sent(desk, run)
    with desk.app.db.read() as session:
        issue_id = find_issue(session, name).id
    desk.clock.advance(timedelta(days=100))
    shrink(desk.app, issue_id, lambda: False, lambda _done, _all: None)
    with desk.app.db.write() as session:
        session.get_one(Issue, issue_id).sums = None
    assert "Frozen 2 Accepted 2 Rejected 0" in words(desk)

    with desk.app.db.write() as session:
        kept = session.get_one(LedgerSum, issue_id)
        kept.sums = {**kept.sums, "rows": {"audience": {"accepted": 1, "rejected": 1}}}
    changed = desk.signed_in(Role.EDITOR).get("/desk/issues").text
    assert "their signature does not fit" in changed


def test_complaints_are_held_against_the_lines_of_gmail(desk: Desk, run) -> None:
    sent(desk, run)
    with desk.app.db.write() as session:
        now = desk.clock.now()
        suppress_index(session, b"x" * 32, SuppressionReason.COMPLAINED, now=now)
    said = words(desk)
    assert "Complaints 1 (50.00 %)" in said
    assert "at 0.3 % or above" in said


def test_issue_on_its_way_is_not_added_up(desk: Desk) -> None:
    desk.house.newsroom.ready(FRIDAY)
    desk.app.sender.tick()
    assert "Being sent to 2 readers." in words(desk)


def many(desk: Desk, count: int) -> None:
    for number in range(count):
        publish(desk.house.newsroom, subject=f"Kräne {number}")


def test_pages_follow_one_another(desk: Desk) -> None:
    many(desk, A_PAGE + 2)
    browser = desk.signed_in(Role.CONTRIBUTOR)
    first = html.fromstring(browser.get("/desk/issues?newsletter=weekly").text)
    [older] = [a.get("href") for a in first.iterfind(".//nav/a") if a.text == "Older"]
    assert "newsletter=weekly" in older
    second = html.fromstring(browser.get(older).text)

    shown = [page.findall(".//li//h2") for page in (first, second)]
    assert [len(each) for each in shown] == [A_PAGE, 2]
    assert shown[1][-1].text_content() == "Kräne 0"
    assert len(first.findall(".//tbody/tr")) == min(CHARTED, A_PAGE + 2)


def test_issues_are_found_by_subject_state_and_newsletter(desk: Desk) -> None:
    publish(desk.house.newsroom, subject="Die Kräne stehen still")
    publish(desk.house.newsroom, subject="The night bus")
    desk.house.newsroom.draft(subject="Kranich")
    assert subjects(desk, search="KRÄNE") == ["Die Kräne stehen still"]
    assert subjects(desk, state="draft") == ["Kranich"]
    assert len(subjects(desk, newsletter="weekly", state="sent")) == 2


@pytest.mark.parametrize("query", ["state=x", "newsletter=x", "before=x", "before=-1"])
def test_what_was_not_offered_is_refused(desk: Desk, query: str) -> None:
    assert desk.signed_in(Role.CONTRIBUTOR).get(f"/desk/issues?{query}").status_code == 422


@pytest.mark.parametrize(
    "counts", [(10, 0, 0), (1_000_000, 1, 1), (1, 1_000_000, 3), (0, 0, 1), (0, 0, 0)]
)
def test_nothing_disappears_from_the_small_picture(counts: tuple[int, int, int]) -> None:
    accepted, rejected, skipped = counts
    sums = Sums(sum(counts), 0, 0, accepted, rejected, skipped, 0, 0)
    pieces = pieces_of(sums)
    assert len(pieces) == sum(count > 0 for count in counts)
    assert all(piece.width > 0 for piece in pieces)
    assert sum(piece.width for piece in pieces) == (BAR if pieces else 0)


@pytest.mark.parametrize("width", [375, 1280])
def test_chart_says_what_its_table_says(
    desk: Desk, browser: Chromium, axe: Callable[[Page], list[str]], width: int
) -> None:
    many(desk, 3)
    with browser.new_context(viewport={"width": width, "height": 800}) as context:
        desk.let_in(context, Role.OPERATOR)
        page = context.new_page()
        failures: list[str] = []
        page.on("console", lambda message: failures.append(message.text))
        page.goto(f"{desk.house.url}/desk/issues")
        expect(page.locator("#chart canvas")).to_be_visible()
        expect(page.locator("#figures tbody tr")).to_have_count(3)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert axe(page) == []
        assert failures == []

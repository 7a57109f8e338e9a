"""A newsletter's readers as a whole: the chart out of its table, and the file."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO, StringIO

import pytest
from PIL import Image
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from digest.curation.newsletters import find_newsletter
from digest.models import ReaderDay, Role
from digest.operations.housekeeping import keep_house
from tests.web.conftest import ANNA, BEN
from tests.web.desk.conftest import Browser, Desk
from tests.web.desk.test_readers import assert_named_nowhere, record

GROWTH = "/desk/readers/growth/weekly"
EXPORT = "/desk/readers/export/weekly"
FORMULAS = ("=1+1", "+1", "-1+1", "@SUM(A1)", "'=1", "=HYPERLINK(0)")


@pytest.fixture
def publisher(desk: Desk) -> Browser:
    return desk.signed_in(Role.PUBLISHER)


def tally(desk: Desk, weeks: int = 60) -> None:
    """Write a year of days: each week 40 come and 10 go."""
    last = desk.clock.now().date() - timedelta(days=1)
    with desk.app.db.write() as session:
        newsletter_id = find_newsletter(session, "weekly").id
        for number in range(weeks):
            day = last - timedelta(days=7 * number)
            readers = 5000 - 30 * number if number < 30 else None
            row = {"newsletter_id": newsletter_id, "day": day, "readers": readers}
            session.add(ReaderDay(came=40, went=10, **row))


def test_growth_is_empty_before_the_first_tally_and_filled_by_housekeeping(
    desk: Desk, publisher: Browser
) -> None:
    assert "No day is tallied yet" in publisher.get(GROWTH).text
    assert publisher.get("/desk/readers/growth/daily").status_code == 404
    desk.clock.advance(timedelta(days=2))
    keep_house(desk.app, lambda: False)

    desk_again = desk.signed_in(Role.OPERATOR)
    page = desk_again.get(GROWTH).text
    assert "2 readers. In the last week 2 came and 0 went." in page


def test_growth_says_what_is_worked_back(desk: Desk, publisher: Browser) -> None:
    tally(desk)
    page = publisher.get(GROWTH).text

    assert page.count("<tr>") == 54
    assert "5,000 readers. In the last 53 weeks 2,120 came and 530 went." in page
    assert page.count('title="worked back, not counted"') == 23
    assert "Worked back from later weeks" in page
    assert "<script>" not in page


def test_file_is_streamed_safe_for_spreadsheets_and_on_record(
    desk: Desk, publisher: Browser, logged: list[str]
) -> None:
    for number, name in enumerate(FORMULAS):
        desk.house.newsroom.subscribe(f"f{number}@example.org", name=name)
    desk.house.newsroom.subscribe("=cmd@example.org", name="\t=2+2")
    answer = publisher.post(EXPORT)
    rows = list(csv.DictReader(StringIO(answer.text, newline="")))

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="weekly-subscribers-2026-' in answer.headers["content-disposition"]
    assert "content-length" not in answer.headers
    by_address = {row["email"]: row["name"] for row in rows}
    assert set(by_address) >= {ANNA, BEN, "'=cmd@example.org"}
    assert by_address["'=cmd@example.org"] == "'=2+2"
    for number, name in enumerate(FORMULAS):
        assert by_address[f"f{number}@example.org"] == f"'{name}"
    for row in rows:
        assert not any(cell.startswith(tuple("=+-@\t\r\n")) for cell in row.values())
    assert record(desk) == [("export subscribers", "weekly", {})]
    assert_named_nowhere(desk, logged)


def test_file_is_no_page(desk: Desk, publisher: Browser) -> None:
    assert publisher.get(EXPORT).status_code == 404
    assert publisher.post("/desk/readers/export/daily").status_code == 404
    assert record(desk) == []


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.EDITOR])
def test_lists_are_for_publishers(desk: Desk, role: Role) -> None:
    browser = desk.signed_in(role)
    assert browser.get(GROWTH).status_code == 403
    assert browser.post(EXPORT).status_code == 403


def colours(page: Page) -> set[tuple[int, int, int]]:
    """Return the colours of the chart."""
    picture = Image.open(BytesIO(page.locator("#chart canvas").screenshot())).convert("RGB")
    return {
        colour for _count, colour in picture.getcolors(1 << 24) or [] if isinstance(colour, tuple)
    }


@pytest.mark.parametrize("width", [375, 1280])
def test_chart_is_drawn_in_the_desk_s_colours(
    desk: Desk, browser: Chromium, axe: Callable[[Page], list[str]], width: int
) -> None:
    tally(desk)
    with browser.new_context(viewport={"width": width, "height": 800}) as context:
        desk.let_in(context, Role.PUBLISHER)
        page = context.new_page()
        failures: list[str] = []
        page.on("console", lambda message: failures.append(message.text))
        page.on("pageerror", lambda error: failures.append(str(error)))
        page.emulate_media(color_scheme="light")
        page.goto(f"{desk.house.url}{GROWTH}")
        expect(page.locator("#chart canvas")).to_be_visible()
        assert {(0x1F, 0x6B, 0x3A), (0xA3, 0x20, 0x1A)} <= colours(page)
        page.emulate_media(color_scheme="dark")
        page.wait_for_timeout(200)
        assert {(0x7F, 0xCE, 0x9A), (0xF2, 0xA2, 0x9B)} <= colours(page)
        expect(page.locator("#chart canvas")).to_have_count(1)

        assert page.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth")
        assert axe(page) == []
        assert failures == []


def test_table_is_there_without_scripts(desk: Desk, browser: Chromium) -> None:
    tally(desk)
    with browser.new_context(java_script_enabled=False) as context:
        desk.let_in(context, Role.PUBLISHER)
        page = context.new_page()
        page.goto(f"{desk.house.url}{GROWTH}")
        expect(page.get_by_role("row")).to_have_count(54)
        expect(page.locator("#chart")).to_be_hidden()

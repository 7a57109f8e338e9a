"""An issue in the browser leads by its mirrors: the chosen ones, before that the present ones."""

from datetime import date

import pytest

from digest.config import mirrors_of
from digest.curation.issues import find_issue
from digest.curation.newsletters import find_newsletter, order_mirrors
from digest.scheduler import tick_once
from digest.web.reader.front import is_at

FRIDAY = date(2026, 11, 27)
SITE = "http://127.0.0.1:8000"
M1, M2, P1, P2 = (f"https://{name}.example" for name in ("m1", "m2", "p1", "p2"))
SCHEDULE = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }'
MIRRORS = (
    f'{SCHEDULE}\n[[newsletters.mirrors]]\nof = "courier.example"\nat = ["{M1}", "{M2}"]\n'
    f'[[newsletters.mirrors]]\nof = "pages"\nat = ["{P1}", "{P2}"]\n'
)


@pytest.fixture
def house(open_house):
    with open_house(more={SCHEDULE: MIRRORS}) as opened:
        yield opened


def put_first(house, of: str, address: str) -> None:
    with house.app.db.write() as session:
        mirrors = mirrors_of(house.newsroom.configured, SITE)
        order_mirrors(session, find_newsletter(session, "weekly"), mirrors, {of: [address]})


def pages(house, issue: str) -> tuple[str, str]:
    """Return the issue in the browser, and its file."""
    with house.app.db.read() as session:
        path = f"/i/{find_issue(session, issue).public_id}"
    return house.client.get(path).text, house.client.get(f"{path}/offline.html").text


def test_approved_issue_leads_by_the_present_order(house) -> None:
    issue = house.newsroom.draft(FRIDAY)
    house.newsroom.approve(issue)

    put_first(house, "courier.example", M2)
    put_first(house, "pages", P2)

    for page in pages(house, issue):
        assert f'href="{M2}/0"' in page
        assert f'href="{P1}/i/' in page  # to be tried next
        assert M1 not in page
    assert f'href="{P2}/own-copy"' in pages(house, issue)[0]


def test_issue_on_its_way_keeps_the_order_it_was_frozen_with(house) -> None:
    issue = house.newsroom.ready(FRIDAY)
    house.app.sender.open_due_slots(house.app.clock.now())

    put_first(house, "courier.example", M2)

    for page in pages(house, issue):
        assert f'href="{M1}/0"' in page
        assert M2 not in page


def test_mirror_of_the_pages_is_a_host_of_theirs(house) -> None:
    config, configured = house.app.config, house.newsroom.configured

    assert [is_at(config, configured, host) for host in ("p1.example", "p2.example:443")] == [
        *(True, True)
    ]
    assert not is_at(config, configured, "m1.example")


def test_archive_and_its_feed_lead_by_the_chosen_mirrors(house, run) -> None:
    house.newsroom.subscribe("anna@example.org")
    put_first(house, "courier.example", M2)
    house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))

    page = house.client.get("/n/weekly/archive/1").text
    feed = house.client.get("/n/weekly/feed.atom").text

    assert f'href="{M2}/0"' in page
    assert f"{M2}/0" in feed
    for shown in (page, feed):
        assert "https://courier.example/0" not in shown


def test_page_reached_by_a_mirror_leaves_with_one_click(house, run) -> None:
    house.newsroom.subscribe("anna@example.org")
    issue = house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))
    link = house.leave_link("anna@example.org")

    answer = house.client.post(link, headers={"Host": "p1.example", "Origin": P1})

    assert answer.status_code == 200
    assert house.state("anna@example.org").value == "unsubscribed"
    assert house.newsroom.state(issue) == "sent"

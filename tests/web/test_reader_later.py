"""Remind me later: the appeal stays out of one reader's next issues, and of nobody else's."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from digest.scheduler import tick_once
from digest.subscribers.lifecycle import find_subscription
from digest.testing.newsroom import Newsroom

ANNA = "anna@example.org"
BEN = "ben@example.org"
HEADING = "We answer to readers"
APPEAL = f"""

[newsletters.initial.appeal]
heading = "{HEADING}"
text = "If the Courier helped you, please join them."
once = ["Give once", "https://courier.example/once"]
monthly = ["Monthly", "https://courier.example/monthly"]
annual = ["Annual", "https://courier.example/annual"]
"""
LAST_LINE = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }\n'


@pytest.fixture
def house(open_house):
    """A house whose issues carry an appeal."""
    with open_house(more={LAST_LINE: LAST_LINE + APPEAL}) as opened:
        opened.newsroom.subscribe(ANNA, BEN)
        yield opened


def _next_copies(newsroom: Newsroom, run, picks: int) -> dict[str, str]:
    """Send the next issue for real; return the HTML each reader got."""
    day = newsroom.app.clock.now().date()
    issue = newsroom.draft(day, picks=picks)
    newsroom.approve(issue)
    newsroom.make_due(issue)
    before = len(newsroom.backend.accepted)
    run(tick_once(newsroom.app))
    copies = newsroom.backend.accepted[before:]
    return {e.rcpt_to: _html(copy) for e, copy in copies if e.rcpt_to in (ANNA, BEN)}


def _html(copy: bytes) -> str:
    return message_from_bytes(copy, policy=default).get_body(("html",)).get_content()


def test_press_hides_the_appeal_from_this_reader_only(house, run) -> None:
    assert house.client.post(house.later_link(ANNA)).status_code == 200

    copies = _next_copies(house.newsroom, run, 3)

    assert HEADING not in copies[ANNA]
    assert "/later/" not in copies[ANNA]
    assert HEADING in copies[BEN]


def test_appeal_is_back_after_four_weeks(house, run) -> None:
    house.client.post(house.later_link(ANNA))
    shown = []
    for _week in range(5):
        house.app.clock.advance(timedelta(weeks=1) - timedelta(minutes=1))
        shown.append(HEADING in _next_copies(house.newsroom, run, 3)[ANNA])
        house.app.clock.advance(timedelta(minutes=1))

    assert shown == [False, False, False, False, True]


def test_link_in_the_sent_copy_hides_the_next_appeal(house, run) -> None:
    first = _next_copies(house.newsroom, run, 3)[ANNA]
    link = first.partition("http://127.0.0.1:8000/later/")[2].partition('"')[0]
    house.client.post(f"/later/{link}")
    house.app.clock.advance(timedelta(weeks=1))

    assert HEADING not in _next_copies(house.newsroom, run, 3)[ANNA]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_visit_changes_nothing(house, run, method: str) -> None:
    statuses = {house.client.request(method, house.later_link(ANNA)).status_code for _ in range(20)}

    assert statuses == {200}
    assert HEADING in _next_copies(house.newsroom, run, 3)[ANNA]


def test_press_keeps_the_subscription(house) -> None:
    house.client.post(house.later_link(ANNA))

    assert house.state(ANNA) == "active"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_links_that_are_not_valid_get_the_same_page(house, method: str) -> None:
    nobody = house.app.signer.sign("digest.remind-later.1", "aaaaaaaaaaaaaaaa")
    bad = ["x", house.leave_link(ANNA).removeprefix("/u/"), house.later_link(ANNA)[7:-1], nobody]

    answers = [house.client.request(method, f"/later/{token}") for token in bad]

    known = house.client.get("/u/x").content
    assert [(a.status_code, a.content) for a in answers] == [(404, known)] * 4


def _support(house, address: str):
    return house.client.post(house.later_link(address), data={"do": "support"})


def test_supporter_is_not_asked_for_a_year(house, run) -> None:
    page = _support(house, ANNA)
    copies = _next_copies(house.newsroom, run, 3)
    house.app.clock.advance(timedelta(days=364))
    later = _next_copies(house.newsroom, run, 3)
    house.app.clock.advance(timedelta(days=7))
    at_last = _next_copies(house.newsroom, run, 3)

    assert "Thank you for your support" in page.text
    assert [HEADING in each[ANNA] for each in (copies, later, at_last)] == [False, False, True]
    assert HEADING in copies[BEN]


def test_visit_offers_both(house) -> None:
    page = house.client.get(house.later_link(ANNA)).text

    assert "Remind me later" in page
    assert "I already support you" in page


@pytest.fixture
def guarded_house(open_house):
    """A house whose newsletter does not show what it is."""
    guarded = (
        'guarded = true\nguarded_names = ["Harbour"]\npublic_url = "http://127.0.0.1:8000"\n'
        'sender = { name = "Letters", address = "letters@post.example" }\nhost = "post.example"\n'
    )
    plain = (
        'host = "courier.example"\n'
        'sender = { name = "The Harbour Courier", address = "letters@courier.example" }\n'
    )
    with open_house(more={plain: guarded}) as opened:
        opened.newsroom.subscribe(ANNA)
        yield opened


def test_guarded_newsletter_neither_offers_nor_keeps_support(guarded_house) -> None:
    page = guarded_house.client.get(guarded_house.later_link(ANNA)).text
    answer = _support(guarded_house, ANNA)

    assert "support" not in page
    assert answer.status_code == 404
    with guarded_house.app.db.read() as session:
        kept = find_subscription(session, guarded_house.public_id(ANNA))
    assert (kept.supports_until, kept.appeal_hidden_until) == (None, None)

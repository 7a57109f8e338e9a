"""An approved issue goes out when its slot is due, once to everybody, and the sums say so."""

from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default

from digest.clock import FixedClock
from digest.curation.issues import edit_issue, find_issue, plan_extra
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom

FRIDAY = date(2026, 11, 27)
READERS = tuple(f"reader{number}@example.org" for number in range(25))


def test_approved_issue_reaches_everybody_once(newsroom: Newsroom, run) -> None:
    newsroom.subscribe(*READERS)
    issue = newsroom.ready(FRIDAY)

    run(tick_once(newsroom.app))

    assert sorted(envelope.rcpt_to for envelope, _ in newsroom.backend.accepted) == sorted(READERS)
    assert str(newsroom.sums(issue)).startswith("accepted=25 rejected=0 skipped=0 expired=0 ")
    assert newsroom.state(issue) == "sent"
    assert newsroom.problems(issue) == []


def test_second_tick_sends_nothing(newsroom: Newsroom, run) -> None:
    newsroom.subscribe(*READERS)
    newsroom.ready(FRIDAY)

    run(tick_once(newsroom.app))
    run(tick_once(newsroom.app))

    assert len(newsroom.backend.accepted) == 25


def test_slot_fires_by_its_schedule(newsroom: Newsroom, clock: FixedClock, run) -> None:
    newsroom.subscribe("anna@example.org")
    issue = newsroom.draft(FRIDAY)
    newsroom.approve(issue)
    run(tick_once(newsroom.app))
    assert newsroom.backend.accepted == []

    clock.advance(timedelta(minutes=1))
    run(tick_once(newsroom.app))

    assert len(newsroom.backend.accepted) == 1


def test_nothing_approved_is_held_and_the_desk_is_told(newsroom: Newsroom, clock, run) -> None:
    newsroom.subscribe("anna@example.org")
    newsroom.draft(FRIDAY)
    run(tick_once(newsroom.app))
    clock.advance(timedelta(minutes=2))

    run(tick_once(newsroom.app))

    told = [(e.rcpt_to, _subject(message)) for e, message in newsroom.backend.accepted]
    assert told == [
        ("desk@courier.example", "No approved issue for 2026-11-27"),
        ("desk@courier.example", "The issue of 2026-11-27 was held"),
    ]


def _subject(message: bytes) -> str:
    return str(message_from_bytes(message, policy=default)["Subject"])


def test_daemon_down_over_friday_sends_late_once(newsroom: Newsroom, clock, run) -> None:
    newsroom.subscribe("anna@example.org")
    newsroom.approve(newsroom.draft(FRIDAY))
    run(tick_once(newsroom.app))
    clock.advance(timedelta(hours=35))

    run(tick_once(newsroom.app))
    run(tick_once(newsroom.app))

    assert len(newsroom.backend.accepted) == 1


def test_daemon_down_for_a_week_misses_and_says_so(newsroom: Newsroom, clock, run) -> None:
    newsroom.subscribe("anna@example.org")
    issue = newsroom.draft(FRIDAY)
    newsroom.approve(issue)
    run(tick_once(newsroom.app))
    clock.advance(timedelta(days=6))

    run(tick_once(newsroom.app))

    assert [e.rcpt_to for e, _ in newsroom.backend.accepted] == ["desk@courier.example"]
    assert newsroom.state(issue) == "approved"


def test_clock_set_back_sends_nothing_again(newsroom: Newsroom, clock, run) -> None:
    newsroom.subscribe("anna@example.org")
    newsroom.approve(newsroom.draft(FRIDAY))
    clock.advance(timedelta(minutes=5))
    run(tick_once(newsroom.app))
    clock.advance(timedelta(hours=-1))

    run(tick_once(newsroom.app))
    clock.advance(timedelta(hours=2))
    run(tick_once(newsroom.app))

    assert len(newsroom.backend.accepted) == 1


def test_edit_after_approval_keeps_the_issue_from_going(newsroom: Newsroom, run) -> None:
    newsroom.subscribe("anna@example.org")
    issue = newsroom.ready(FRIDAY)
    with newsroom.app.db.write() as session:
        edit_issue(session, find_issue(session, issue), {"subject": "Changed"})

    run(tick_once(newsroom.app))

    assert [e.rcpt_to for e, _ in newsroom.backend.accepted] == ["desk@courier.example"]
    assert newsroom.state(issue) == "draft"


def test_extra_goes_out_at_its_moment(newsroom: Newsroom, clock: FixedClock, run) -> None:
    newsroom.subscribe("anna@example.org")
    issue = newsroom.draft()
    newsroom.approve(issue)
    with newsroom.app.db.write() as session:
        moment = clock.now() + timedelta(hours=1)
        plan_extra(session, find_issue(session, issue), moment)
    run(tick_once(newsroom.app))
    assert newsroom.state(issue) == "approved"

    clock.advance(timedelta(hours=1))
    run(tick_once(newsroom.app))

    assert newsroom.state(issue) == "sent"
    assert "anna@example.org" in [envelope.rcpt_to for envelope, _ in newsroom.backend.accepted]

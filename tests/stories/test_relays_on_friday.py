"""A Friday on relays with limits, moods and spares: what may not leave waits, and nobody pays."""

import contextlib
from datetime import UTC, date, datetime, timedelta

import pytest

from digest.clock import FixedClock, SystemClock
from digest.delivery.backends.memory import MemoryBackend
from digest.delivery.outcome import Accepted, Deferred, Rejected
from digest.errors import BackendDown
from digest.models import Delivery, Issue
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
READERS = [f"reader{n:02}@example.org" for n in range(30)]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 27, 6, 59, tzinfo=UTC))


@pytest.fixture
def open_with(tmp_path, clock):
    """Open a newsroom whose relay table has more lines, and whose newsletter names spares."""
    opened = []

    def make(relay: str = "", *, spare: bool = False, readers=READERS) -> Newsroom:
        tables = f'backend = "memory"\n{relay}'
        more = {}
        if spare:
            more = {
                "[[newsletters]]": '[relays.spare]\nbackend = "memory"\n\n[[newsletters]]',
                'relay = "main"': 'relay = "main"\nspare_relays = ["spare"]',
            }
        entered = open_newsroom(tmp_path / "room", clock, relay=tables, connections=4, more=more)
        newsroom = entered.__enter__()
        opened.append(entered)
        newsroom.subscribe(*readers)
        return newsroom

    yield make
    for entered in opened:
        entered.__exit__(None, None, None)


def reached(newsroom: Newsroom, relay: str = "main") -> list[str]:
    backend = newsroom.app.relay(relay).backend
    assert isinstance(backend, MemoryBackend)
    readers = (envelope.rcpt_to for envelope, _ in backend.accepted)
    return sorted(reader for reader in readers if reader != "desk@courier.example")


def test_hour_that_is_used_up_lets_the_others_wait(open_with, clock, run) -> None:
    newsroom = open_with("per_hour = 10")
    issue = newsroom.ready(FRIDAY)

    hourly = []
    for _ in range(4):
        run(tick_once(newsroom.app))
        hourly.append(newsroom.sums(issue).accepted)
        clock.advance(timedelta(minutes=62))

    assert hourly == [10, 20, 30, 30]
    assert reached(newsroom) == sorted(READERS)
    assert newsroom.state(issue) == "sent"


def test_waiting_for_a_limit_is_no_attempt_and_expires_nobody(open_with, clock, run) -> None:
    newsroom = open_with("per_hour = 1", readers=READERS[:3])
    issue = newsroom.ready(FRIDAY)
    run(tick_once(newsroom.app))

    clock.advance(timedelta(hours=100))  # twice the retry window
    newsroom.backend.script(lambda _: True, Deferred(451, "4.2.0 later"), times=1)
    run(tick_once(newsroom.app))

    sums = newsroom.sums(issue)
    assert (sums.accepted, sums.pending, sums.expired) == (1, 2, 0)
    with newsroom.app.db.read() as session:
        assert sorted(row.attempt for row in session.query(Delivery)) == [0, 1, 1]


def test_round_goes_on_at_the_pace_of_its_relay(tmp_path, run) -> None:
    """A tick by cron must not leave after the first second's worth of copies."""
    relay = 'backend = "memory"\nper_second = 10'
    with open_newsroom(tmp_path, SystemClock(), relay=relay) as newsroom:
        newsroom.subscribe(*READERS)
        issue = newsroom.ready(FRIDAY)

        run(tick_once(newsroom.app))

        assert newsroom.sums(issue).accepted == 30


def test_limit_of_one_domain_group_holds_up_no_other(open_with, run) -> None:
    mixed = [f"r{n}@gmail.com" for n in range(10)] + READERS[:10]
    newsroom = open_with("[relays.main.groups.google]\nper_hour = 2", readers=mixed)
    newsroom.ready(FRIDAY)

    run(tick_once(newsroom.app))

    assert sum(address.endswith("gmail.com") for address in reached(newsroom)) == 2
    assert sum(address.endswith("example.org") for address in reached(newsroom)) == 10


def test_refusals_of_our_reputation_stop_the_domain_group_and_blame_nobody(
    open_with, clock, run
) -> None:
    newsroom = open_with()
    issue = newsroom.ready(FRIDAY)
    newsroom.backend.script(lambda _: True, Rejected(550, "5.7.1 blocked"), times=30)

    run(tick_once(newsroom.app))

    sums = newsroom.sums(issue)
    assert 5 <= sums.rejected <= 5 + 4  # the threshold, and what was on its way
    assert sums.pending == 30 - sums.rejected
    with newsroom.app.db.read() as session:
        reasons = {row.reason for row in session.query(Delivery) if row.state == "rejected"}
    assert reasons == {"policy"}


def test_domain_group_that_rested_begins_again_and_everybody_is_served(
    open_with, clock, run
) -> None:
    newsroom = open_with()
    issue = newsroom.ready(FRIDAY)
    newsroom.backend.script(lambda _: True, Deferred(421, "4.7.28 too many"), times=1)
    run(tick_once(newsroom.app))
    before = newsroom.sums(issue).accepted

    for _ in range(3):
        clock.advance(timedelta(minutes=31))
        run(tick_once(newsroom.app))

    assert before < 30
    assert newsroom.sums(issue).accepted == 30
    assert newsroom.state(issue) == "sent"


def test_message_that_everybody_refuses_pauses_its_issue(open_with, run) -> None:
    newsroom = open_with()
    issue = newsroom.ready(FRIDAY)
    newsroom.backend.script(lambda _: True, Rejected(554, "5.6.0 malformed"), times=30)

    run(tick_once(newsroom.app))

    sums = newsroom.sums(issue)
    assert 10 <= sums.rejected <= 10 + 4
    with newsroom.app.db.read() as session:
        row = session.query(Issue).where(Issue.number == 1).one()
        assert row.paused
        assert "5.6.0" in row.paused_why


def test_spare_relay_takes_over_and_gives_back(open_with, clock, run) -> None:
    newsroom = open_with(spare=True)
    issue = newsroom.ready(FRIDAY)
    newsroom.backend.down = "connection refused"

    for _ in range(5):  # trouble has to last before a spare takes over
        with pytest.raises(BackendDown, match="refused"):
            run(tick_once(newsroom.app))
        clock.advance(timedelta(minutes=1, seconds=5))
    run(tick_once(newsroom.app))

    assert reached(newsroom, "spare") == sorted(READERS)
    assert reached(newsroom) == []
    assert newsroom.state(issue) == "sent"


def test_relay_that_is_well_again_gets_its_newsletters_back(open_with, clock, run) -> None:
    newsroom = open_with(spare=True)
    newsroom.ready(FRIDAY)
    newsroom.backend.down = "connection refused"
    for _ in range(6):
        with contextlib.suppress(BackendDown):
            run(tick_once(newsroom.app))
        clock.advance(timedelta(minutes=1, seconds=5))
    newsroom.backend.down = ""
    newsroom.ready(date(2026, 12, 4))
    clock.advance(timedelta(minutes=5))
    run(tick_once(newsroom.app))

    assert reached(newsroom) == sorted(READERS)
    assert reached(newsroom, "spare") == sorted(READERS)


def test_ledger_says_which_relay_got_the_dot(open_with, run) -> None:
    newsroom = open_with()
    newsroom.ready(FRIDAY)

    run(tick_once(newsroom.app))

    with newsroom.app.db.read() as session:
        assert {row.relay for row in session.query(Delivery)} == {"main"}


def test_accepted_copies_after_trouble_clear_the_relay(open_with, clock, run) -> None:
    newsroom = open_with()
    newsroom.ready(FRIDAY)
    newsroom.backend.down = "connection refused"
    with pytest.raises(BackendDown, match="refused"):
        run(tick_once(newsroom.app))
    newsroom.backend.down = ""
    newsroom.backend.script(lambda _: True, Accepted(250, "ok"), times=None)

    clock.advance(timedelta(minutes=2))
    run(tick_once(newsroom.app))

    assert reached(newsroom) == sorted(READERS)

"""What an operator sets is what happens on Friday: how long a copy is tried, when domain groups and
relays are left alone, how late an issue may start, whom a doubtful copy is handed again.
"""

import contextlib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from digest.clock import FixedClock
from digest.delivery.backends.memory import MemoryBackend
from digest.delivery.outcome import Deferred, Rejected, Uncertain
from digest.errors import BackendDown
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
READERS = tuple(f"reader{number}@gmail.com" for number in range(10))
BEN = READERS[3]
SPARE = '[relays.spare]\nbackend = "memory"\n\n[[newsletters]]'
Opened = Callable[..., Newsroom]


class KeyedBackend(MemoryBackend):
    """Takes a copy once however often it is handed over, as providers with idempotency keys do."""

    idempotent: ClassVar[bool] = True


@pytest.fixture
def opened(tmp_path: Path, clock: FixedClock) -> Iterator[Opened]:
    """Open a newsroom of ten readers with further lines of [delivery] and other changes."""
    with contextlib.ExitStack() as stack:

        def make(delivery: str = "", relay: str = "memory", **more: str) -> Newsroom:
            changes = {"uncertain_hours = 0": f"uncertain_hours = 6\n{delivery}", **more}
            room = open_newsroom(
                tmp_path, clock, relay=f'backend = "{relay}"', connections=1, more=changes
            )
            newsroom = stack.enter_context(room)
            newsroom.subscribe(*READERS)
            return newsroom

        yield make


def rounds(newsroom: Newsroom, clock: FixedClock, run, number: int, minutes: float) -> None:
    """Do so many rounds, so far apart; a relay that is down is no surprise."""
    for _ in range(number):
        with contextlib.suppress(BackendDown):
            run(tick_once(newsroom.app))
        clock.advance(timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("setting", "tries"),
    [("retry_window_hours = 0.4", 1), ("retry_window_hours = 2", 3), ("", 15)],
    ids=["24 minutes", "two hours", "default"],
)
def test_copy_is_tried_for_as_long_as_the_window_says(opened, clock, run, setting, tries) -> None:
    newsroom = opened(setting)
    issue = newsroom.ready(FRIDAY)
    tried = []
    newsroom.backend.script(
        lambda e: e.rcpt_to == BEN and tried.append(clock.now()) is None,
        Deferred(451, "4.2.0 later"),
        at="stage",
        times=None,
    )

    rounds(newsroom, clock, run, 80, minutes=60)

    assert (len(tried), newsroom.sums(issue).expired) == (tries, 1)
    assert newsroom.state(issue) == "sent"


@pytest.mark.parametrize("refusals", [1, 4])
def test_domain_group_rests_after_so_many_refusals(opened, clock, run, refusals: int) -> None:
    newsroom = opened(f"breaker_refusals = {refusals}\nbreaker_minutes = 60")
    issue = newsroom.ready(FRIDAY)
    refused = Rejected(550, "5.7.1 blocked")
    newsroom.backend.script(lambda _: True, refused, at="stage", times=refusals)

    rounds(newsroom, clock, run, 2, minutes=55)
    resting = newsroom.sums(issue)
    rounds(newsroom, clock, run, 1, minutes=0)

    assert (resting.rejected, resting.pending) == (refusals, len(READERS) - refusals)
    assert newsroom.sums(issue).accepted == len(READERS) - refusals


def test_spare_relay_waits_for_as_long_as_it_is_told(opened, clock, run) -> None:
    spares = {
        "[[newsletters]]": SPARE,
        'relay = "main"': 'relay = "main"\nspare_relays = ["spare"]',
    }
    newsroom = opened("fail_over_minutes = 20", **spares)
    issue = newsroom.ready(FRIDAY)
    newsroom.backend.down = "connection refused"

    rounds(newsroom, clock, run, 20, minutes=1)
    before = newsroom.sums(issue).pending
    rounds(newsroom, clock, run, 3, minutes=1)

    assert before == len(READERS)
    assert newsroom.sums(issue).accepted == len(READERS)


@pytest.mark.parametrize(("lateness", "state"), [(1, "approved"), (3, "sent")])
def test_issue_may_start_so_late_and_no_later(opened, clock, run, lateness, state) -> None:
    newsroom = opened(**{"[scheduler]": f"[scheduler]\nmax_lateness_hours = {lateness}"})
    issue = newsroom.ready(FRIDAY)

    clock.advance(timedelta(hours=2))
    run(tick_once(newsroom.app))

    assert newsroom.state(issue) == state


@pytest.mark.parametrize(
    ("relay", "state", "copies"),
    [(f"{__name__}:KeyedBackend", "sent", 2), ("memory", "sending", 1)],
)
def test_doubt_is_handed_over_again_only_where_a_key_makes_that_safe(
    opened, clock, run, relay, state, copies
) -> None:
    newsroom = opened(relay=relay)
    issue = newsroom.ready(FRIDAY)
    newsroom.backend.script(lambda e: e.rcpt_to == BEN, Uncertain("no reply"), arrives=True)

    rounds(newsroom, clock, run, 3, minutes=2)

    handed = [envelope for envelope, _ in newsroom.backend.accepted if envelope.rcpt_to == BEN]
    assert (newsroom.state(issue), len(handed)) == (state, copies)

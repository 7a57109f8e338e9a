"""Loops that turn, and loops that do not."""

from datetime import UTC, datetime, timedelta

from digest.clock import FixedClock
from digest.operations.watching.pulses import Pulses


def test_loop_is_silent_once_its_patience_is_over_and_until_it_is_heard_again() -> None:
    clock = FixedClock(datetime(2026, 11, 27, 7, tzinfo=UTC))
    pulses = Pulses(clock.monotonic)
    beat = pulses.expect("notices", 10)
    pulses.expect("tick", 60)
    heard = []
    for seconds in (10, 1, 60):
        clock.advance(timedelta(seconds=seconds))
        heard.append(pulses.silent())
    beat()

    assert heard == [[], ["notices"], ["notices", "tick"]]
    assert pulses.silent() == ["tick"]

"""Two processes reserve against one store at the same time, one of them dies and comes back, the
clock goes back an hour: no sliding window ever holds more than its limit.

The test is their clock: every round each gets a moment, a little apart, and both ask at once.
"""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.db import Database

NOW = datetime(2026, 11, 27, 7, 0, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
WORKER = Path(__file__).with_name("reserving_process.py")
PER_HOUR, GOOGLE_PER_HOUR, PER_SECOND = 60, 25, 10
LIMITS = {
    "backend": "memory",
    "per_second": PER_SECOND,
    "per_hour": PER_HOUR,
    "groups": {"google": {"per_hour": GOOGLE_PER_HOUR}},
}
Left = list[tuple[datetime, str]]


class Process:
    """One reserving process; `ask` does not wait for its answer."""

    def __init__(self, url: str) -> None:
        self._command = [sys.executable, str(WORKER), url, json.dumps(LIMITS)]
        self._start()

    def _start(self) -> None:
        self._child = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, now: datetime, group: str, wanted: int) -> None:
        order = {"now": now.isoformat(), "group": group, "wanted": wanted}
        self._child.stdin.write(json.dumps(order) + "\n")
        self._child.stdin.flush()

    def answer(self) -> list[datetime]:
        """Return when the copies of the last order may leave."""
        granted, not_before, spacing = json.loads(self._child.stdout.readline())
        first = datetime.fromisoformat(not_before)
        return [first + timedelta(seconds=number * spacing) for number in range(granted)]

    def kill(self) -> None:
        self._child.kill()
        self._child.communicate()

    def restart(self) -> None:
        self.kill()
        self._start()

    def close(self) -> None:
        self._child.communicate(timeout=30)


def url_of(database: Database) -> str:
    url = database.engine.url.render_as_string(hide_password=False)
    return url.replace("postgresql+psycopg", "postgresql")


@pytest.fixture
def two(any_db: Database) -> Iterator[tuple[Process, Process]]:
    url = url_of(any_db)
    with closing(Process(url)) as one, closing(Process(url)) as other:
        yield one, other


def play(
    two: tuple[Process, Process], rounds: int, *, seed: int, clock_off: timedelta = timedelta()
) -> Left:
    """Return when which copies really left; from half-time on the processes' clock is off."""
    chance, real, off, left = random.Random(seed), NOW, timedelta(), []
    for number in range(rounds):
        if number == rounds // 2:
            two[0].restart()
            off = clock_off
        groups = [chance.choice(["google", "other"]) for _ in two]
        for process, group in zip(two, groups, strict=True):
            apart = timedelta(seconds=chance.uniform(-2, 2))
            process.ask(real + apart + off, group, chance.randint(1, 12))
        for process, group in zip(two, groups, strict=True):
            left += [(at - off, group) for at in process.answer()]
        real += timedelta(seconds=chance.choice([0, 0.3, 5, 20, 90, 400]))
    return left


def busiest(left: Left, window: timedelta, group: str = "") -> int:
    """Return the most departures in any half-open window of that length."""
    ordered = sorted(at for at, to in left if group in ("", to))
    most, first = 0, 0
    for last, at in enumerate(ordered):
        while at - ordered[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_two_processes_never_exceed_a_limit(two) -> None:
    left = play(two, 100, seed=1)

    assert busiest(left, HOUR) == PER_HOUR
    assert busiest(left, HOUR, "google") <= GOOGLE_PER_HOUR
    assert busiest(left, timedelta(seconds=1)) <= PER_SECOND


def test_clock_that_goes_back_an_hour_grants_no_more(two) -> None:
    left = play(two, 100, seed=3, clock_off=-HOUR)

    assert busiest(left, HOUR) == PER_HOUR
    assert busiest(left, HOUR, "google") <= GOOGLE_PER_HOUR

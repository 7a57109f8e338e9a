"""What time it is, and when a weekly slot falls due: the only module that asks the machine for the
time.

Slot arithmetic is ours because cron libraries skip or double a week in zones that change their
clocks on a Friday (see docs/decisions). A slot is keyed by its local date, so a second one on the
same date cannot exist.
"""

import time as _time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

EARLIEST_OFFSET = timedelta(hours=14)  # Kiritimati's, all year round; no zone is further ahead
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Clock(Protocol):
    """Tells the time; always timezone-aware UTC."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the current instant in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards; only differences mean anything."""
        return _time.monotonic()


class FixedClock:
    """A clock that moves only when told to; for tests and rehearsals."""

    def __init__(self, now: datetime) -> None:
        self._now = now.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant the clock was set to."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds that move with the clock."""
        return self._now.timestamp()

    def advance(self, by: timedelta) -> None:
        """Move the clock by the given span; negative spans turn it back."""
        self._now += by

    def set(self, now: datetime) -> None:
        """Put the clock to an instant."""
        self._now = now.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A weekly wall-clock moment: weekday (0 = Monday), time of day, zone.

    With `readers_morning` it is the wall clock where each reader is, and the slot falls due when
    the first of them may see it; `zone` is then that of readers whose own is not known.
    """

    weekday: int
    at: time
    zone: ZoneInfo
    readers_morning: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """One slot of a schedule: the local date that names it and the instant it falls due (UTC)."""

    local_date: date
    due_at: datetime


def due_at(local_date: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the instant at which the wall clock in `zone` shows `at` on `local_date`.

    A time the clocks jump over becomes the instant of the jump (a whole missing day included: Samoa
    had no 30 December 2011); a time shown twice is the first.
    """
    wall = datetime.combine(local_date, at)
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    # Clocks jump on whole seconds: in a gap, fold=1 reads the wall as after the jump, an instant
    # before it.
    before = wall.replace(tzinfo=zone, fold=1, microsecond=0).astimezone(UTC)
    return _transition_between(before, first.replace(microsecond=0), zone)


def first_morning(local_date: date, at: time) -> datetime:
    """Return the earliest instant at which any wall clock on earth shows `at` on `local_date`.

    It does not look at who reads: the hour by which an issue must be approved would move whenever
    somebody joined from further east.
    """
    return datetime.combine(local_date, at, UTC) - EARLIEST_OFFSET


def morning_in(schedule: Schedule, local_date: date, zone: str | None) -> datetime:
    """Return the schedule's moment on `local_date` in an IANA zone; in its own where that is None,
    or a name that this machine's time zone database does not know.
    """
    return due_at(local_date, schedule.at, _zone_called(zone) or schedule.zone)


def _zone_called(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _transition_between(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant (to the second) in (low, high] that has high's offset from UTC."""
    after = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high


def slots_between(schedule: Schedule, start: datetime, end: datetime) -> Iterator[Due]:
    """Yield the schedule's slots whose local date lies between the local dates of `start` and
    `end`.
    """
    day = start.astimezone(schedule.zone).date()
    last = end.astimezone(schedule.zone).date()
    day += timedelta(days=(schedule.weekday - day.weekday()) % 7)
    while day <= last:
        yield Due(day, _due_on(schedule, day))
        day += timedelta(days=7)


def _due_on(schedule: Schedule, day: date) -> datetime:
    if schedule.readers_morning:
        return first_morning(day, schedule.at)
    return due_at(day, schedule.at, schedule.zone)


def next_slot(schedule: Schedule, now: datetime) -> Due:
    """Return the first slot that falls due strictly after `now`."""
    return next(
        due
        for due in slots_between(schedule, now - timedelta(days=2), now + timedelta(days=15))
        if due.due_at > now
    )

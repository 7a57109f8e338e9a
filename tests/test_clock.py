"""A weekly slot falls due once a week, at the moment the wall clock first shows its time, wherever
that is.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.clock import (
    Due,
    FixedClock,
    Schedule,
    SystemClock,
    due_at,
    first_morning,
    morning_in,
    next_slot,
    slots_between,
)

LONDON = ZoneInfo("Europe/London")
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
# "Factory" and "localtime" name no place.
ZONES = sorted(available_timezones() - {"Factory", "localtime"})


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type]


def test_system_clock_tells_utc() -> None:
    now = SystemClock().now()

    assert now.tzinfo is UTC


def test_system_clock_never_runs_backwards() -> None:
    clock = SystemClock()

    assert clock.monotonic() <= clock.monotonic()


def test_fixed_clock_moves_only_when_told(clock: FixedClock) -> None:
    before, ticks = clock.now(), clock.monotonic()

    clock.advance(timedelta(minutes=1))

    assert clock.now() - before == timedelta(minutes=1)
    assert clock.monotonic() - ticks == 60


def test_fixed_clock_keeps_utc(clock: FixedClock) -> None:
    clock.set(datetime(2026, 11, 27, 12, 45, tzinfo=timezone(timedelta(hours=5, minutes=45))))

    assert clock.now() == utc(2026, 11, 27, 7)
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        ("UTC", date(2026, 11, 27), time(7), utc(2026, 11, 27, 7)),
        ("Europe/London", date(2026, 7, 3), time(7), utc(2026, 7, 3, 6)),
        ("Asia/Kathmandu", date(2026, 11, 27), time(7), utc(2026, 11, 27, 1, 15)),
        ("Pacific/Kiritimati", date(2026, 11, 27), time(7), utc(2026, 11, 26, 17)),
    ],
)
def test_due_on_an_ordinary_day_is_the_wall_clock_time(
    zone: str, day: date, at: time, expected: datetime
) -> None:
    assert due_at(day, at, ZoneInfo(zone)) == expected


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        # 01:00 GMT is followed by 02:00 BST.
        ("Europe/London", date(2026, 3, 29), time(1, 30), utc(2026, 3, 29, 1)),
        ("Europe/London", date(2026, 3, 29), time(1), utc(2026, 3, 29, 1)),
        # Both jump from midnight to one, on a Friday.
        ("Africa/Cairo", date(2024, 4, 26), time(0, 30), utc(2024, 4, 25, 22)),
        ("Asia/Amman", date(2021, 3, 26), time(0), utc(2021, 3, 25, 22)),
        # Summer began at midnight from Saturday to Sunday.
        ("America/Sao_Paulo", date(2018, 11, 4), time(0), utc(2018, 11, 4, 3)),
        ("America/Sao_Paulo", date(2018, 11, 4), time(0, 59, 59), utc(2018, 11, 4, 3)),
        # Half an hour only.
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), utc(2026, 10, 3, 15, 30)),
    ],
)
def test_due_in_a_gap_is_the_instant_of_the_jump(
    zone: str, day: date, at: time, expected: datetime
) -> None:
    assert due_at(day, at, ZoneInfo(zone)) == expected


def test_due_on_the_friday_samoa_never_had_is_the_first_instant_of_saturday() -> None:
    apia = ZoneInfo("Pacific/Apia")

    due = due_at(date(2011, 12, 30), time(7), apia)

    assert due.astimezone(apia).isoformat() == "2011-12-31T00:00:00+14:00"
    assert due == utc(2011, 12, 30, 10)


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        ("Europe/London", date(2026, 10, 25), time(1, 30), utc(2026, 10, 25, 0, 30)),
        # Fridays whose last hour, or whose first, was shown twice.
        ("Africa/Cairo", date(2015, 4, 24), time(0, 30), utc(2015, 4, 23, 22, 30)),
        ("Africa/Cairo", date(2014, 9, 26), time(0), utc(2014, 9, 25, 22)),
        ("Asia/Amman", date(2021, 10, 29), time(0, 30), utc(2021, 10, 28, 21, 30)),
    ],
)
def test_due_at_a_time_shown_twice_is_the_first(
    zone: str, day: date, at: time, expected: datetime
) -> None:
    assert due_at(day, at, ZoneInfo(zone)) == expected


def test_due_with_a_fraction_of_a_second_still_meets_the_jump() -> None:
    assert due_at(date(2026, 3, 29), time(1, 30, 0, 500_000), LONDON) == utc(2026, 3, 29, 1)


def test_slots_lie_between_the_local_dates_of_both_ends() -> None:
    schedule = Schedule(4, time(7), LONDON)

    found = list(slots_between(schedule, utc(2026, 11, 20, 12), utc(2026, 12, 4, 1)))

    assert found == [
        Due(date(2026, 11, 20), utc(2026, 11, 20, 7)),
        Due(date(2026, 11, 27), utc(2026, 11, 27, 7)),
        Due(date(2026, 12, 4), utc(2026, 12, 4, 7)),
    ]


def test_slots_of_a_span_without_the_weekday_are_none() -> None:
    schedule = Schedule(4, time(7), LONDON)

    assert list(slots_between(schedule, utc(2026, 11, 21), utc(2026, 11, 26, 23))) == []


def test_slots_keep_the_wall_clock_across_the_change_of_clocks() -> None:
    schedule = Schedule(4, time(7), LONDON)

    hours = [
        due.due_at.hour for due in slots_between(schedule, utc(2026, 10, 23), utc(2026, 10, 30))
    ]

    assert hours == [6, 7]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (utc(2026, 11, 27, 6, 59, 59), date(2026, 11, 27)),
        (utc(2026, 11, 27, 7), date(2026, 12, 4)),
        (utc(2026, 11, 28), date(2026, 12, 4)),
    ],
)
def test_next_slot_is_strictly_later(now: datetime, expected: date) -> None:
    assert next_slot(Schedule(4, time(7), LONDON), now).local_date == expected


def test_next_slot_of_samoa_passes_the_missing_friday_once() -> None:
    schedule = Schedule(4, time(7), ZoneInfo("Pacific/Apia"))

    missing = next_slot(schedule, utc(2011, 12, 27))
    after = next_slot(schedule, missing.due_at)

    assert [missing.local_date, after.local_date] == [date(2011, 12, 30), date(2012, 1, 6)]


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("Pacific/Auckland", date(2026, 11, 27), utc(2026, 11, 26, 18)),
        ("Pacific/Honolulu", date(2026, 11, 27), utc(2026, 11, 27, 17)),
        (None, date(2026, 11, 27), utc(2026, 11, 27, 7)),
        # No such place, no place at all, a folder of the database, a way out of it.
        ("Europe/Atlantis", date(2026, 11, 27), utc(2026, 11, 27, 7)),
        ("", date(2026, 11, 27), utc(2026, 11, 27, 7)),
        ("America", date(2026, 11, 27), utc(2026, 11, 27, 7)),
        ("../../etc/passwd", date(2026, 11, 27), utc(2026, 11, 27, 7)),
        # Clocks there changed in the night of these Fridays.
        ("Asia/Amman", date(2021, 3, 26), utc(2021, 3, 26, 4)),
        ("Asia/Amman", date(2021, 10, 29), utc(2021, 10, 29, 5)),
        ("Pacific/Apia", date(2011, 12, 30), utc(2011, 12, 30, 10)),
    ],
)
def test_morning_is_the_readers_own_where_their_zone_is_known(
    zone: str | None, day: date, expected: datetime
) -> None:
    assert morning_in(Schedule(4, time(7), LONDON), day, zone) == expected


def test_slot_of_readers_mornings_is_due_with_the_first_on_earth() -> None:
    schedule = Schedule(4, time(7), LONDON, readers_morning=True)

    due = next_slot(schedule, utc(2026, 11, 25))

    assert due == Due(date(2026, 11, 27), utc(2026, 11, 26, 17))
    assert due.due_at == morning_in(schedule, due.local_date, "Pacific/Kiritimati")


def test_next_slot_of_readers_mornings_is_strictly_later() -> None:
    schedule = Schedule(4, time(7), LONDON, readers_morning=True)

    assert next_slot(schedule, utc(2026, 11, 26, 17)).local_date == date(2026, 12, 4)


zones = st.sampled_from(ZONES).map(ZoneInfo)
days = st.dates(date(1975, 1, 1), date(2037, 12, 1))
moments = st.times().map(lambda at: at.replace(microsecond=0))


@given(zones, st.dates(date(1995, 1, 1), date(2037, 12, 1)), moments)
def test_nobodys_morning_comes_before_the_first(zone: ZoneInfo, day: date, at: time) -> None:
    assert first_morning(day, at) <= due_at(day, at, zone)


@given(zones, days, moments)
def test_due_is_the_first_instant_whose_wall_clock_has_reached_the_time(
    zone: ZoneInfo, day: date, at: time
) -> None:
    assert_first_reached(zone, day, at)


@given(st.builds(Schedule, st.integers(0, 6), moments, zones), days)
def test_slots_come_once_a_local_week_and_strictly_later(schedule: Schedule, day: date) -> None:
    start = datetime.combine(day, time(12), UTC)

    found = list(slots_between(schedule, start, start + 70 * DAY))

    assert {due.local_date.weekday() for due in found} == {schedule.weekday}
    for earlier, later in pairwise(found):
        assert later.local_date - earlier.local_date == 7 * DAY
        assert later.due_at > earlier.due_at


@given(st.builds(Schedule, st.integers(0, 6), moments, zones), days, st.integers(0, 86_399))
def test_next_slot_is_one_of_the_slots_and_none_lies_before_it(
    schedule: Schedule, day: date, second: int
) -> None:
    now = datetime.combine(day, time(), UTC) + timedelta(seconds=second)

    found = next_slot(schedule, now)

    around = slots_between(schedule, now - 21 * DAY, now + 21 * DAY)
    assert found == min((due for due in around if due.due_at > now), key=lambda due: due.due_at)


def test_due_holds_on_every_friday_near_a_change_of_clocks_anywhere() -> None:
    checked = set()
    for name in ZONES:
        zone = ZoneInfo(name)
        for friday in fridays_near_a_change(zone):
            change = (friday, *(zone.utcoffset(friday + hour) for hour in HOURS))
            if change not in checked:  # most zones share their rules with others
                for at in (time(0), time(0, 30), time(2, 30), time(7), time(23, 59, 59)):
                    assert_first_reached(zone, friday.date(), at)
                checked.add(change)

    assert len(checked) > 100


HOURS = [timedelta(minutes=minutes) for minutes in range(-120, 26 * 60, 30)]
# Wall clocks, read in many zones.
FRIDAYS = [datetime(2005, 1, 7) + 7 * week * DAY for week in range(31 * 52)]  # noqa: DTZ001


def fridays_near_a_change(zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the Fridays from 2005 to 2035 on which, or at whose edges, the offset from UTC
    changes.
    """
    for friday in FRIDAYS:
        if zone.utcoffset(friday + HOURS[0]) != zone.utcoffset(friday + HOURS[-1]):
            yield friday


def assert_first_reached(zone: ZoneInfo, day: date, at: time) -> None:
    """Say the claim without the arithmetic under test: reached at `due`, at no moment of 30 hours
    before.
    """
    wall = datetime.combine(day, at)
    due = due_at(day, at, zone)

    assert shown(due, zone) >= wall
    assert shown(due - SECOND, zone) < wall
    for quarters in range(1, 120):
        assert shown(due - quarters * timedelta(minutes=15), zone) < wall
    if shown(due, zone) != wall:
        assert due.astimezone(zone).utcoffset() != (due - SECOND).astimezone(zone).utcoffset()


def shown(at: datetime, zone: ZoneInfo) -> datetime:
    """Return what a clock on a wall of that zone shows."""
    return at.astimezone(zone).replace(tzinfo=None)

"""What limits allow, judged on values: departures never outrun a rate, an hour or a day."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.config import RelayConfig, WarmUpConfig
from digest.delivery.pacing.limits import (
    AHEAD,
    WHOLE,
    Allowance,
    Limit,
    Used,
    allowed_on,
    first_departure,
    is_limited,
    judge,
    limits_in_force,
    pace_after,
    pace_of,
)

NOW = datetime(2026, 11, 27, 7, 0, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WARM_UP = WarmUpConfig(start=date(2026, 11, 27), per_day=[5, 10])
OVER = WarmUpConfig(start=date(2026, 11, 20), per_day=[5, 10])


def relay(**limits: object) -> RelayConfig:
    return RelayConfig(backend="memory", **limits)


def scope(**limits: object) -> Limit:
    return Limit(**{"scope": WHOLE, "per_second": None, "per_hour": None, "warm_up": None} | limits)


def departures(allowance: Allowance) -> list[datetime]:
    return [
        allowance.not_before + timedelta(seconds=number * allowance.spacing)
        for number in range(allowance.granted)
    ]


@pytest.mark.parametrize(
    ("limits", "limited"),
    [
        ({}, False),
        ({"per_second": 20}, True),
        ({"per_hour": 20}, True),
        ({"warm_up": WARM_UP}, True),
        ({"warm_up": OVER}, False),
        ({"groups": {"google": {"per_hour": 1}}}, True),
        ({"groups": {"google": {"connections": 1}}}, False),
        ({"groups": {"yahoo": {"per_hour": 1}}}, False),
    ],
)
def test_group_is_limited_by_what_counts_for_it(limits, limited: bool) -> None:
    assert is_limited(relay(**limits), "google", NOW) is limited


def test_relay_comes_before_its_group() -> None:
    limits = relay(per_hour=10, groups={"google": {"per_hour": 5}})

    assert [limit.scope for limit in limits_in_force(limits, "google", NOW)] == [WHOLE, "google"]


@pytest.mark.parametrize(("day", "allowed"), [(26, 0), (27, 5), (28, 10), (29, None)])
def test_warm_up_allows_nothing_before_its_first_day_and_everything_after_its_last(
    day: int, allowed: int | None
) -> None:
    assert allowed_on(WARM_UP, date(2026, 11, day)) == allowed


def test_rate_grants_one_second_at_most_evenly_spaced() -> None:
    allowance = judge([Used(scope(per_second=20.0))], 500, first=NOW, now=NOW)

    assert (allowance.granted, allowance.spacing) == (20, 0.05)
    assert allowance.next_at == NOW + AHEAD / 2


def test_group_slower_than_its_relay_sets_the_spacing() -> None:
    used = [Used(scope(per_second=20.0)), Used(scope(scope="google", per_second=4.0))]

    allowance = judge(used, 500, first=NOW, now=NOW)

    assert (allowance.granted, allowance.spacing) == (4, 0.25)


def test_grant_ends_with_its_minute() -> None:
    late = NOW.replace(second=59, microsecond=500_000)

    allowance = judge([Used(scope(per_second=20.0))], 500, first=late, now=late)

    assert allowance.granted == 10
    assert max(departures(allowance)) < late + timedelta(seconds=0.5)


def test_pace_booked_a_second_ahead_grants_nothing_and_says_when_to_ask() -> None:
    allowance = judge([Used(scope(per_second=20.0))], 1, first=NOW + AHEAD, now=NOW)

    assert allowance.granted == 0
    assert allowance.next_at == NOW + AHEAD / 2


def test_hour_counts_both_of_its_broken_minutes() -> None:
    oldest = NOW.replace(second=0) - 60 * MINUTE
    used = Used(scope(per_hour=10), [(oldest, 7), (oldest + MINUTE, 1)])

    allowance = judge([used], 5, first=NOW, now=NOW)

    assert allowance.granted == 2
    assert allowance.next_at == oldest + 61 * MINUTE


def test_hour_that_was_made_shorter_waits_until_there_is_room() -> None:
    oldest = NOW.replace(second=0) - 60 * MINUTE
    used = Used(scope(per_hour=2), [(oldest, 7), (oldest + MINUTE, 1), (oldest + 2 * MINUTE, 1)])

    allowance = judge([used], 5, first=NOW, now=NOW)

    assert allowance.granted == 0
    assert allowance.next_at == oldest + 62 * MINUTE


def test_day_that_is_full_waits_for_midnight() -> None:
    allowance = judge([Used(scope(warm_up=WARM_UP), today=3)], 5, first=NOW, now=NOW)

    assert allowance.granted == 2
    assert allowance.next_at == datetime(2026, 11, 28, tzinfo=UTC)


def test_warm_up_that_has_not_begun_waits_for_its_first_day() -> None:
    before = NOW - timedelta(days=10)

    allowance = judge([Used(scope(warm_up=WARM_UP))], 5, first=before, now=before)

    assert allowance.granted == 0
    assert allowance.next_at == datetime(2026, 11, 27, tzinfo=UTC)


def test_latest_of_all_that_is_waited_for_is_when_to_ask() -> None:
    used = [
        Used(scope(per_second=1.0, warm_up=WARM_UP), today=5),
        Used(scope(scope="google", per_hour=1), [(NOW.replace(second=0), 1)]),
    ]

    assert judge(used, 1, first=NOW, now=NOW).next_at == datetime(2026, 11, 28, tzinfo=UTC)


def test_pace_of_a_clock_that_was_set_back_is_free_within_seconds() -> None:
    limit = scope(per_second=20.0)

    free_at = pace_of(limit, NOW + timedelta(hours=1), NOW)

    assert NOW + AHEAD <= free_at <= NOW + 2 * AHEAD


def test_slow_pace_is_no_clock_that_was_set_back() -> None:
    limit = scope(per_second=0.001)
    booked = NOW + timedelta(seconds=1000)

    assert pace_of(limit, booked, NOW) == booked


@given(
    rate=st.floats(0.05, 500),
    asks=st.lists(st.tuples(st.integers(0, 3_000_000), st.integers(1, 50)), max_size=60),
)
def test_departures_of_one_scope_are_a_beat_apart(rate: float, asks) -> None:
    limit, free_at, now, left = scope(per_second=rate), NOW, NOW, []

    for microseconds, wanted in asks:
        now += timedelta(microseconds=microseconds)
        free_at = pace_of(limit, free_at, now)
        first = first_departure([(limit, free_at)], now)
        allowance = judge([Used(limit)], wanted, first=first, now=now)
        assert allowance.granted == wanted or allowance.next_at > now or allowance.granted > 0
        if allowance.granted:
            free_at = pace_after(limit, free_at, allowance)
            left += departures(allowance)

    beat = timedelta(seconds=1 / rate) - timedelta(microseconds=2)
    assert all(later - earlier >= beat for earlier, later in itertools.pairwise(left))


@given(
    asks=st.lists(
        st.tuples(st.integers(0, 400_000), st.sampled_from(["google", "other"])), max_size=120
    )
)
def test_slow_group_keeps_its_beat_and_the_relay_its_rate_but_for_a_second(asks) -> None:
    """A slow group's copies are spread over moments that the relay booked closer together."""
    whole, google = scope(per_second=20.0), scope(scope="google", per_second=5.0)
    free, now, left = {WHOLE: NOW, "google": NOW}, NOW, []

    for microseconds, group in asks:
        now += timedelta(microseconds=microseconds)
        limits = [whole, google] if group == "google" else [whole]
        paces = [(limit, pace_of(limit, free[limit.scope], now)) for limit in limits]
        used = [Used(limit) for limit in limits]
        allowance = judge(used, 30, first=first_departure(paces, now), now=now)
        if allowance.granted:
            for limit, free_at in paces:
                free[limit.scope] = pace_after(limit, free_at, allowance)
            left += [(at, group) for at in departures(allowance)]

    slow = [at for at, group in left if group == "google"]
    beat = timedelta(seconds=0.2)
    assert all(later - earlier >= beat for earlier, later in itertools.pairwise(slow))
    for start, _ in left:
        for seconds in (1, 5):
            end = start + timedelta(seconds=seconds)
            assert sum(start <= at < end for at, _ in left) <= 20 * (seconds + 1)


def test_group_waits_for_its_relay_without_losing_its_beat() -> None:
    google, ahead = scope(scope="google", per_second=5.0), NOW + AHEAD / 2
    used = [Used(scope(per_second=20.0)), Used(google)]

    allowance = judge(used, 30, first=ahead, now=NOW)

    assert pace_after(google, NOW, allowance) == ahead + timedelta(seconds=0.6)

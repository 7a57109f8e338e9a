"""The forecast agrees with copies let go one by one, and with what is really reserved."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.config import RelayConfig
from digest.delivery.pacing.allowances import reserve
from digest.delivery.pacing.forecast import (
    MORNINGS,
    Forecast,
    Waiting,
    deal,
    forecast,
    overruns,
)
from digest.delivery.pacing.limits import WHOLE, Use, allowed_on

START = datetime(2026, 11, 27, 7, 0, 10, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MILLION = 1_000_000


def relay(**limits: object) -> RelayConfig:
    return RelayConfig(backend="memory", **limits)


def tell(*audience: tuple[str, int], start: datetime = START, **limits: object) -> Forecast:
    """Forecast an audience that waits from the start, connections taking as much as they like."""
    waiting = [Waiting(start, group, copies) for group, copies in audience]
    return forecast(waiting, "main", relay(**limits), start=start, copies_per_connection=1e6)


class OneByOne:
    """Lets one copy after the other go, the groups in turn within each minute, and counts every
    rule from the list of all that have gone.
    """

    def __init__(self, limits: RelayConfig, start: datetime, used: Sequence[Use]) -> None:
        self.limits, self.free = limits, {}
        self.gone = [
            (use.domain_group, min(use.minute, start)) for use in used for _ in range(use.copies)
        ]

    def rate(self, scope: str) -> float | None:
        own = self.limits if scope == WHOLE else self.limits.groups.get(scope)
        connections = own and own.connections
        rates = [own and own.per_second, connections and connections * 2.0]
        return min((rate for rate in rates if rate), default=None)

    def slot(self, scope: str, at: datetime) -> float:
        return max(self.free.get(scope, 0.0), at.timestamp() - START.timestamp())

    def has_room(self, scope: str, at: datetime, end: datetime) -> bool:
        rate = self.rate(scope)
        late = end.timestamp() - START.timestamp() - (1e-8 / rate if rate else 0)
        own = self.limits if scope == WHOLE else self.limits.groups.get(scope)
        minute = at.replace(second=0, microsecond=0)
        hour = [gone for to, gone in self.gone if to == scope and gone >= minute - HOUR]
        if own is not None and own.per_hour is not None and len(hour) >= own.per_hour:
            return False
        if scope == WHOLE and self.limits.warm_up is not None:
            allowed = allowed_on(self.limits.warm_up, at.date())
            today = [gone for to, gone in self.gone if to == WHOLE and gone.date() == at.date()]
            if allowed is not None and len(today) >= allowed:
                return False
        return self.slot(scope, at) < late

    def let_go(self, group: str, at: datetime) -> float:
        leaves = max(self.slot(WHOLE, at), self.slot(group, at))
        for scope in (WHOLE, group):
            if (rate := self.rate(scope)) is not None:
                self.free[scope] = self.slot(scope, at) + 1 / rate
            self.gone.append((scope, at))
        return leaves

    def play(self, audience: Sequence[Waiting], at: datetime) -> dict[str, float]:
        """Return the seconds from the start after which each group's last copy leaves."""
        waiting, last = list(audience), {}
        ready = Counter[str]()
        while waiting or +ready:
            for part in [part for part in waiting if part.not_before <= at]:
                ready[part.domain_group] += part.copies
                waiting.remove(part)
            end = at.replace(second=0, microsecond=0) + MINUTE
            end = min([end, *(part.not_before for part in waiting)])
            while moved := list(self.one_round(ready, at, end)):
                last.update(moved)
            at = end
        return last

    def one_round(
        self, ready: Counter[str], at: datetime, end: datetime
    ) -> Iterator[tuple[str, float]]:
        for group in sorted(+ready):
            if self.has_room(WHOLE, at, end) and self.has_room(group, at, end):
                ready[group] -= 1
                yield group, self.let_go(group, at)


RATES = st.sampled_from([None, None, 0.05, 1.0, 2.5, 20.0])
HOURLY = st.sampled_from([None, None, 1, 3, 8, 20])
GROUPS = st.sampled_from(["apple", "google", "other"])
GROUP_LIMITS = st.fixed_dictionaries(
    {"per_second": RATES, "per_hour": HOURLY, "connections": st.sampled_from([None, 1])}
)
WARM_UPS = st.builds(
    lambda day, per_day: {"start": START.date() + timedelta(days=day), "per_day": per_day},
    st.integers(-2, 1),
    st.lists(st.integers(1, 12), min_size=1, max_size=3),
)
PARTS = st.builds(
    lambda seconds, group, copies: Waiting(START + timedelta(seconds=seconds), group, copies),
    st.sampled_from([-60, 0, 0, 7.5, 50, 4000, 7205]),
    GROUPS,
    st.integers(1, 20),
)
USES = st.builds(
    lambda minutes, scope, copies: Use(scope, START.replace(second=0) - minutes * MINUTE, copies),
    st.integers(0, 80),
    st.sampled_from([WHOLE, "google"]),
    st.integers(1, 4),
)


@settings(max_examples=60)
@given(
    audience=st.lists(PARTS, min_size=1, max_size=4),
    whole=st.fixed_dictionaries(
        {
            "per_second": RATES,
            "per_hour": HOURLY,
            "warm_up": st.one_of(st.none(), WARM_UPS),
            "connections": st.sampled_from([1, 8]),
        }
    ),
    groups=st.dictionaries(GROUPS, GROUP_LIMITS, max_size=2),
    used=st.lists(USES, max_size=3),
)
def test_forecast_agrees_with_copies_let_go_one_by_one(audience, whole, groups, used) -> None:
    limits = relay(**whole, groups=groups)

    told = forecast(audience, "main", limits, start=START, used=used, copies_per_connection=2.0)

    slow = OneByOne(limits, START, used).play(audience, START)
    fast = {group: (at - START).total_seconds() for group, at in told.by_group.items()}
    assert fast == pytest.approx(slow, abs=1e-3)
    assert (told.last_at - START).total_seconds() == pytest.approx(max(slow.values()), abs=1e-3)


@pytest.mark.parametrize(
    "limits",
    [
        {"per_second": 20, "per_hour": 500},
        {"per_second": 7, "groups": {"other": {"per_second": 3}}},
        {"per_hour": 300, "warm_up": {"start": "2026-11-26", "per_day": [10, 700, 700]}},
    ],
)
def test_forecast_agrees_with_what_is_really_reserved(db, limits) -> None:
    now, left = START, 900
    while left:
        with db.write() as session:
            got = reserve(session, "main", "other", relay(**limits), left, now)
        left -= got.granted
        last = got.not_before + timedelta(seconds=max(0, got.granted - 1) * got.spacing)
        now = got.next_at or now

    told = tell(("other", 900), **limits)

    assert abs((told.last_at - last).total_seconds()) < 0.01


def test_groups_under_one_relay_leave_about_when_the_forecast_says(db) -> None:
    limits = {"per_second": 10, "groups": {"google": {"per_second": 4, "per_hour": 300}}}
    left, asks, last = {"google": 400, "other": 900}, {"google": START, "other": START}, {}
    while any(left.values()):
        group = min((group for group in left if left[group]), key=asks.__getitem__)
        with db.write() as session:
            got = reserve(session, "main", group, relay(**limits), left[group], asks[group])
        left[group] -= got.granted
        last[group] = got.not_before
        asks[group] = max(got.next_at or asks[group], asks[group] + timedelta(seconds=0.5))

    told = tell(("google", 400), ("other", 900), **limits)

    for group, at in told.by_group.items():
        assert abs((at - last[group]).total_seconds()) < 60


@pytest.mark.parametrize(
    ("limits", "hours", "key"),
    [
        ({"per_second": 20}, 13.9, "relays.main.per_second"),
        ({"per_hour": 20_000}, 49.8, "relays.main.per_hour"),
        ({"per_second": 10, "per_hour": 40_000}, 27.8, "relays.main.per_second"),
        (
            {"warm_up": {"start": date(2026, 11, 27), "per_day": [1000, 2000]}},
            41,
            "relays.main.warm_up",
        ),
    ],
)
def test_million_is_foretold_in_well_under_a_second(limits, hours: float, key: str) -> None:
    groups = ["apple", "gmx", "google", "microsoft", "other", "proton", "yahoo", "yandex"]
    began = time.process_time()

    told = tell(*((group, MILLION // 8) for group in groups), **limits)

    assert time.process_time() - began < 0.8
    assert (told.last_at - START) / HOUR == pytest.approx(hours, rel=0.01)
    assert told.limited_by == key


def test_slow_group_is_named_and_holds_up_nobody_else() -> None:
    told = tell(("google", 3600), ("other", 3600), groups={"google": {"per_second": 1}})

    assert told.limited_by == "relays.main.groups.google.per_second"
    assert told.by_group["google"] == START + timedelta(seconds=3599)
    assert told.by_group["other"] < START + timedelta(seconds=1)


def test_connections_decide_where_nothing_else_does() -> None:
    audience = [Waiting(START, "other", 6001)]

    told = forecast(audience, "main", relay(connections=2), start=START, copies_per_connection=5.0)

    assert told.last_at == START + timedelta(seconds=600)
    assert told.limited_by == "relays.main.connections"


def test_connections_of_a_group_are_counted_for_it() -> None:
    limits = relay(connections=10, groups={"google": {"connections": 1}})

    told = forecast(
        [Waiting(START, "google", 601)], "main", limits, start=START, copies_per_connection=5.0
    )

    assert told.last_at == START + timedelta(seconds=120)
    assert told.limited_by == "relays.main.groups.google.connections"


def test_readers_in_the_west_are_waited_for() -> None:
    audience = [Waiting(START, "other", 100), Waiting(START + 9 * HOUR, "other", 100)]

    told = forecast(audience, "main", relay(per_second=10), start=START)

    assert told.last_at == START + 9 * HOUR + timedelta(seconds=9.9)
    assert told.limited_by == MORNINGS


def test_what_was_used_before_counts() -> None:
    used = [Use(WHOLE, START.replace(second=0) - 30 * MINUTE, 10)]
    audience = [Waiting(START, "other", 1)]

    told = forecast(audience, "main", relay(per_hour=10), start=START, used=used)

    assert told.last_at == START.replace(second=0) + 31 * MINUTE


def test_nobody_to_mail_is_done_at_once() -> None:
    assert forecast([], "main", relay(), start=START) == Forecast(START, {}, "")


def test_what_takes_months_has_no_moment() -> None:
    told = tell(("other", MILLION), per_hour=10)

    assert told.last_at is None
    assert told.limited_by == "relays.main.per_hour"


@pytest.mark.parametrize(
    ("last_at", "expected"),
    [(START, False), (START + HOUR, True), (START + 2 * HOUR, True), (None, True)],
)
def test_plan_overruns_when_copies_leave_after_the_next_issue_is_due(last_at, expected) -> None:
    assert overruns(Forecast(last_at, {}, ""), START + HOUR) is expected


@given(wishes=st.lists(st.integers(0, 30), max_size=8), total=st.integers(0, 120))
def test_dealing_many_at_once_is_dealing_one_by_one(wishes, total: int) -> None:
    shares, left = [0] * len(wishes), total
    while left and shares != wishes:
        for place, wish in enumerate(wishes):
            if left and shares[place] < wish:
                shares[place] += 1
                left -= 1

    assert deal(wishes, total) == shares

"""Reserving copies on real databases: no sliding window ever holds more than its limit."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, func, select

from digest.config import RelayConfig
from digest.db import Database
from digest.delivery.pacing.allowances import give_back, list_uses, reserve
from digest.delivery.pacing.limits import Allowance, Use
from digest.models import RelayPace, RelayUse

NOW = datetime(2026, 11, 27, 7, 0, 10, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def relay(**limits: object) -> RelayConfig:
    return RelayConfig(backend="memory", **limits)


def take(
    db: Database, limits: RelayConfig, wanted: int, now: datetime = NOW, group: str = "other"
) -> Allowance:
    with db.write() as session:
        return reserve(session, "main", group, limits, wanted, now)


def busiest(departures: Sequence[datetime], window: timedelta) -> int:
    """Return the most departures in any half-open window of that length."""
    ordered, most, first = sorted(departures), 0, 0
    for last, at in enumerate(ordered):
        while at - ordered[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_relay_without_limits_costs_no_query(any_db) -> None:
    statements: list[str] = []
    event.listen(any_db.engine, "before_cursor_execute", lambda *said: statements.append(said[2]))

    allowance = take(any_db, relay(groups={"google": {"per_hour": 1}}), 500)

    assert allowance == Allowance(500, NOW)
    assert statements == []


def test_wanting_nothing_books_nothing(any_db) -> None:
    assert take(any_db, relay(per_hour=5), 0).granted == 0

    with any_db.read() as session:
        assert session.scalar(select(func.count()).select_from(RelayPace)) == 0


def test_hour_is_granted_once(any_db) -> None:
    limits = relay(per_hour=10)

    granted = [take(any_db, limits, 6, NOW + n * MINUTE).granted for n in range(3)]

    assert granted == [6, 4, 0]


def test_hour_comes_free_after_61_minutes_of_the_clock(any_db) -> None:
    limits = relay(per_hour=10)
    take(any_db, limits, 10)

    early = take(any_db, limits, 10, NOW + 60 * MINUTE)

    assert early.granted == 0
    assert early.next_at == NOW.replace(second=0) + 61 * MINUTE
    assert take(any_db, limits, 10, early.next_at).granted == 10


def test_group_and_relay_are_both_counted(any_db) -> None:
    limits = relay(per_hour=10, groups={"google": {"per_hour": 4}})

    granted = [take(any_db, limits, 9, NOW, group).granted for group in ("google", "other")]

    assert granted == [4, 6]
    with any_db.read() as session:
        minute = NOW.replace(second=0)
        uses = list_uses(session, "main", NOW)
    assert uses == [Use("", minute, 10), Use("google", minute, 4)]


def test_relays_do_not_share_their_limits(any_db) -> None:
    limits = relay(per_hour=10)
    take(any_db, limits, 10)

    with any_db.write() as session:
        assert reserve(session, "spare", "other", limits, 10, NOW).granted == 10


def test_slow_group_leaves_the_relay_to_others(any_db) -> None:
    limits = relay(per_second=20, groups={"google": {"per_second": 5}})

    slow = take(any_db, limits, 100, group="google")
    fast = take(any_db, limits, 100)

    assert (slow.granted, slow.spacing) == (5, 0.2)
    assert (fast.granted, fast.spacing) == (15, 0.05)
    assert fast.not_before == NOW + timedelta(seconds=0.25)


def test_warm_up_counts_the_day_in_utc(any_db) -> None:
    limits = relay(warm_up={"start": "2026-11-27", "per_day": [5, 8]})
    late = datetime(2026, 11, 27, 23, 59, tzinfo=UTC)

    granted = [take(any_db, limits, 9, at).granted for at in (NOW, late, late + MINUTE)]

    assert granted == [5, 0, 8]
    assert take(any_db, limits, 9, late + 24 * HOUR + MINUTE) == Allowance(
        9, late + 24 * HOUR + MINUTE
    )


def test_restart_keeps_the_count(any_db) -> None:
    limits = relay(per_hour=10, per_second=5)
    take(any_db, limits, 3)
    url = any_db.engine.url.render_as_string(hide_password=False)

    again = Database(url)
    allowance = take(again, limits, 10)
    again.close()

    assert allowance.granted == 2
    assert allowance.not_before == NOW + timedelta(seconds=0.6)


def test_copies_given_back_may_be_had_again(any_db) -> None:
    limits = relay(per_hour=10, groups={"google": {"per_hour": 8}})
    allowance = take(any_db, limits, 8, group="google")

    with any_db.write() as session:
        give_back(session, "main", "google", limits, allowance, 5)

    assert take(any_db, limits, 20, NOW + 2 * MINUTE, "google").granted == 5
    assert take(any_db, limits, 20, NOW + 2 * MINUTE).granted == 2


def test_more_than_was_granted_cannot_be_given_back(db) -> None:
    limits = relay(per_hour=10)
    allowance = take(db, limits, 3)

    with pytest.raises(ValueError, match="4 copies cannot be given back of 3"), db.write() as held:
        give_back(held, "main", "other", limits, allowance, 4)


@pytest.mark.parametrize("back", [HOUR, 3 * MINUTE, timedelta(days=1)])
def test_clock_set_back_grants_no_more(any_db, back: timedelta) -> None:
    limits = relay(per_hour=10, warm_up={"start": "2026-11-20", "per_day": [10] * 9})
    take(any_db, limits, 10)

    assert take(any_db, limits, 10, NOW - back).granted == 0


def test_clock_set_back_an_hour_holds_copies_up_for_an_hour_and_not_for_two(any_db) -> None:
    limits = relay(per_hour=10)
    take(any_db, limits, 10)

    again = take(any_db, limits, 10, NOW - HOUR).next_at

    assert again == NOW.replace(second=0) + MINUTE
    assert take(any_db, limits, 10, again).granted == 10


def test_clock_set_back_an_hour_holds_the_pace_up_for_seconds(any_db) -> None:
    limits = relay(per_second=5)
    take(any_db, limits, 5)

    again = take(any_db, limits, 5, NOW - HOUR).next_at

    assert NOW - HOUR < again < NOW - HOUR + timedelta(seconds=3)
    assert take(any_db, limits, 5, again).granted > 0


def test_old_minutes_are_forgotten(any_db) -> None:
    limits = relay(per_hour=10)
    take(any_db, limits, 1)

    take(any_db, limits, 1, NOW + timedelta(days=3))

    with any_db.read() as session:
        assert len(list_uses(session, "main", NOW)) == 1


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    per_hour=st.integers(1, 40),
    asks=st.lists(
        st.tuples(st.integers(0, 2400), st.integers(1, 30), st.booleans()), min_size=5, max_size=40
    ),
)
def test_no_sliding_hour_holds_more_than_its_limit(db, per_hour: int, asks) -> None:
    limits = relay(per_hour=per_hour, per_second=7.5, groups={"google": {"per_hour": 9}})
    now, left = NOW, []
    with db.write() as session:
        session.execute(delete(RelayUse))
        session.execute(delete(RelayPace))

    for seconds, wanted, google in asks:
        now += timedelta(seconds=seconds)
        group = "google" if google else "other"
        got = take(db, limits, wanted, now, group)
        left += [
            (got.not_before + timedelta(seconds=n * got.spacing), group) for n in range(got.granted)
        ]

    assert busiest([at for at, _ in left], HOUR) <= per_hour
    assert busiest([at for at, group in left if group == "google"], HOUR) <= 9
    assert busiest([at for at, _ in left], timedelta(seconds=1)) <= 8

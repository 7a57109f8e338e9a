"""When a relay or a domain group is left alone, for how long, and how it comes back."""

from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.config import Config, check
from digest.delivery.breaker.judgement import (
    ACCEPTED_FOR_ONE_MORE,
    Down,
    Limits,
    after_answer,
    after_down,
    after_outcome,
    down_of,
    is_answer,
    is_news,
    limits_of,
)
from digest.delivery.breaker.standing import (
    PRISTINE,
    WHOLE,
    Standing,
    connections_for,
    find_next_try,
    is_clean,
    is_half_open,
    list_closed_groups,
    may_try,
    wait_until,
)
from digest.delivery.outcome import Accepted, Deferred, Outcome, Rejected, Uncertain
from digest.errors import BackendDown

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LIMITS = Limits(refusals=5, rest=10 * MINUTE, connections=3)
POLICY = Rejected(550, "5.7.1 we do not like you")
SLOWLY = Deferred(450, "4.7.1 later, please")
FLOOD = Deferred(421, "4.7.28 too much of it")
READER = Rejected(550, "5.1.1 no such user")
ACCEPTED = Accepted()
NEUTRAL = [
    READER,
    Rejected(552, "5.3.4 too big"),
    Deferred(450, "4.2.2 mailbox full"),
    Deferred(0, "the connection broke"),
    Uncertain("no reply"),
]
OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from([*NEUTRAL, ACCEPTED, POLICY, SLOWLY, FLOOD])
HISTORIES = st.lists(st.tuples(OUTCOMES, st.integers(0, 1200)), max_size=60)
ALL_LIMITS = st.builds(
    Limits,
    refusals=st.integers(1, 8),
    rest=st.integers(1, 240).map(lambda minutes: minutes * MINUTE),
    connections=st.integers(1, 5),
)


def met(standing: Standing, *outcomes: Outcome, at: datetime = NOW) -> Standing:
    return reduce(lambda s, o: after_outcome(s, o, at, limits=LIMITS), outcomes, standing)


def down(standing: Standing, at: datetime, code: int = 0) -> Standing:
    return after_down(standing, Down("it broke", began=at, code=code), at)


def rests(code: int, count: int) -> list[timedelta]:
    """Return the rests of a relay that fails at the very end of each one."""
    found, standing, now = [], PRISTINE, NOW
    for _ in range(count):
        standing = down(standing, now, code)
        assert standing.open_until is not None
        found.append(standing.open_until - now)
        now = standing.open_until
    return found


def after_history(history: list[tuple[Outcome, int]], limits: Limits) -> tuple[Standing, datetime]:
    standing, now = PRISTINE, NOW
    for outcome, seconds in history:
        now += seconds * SECOND
        standing = after_outcome(standing, outcome, now, limits=limits)
    return standing, now


def test_dead_relay_rests_longer_each_time() -> None:
    assert rests(0, 8) == [n * SECOND for n in (1, 2, 5, 15, 30, 60, 60, 60)]


def test_relay_that_refuses_our_setup_rests_for_minutes() -> None:
    assert rests(535, 8) == [n * MINUTE for n in (1, 2, 5, 10, 20, 30, 30, 30)]


def test_refused_setup_rests_from_its_own_beginning_after_broken_connections() -> None:
    dead = down(down(PRISTINE, NOW), NOW + 2 * SECOND)

    refused = down(dead, NOW + 10 * SECOND, 535)

    assert refused.open_until == NOW + 10 * SECOND + MINUTE


def test_trouble_lasts_since_its_first_failure() -> None:
    assert down(down(PRISTINE, NOW), NOW + MINUTE).down_since == NOW


def test_connections_that_break_at_once_are_one_failure() -> None:
    standing = down(PRISTINE, NOW)

    again = after_down(standing, Down("it broke", began=NOW - MINUTE), NOW + 2 * SECOND)

    assert down(standing, NOW) == again == standing


def test_resting_relay_is_not_tried_and_then_by_one_connection() -> None:
    standing = down(PRISTINE, NOW)

    assert wait_until(standing, NOW) == NOW + SECOND
    assert may_try(standing, NOW + SECOND)
    assert is_half_open(standing, NOW + SECOND)
    assert connections_for({WHOLE: standing}, "google", 8) == 1


def test_answer_makes_a_relay_clean() -> None:
    assert is_clean(after_answer(down(PRISTINE, NOW, 535), NOW))


def test_trouble_that_nobody_met_for_an_hour_is_a_new_one() -> None:
    friday_before = down(down(PRISTINE, NOW), NOW + MINUTE)
    friday = NOW + timedelta(days=7)

    standing = down(friday_before, friday)

    assert (standing.failures, standing.down_since) == (1, friday)


def test_reason_is_redacted_and_short() -> None:
    standing = after_down(PRISTINE, Down("no jane@example.org " + "x" * 400, NOW), NOW)

    assert "jane" not in standing.reason
    assert len(standing.reason) == 300


@pytest.mark.parametrize(("code", "blames"), [(0, False), (421, False), (535, True), (554, True)])
def test_only_a_permanent_reply_blames_the_setup(code: int, blames: bool) -> None:
    error = BackendDown("main: it said so", code=code)

    assert down_of(error, NOW).blames_setup is blames


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        (ACCEPTED, True),
        (READER, True),
        (POLICY, True),
        (Deferred(450, "4.2.2 full"), True),
        (Deferred(421, "closing"), False),
        (Deferred(0, "the connection broke"), False),
        (Rejected(530, "5.7.0 authenticate first"), True),
        (Rejected(535, "5.7.8 wrong password"), False),
        (Uncertain(""), False),
    ],
)
def test_answer_is_what_a_relay_says_of_one_copy(outcome: Outcome, answer: bool) -> None:
    assert is_answer(outcome) is answer


@pytest.mark.parametrize("refusal", [POLICY, SLOWLY])
def test_policy_refusals_in_a_row_open_a_group(refusal: Outcome) -> None:
    before, after = met(PRISTINE, *[refusal] * 4), met(PRISTINE, *[refusal] * 5)

    assert may_try(before, NOW)
    assert wait_until(after, NOW) == NOW + 10 * MINUTE


def test_accepted_copy_ends_the_count() -> None:
    assert may_try(met(PRISTINE, *[POLICY] * 4, ACCEPTED, *[POLICY] * 4), NOW)


@pytest.mark.parametrize("outcome", NEUTRAL)
def test_other_outcomes_neither_count_nor_end_the_count(outcome: Outcome) -> None:
    counting = met(PRISTINE, POLICY, POLICY)

    assert met(counting, outcome) == counting


def test_flood_opens_at_once_for_ten_minutes_at_least() -> None:
    short = Limits(refusals=5, rest=MINUTE, connections=3)

    standing = after_outcome(PRISTINE, FLOOD, NOW, limits=short)

    assert standing.open_until == NOW + 10 * MINUTE


def test_flood_prolongs_a_shorter_rest() -> None:
    opened = met(PRISTINE, *[POLICY] * 5)

    assert met(opened, FLOOD, at=NOW + 5 * MINUTE).open_until == NOW + 15 * MINUTE


def test_copies_under_way_change_nothing_of_an_open_group() -> None:
    opened = met(PRISTINE, *[POLICY] * 5)

    assert met(opened, ACCEPTED, POLICY, READER, at=NOW + MINUTE) == opened


def test_refusal_while_half_open_doubles_the_rest_up_to_four_hours() -> None:
    standing, now, found = met(PRISTINE, *[POLICY] * 5), NOW, []
    for _ in range(6):
        assert standing.open_until is not None
        found.append((standing.open_until - now) / MINUTE)
        now = standing.open_until
        standing = met(standing, POLICY, at=now)

    assert found == [10, 20, 40, 80, 160, 240]


@pytest.mark.parametrize("before", [(), (ACCEPTED,) * 7])
def test_one_refusal_opens_a_recovering_group_again(before: tuple[Outcome, ...]) -> None:
    recovering = met(met(PRISTINE, FLOOD), *before, at=NOW + 10 * MINUTE)

    assert not may_try(met(recovering, POLICY, at=NOW + 10 * MINUTE), NOW + 20 * MINUTE)


def test_recovering_group_gets_one_connection_more_at_a_time() -> None:
    later = NOW + 10 * MINUTE
    standing, found = met(PRISTINE, *[POLICY] * 5), []
    for _ in range(2 * ACCEPTED_FOR_ONE_MORE):
        found.append(connections_for({"google": standing}, "google", 3))
        standing = met(standing, ACCEPTED, at=later)

    assert found == [1] * ACCEPTED_FOR_ONE_MORE + [2] * ACCEPTED_FOR_ONE_MORE
    assert is_clean(standing)


def test_group_that_rested_a_week_is_clean_after_one_copy() -> None:
    opened = met(PRISTINE, *[POLICY] * 5)

    assert is_clean(met(opened, ACCEPTED, at=NOW + timedelta(days=7)))


def test_closed_groups_are_listed_and_the_next_try_is_known() -> None:
    opened = met(PRISTINE, *[POLICY] * 5)
    standings = {WHOLE: PRISTINE, "yahoo": opened, "google": opened, "other": met(PRISTINE, POLICY)}

    assert list_closed_groups(standings, NOW) == ["google", "yahoo"]
    assert find_next_try(standings, NOW) == NOW + 10 * MINUTE
    assert list_closed_groups(standings, NOW + 10 * MINUTE) == []


@given(HISTORIES, ALL_LIMITS, st.sampled_from([POLICY, SLOWLY, FLOOD]))
def test_group_never_stays_closed_to_the_count_of_refusals(
    history: list[tuple[Outcome, int]], limits: Limits, refusal: Outcome
) -> None:
    """Whatever came before, so many refusals in a row leave it open."""
    standing, now = after_history(history, limits)
    for _ in range(limits.refusals):
        standing = after_outcome(standing, refusal, now, limits=limits)

    assert not may_try(standing, now)


@given(HISTORIES, ALL_LIMITS, st.lists(st.sampled_from(NEUTRAL), max_size=30))
def test_refusals_of_readers_never_change_a_group(
    history: list[tuple[Outcome, int]], limits: Limits, neutral: list[Outcome]
) -> None:
    standing, now = after_history(history, limits)

    after = reduce(lambda s, o: after_outcome(s, o, now, limits=limits), neutral, standing)

    assert after == standing


@given(HISTORIES, ALL_LIMITS)
def test_group_is_always_tried_again(history: list[tuple[Outcome, int]], limits: Limits) -> None:
    standing, now = after_history(history, limits)

    assert may_try(standing, now + 4 * HOUR)
    assert standing.connections is None or 1 <= standing.connections <= limits.connections


@given(st.lists(st.tuples(st.sampled_from([0, 421, 535]), st.integers(0, 1200)), min_size=1))
def test_relay_is_always_tried_again_and_one_answer_clears_it(
    failures: list[tuple[int, int]],
) -> None:
    standing, now = PRISTINE, NOW
    for code, seconds in failures:
        now += seconds * SECOND
        standing = down(standing, now, code)

    assert may_try(standing, now + HOUR / 2)
    assert is_clean(after_answer(standing, now))


@given(HISTORIES, ALL_LIMITS, OUTCOMES, st.booleans())
def test_what_is_no_news_changes_nothing(
    history: list[tuple[Outcome, int]], limits: Limits, outcome: Outcome, resting: bool
) -> None:
    group, now = after_history(history, limits)
    whole = down(PRISTINE, now) if resting else PRISTINE

    if not is_news({WHOLE: whole, "google": group}, "google", outcome):
        assert after_outcome(group, outcome, now, limits=limits) == group
        assert not is_answer(outcome) or after_answer(whole, now) == whole


def test_accepted_copy_of_a_relay_that_is_well_is_no_news() -> None:
    assert not is_news({}, "google", ACCEPTED)


@pytest.mark.parametrize(("group", "connections"), [("google", 2), ("yahoo", 4), ("other", 4)])
def test_limits_come_from_relay_and_group(group: str, connections: int) -> None:
    groups = {"google": {"connections": 2}, "yahoo": {"connections": 9}}
    relay = {"backend": "memory", "connections": 4, "groups": groups}
    newsletter = {
        "slug": "weekly",
        "name": "Weekly",
        "host": "weekly.example",
        "sender": {"name": "Weekly", "address": "letters@weekly.example"},
        "relay": "main",
        "postal_address": "12 Quay Street",
    }
    web = {"public_url": "https://weekly.example"}
    values = {"web": web, "relays": {"main": relay}, "newsletters": [newsletter]}

    limits = limits_of(check(Config, values, where="test"), "main", group)

    assert limits == Limits(5, 10 * MINUTE, connections)

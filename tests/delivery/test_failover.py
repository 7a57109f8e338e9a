"""Which relay sends a newsletter while one is in trouble."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.config import Config, check
from digest.delivery.breaker.judgement import Down, after_answer, after_down
from digest.delivery.breaker.standing import PRISTINE, Standing, may_try
from digest.delivery.failover import active_relay, may_take, newsletters_for

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
AFTER = 5 * MINUTE
NAMES = ["main", "spare", "drawer"]


def failing(since: timedelta, *, last: timedelta = MINUTE) -> Standing:
    """A relay whose trouble began and was last met so long ago."""
    first = after_down(PRISTINE, Down("refused", NOW - since), NOW - since)
    return after_down(first, Down("refused", NOW - last), NOW - last)


RESTING = failing(10 * MINUTE, last=timedelta(0))
DOWN = failing(10 * MINUTE)


def newsletter(slug: str, relay: str, *spares: str) -> dict[str, object]:
    return {
        "slug": slug,
        "name": slug,
        "host": "courier.example",
        "sender": {"name": slug, "address": "letters@courier.example"},
        "relay": relay,
        "spare_relays": spares,
        "postal_address": "12 Quay Street",
    }


def config() -> Config:
    values = {
        "web": {"public_url": "https://courier.example"},
        "relays": {name: {"backend": "memory"} for name in NAMES},
        "newsletters": [newsletter("weekly", "main", "spare"), newsletter("daily", "spare")],
    }
    return check(Config, values, where="test")


@pytest.mark.parametrize(
    ("standings", "active"),
    [
        ({}, "main"),
        ({"main": failing(4 * MINUTE)}, "main"),
        ({"main": failing(5 * MINUTE)}, "spare"),
        ({"main": DOWN, "spare": DOWN}, "drawer"),
        ({"main": DOWN, "spare": DOWN, "drawer": DOWN}, "main"),
        ({"spare": DOWN}, "main"),
        ({"main": after_answer(DOWN, NOW)}, "main"),
    ],
)
def test_active_relay_is_the_first_that_is_not_down(
    standings: Mapping[str, Standing], active: str
) -> None:
    assert active_relay(NAMES, standings, NOW, AFTER) == active


def test_trouble_of_last_friday_does_not_call_the_spare() -> None:
    long_ago = failing(timedelta(days=7), last=timedelta(days=7) - 6 * MINUTE)

    assert active_relay(NAMES, {"main": long_ago}, NOW, AFTER) == "main"


def test_resting_relay_takes_nothing() -> None:
    assert not may_take("main", NAMES, {"main": RESTING}, NOW, AFTER)


def test_down_relay_is_tried_beside_the_spare_when_its_rest_is_over() -> None:
    standings = {"main": DOWN}

    taking = [name for name in NAMES if may_take(name, NAMES, standings, NOW, AFTER)]

    assert taking == ["main", "spare"]


def test_relay_takes_only_newsletters_that_name_it() -> None:
    assert not may_take("other", NAMES, {}, NOW, AFTER)


@pytest.mark.parametrize(
    ("relay", "standings", "slugs"),
    [
        ("main", {}, ["weekly"]),
        ("spare", {}, ["daily"]),
        ("spare", {"main": RESTING}, ["weekly", "daily"]),
        ("main", {"main": RESTING}, []),
        ("spare", {"main": failing(2 * MINUTE)}, ["daily"]),
        ("drawer", {"main": RESTING}, []),
    ],
)
def test_newsletters_go_to_the_spare_and_back(
    relay: str, standings: Mapping[str, Standing], slugs: list[str]
) -> None:
    found = newsletters_for(relay, config(), standings, NOW)

    assert [newsletter.slug for newsletter in found] == slugs


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from([PRISTINE, DOWN, RESTING])))
def test_some_relay_takes_unless_all_rest(standings: dict[str, Standing]) -> None:
    taking = [name for name in NAMES if may_take(name, NAMES, standings, NOW, AFTER)]

    able = any(may_try(standings.get(name, PRISTINE), NOW) for name in NAMES)
    assert bool(taking) is able


@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from([PRISTINE, DOWN, RESTING])))
def test_two_relays_that_are_well_never_share_a_newsletter(standings: dict[str, Standing]) -> None:
    taking = [name for name in NAMES if may_take(name, NAMES, standings, NOW, AFTER)]

    assert len([name for name in taking if standings.get(name, PRISTINE) == PRISTINE]) <= 1

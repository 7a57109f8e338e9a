"""Limits hold over a moving window, over restarts, and for each key by itself."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from digest.db import Database
from digest.models import PublicHit
from digest.sealed import Sealer
from digest.subscribers.door.limits import Limit, allow, forget_hits, network_of

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
DAILY = Limit("letter", 1, timedelta(days=1))
MONTHLY = Limit("letter", 3, timedelta(days=30))
HOURLY = Limit("network", 2, timedelta(hours=1))


def test_limit_is_reached_and_named(any_db: Database) -> None:
    with any_db.write() as session:
        answers = [allow(session, [(HOURLY, b"a")], NOW) for _ in range(3)]

    assert answers == [None, None, HOURLY]


def test_keys_and_scopes_count_apart(db: Database) -> None:
    other = Limit("other", 1, timedelta(hours=1))
    with db.write() as session:
        wanted = [[(DAILY, b"a")], [(DAILY, b"b")], [(other, b"a")]]

        assert [allow(session, each, NOW) for each in wanted] == [None, None, None]


def test_window_moves(db: Database) -> None:
    with db.write() as session:
        allow(session, [(DAILY, b"a")], NOW)
        early = allow(session, [(DAILY, b"a")], NOW + timedelta(hours=23, minutes=59))
        late = allow(session, [(DAILY, b"a")], NOW + timedelta(days=1))

    assert (early, late) == (DAILY, None)


def test_longer_limit_holds_when_the_shorter_one_does_not(db: Database) -> None:
    both = [(DAILY, b"a"), (MONTHLY, b"a")]
    with db.write() as session:
        answers = [allow(session, both, NOW + timedelta(days=day)) for day in range(5)]

    assert answers == [None, None, None, MONTHLY, MONTHLY]


def test_what_is_refused_counts_towards_nothing(db: Database) -> None:
    with db.write() as session:
        allow(session, [(DAILY, b"a")], NOW)
        refused = allow(session, [(HOURLY, b"net"), (DAILY, b"a")], NOW)
        rows = session.scalar(select(func.count()).select_from(PublicHit))

    assert (refused, rows) == (DAILY, 1)


def test_old_hits_are_forgotten(db: Database) -> None:
    with db.write() as session:
        allow(session, [(MONTHLY, b"a")], NOW)
        allow(session, [(MONTHLY, b"a")], NOW + timedelta(days=1))
        forget_hits(session, NOW + timedelta(days=30))
        rows = session.scalar(select(func.count()).select_from(PublicHit))

    assert rows == 1


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("testclient", ""),
    ],
)
def test_visitor_counts_as_a_network(host: str, network: str) -> None:
    assert network_of(host) == network


@given(st.text(max_size=50))
def test_any_text_counts_as_some_network_or_none(host: str) -> None:
    assert isinstance(network_of(host), str)


def test_network_s_key_says_nothing_of_it_and_is_the_same_again(sealer: Sealer) -> None:
    key = sealer.network("192.0.2.0/24")

    assert key == sealer.network("192.0.2.0/24") != sealer.network("192.0.3.0/24")
    assert len(key) == 8
    assert key != sealer.index("192.0.2.0/24")[:8]

"""Seats: connections shared out over processes, never one to two of them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import update

from digest.db import Database
from digest.delivery.pacing.seats import free_seats, renew_seats, take_seats
from digest.models import RelaySeat

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def take(
    db: Database, owner: str, wanted: int, most: int = 4, now: datetime = NOW, relay: str = "main"
) -> list[int]:
    with db.write() as session:
        return take_seats(
            session, relay, owner, wanted=wanted, most=most, until=now + MINUTE, now=now
        )


def let_lapse(db: Database, owner: str) -> None:
    """Let an owner's seats run out, whichever clock they run by."""
    with db.write() as session:
        session.execute(update(RelaySeat).where(RelaySeat.owner == owner).values(until=LONG_AGO))


def test_seats_are_shared_out(any_db) -> None:
    assert take(any_db, "one", 3) == [1, 2, 3]
    assert take(any_db, "two", 3) == [4]
    assert take(any_db, "three", 3) == []


def test_relays_have_seats_of_their_own(any_db) -> None:
    take(any_db, "one", 4)

    assert take(any_db, "two", 2, relay="spare") == [1, 2]


def test_owner_keeps_its_seats_and_gets_more(any_db) -> None:
    take(any_db, "one", 1)
    take(any_db, "two", 1)

    assert take(any_db, "one", 2) == [1, 3]
    assert take(any_db, "one", 1) == [1, 3]


def test_lapsed_seats_are_taken_over(any_db) -> None:
    take(any_db, "gone", 3)
    let_lapse(any_db, "gone")

    assert take(any_db, "one", 4) == [1, 2, 3, 4]
    with any_db.write() as session:
        assert renew_seats(session, "main", "gone", until=NOW + MINUTE, now=NOW) == []


def test_living_seats_are_not_taken_over(any_db) -> None:
    take(any_db, "one", 4)
    with any_db.write() as session:
        renew_seats(session, "main", "one", until=NOW + 5 * MINUTE, now=NOW)

    assert take(any_db, "two", 4) == []


def test_lapsed_seats_that_nobody_took_are_still_their_owners(any_db) -> None:
    take(any_db, "one", 2)
    let_lapse(any_db, "one")

    with any_db.write() as session:
        kept = renew_seats(session, "main", "one", until=NOW + MINUTE, now=NOW)

    assert kept == [1, 2]
    assert take(any_db, "two", 4) == [3, 4]


def test_freed_seats_go_to_others(any_db) -> None:
    take(any_db, "one", 4)
    with any_db.write() as session:
        free_seats(session, "main", "one", [2, 3])

    assert take(any_db, "two", 4) == [2, 3]
    with any_db.write() as session:
        free_seats(session, "main", "one")
    assert take(any_db, "two", 4) == [1, 2, 3, 4]


def test_seats_beyond_a_smaller_number_are_given_up(any_db) -> None:
    take(any_db, "one", 4)

    assert take(any_db, "one", 4, most=2) == [1, 2]
    assert take(any_db, "two", 4, most=3) == [3]


@pytest.mark.parametrize("lapsed", [0, 5])
def test_racing_owners_never_share_a_seat(any_db, lapsed: int) -> None:
    take(any_db, "gone", lapsed, most=8)
    let_lapse(any_db, "gone")
    start = Barrier(4)

    def race(owner: str) -> list[int]:
        start.wait(30)
        return take(any_db, owner, 3, most=8)

    with ThreadPoolExecutor(4) as pool:
        seats = [number for taken in pool.map(race, "abcd") for number in taken]

    assert sorted(seats) == list(range(1, 9))

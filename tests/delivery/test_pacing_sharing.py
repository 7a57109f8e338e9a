"""Seats shared out evenly: nobody uses more than its share, and no seat changes hands while its
connection is open.
"""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from digest.db import Database
from digest.delivery.pacing.sharing import leave_seats, share_of, share_seats
from digest.models import RelaySeat

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def share(
    db: Database, owner: str, *, most: int = 4, in_use: int = 0, turns: bool = False
) -> list[int]:
    with db.write() as session:
        return share_seats(
            session,
            "main/google",
            owner,
            most=most,
            in_use=in_use,
            turns=turns,
            until=NOW + MINUTE,
            now=NOW,
        )


def leave(db: Database, owner: str, *, in_use: int = 0) -> None:
    with db.write() as session:
        leave_seats(session, "main/google", owner, in_use=in_use, until=NOW + MINUTE, now=NOW)


def seats_of(db: Database, owner: str) -> list[int]:
    with db.read() as session:
        numbers = select(RelaySeat.number).where(RelaySeat.owner == owner, RelaySeat.number > 0)
        return sorted(session.scalars(numbers))


def test_seat_whose_connection_is_open_is_given_to_nobody(any_db) -> None:
    share(any_db, "one")

    assert share(any_db, "two") == []
    assert share(any_db, "one", in_use=4) == [1, 2]
    assert share(any_db, "two") == []
    assert share(any_db, "one", in_use=3) == [1, 2]
    assert share(any_db, "two") == [4]
    assert share(any_db, "one", in_use=1) == [1, 2]
    assert share(any_db, "two") == [3, 4]


def test_owner_that_leaves_keeps_what_it_uses_and_counts_no_more(any_db) -> None:
    share(any_db, "one")
    leave(any_db, "one", in_use=1)

    assert share(any_db, "two") == [2, 3, 4]
    assert seats_of(any_db, "one") == [1]
    leave(any_db, "one")
    assert share(any_db, "two") == [1, 2, 3, 4]


def test_seats_from_when_more_were_allowed_count_while_they_are_used(any_db) -> None:
    share(any_db, "two", most=2)
    assert share(any_db, "one") == [3, 4]
    leave(any_db, "two")

    assert share(any_db, "one", most=1, in_use=2) == []
    assert share(any_db, "two", most=1) == []
    assert share(any_db, "one", most=1) == []
    assert share(any_db, "two", most=1) == [1]


def test_owner_that_died_loses_its_seats_when_their_time_is_over(any_db) -> None:
    share(any_db, "gone", most=1, in_use=1)
    assert share(any_db, "one", most=1) == []

    with any_db.write() as session:
        session.execute(update(RelaySeat).where(RelaySeat.owner == "gone").values(until=LONG_AGO))

    assert share(any_db, "one", most=1, turns=True) == [1]


@pytest.mark.parametrize("turn", range(6))
def test_each_turn_gives_every_seat_to_one_owner(turn: int) -> None:
    shares = [share_of(2, 5, rank, turn) for rank in range(5)]

    assert sum(shares) == 2
    assert max(shares) == 1


def test_every_owner_has_its_turn() -> None:
    turns = [[share_of(1, 3, rank, turn) for turn in range(3)] for rank in range(3)]

    assert [sum(of_one) for of_one in turns] == [1, 1, 1]


@pytest.mark.parametrize(
    ("most", "owners", "share"), [(4, 1, 4), (4, 2, 2), (3, 2, 2), (2, 2, 1), (1, 3, 1)]
)
def test_share_without_turns_is_even_and_rounded_up(most: int, owners: int, share: int) -> None:
    assert share_of(most, owners, owners - 1) == share


def test_seat_goes_round_with_the_clock(db) -> None:
    def ask(owner: str, now: datetime) -> list[int]:
        with db.write() as session:
            return share_seats(
                session,
                "main/google",
                owner,
                most=1,
                turns=True,
                until=now + 2 * MINUTE,
                now=now,
            )

    moments = [NOW + timedelta(seconds=30) * n for n in range(4)]
    # Each asks, and once more: a seat is taken only after it was given up.
    had = [
        [bool(ask(owner, now) or ask(owner, now)) for owner in ("one", "two")]
        for now in moments
        for _ in range(2)
    ][1::2]

    assert all(sum(pair) == 1 for pair in had[1:])
    assert had[1] != had[2] != had[3]

"""The guard on real stores: who is at home, who is held, and what is written down of it."""

from datetime import timedelta
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.db import Database
from digest.delivery.home.guard import Home
from digest.delivery.home.judgement import Why
from digest.delivery.home.machine import Machine
from digest.delivery.home.rows import list_holds

NOWHERE = Machine()


@pytest.fixture
def home(any_db: Database, tmp_path: Path, clock: FixedClock) -> Home:
    """The place that a database is first sent from, which has ticked twice."""
    home = Home(tmp_path / "home", clock, machine=Machine(id="a"))
    for _ in range(2):
        assert admit(any_db, home, tick=True)
    return home


def admit(db: Database, home: Home, *, tick: bool = False) -> bool:
    with db.write() as session:
        return home.admit(session, tick=tick)


def tick_in_vain(db: Database, home: Home) -> None:
    with db.write() as session:
        home.admit(session, tick=True)
        raise RuntimeError("it is rolled back")


def why(db: Database, home: Home) -> Why | None:
    with db.read() as session:
        hold = home.hold(session)
    return hold.why if hold else None


def test_file_follows_what_was_committed(any_db: Database, home: Home) -> None:
    assert home.file.read().count == 1
    with pytest.raises(RuntimeError):
        tick_in_vain(any_db, home)

    assert admit(any_db, home, tick=True)
    assert home.file.read().count == 2
    assert why(any_db, home) is None


def test_database_behind_the_file_is_held_everywhere(
    any_db: Database, home: Home, tmp_path: Path, clock: FixedClock
) -> None:
    home.file.advance(home.file.read(), count=99, instance=home.file.read().instance)

    assert not admit(any_db, home)
    assert why(any_db, home) is Why.OLDER
    other = Home(tmp_path / "other", clock, machine=NOWHERE)
    assert why(any_db, other) is Why.OLDER


def test_clone_of_the_machine_is_held(
    any_db: Database, home: Home, tmp_path: Path, clock: FixedClock
) -> None:
    clone = Home(tmp_path / "home", clock, machine=Machine(id="b"))

    assert not admit(any_db, clone)
    assert why(any_db, clone) is Why.MACHINE


def test_stranger_stops_itself_alone(
    any_db: Database, home: Home, tmp_path: Path, clock: FixedClock
) -> None:
    stranger = Home(tmp_path / "other", clock, machine=NOWHERE)

    assert not admit(any_db, stranger)
    since = clock.now()
    clock.advance(timedelta(minutes=1))

    assert admit(any_db, home)
    with any_db.read() as session:
        assert stranger.hold(session).since == since
        assert list_holds(session, clock.now()) == []  # somebody is at home, and sends
        late = clock.now() + timedelta(hours=1)
        assert [hold.why for hold in list_holds(session, late)] == [Why.STRANGE]


def test_takeover_makes_one_place_the_only_home(
    any_db: Database, home: Home, tmp_path: Path, clock: FixedClock
) -> None:
    other = Home(tmp_path / "other", clock, machine=NOWHERE)
    assert not admit(any_db, other)

    with any_db.write() as session:
        other.settle(session, alone=True)
    other.settled()

    assert admit(any_db, other, tick=True)
    assert why(any_db, home) is Why.STRANGE


def test_joining_leaves_the_others_at_home(
    any_db: Database, home: Home, tmp_path: Path, clock: FixedClock
) -> None:
    other = Home(tmp_path / "other", clock, machine=NOWHERE)
    assert not admit(any_db, other)

    with any_db.write() as session:
        other.settle(session, alone=False)
    other.settled()

    assert admit(any_db, other, tick=True)
    assert admit(any_db, home, tick=True)


def test_looking_alone_writes_nothing(db: Database, tmp_path: Path, clock: FixedClock) -> None:
    home = Home(tmp_path / "home", clock)

    assert why(db, home) is None
    assert not (tmp_path / "home").exists()

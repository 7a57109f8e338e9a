"""Growth: each day is counted once, for good, and nothing in it leads to a reader."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from digest.clock import FixedClock
from digest.db import Database
from digest.models import ReaderDay, Subscription
from digest.sealed import Sealer
from digest.subscribers.leaving import come_back
from digest.subscribers.lifecycle import erase, leave
from digest.subscribers.tally import list_weeks, tally_days, weeks_of
from digest.subscribers.transfer.merge import merge_import
from tests.subscribers.conftest import Reader
from tests.subscribers.transfer.conftest import Stage, folder, stage

__all__ = ["folder", "stage"]

A_DAY = timedelta(days=1)
TODAY = date(2026, 11, 27)


@pytest.fixture
def newsletter(any_db: Database, newsletter_in: Callable[..., int]) -> int:
    return newsletter_in(any_db)


def days(db: Database) -> list[tuple[str, int, int, int | None]]:
    with db.read() as session:
        rows = session.scalars(select(ReaderDay).order_by(ReaderDay.day))
        return [(f"{row.day:%m-%d}", row.came, row.went, row.readers) for row in rows]


def add(db: Database, reader: Reader, newsletter_id: int, *names: str) -> list[Subscription]:
    with db.write() as session:
        return [reader(session, newsletter_id, f"{name}@example.org") for name in names]


def test_days_that_are_over_are_counted(
    any_db: Database, newsletter: int, reader: Reader, clock: FixedClock
) -> None:
    anna, *_ = add(any_db, reader, newsletter, "anna", "ben", "cleo")
    clock.advance(A_DAY)
    with any_db.write() as session:
        leave(session, anna.public_id, now=clock.now(), origin="link")
        reader(session, newsletter, "dora@example.org", "pending")
    tally_days(any_db, clock.now())
    assert days(any_db) == [("11-27", 3, 0, 2)]
    clock.advance(A_DAY)
    tally_days(any_db, clock.now())

    assert days(any_db) == [("11-27", 3, 0, 2), ("11-28", 0, 1, 2)]


def test_day_is_counted_once(
    any_db: Database, newsletter: int, reader: Reader, clock: FixedClock
) -> None:
    add(any_db, reader, newsletter, "anna")
    clock.advance(A_DAY)
    add(any_db, reader, newsletter, "ben")
    for _ in range(3):
        tally_days(any_db, clock.now())
    clock.advance(2 * A_DAY)
    for _ in range(3):
        tally_days(any_db, clock.now())

    assert [row[:3] for row in days(any_db)] == [("11-27", 1, 0), ("11-28", 1, 0), ("11-29", 0, 0)]


def test_events_of_many_steps_are_counted(
    any_db: Database, newsletter: int, reader: Reader, clock: FixedClock
) -> None:
    """Days and steps cross: an event of a later day ends no step."""
    for _ in range(4):
        add(any_db, reader, newsletter, *(f"r{clock.now():%d}-{n}" for n in range(7)))
        clock.advance(A_DAY)
    tally_days(any_db, clock.now() - 2 * A_DAY, step_events=3)
    tally_days(any_db, clock.now(), step_events=3)

    assert [row[1] for row in days(any_db)] == [7, 7, 7, 7]


def test_nobody_is_counted_while_a_day_may_still_be_written_to(
    any_db: Database, newsletter: int, reader: Reader, clock: FixedClock
) -> None:
    add(any_db, reader, newsletter, "anna")
    midnight = datetime(2026, 11, 28, tzinfo=UTC)
    tally_days(any_db, midnight + timedelta(minutes=30))
    assert days(any_db) == [("11-26", 0, 0, 1)]
    tally_days(any_db, midnight + timedelta(minutes=61))
    assert days(any_db)[-1] == ("11-27", 1, 0, 1)


def test_erasing_somebody_changes_no_day(
    any_db: Database, newsletter: int, reader: Reader, clock: FixedClock, sealer: Sealer
) -> None:
    anna, _ = add(any_db, reader, newsletter, "anna", "ben")
    clock.advance(A_DAY)
    tally_days(any_db, clock.now())
    with any_db.write() as session:
        erase(session, sealer, anna.subscriber_id, clock.now())
    clock.advance(A_DAY)
    tally_days(any_db, clock.now())

    assert days(any_db) == [("11-27", 2, 0, 2), ("11-28", 0, 0, 1)]


def test_who_comes_back_came_again(
    any_db: Database, newsletter: int, reader: Reader, clock: FixedClock, sealer: Sealer
) -> None:
    [anna] = add(any_db, reader, newsletter, "anna")
    with any_db.write() as session:
        leave(session, anna.public_id, now=clock.now(), origin="link")
    with any_db.write() as session:
        now = clock.now()
        assert come_back(session, sealer, anna.public_id, left_by=now, now=now, origin="link")
    clock.advance(A_DAY)
    tally_days(any_db, clock.now())

    assert days(any_db) == [("11-27", 2, 1, 1)]


def test_import_counts_on_the_day_it_is_shown(
    any_db: Database, newsletter: int, stage: Stage, clock: FixedClock
) -> None:
    staged = stage(any_db, newsletter, "email\nanna@example.org\nben@example.org\n")
    clock.advance(A_DAY)
    merge_import(any_db, staged, clock=clock)
    clock.advance(A_DAY)
    tally_days(any_db, clock.now())

    assert days(any_db) == [("11-28", 2, 0, 2)]


def day(at: date, came: int, went: int, readers: int | None = None) -> tuple[date, ReaderDay]:
    return at, ReaderDay(newsletter_id=1, day=at, came=came, went=went, readers=readers)


def test_weeks_add_days_up_and_work_back_what_nobody_counted() -> None:
    monday = date(2026, 11, 16)
    weeks = weeks_of(
        dict(
            [
                day(monday - 7 * A_DAY, 5, 1),
                day(monday, 10, 2),
                day(monday + 6 * A_DAY, 1, 1),
                day(monday + 7 * A_DAY, 3, 0, 100),
                day(monday + 8 * A_DAY, 0, 2, 98),
            ]
        )
    )

    assert [(w.begins, w.came, w.went, w.change, w.readers, w.counted) for w in weeks] == [
        (monday - 7 * A_DAY, 5, 1, 4, 89, False),
        (monday, 11, 3, 8, 97, False),
        (monday + 7 * A_DAY, 3, 2, 1, 98, True),
    ]


def test_quiet_weeks_are_there() -> None:
    weeks = weeks_of(dict([day(TODAY - 30 * A_DAY, 1, 0, 1), day(TODAY, 0, 0, 1)]))
    assert [week.readers for week in weeks] == [1] * 5
    assert weeks_of({}) == []


def test_only_the_latest_weeks_are_listed(
    any_db: Database, newsletter: int, clock: FixedClock
) -> None:
    with any_db.write() as session:
        for number in range(100):
            session.add(day(TODAY - number * 7 * A_DAY, number, 0, 1000)[1])
            session.flush()
    with any_db.read() as session:
        session.expunge_all()
        weeks = list_weeks(session, newsletter, most=10)

    assert [week.came for week in weeks] == list(range(9, -1, -1))

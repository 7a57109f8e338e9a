"""Standings in the database: kept, found again, and counted exactly when processes report at
once.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Barrier

from sqlalchemy import func, select

from digest.clock import FixedClock
from digest.db import Database
from digest.delivery.breaker.judgement import Down, Limits
from digest.delivery.breaker.rows import (
    Change,
    load_relays,
    load_standings,
    record_down,
    record_outcomes,
)
from digest.delivery.breaker.standing import PRISTINE, WHOLE, is_clean
from digest.delivery.outcome import Accepted, Outcome, Rejected
from digest.models import RelayStanding

POLICY = Rejected(550, "5.7.1 not from you")
MINUTE = timedelta(minutes=1)


def limits(_group: str) -> Limits:
    return Limits(refusals=1000, rest=10 * MINUTE, connections=8)


def report(db: Database, now: datetime, *outcomes: tuple[str, Outcome]) -> list[Change]:
    with db.write() as session:
        return record_outcomes(session, "main", outcomes, limits, now)


def report_down(db: Database, now: datetime, code: int = 0) -> Change:
    with db.write() as session:
        return record_down(session, "main", Down("main: broken", now, code), now)


def count_rows(db: Database) -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(RelayStanding)).one()


@contextmanager
def another(db: Database) -> Iterator[Database]:
    """The same store as another process would open it."""
    database = Database(db.engine.url.render_as_string(hide_password=False))
    yield database
    database.close()


def at_once(db: Database, work: Callable[[Database, Barrier], None]) -> None:
    """Do the same in two processes' stead, and raise what either raised."""
    barrier = Barrier(2, timeout=30)
    with another(db) as first, another(db) as second, ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(work, store, barrier) for store in (first, second)]:
            done.result(60)


def test_standing_is_found_again_as_it_was_left(any_db: Database, clock: FixedClock) -> None:
    whole = report_down(any_db, clock.now(), 535).after
    [_, group] = report(any_db, clock.now() + MINUTE, ("google", POLICY))

    with any_db.read() as session:
        found = load_standings(session, "main")
        relays = load_relays(session)

    assert whole.reason == "main: broken"
    assert is_clean(found.pop(WHOLE))
    assert found == {"google": group.after}
    assert list(relays) == ["main"]


def test_good_news_of_a_relay_that_is_well_leaves_no_row(
    any_db: Database, clock: FixedClock
) -> None:
    changes = report(any_db, clock.now(), ("google", Accepted()), ("other", Rejected(550, "5.1.1")))

    assert count_rows(any_db) == 0
    assert all(change.before == change.after == PRISTINE for change in changes)


def test_outcomes_count_in_their_order(any_db: Database, clock: FixedClock) -> None:
    outcomes = [("google", o) for o in (POLICY, POLICY, Accepted(), POLICY)]

    *_, group = report(any_db, clock.now(), *outcomes)

    assert group.after.refusals == 1


def test_change_says_what_this_report_did(any_db: Database, clock: FixedClock) -> None:
    opened = report_down(any_db, clock.now())
    again = report_down(any_db, clock.now())
    [ended, _] = report(any_db, clock.now(), ("google", Accepted()))

    assert (opened.opened, opened.ended) == (True, False)
    assert (again.opened, again.ended) == (False, False)
    assert (ended.opened, ended.ended) == (False, True)


def test_relays_stand_apart(any_db: Database, clock: FixedClock) -> None:
    report_down(any_db, clock.now())

    with any_db.read() as session:
        assert load_standings(session, "spare") == {}


def test_reports_of_two_processes_all_count(any_db: Database, clock: FixedClock) -> None:
    def refuse(db: Database, barrier: Barrier) -> None:
        barrier.wait()
        for _ in range(20):
            report(db, clock.now(), ("google", POLICY), ("yahoo", POLICY))

    at_once(any_db, refuse)

    with any_db.read() as session:
        found = load_standings(session, "main")
    assert {group: standing.refusals for group, standing in found.items()} == {
        "google": 40,
        "yahoo": 40,
    }


def test_relay_that_fails_two_processes_at_once_fails_once(
    any_db: Database, clock: FixedClock
) -> None:
    def fail(db: Database, barrier: Barrier) -> None:
        barrier.wait()
        report_down(db, clock.now())

    at_once(any_db, fail)

    with any_db.read() as session:
        assert load_relays(session)["main"].failures == 1

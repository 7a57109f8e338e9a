"""Works that come at the same time are committed as one, and fail each for itself."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, event, func, select
from sqlalchemy.orm import Session

from digest.db import Database
from digest.errors import BadInput, DatabaseUnfit
from digest.models import InstanceValue

AT = datetime(2026, 11, 27, 7, tzinfo=UTC)


def put(name: str):
    def work(session: Session) -> str:
        session.add(InstanceValue(name=name, value="x", at=AT))
        session.flush()
        return name

    return work


def names(db: Database) -> list[str]:
    with db.read() as session:
        return sorted(session.scalars(select(InstanceValue.name)))


def at_once(db: Database, works: list) -> list:
    """Do works in threads of their own while another write holds them all up."""
    ready = threading.Barrier(len(works) + 1)

    def do(work):
        ready.wait()
        try:
            return db.write_together(work)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        with db.write():
            futures = [pool.submit(do, work) for work in works]
            ready.wait()
            threading.Event().wait(0.2)  # until the first leads and the others are in line
        return [future.result() for future in futures]


def test_work_is_committed_when_its_result_is_there(any_db: Database) -> None:
    assert any_db.write_together(put("one")) == "one"
    assert names(any_db) == ["one"]


def test_what_a_work_raises_is_raised_and_nothing_of_it_is_kept(any_db: Database) -> None:
    def work(session: Session) -> None:
        put("one")(session)
        raise BadInput("no")

    with pytest.raises(BadInput, match="no"):
        any_db.write_together(work)
    assert names(any_db) == []


def test_works_that_wait_share_a_commit(db: Database) -> None:
    commits = []
    event.listen(db.engine, "commit", lambda _connection: commits.append(1))

    results = at_once(db, [put(f"n{number}") for number in range(20)])

    assert sorted(results) == names(db) == sorted(f"n{number}" for number in range(20))
    assert len(commits) <= 3  # the one that held them up, the first, and all others


def test_one_failure_is_nobody_else_s(db: Database) -> None:
    def broken(session: Session) -> None:
        put("broken")(session)
        raise BadInput("no")

    results = at_once(db, [put("a"), broken, put("b"), put("c")])

    assert [str(each) for each in results] == ["a", "no", "b", "c"]
    assert names(db) == ["a", "b", "c"]


def test_store_that_stays_locked_is_told_to_all_at_once(db: Database) -> None:
    """Each by itself would wait as long again, one after the other."""
    db.close()
    impatient = Database(str(db.engine.url), write_patience=0.3)
    asked = []
    other = create_engine(db.engine.url)
    with other.connect() as connection, ThreadPoolExecutor(8) as pool:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

        def do(number: int) -> Exception | None:
            try:
                impatient.write_together(lambda _session: asked.append(number))
            except DatabaseUnfit as error:
                return error
            return None

        errors = list(pool.map(do, range(8)))
    other.dispose()
    impatient.close()

    assert [type(error) for error in errors] == [DatabaseUnfit] * 8
    assert len({id(error) for error in errors}) <= 3
    assert asked == []


def test_more_works_than_one_transaction_takes_are_all_done(db: Database) -> None:
    at_once(db, [put(f"n{number:03}") for number in range(120)])

    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(InstanceValue)) == 120

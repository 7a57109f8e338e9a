"""Works that come at the same time are committed as one, and fail each for itself."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sqlalchemy import create_engine, event, func, select
from sqlalchemy.orm import Session

from digest.db import Database
from digest.errors import BadInput, DatabaseUnfit
from digest.models import InstanceValue
from digest.together import Together

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


def do(db: Database, *works) -> list:
    """Do works that come at the same moment; what one raises stands in place of its result."""

    async def come() -> list:
        coming = (db.write_together(work) for work in works)
        return await asyncio.gather(*coming, return_exceptions=True)

    return asyncio.run(come())


def at_once(db: Database, works: list) -> list:
    """Do works while another write holds them all up."""
    with ThreadPoolExecutor(1) as pool:
        with db.write():
            results = pool.submit(do, db, *works)
            threading.Event().wait(0.2)  # until all are in line
        return results.result()


def test_work_is_committed_when_its_result_is_there(any_db: Database) -> None:
    assert do(any_db, put("one")) == ["one"]
    assert names(any_db) == ["one"]


def test_what_a_work_raises_is_raised_and_nothing_of_it_is_kept(any_db: Database) -> None:
    def work(session: Session) -> None:
        put("one")(session)
        raise BadInput("no")

    (error,) = do(any_db, work)

    assert isinstance(error, BadInput)
    assert names(any_db) == []


def test_works_that_wait_share_a_commit(db: Database) -> None:
    commits = []
    event.listen(db.engine, "commit", lambda _connection: commits.append(1))

    results = at_once(db, [put(f"n{number}") for number in range(20)])

    assert sorted(results) == names(db) == sorted(f"n{number}" for number in range(20))
    assert len(commits) == 1  # what held them up wrote nothing


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
    with other.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        errors = do(impatient, *[lambda _session: asked.append(1)] * 8)
    other.dispose()
    impatient.close()

    assert [type(error) for error in errors] == [DatabaseUnfit] * 8
    assert len({id(error) for error in errors}) == 1
    assert asked == []


def test_work_nobody_waits_for_any_more_is_not_done(db: Database) -> None:
    together = Together(db.write)
    with db.write():
        given_up = together.do(put("given up"))
        kept = together.do(put("kept"))
        given_up.cancel()
    assert kept.result() == "kept"
    together.close()

    assert names(db) == ["kept"]


def test_store_that_is_closed_finishes_what_waits(db: Database) -> None:
    together = Together(db.write)
    with db.write():
        waiting = [together.do(put(f"n{number}")) for number in range(3)]
    together.close()

    assert [each.result(timeout=0) for each in waiting] == ["n0", "n1", "n2"]


def test_more_works_than_one_transaction_takes_are_all_done(db: Database) -> None:
    at_once(db, [put(f"n{number:03}") for number in range(120)])

    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(InstanceValue)) == 120

"""Transactions commit whole or not at all, survive a power cut, and queue fairly for SQLite's one
writer.
"""

import multiprocessing
import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from digest import db as store
from digest.db import Database, HeldDatabase
from digest.errors import ConfigError, DatabaseUnfit
from digest.models import InstanceValue

AT = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)


def put(database: Database, name: str, value: str = "", at: datetime = AT) -> None:
    with database.write() as session:
        session.add(InstanceValue(name=name, value=value, at=at))


def names(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(InstanceValue.name)))


def test_writers_get_their_turn_in_the_order_of_asking(db: Database) -> None:
    """One thread that writes all the time must not keep another from writing."""
    stop = threading.Event()
    writes = 0

    def write_all_the_time() -> None:
        nonlocal writes
        while not stop.is_set():
            with db.write() as session:
                session.execute(text("UPDATE instance SET value = value"))
                writes += 1

    busy = threading.Thread(target=write_all_the_time)
    busy.start()
    overtaken = []
    for _ in range(30):
        before = writes
        with db.write():
            overtaken.append(writes - before)
    stop.set()
    busy.join()

    assert max(overtaken) <= 2  # the write under way, and one that asked a moment before us


def test_write_inside_a_write_is_refused(db: Database) -> None:
    with (
        db.write(),
        pytest.raises(RuntimeError, match="inside a write"),
        db.write(),
    ):
        pass


def test_write_commits_when_the_block_ends(any_db: Database) -> None:
    put(any_db, "here")

    assert names(any_db) == {"here"}


def test_write_rolls_back_when_the_block_raises(any_db: Database) -> None:
    def write_half() -> None:
        with any_db.write() as session:
            session.add(InstanceValue(name="half", value="", at=AT))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()

    assert names(any_db) == set()


def test_write_that_failed_leaves_the_turn_to_the_next(any_db: Database) -> None:
    put(any_db, "once")
    with pytest.raises(IntegrityError):
        put(any_db, "once")

    put(any_db, "after")

    assert names(any_db) == {"once", "after"}


def test_read_never_commits(any_db: Database) -> None:
    with any_db.read() as session:
        session.add(InstanceValue(name="stray", value="", at=AT))
        session.flush()

    assert names(any_db) == set()


def test_read_sees_one_moment_while_others_write(db: Database) -> None:
    """WAL: readers neither wait for the writer nor see half of its work."""
    with db.read() as session:
        before = session.scalars(select(InstanceValue.name)).all()
        put(db, "meanwhile")

        assert session.scalars(select(InstanceValue.name)).all() == before == []


def test_rows_stay_readable_after_the_session(any_db: Database) -> None:
    put(any_db, "kept", value="whole")

    with any_db.read() as session:
        row = session.get_one(InstanceValue, "kept")

    assert row.value == "whole"


def test_instants_come_back_as_the_same_instant_in_utc(any_db: Database) -> None:
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    put(any_db, "noon", at=datetime(2026, 11, 27, 12, 0, 0, 123456, tzinfo=kathmandu))

    with any_db.read() as session:
        at = session.get_one(InstanceValue, "noon").at

    assert at == datetime(2026, 11, 27, 6, 15, 0, 123456, tzinfo=UTC)
    assert at.tzinfo is UTC


def test_naive_instants_are_refused(any_db: Database) -> None:
    with pytest.raises(StatementError, match="naive datetime"):
        put(any_db, "naive", at=AT.replace(tzinfo=None))


def test_instants_compare_in_the_database_as_instants(any_db: Database) -> None:
    for minute in (0, 1):
        put(any_db, str(minute), at=AT + timedelta(minutes=minute))

    with any_db.read() as session:
        due = session.scalars(select(InstanceValue.name).where(InstanceValue.at <= AT)).all()

    assert due == ["0"]


def test_instants_that_are_missing_stay_missing() -> None:
    kind = store.UtcDateTime()

    assert kind.process_bind_param(None, None) is None  # type: ignore[arg-type]
    assert kind.process_result_value(None, None) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "wanted"), store.SQLITE_PRAGMAS.items())
def test_sqlite_connections_read_the_pragmas_back(db: Database, name: str, wanted: object) -> None:
    put(db, "any write before")

    with db.engine.connect() as one, db.engine.connect() as another:
        found = [c.exec_driver_sql(f"PRAGMA {name}").scalar_one() for c in (one, another)]

    assert found == [wanted, wanted]


def test_sqlite_enforces_references(db: Database) -> None:
    with pytest.raises(IntegrityError), db.write() as session:
        session.execute(
            text("INSERT INTO sections (newsletter_id, heading, position) VALUES (99, 'News', 1)")
        )


def test_store_made_by_us_is_durable(any_db: Database) -> None:
    any_db.assert_durable()


@pytest.mark.parametrize(
    ("pragma", "named"),
    [
        ("synchronous = OFF", "synchronous is 0"),
        ("synchronous = NORMAL", "synchronous is 1"),
        ("journal_mode = DELETE", "journal_mode is delete"),
        ("foreign_keys = OFF", "foreign_keys is 0"),
    ],
)
def test_sqlite_that_forgets_commits_is_unfit(tmp_path: Path, pragma: str, named: str) -> None:
    database = Database(f"sqlite:///{tmp_path / 'digest.db'}")
    event.listen(
        database.engine, "connect", lambda connection, _: connection.execute(f"PRAGMA {pragma}")
    )

    with pytest.raises(DatabaseUnfit, match=named):
        database.assert_durable()
    database.close()


def test_sqlite_in_memory_is_unfit() -> None:
    database = Database("sqlite://")

    with pytest.raises(DatabaseUnfit, match="journal_mode is memory"):
        database.assert_durable()
    database.close()


def test_postgres_that_forgets_commits_is_unfit(postgres_url: str) -> None:
    database = Database(f"{postgres_url}&options=-csynchronous_commit%3Doff")

    with pytest.raises(DatabaseUnfit, match="synchronous_commit is off"):
        database.assert_durable()
    database.close()


@pytest.mark.parametrize("url", ["nothing", "oracle+unheard_of://there/db"])
def test_url_that_names_no_database_is_a_config_error(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^database\.url: "):
        Database(url)


def test_threads_writing_at_once_all_succeed(any_db: Database) -> None:
    threads = [threading.Thread(target=write_many, args=(any_db, f"thread {n}")) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(names(any_db)) == 2 * 200


def write_many(database: Database, who: str) -> None:
    for number in range(200):
        put(database, f"{who}.{number}")


def test_processes_writing_at_once_all_succeed(db: Database) -> None:
    start = multiprocessing.get_context("spawn")
    url = str(db.engine.url)
    processes = [start.Process(target=write_alone, args=(url, f"process {n}")) for n in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0, 0]
    assert len(names(db)) == 2 * 200


def write_alone(url: str, who: str) -> None:
    database = Database(url)
    write_many(database, who)
    database.close()


def test_write_waits_until_another_program_is_done(db: Database) -> None:
    other = sqlite3.connect(
        str(db.engine.url.database), isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    done = threading.Event()
    writer = threading.Thread(target=lambda: (put(db, "patient"), done.set()))
    writer.start()

    assert not done.wait(0.3)
    other.execute("ROLLBACK")
    assert done.wait(5)
    writer.join()
    other.close()


def test_write_gives_up_when_the_file_stays_locked_and_can_be_tried_again(db: Database) -> None:
    hasty = Database(str(db.engine.url), write_patience=0.05)
    other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseUnfit, match=r"locked for 0\.05 seconds"):
        put(hasty, "late")

    other.close()
    put(hasty, "again")
    assert names(hasty) == {"again"}
    hasty.close()


def test_writers_of_one_process_take_turns(db: Database) -> None:
    """A second writer must not even ask for the file while the first one works."""
    inside: list[str] = []

    def second() -> None:
        with db.write():
            inside.append("second")

    with db.write():
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.05)
        inside.append("first")
    thread.join()

    assert inside == ["first", "second"]


def test_write_takes_the_writer_lock_at_its_beginning(db: Database) -> None:
    """A deferred transaction that reads first and writes later may fail halfway; this one
    cannot.
    """
    other = sqlite3.connect(str(db.engine.url.database), timeout=0, isolation_level=None)
    with db.write() as session:
        session.execute(text("SELECT 1"))

        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.close()


def test_postgres_urls_go_to_psycopg() -> None:
    database = Database("postgresql://friday@/friday?host=/run/postgresql")

    assert database.engine.dialect.driver == "psycopg"
    assert not database.is_sqlite


def test_close_leaves_no_connection_open(db: Database) -> None:
    put(db, "one")

    db.close()

    pool: Any = db.engine.pool
    assert pool.checkedin() == 0


def test_held_store_keeps_what_belongs_to_its_connection(any_db: Database) -> None:
    with any_db.hold() as held:
        with held.write() as session:
            session.execute(text("CREATE TEMPORARY TABLE kept (value INTEGER)"))
        with held.write() as session:
            session.execute(text("INSERT INTO kept VALUES (7)"))
        with held.read() as session:
            assert session.scalar(text("SELECT value FROM kept")) == 7

    with any_db.read() as session, pytest.raises(DBAPIError):
        session.execute(text("SELECT value FROM kept"))


def test_held_store_queues_with_other_writers(db: Database) -> None:
    with db.hold() as held, held.write(), pytest.raises(RuntimeError), db.write():
        pytest.fail("two writers at once")


def test_held_store_rolls_back_what_raises(any_db: Database) -> None:
    def fail(held: HeldDatabase) -> None:
        with held.write() as session:
            session.add(InstanceValue(name="half", value="", at=AT))
            session.flush()
            raise ValueError("no")

    with any_db.hold() as held:
        with pytest.raises(ValueError, match="no"):
            fail(held)
        with held.read() as session:
            assert session.scalars(select(InstanceValue.name)).all() == []


def test_log_is_emptied_into_the_file(db: Database) -> None:
    put(db, "x" * 60)
    log = Path(f"{db.file}-wal")
    before = log.stat().st_size

    assert db.empty_log()
    assert before > 0
    assert log.stat().st_size == 0
    assert names(db) == {"x" * 60}


def test_log_that_somebody_reads_is_left_and_said_so(db: Database) -> None:
    put(db, "first")
    with db.read() as session:
        session.execute(text("SELECT count(*) FROM instance"))
        put(db, "second")

        assert not db.empty_log()

    assert db.empty_log()


def test_deleted_value_is_nowhere_once_the_log_is_empty(db: Database) -> None:
    put(db, "name", "a value of its own 4711")
    with db.write() as session:
        session.execute(text("DELETE FROM instance"))
    db.empty_log()

    assert db.file is not None
    assert b"4711" not in db.file.read_bytes()
    assert b"4711" not in Path(f"{db.file}-wal").read_bytes()


def test_server_has_no_file_and_no_log_of_ours(postgres_url: str) -> None:
    database = Database(postgres_url)

    assert database.file is None
    assert database.empty_log()
    database.close()

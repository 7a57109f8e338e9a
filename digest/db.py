"""The store: engines, transactions, durability; knows none of its tables.

SQLite has one writer. Threads and processes take turns (`turns`), and the one whose turn it is asks
for the file every half millisecond: SQLite's own busy back-off is unfair under a steady writer.
PostgreSQL needs neither.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, DateTime, Dialect, Engine, create_engine, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from digest.errors import ConfigError, DatabaseUnfit
from digest.together import Together
from digest.turns import Queue, Turns

T = TypeVar("T")

WRITE_RETRY_SECONDS = 0.0005
WRITE_PATIENCE_SECONDS = 30.0
LOG_PATIENCE_MS = 200  # every writer waits meanwhile
SQLITE_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: NORMAL may forget the last commits when the power goes
    "foreign_keys": 1,
    "secure_delete": 1,  # what is deleted is overwritten, not just unlinked
}


class UtcDateTime(TypeDecorator[datetime]):
    """A timezone-aware instant, kept as UTC on every database; naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware instant into what the database keeps."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime has no place in the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """Owns the engine of one store and hands out transactions; never commits on its own outside
    them.
    """

    def __init__(self, url: str, *, write_patience: float = WRITE_PATIENCE_SECONDS) -> None:
        """Open the store at `url`; a write waits `write_patience` seconds for another program's on
        SQLite.
        """
        self.engine = _open_engine(url)
        self._writing = self.engine.execution_options(digest_write_patience=write_patience)
        self._turn = Turns() if self.is_sqlite else None
        self._queue = Queue(self.file) if self.file else None
        self._together = Together(self.write) if self.is_sqlite else None
        self._writer: int | None = None  # the thread whose turn it is

    def assert_there(self) -> None:
        """Raise DatabaseUnfit for a SQLite file that is not there: asking it would make one."""
        if self.file is not None and not self.file.exists():
            raise DatabaseUnfit(f"there is no database at {self.file}: run digest migrate")

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is the embedded one."""
        return self.engine.dialect.name == "sqlite"

    @property
    def file(self) -> Path | None:
        """Return the file of the embedded store; None for a server, or a store in memory."""
        name = self.engine.url.database
        return Path(name) if self.is_sqlite and name and name != ":memory:" else None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session for reading; whatever it might have changed is rolled back, and rows stay
        readable.
        """
        # Closing rolls back too, but unlike rollback() it leaves the values in the rows that were
        # read.
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session whose work commits as one when the block ends, and rolls back when it
        raises.

        DatabaseUnfit when another program keeps the SQLite file locked for longer than our
        patience.
        """
        with (
            self._one_writer(),
            Session(self._writing, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    async def write_together(self, work: Callable[[Session], T]) -> T:
        """Do a small work as `write` would, on SQLite in one transaction with others that come at
        the same time; return what it returns, once that is committed.
        """
        if self._together is not None:
            return await asyncio.wrap_future(self._together.do(work))
        return await asyncio.to_thread(self._do, work)

    def _do(self, work: Callable[[Session], T]) -> T:
        with self.write() as session:
            return work(session)

    def transactor(self) -> "Transactor":
        """Return a door to many small transactions on one kept connection; close it when done."""
        return Transactor(self._writing, self._one_writer)

    @contextmanager
    def hold(self) -> Iterator["HeldDatabase"]:
        """Yield this store over one connection, for what lasts as long as a connection does: an
        attached file, a temporary table (an import needs both). At the end the connection is
        closed, with all of that.
        """
        with self._writing.connect() as connection:
            try:
                yield HeldDatabase(connection, self._one_writer)
            finally:
                connection.invalidate()

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if self._writer == threading.get_ident():
            raise RuntimeError("a write inside a write of the same thread would wait for ever")
        with self._turn, self._queue.place() if self._queue else nullcontext():
            self._writer = threading.get_ident()
            try:
                yield
            finally:
                self._writer = None

    @contextmanager
    def alter(self) -> Iterator[Connection]:
        """Yield the only writer's connection for changing tables; all of it commits as one, or
        none.

        SQLite alters a table by rebuilding it, and enforced foreign keys would empty the tables
        that refer to it: they rest meanwhile, and are checked before the commit. DatabaseUnfit when
        one is broken then.
        """
        with self._one_writer(), self._writing.connect() as connection:
            _enforce_references(connection, False)
            try:
                with connection.begin():
                    yield connection
                    _check_references(connection)
            finally:
                _enforce_references(connection, True)

    def assert_durable(self) -> None:
        """Raise DatabaseUnfit unless a committed transaction survives a power cut here."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                _assert_sqlite_durable(connection)
            else:
                _assert_postgres_durable(connection)

    def empty_log(self) -> bool:
        """Take SQLite's write-ahead log into the file and empty it: what was deleted stands in
        older pages of it. False while somebody is still reading them: try again later. PostgreSQL
        has nothing of the kind that we could do.
        """
        if not self.is_sqlite:
            return True
        with self._one_writer(), self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute(f"PRAGMA busy_timeout = {LOG_PATIENCE_MS}")
            try:
                busy, *_ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                driver.execute("PRAGMA busy_timeout = 5000")
        return not busy

    def close(self) -> None:
        """Finish what is being written, and close every pooled connection."""
        if self._together is not None:
            self._together.close()
        self.engine.dispose()
        if self._queue is not None:
            self._queue.close()


class HeldDatabase:
    """A store over one connection; its transactions follow each other and queue with all others."""

    def __init__(
        self, connection: Connection, one_writer: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self.connection = connection
        self._one_writer = one_writer
        self._patience = connection.get_execution_options().get("digest_write_patience")

    @property
    def driver(self) -> Any:
        """The driver's own connection, for what cannot be done inside a transaction."""
        return self.connection.connection.driver_connection

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session for reading, like `Database.read`."""
        self.connection.execution_options(digest_write_patience=None)
        with Session(self.connection, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session whose work commits as one, like `Database.write`."""
        with self._one_writer():
            self.connection.execution_options(digest_write_patience=self._patience)
            with Session(self.connection, expire_on_commit=False) as session, session.begin():
                yield session


class Transactor:
    """One connection kept for transactions that many wait for: `write` without the bookkeeping of
    sessions and pools. Used from one thread at a time.
    """

    def __init__(self, engine: Engine, turn: Callable[[], AbstractContextManager[None]]) -> None:
        self._engine = engine
        self._turn = turn
        self._connection: Connection | None = None

    @contextmanager
    def transact(self) -> Iterator[Connection]:
        """Yield the connection; what is done on it commits as one, or rolls back when it raises.

        After an exception the next transaction gets a new connection.
        """
        with self._turn():
            connection = self._connection or self._engine.connect()
            self._connection = None
            try:
                with connection.begin():
                    yield connection
            except BaseException:
                connection.invalidate()  # it may be the connection that broke
                connection.close()
                raise
            self._connection = connection

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _open_engine(url: str) -> Engine:
    try:
        if url.startswith("sqlite"):
            engine = create_engine(
                url,
                connect_args={"timeout": 5, "check_same_thread": False},
                hide_parameters=True,  # an error must not carry anybody's values into a log
            )
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            event.listen(engine, "handle_error", _forget_readonly)
            return engine
        return create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1), hide_parameters=True
        )
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"database.url: {error.name} is not installed (for PostgreSQL: the extra postgres)"
        ) from error
    except (SQLAlchemyError, ImportError) as error:
        raise ConfigError(f"database.url: {error}") from error


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own BEGIN comes too late and is never IMMEDIATE; we say BEGIN ourselves.
    connection.isolation_level = None
    for name, value in SQLITE_PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}")


def _forget_readonly(context: ExceptionContext) -> None:
    """Replace connections opened while the file could not be written: they stay like that."""
    code = getattr(context.original_exception, "sqlite_errorcode", 0)
    if code & 0xFF == sqlite3.SQLITE_READONLY:
        context.is_disconnect = True


def _begin_sqlite(connection: Connection) -> None:
    patience = connection.get_execution_options().get("digest_write_patience")
    if patience is None:
        connection.exec_driver_sql("BEGIN")
        return
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        try:
            _begin_immediate(driver, patience)
        finally:
            driver.execute("PRAGMA busy_timeout = 5000")
    except sqlite3.OperationalError as error:
        # What a begin raises never comes to `_forget_readonly`.
        connection.invalidate(error)
        raise OperationalError("BEGIN IMMEDIATE", {}, error) from error


def _begin_immediate(driver: sqlite3.Connection, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            if time.monotonic() > deadline:
                raise DatabaseUnfit(
                    f"another program has kept the SQLite file locked for {patience:g} seconds"
                ) from error
            time.sleep(WRITE_RETRY_SECONDS)


def _enforce_references(connection: Connection, enforced: bool) -> None:
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.driver_connection
        driver.execute(f"PRAGMA foreign_keys = {int(enforced)}")


def _check_references(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return  # PostgreSQL keeps watching all the while
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise DatabaseUnfit(f"a row of {broken[0]} would refer to a missing row of {broken[2]}")


def _assert_sqlite_durable(connection: Connection) -> None:
    for name, wanted in SQLITE_PRAGMAS.items():
        found = connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
        if found != wanted:
            raise DatabaseUnfit(
                f"the SQLite file cannot be used safely: {name} is {found}, not {wanted}"
            )


def _assert_postgres_durable(connection: Connection) -> None:
    for name in ("synchronous_commit", "fsync", "full_page_writes"):
        found = connection.execute(
            text("SELECT current_setting(:name)"), {"name": name}
        ).scalar_one()
        if found == "off":
            raise DatabaseUnfit(f"PostgreSQL would forget commits in a power cut: {name} is off")

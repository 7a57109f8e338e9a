"""A staging file in sight of the store, so that one statement moves many readers over.

SQLite attaches the file; PostgreSQL copies a stretch of it into a temporary table at the start of
each transaction. Both call it ``staged``. Changes nothing in the staging file.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    func,
    select,
)
from sqlalchemy.orm import Session

from digest.db import Database, HeldDatabase, UtcDateTime
from digest.errors import Conflict
from digest.subscribers.transfer.fates import Fate
from digest.subscribers.transfer.staging_file import CACHE_KIB, StagedRow, StagingFile

SPACE_BITS = 48
END = 1 << SPACE_BITS  # where the last stretch ends, counted in the first bits of an address index

_SCHEMA = "staging"
_TABLES = MetaData(schema=_SCHEMA)
STAGED = Table(
    "staged",
    _TABLES,
    Column("block", BigInteger, nullable=False),  # the number of its first row, of any file
    Column("address_index", LargeBinary, nullable=False),
    Column("retired_indexes", LargeBinary, nullable=False),
    Column("address_sealed", LargeBinary, nullable=False),
    Column("name_sealed", LargeBinary),
    Column("language", Text),
    Column("timezone", Text),
    Column("domain_group", Text, nullable=False),
    Column("joined_at", UtcDateTime()),
    Column("evidence", JSON, nullable=False),
    Column("letters", Text, nullable=False),
    Column("fate", Integer, nullable=False),
    Column("left_at", UtcDateTime()),
    Column("kept", JSON(none_as_null=True)),
    postgresql_on_commit="DELETE ROWS",
)
_BLOCKS = Table("blocks", _TABLES, Column("number", Integer))


@dataclass(frozen=True, slots=True)
class Stretch:
    """All readers whose address index begins with a number from `low` up to but not `high`."""

    low: int
    high: int

    def bounds(self) -> tuple[bytes, bytes]:
        """Return what the indexes lie between, to compare with; the second is not in it."""
        return _bound(self.low), _bound(self.high)


def _bound(number: int) -> bytes:
    return number.to_bytes(SPACE_BITS // 8, "big") if number < END else b"\xff" * 33


def in_stretch(dialect: str, restrained: bool | None = None) -> ColumnElement[bool]:
    """Return the condition on staged rows that leaves one stretch, given as `low` and `high`.

    With `restrained` only those who have left or must not be mailed, or only the others.
    """
    lies = and_(
        STAGED.c.address_index >= bindparam("low"), STAGED.c.address_index < bindparam("high")
    )
    if restrained is not None:
        lies = and_(lies, STAGED.c.fate >= Fate.LEFT if restrained else STAGED.c.fate < Fate.LEFT)
    # Naming the blocks lets SQLite look into each for the stretch.
    return and_(STAGED.c.block.in_(select(_BLOCKS.c.number)), lies) if dialect == "sqlite" else lies


def count_staged(session: Session, stretch: Stretch, restrained: bool | None = None) -> int:
    """Return how many readers a stretch has."""
    low, high = stretch.bounds()
    count = _count(session.get_bind().dialect.name, restrained)
    return session.scalar(count, {"low": low, "high": high}) or 0


@cache
def _count(dialect: str, restrained: bool | None) -> Select[int]:
    return select(func.count()).select_from(STAGED).where(in_stretch(dialect, restrained))


class Beside:
    """The store with a staging file beside it; transactions see one stretch of readers."""

    def __init__(
        self,
        held: HeldDatabase,
        *,
        load: Callable[[Session, Stretch], None] | None = None,
        settle: Callable[[], None] | None = None,
    ) -> None:
        self._held = held
        self._load = load
        self._settle = settle

    @contextmanager
    def read(self, stretch: Stretch) -> Iterator[Session]:
        """Yield a session for reading that sees the stretch."""
        with self._held.read() as session:
            if self._load is not None:
                self._load(session, stretch)
            yield session

    @contextmanager
    def write(self, stretch: Stretch) -> Iterator[Session]:
        """Yield a session that sees the stretch and whose work commits as one."""
        with self._held.write() as session:
            if self._load is not None:
                self._load(session, stretch)
            yield session

    def settle(self) -> None:
        """Do now, while nobody waits for us, what a database puts off until a commit that is many
        rows later.
        """
        if self._settle is not None:
            self._settle()


def staged_beside(db: Database, path: Path) -> AbstractContextManager[Beside]:
    """Return a context with the store and a complete staging file that nobody else may open
    meanwhile; Conflict while another process has it.
    """
    return _attached(db, path) if db.is_sqlite else _copied(db, path)


@contextmanager
def _attached(db: Database, path: Path) -> Iterator[Beside]:
    with db.hold() as held:
        try:
            held.driver.execute("ATTACH ? AS staging", (str(path),))
            held.driver.execute("PRAGMA staging.locking_mode = exclusive")
            held.driver.execute(f"PRAGMA staging.cache_size = -{CACHE_KIB}")
            held.driver.execute("DELETE FROM staging.blocks WHERE false")  # takes the lock
        except sqlite3.OperationalError as error:
            raise Conflict(f"{path}: another process is at work on this import") from error
        yield Beside(held, settle=lambda: _checkpoint(held))


def _checkpoint(held: HeldDatabase) -> None:
    held.driver.execute("PRAGMA main.wal_checkpoint(PASSIVE)")


@contextmanager
def _copied(db: Database, path: Path) -> Iterator[Beside]:
    with StagingFile(path) as staging, db.hold() as held:
        held.connection.execution_options(schema_translate_map={_SCHEMA: "pg_temp"})
        with held.write() as session:
            STAGED.create(session.connection())
        yield Beside(held, load=lambda session, stretch: _copy(session, staging, stretch))


def _copy(session: Session, staging: StagingFile, stretch: Stretch) -> None:
    driver: Any = session.connection().connection.driver_connection
    rows = staging.rows_between(*stretch.bounds())
    with driver.cursor() as cursor, cursor.copy("COPY pg_temp.staged FROM STDIN") as copy:
        for row in rows:
            copy.write_row(_as_utc(row))


def _as_utc(row: StagedRow) -> Sequence[object]:
    *before, joined_at, evidence, own, fate, left_at, kept = row
    times = [at and f"{at}+00" for at in (joined_at, left_at)]
    return (*before, times[0], evidence, own, fate, times[1], kept)

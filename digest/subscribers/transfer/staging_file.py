"""The file an import waits in: sealed readers, their indexes, problems by row number, and how far
it got.

A SQLite file of its own (mode 0600), so that staging a million rows never holds up the store.
Opened by one process at a time. Rows and the count of what was read go in together; a kill loses at
most the last block. Never plaintext of an address or a name.
"""

import dataclasses
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from digest.errors import BadInput, Conflict
from digest.subscribers.transfer.rows import RowProblem

_TABLES = """
CREATE TABLE IF NOT EXISTS staged (
    row INTEGER PRIMARY KEY, address_index BLOB NOT NULL UNIQUE, retired_indexes BLOB NOT NULL,
    address_sealed BLOB NOT NULL, name_sealed BLOB, language TEXT, timezone TEXT,
    domain_group TEXT NOT NULL, joined TEXT NOT NULL, confirmed TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS problems (row INTEGER PRIMARY KEY, field TEXT NOT NULL, what TEXT NOT
NULL); CREATE TABLE IF NOT EXISTS tally ( import_id INTEGER PRIMARY KEY, last_row INTEGER NOT NULL,
rows INTEGER NOT NULL, understood INTEGER NOT NULL, bad INTEGER NOT NULL, inactive INTEGER NOT NULL,
complete INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class StagedRow:
    """One reader, sealed. `retired_indexes` is the index under each retired key, 32 bytes each."""

    row: int
    address_index: bytes
    retired_indexes: bytes
    address_sealed: bytes
    name_sealed: bytes | None
    language: str | None
    timezone: str | None
    domain_group: str
    joined: str
    confirmed: str

    def every_index(self) -> tuple[bytes, ...]:
        """Return the index under each key, the current one first."""
        retired = self.retired_indexes
        return (self.address_index, *(retired[at : at + 32] for at in range(0, len(retired), 32)))


@dataclass(frozen=True, slots=True)
class Tally:
    """How far the reading got: the last row read, and what the rows with something in them were."""

    import_id: int
    last_row: int = 0
    rows: int = 0
    understood: int = 0
    bad: int = 0
    inactive: int = 0
    complete: int = 0  # 1 once the whole file is read


class StagingFile:
    """Owns one open staging file; use it in a ``with`` block."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; Conflict while another process has it, BadInput when it is
        damaged.
        """
        self.path = path
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            self._connection.execute("PRAGMA locking_mode = exclusive")
            self._connection.execute("PRAGMA journal_mode = wal")
            self._connection.execute("PRAGMA synchronous = normal")
            self._connection.executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            if isinstance(error, sqlite3.OperationalError):
                raise Conflict(f"{path}: another process is at work on this import") from error
            raise BadInput(
                f"{path}: the staging file is damaged; remove it and start again"
            ) from error

    def __enter__(self) -> "StagingFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._connection.close()

    def tally(self) -> Tally | None:
        """Return how far the reading got, or None for a new file."""
        found = self._connection.execute(
            "SELECT import_id, last_row, rows, understood, bad, inactive, complete FROM tally"
        ).fetchone()
        return None if found is None else Tally(*found)

    def restart(self, import_id: int) -> Tally:
        """Empty the file for an import and return its fresh tally."""
        tally = Tally(import_id)
        with self._transaction():
            self._connection.execute("DELETE FROM staged")
            self._connection.execute("DELETE FROM problems")
            self._write_tally(tally)
        return tally

    def add(self, rows: Iterable[StagedRow], problems: Iterable[RowProblem], tally: Tally) -> None:
        """Add a block and its tally in one; of equal addresses the first row stays."""
        with self._transaction():
            self._connection.executemany(
                "INSERT OR IGNORE INTO staged VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                map(_values, rows),
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO problems VALUES (?, ?, ?)",
                ((problem.row, problem.field, problem.what) for problem in problems),
            )
            self._write_tally(tally)

    def _write_tally(self, tally: Tally) -> None:
        self._connection.execute("DELETE FROM tally")
        self._connection.execute(
            "INSERT INTO tally VALUES (?, ?, ?, ?, ?, ?, ?)", dataclasses.astuple(tally)
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def count(self) -> int:
        """Return how many different addresses are staged."""
        found: int = self._connection.execute("SELECT count(*) FROM staged").fetchone()[0]
        return found

    def count_after(self, row: int) -> int:
        """Return how many of them have a row number above `row`."""
        found: int = self._connection.execute(
            "SELECT count(*) FROM staged WHERE row > ?", (row,)
        ).fetchone()[0]
        return found

    def rows_after(self, row: int, limit: int) -> list[StagedRow]:
        """Return at most `limit` readers whose row number is above `row`, in the file's order."""
        found = self._connection.execute(
            "SELECT * FROM staged WHERE row > ? ORDER BY row LIMIT ?", (row, limit)
        )
        return [StagedRow(*values) for values in found]

    def problems(self, limit: int) -> tuple[RowProblem, ...]:
        """Return the first problems in the file's order."""
        found = self._connection.execute("SELECT * FROM problems ORDER BY row LIMIT ?", (limit,))
        return tuple(RowProblem(*values) for values in found)


def _values(row: StagedRow) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in StagedRow.__slots__)


def remove_staging_file(path: Path) -> None:
    """Remove a staging file and what SQLite keeps beside it; nothing happens when it is gone."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)

"""The file an import waits in: sealed readers, their indexes, problems by row number, and how far
it got.

A SQLite file of its own (mode 0600), so that staging a million rows never holds up the store.
Opened by one process at a time. Rows and the count of what was read go in together; a kill loses at
most the last block. Never plaintext of an address or a name.

Readers lie in blocks, in the file's order, and inside a block in the order of their address index.
So writing only ever appends, and all readers between two indexes are a short stretch of each block:
whoever takes them stretch by stretch walks the store's indexes from one end to the other.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from digest.errors import BadInput, Conflict
from digest.subscribers.transfer.reading import FILE_ROWS
from digest.subscribers.transfer.rows import RowProblem

_TABLES = """
CREATE TABLE IF NOT EXISTS staged (
    block INTEGER NOT NULL, address_index BLOB NOT NULL, retired_indexes BLOB NOT NULL,
    address_sealed BLOB NOT NULL, name_sealed BLOB, language TEXT, timezone TEXT,
    domain_group TEXT NOT NULL, joined_at TEXT, evidence TEXT NOT NULL, letters TEXT NOT NULL,
    fate INTEGER NOT NULL, left_at TEXT, kept TEXT,
    PRIMARY KEY (block, address_index)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blocks (number INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS problems (row INTEGER PRIMARY KEY, field TEXT NOT NULL, what TEXT NOT
NULL); CREATE TABLE IF NOT EXISTS tally ( import_id INTEGER PRIMARY KEY, last_row INTEGER NOT NULL,
rows INTEGER NOT NULL, understood INTEGER NOT NULL, bad INTEGER NOT NULL, inactive INTEGER NOT NULL,
readers INTEGER NOT NULL, index_keys INTEGER NOT NULL, keys_digest TEXT NOT NULL,
complete INTEGER NOT NULL, restrained INTEGER NOT NULL, kept INTEGER NOT NULL, said TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (number INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS texts (digest TEXT PRIMARY KEY, wording TEXT NOT NULL);
"""
_LAYOUT = 3  # of the tables; those of an older program are emptied, and filled again
_DROPPED = f"""
DROP TABLE IF EXISTS staged; DROP TABLE IF EXISTS problems; DROP TABLE IF EXISTS tally;
DROP TABLE IF EXISTS blocks; DROP TABLE IF EXISTS files; DROP TABLE IF EXISTS texts;
PRAGMA user_version = {_LAYOUT};
"""
_BETWEEN = """
FROM staged WHERE block IN (SELECT number FROM blocks) AND address_index >= ? AND address_index < ?
"""
CACHE_KIB = 16_000  # the page that is next in each block of a million readers, and some more
_PAGE_BYTES = 16_384  # rows are long: on small pages the way from the root to one would be too
_CHECKPOINT_PAGES = 2_000  # 32 MB: only then is the disk waited for


# One reader, sealed: the columns of the table in their order; a plain tuple, made by the million.
# The retired indexes are those under each retired key, 32 bytes each. The time of joining is as
# SQLAlchemy keeps an instant on SQLite, and so is that of leaving; the evidence is JSON, and so is
# what is kept of our own export. The letters are random and become the ends of two public ids.
COLUMNS = (
    *("block", "address_index", "retired_indexes", "address_sealed", "name_sealed", "language"),
    *("timezone", "domain_group", "joined_at", "evidence", "letters", "fate", "left_at", "kept"),
)
StagedRow = tuple[
    int, bytes, bytes, bytes, bytes | None, str | None, str | None, str, str | None, str, str,
    int, str | None, str | None,
]  # fmt: skip
_BY_INDEX = itemgetter(1)
_INSERT = f"INSERT OR IGNORE INTO staged VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608


class Tally(NamedTuple):
    """How far the reading got: the last row read, and what the rows with something in them were."""

    import_id: int
    last_row: int = 0
    rows: int = 0
    understood: int = 0
    bad: int = 0
    inactive: int = 0
    readers: int = 0  # different addresses; known once complete
    index_keys: int = 1  # under how many keys each address has an index
    keys_digest: str = ""  # of which keys
    complete: int = 0  # 1 once the whole file is read and every address is there once
    restrained: int = 0  # understood rows of people who have left or must not be mailed
    kept: int = 0  # understood rows with more than a list says: our own export
    said: str = "[]"  # JSON: [word, fate or null, rows] of what rows say of themselves


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
            self._connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
            # A power cut may take the last blocks, and then they are read again; nothing is torn.
            self._connection.execute("PRAGMA journal_mode = wal")
            self._connection.execute("PRAGMA synchronous = normal")
            self._connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            self._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            self._connection.execute("BEGIN EXCLUSIVE")
            self._connection.execute("COMMIT")  # the lock stays
            if self._connection.execute("PRAGMA user_version").fetchone()[0] != _LAYOUT:
                self._connection.executescript(_DROPPED)
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
        found = self._connection.execute("SELECT * FROM tally").fetchone()
        return None if found is None else Tally(*found)

    def restart(self, tally: Tally) -> None:
        """Empty the file for an import."""
        with self._transaction():
            self._connection.execute("DELETE FROM staged")
            self._connection.execute("DELETE FROM blocks")
            self._connection.execute("DELETE FROM problems")
            self._connection.execute("DELETE FROM files")
            self._connection.execute("DELETE FROM texts")
            self._write_tally(tally)

    def name_files(self, names: Sequence[str]) -> None:
        """Write what the files of the import are called; problems then say in which they are."""
        with self._transaction():
            self._connection.executemany(
                "INSERT OR IGNORE INTO files VALUES (?, ?)", enumerate(names)
            )

    def add_texts(self, texts: Mapping[str, str]) -> None:
        """Keep wordings that evidence of our own export refers to, by their SHA-256."""
        with self._transaction():
            self._connection.executemany("INSERT OR IGNORE INTO texts VALUES (?, ?)", texts.items())

    def texts(self) -> Mapping[str, str]:
        """Return the wordings kept."""
        return dict(self._connection.execute("SELECT digest, wording FROM texts").fetchall())

    def add(self, rows: list[StagedRow], problems: Iterable[RowProblem], tally: Tally) -> None:
        """Add a block and its tally in one; of equal addresses in it the severest row stays, of
        equally severe ones the first.
        """
        rows.sort(key=_BY_INDEX if not tally.restrained else _by_index_and_fate)
        with self._transaction():
            self._connection.executemany(_INSERT, rows)
            self._connection.executemany(
                "INSERT OR IGNORE INTO blocks VALUES (?)", [(row[0],) for row in rows[:1]]
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO problems VALUES (?, ?, ?)",
                ((problem.row, problem.field, problem.what) for problem in problems),
            )
            self._write_tally(tally)

    def write_tally(self, tally: Tally) -> None:
        """Write how far the reading got, alone."""
        with self._transaction():
            self._write_tally(tally)

    def _write_tally(self, tally: Tally) -> None:
        self._connection.execute("DELETE FROM tally")
        places = ", ".join("?" * len(tally))
        self._connection.execute(f"INSERT INTO tally VALUES ({places})", tally)  # noqa: S608

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def drop_repeated(self, low: bytes, high: bytes, *, has_fates: bool = True) -> int:
        """Remove what another block has more severely, or as severely and earlier, of indexes from
        `low` up to but not `high`; return how many stay.
        """
        seen = set[bytes]()
        repeated = []
        severest = "fate DESC, kept IS NULL, block" if has_fates else "block"
        found = self._connection.execute(
            f"SELECT block, address_index {_BETWEEN} ORDER BY {severest}", (low, high)
        )
        for block, index in found:
            if index in seen:
                repeated.append((block, index))
            seen.add(index)
        if repeated:
            with self._transaction():
                self._connection.executemany(
                    "DELETE FROM staged WHERE block = ? AND address_index = ?", repeated
                )
        return len(seen)

    def rows_between(self, low: bytes, high: bytes) -> Sequence[StagedRow]:
        """Return the readers whose index is `low` or more and less than `high`."""
        found: list[StagedRow]
        found = self._connection.execute(f"SELECT * {_BETWEEN}", (low, high)).fetchall()
        return found

    def problems(self, limit: int) -> tuple[RowProblem, ...]:
        """Return the first problems in the files' order."""
        found = self._connection.execute("SELECT * FROM problems ORDER BY row LIMIT ?", (limit,))
        names = dict(self._connection.execute("SELECT number, name FROM files").fetchall())
        several = len(names) > 1
        return tuple(
            RowProblem(row % FILE_ROWS, field, what, names.get(row // FILE_ROWS, "") * several)
            for row, field, what in found
        )


def _by_index_and_fate(row: StagedRow) -> tuple[bytes, int, bool]:
    return row[1], -row[11], row[13] is None  # fate and what is kept


def remove_staging_file(path: Path) -> None:
    """Remove a staging file and what SQLite keeps beside it; nothing happens when it is gone."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)

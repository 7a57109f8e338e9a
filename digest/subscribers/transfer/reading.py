"""A file read and judged block by block: in a child process when it is long, so that two processors
share the work, else right here.

The child has no keys and no store: it turns cells into plain values, the parent seals them. When it
dies, the parent reads on by itself from where it was. Ends the child whenever the reading ends.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from digest.errors import BadInput
from digest.subscribers.transfer.csv_file import CsvShape, read_rows
from digest.subscribers.transfer.rows import (
    InactiveRow,
    ReaderRow,
    RowProblem,
    read_time,
    understand,
)

CHILD = "digest.subscribers.transfer.reading_child"
BLOCK_ROWS = 10_000
LONG_FILE_BYTES = 2_000_000  # what a child needs to start, this process has read by then


# One reader as plain values: row, address, its key, domain group, name, language, time zone, time
# of joining as SQLAlchemy keeps an instant on SQLite, evidence as JSON. No class of its own: making
# a million of them, and sending them over, is what reading costs.
PlainReader = tuple[int, str, str, str, str | None, str | None, str | None, str | None, str]


class Block(NamedTuple):
    """Some rows of a file, judged. `byte` says how far into the file the reading is."""

    last_row: int
    rows: int
    readers: list[PlainReader]
    problems: list[RowProblem]
    byte: int


@dataclass(frozen=True, slots=True)
class Source:
    """The file: where it is, how it is to be read, and its SHA-256 in hexadecimal."""

    path: Path
    shape: CsvShape
    digest: str


def judged_blocks(source: Source, after_row: int) -> Generator[Block, None, None]:
    """Yield the rows with a number above `after_row`; BadInput names the row that cannot be read.

    Close the iterator when it is not read to its end.
    """
    if source.path.stat().st_size >= LONG_FILE_BYTES:
        with suppress(OSError), closing(_Child(source, after_row)) as child:
            for block in child.blocks():
                after_row = block.last_row
                yield block
            if child.is_done:
                return
    yield from read_blocks(source, after_row)


def read_blocks(source: Source, after_row: int) -> Iterator[Block]:
    """Yield the same, always from this process."""
    byte = 0

    def note(at: int) -> None:
        nonlocal byte
        byte = at

    rows = read_rows(source.path, source.shape, at_byte=note)
    judged = (
        each if isinstance(each, RowProblem) else understand(each)
        for each in rows
        if each.row > after_row
    )
    while block := list(islice(judged, BLOCK_ROWS)):
        yield _block(block, source.digest, byte)


def _block(
    judged: Sequence[ReaderRow | InactiveRow | RowProblem], file_digest: str, byte: int
) -> Block:
    readers = [_plain(each, file_digest) for each in judged if isinstance(each, ReaderRow)]
    problems = [each for each in judged if isinstance(each, RowProblem)]
    return Block(judged[-1].row, len(judged), readers, problems, byte)


def _plain(reader: ReaderRow, file_digest: str) -> PlainReader:
    row, (address, _domain, key, group), name, language, timezone, joined, confirmed = reader
    # Put together by hand, for speed: the times have been checked to have nothing to escape.
    evidence = f'{{"file": "{file_digest}", "row": {row}'
    if joined:
        evidence += f', "joined": "{joined}"'
    if confirmed:
        evidence += f', "confirmed": "{confirmed}"'
    at = _joined_at(joined, confirmed)
    return row, address, key, group, name, language, timezone, at, evidence + "}"


def _joined_at(joined: str, confirmed: str) -> str | None:
    """Return the earlier of the times that need no guessing."""
    first, second = _kept(joined), _kept(confirmed)
    return min(first, second) if first and second else first or second


def _kept(text: str) -> str | None:
    if len(text) == 19 and text[13] == text[16] == ":":  # to the second, as most write it
        return f"{text[:10]} {text[11:]}.000000" if _is_time(text) else None
    at = read_time(text) if text else None
    return at.isoformat(" ", "microseconds")[: -len("+00:00")] if at else None


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


class _Child:
    """One child process and our end of the line to it."""

    def __init__(self, source: Source, after_row: int) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-P", "-m", CHILD, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # the parent meets the same trouble and tells of it
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                process_group=0,  # a Ctrl-C is for the parent, who ends the child itself
            )
            self._line = Connection(ours.detach())
        self._asked = (source, after_row)
        self.is_done = False

    def blocks(self) -> Iterator[Block]:
        """Yield what the child reads, to the end of the file or of the child."""
        with suppress(EOFError, OSError):
            self._line.send(self._asked)
            while not self.is_done:
                heard = self._line.recv()
                if isinstance(heard, str):
                    raise BadInput(heard)
                self.is_done = heard is None
                if heard is not None:
                    yield heard

    def close(self) -> None:
        """Kill the process and wait for it: it holds nothing worth a polite goodbye."""
        self._line.close()
        self._process.kill()
        self._process.wait()

"""A file read and judged block by block: in a child process when it is long, so that two processors
share the work, else right here.

The child has no keys and no store: it turns cells into plain values, the parent seals them. When it
dies, the parent reads on by itself from where it was. Ends the child whenever the reading ends.
"""

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from multiprocessing.connection import Connection
from typing import NamedTuple

from digest.errors import BadInput
from digest.subscribers.transfer.csv_file import CsvShape, NamedCells, read_records
from digest.subscribers.transfer.fates import Fate
from digest.subscribers.transfer.places import Place
from digest.subscribers.transfer.providers import PLAIN
from digest.subscribers.transfer.quick_rows import quick_reader
from digest.subscribers.transfer.rows import (
    USUAL,
    InactiveRow,
    Meaning,
    ReaderRow,
    RowProblem,
    read_time,
    understand,
)

CHILD = "digest.subscribers.transfer.reading_child"
BLOCK_ROWS = 10_000
LEFT = int(Fate.LEFT)  # comparing members of an enum is slow
LONG_FILE_BYTES = 2_000_000  # what a child needs to start, this process has read by then


# Where in the row numbers of an import each further file of it begins; so a row has one number.
FILE_ROWS = 1 << 40

# One reader as plain values: row, address, its key, domain group, name, language, time zone, time
# of joining as SQLAlchemy keeps an instant on SQLite, evidence as JSON, fate, time of leaving as
# that of joining, what our own export says beyond that as JSON. No class of its own: making a
# million of them, and sending them over, is what reading costs.
PlainReader = tuple[
    int, str, str, str, str | None, str | None, str | None, str | None, str,
    int, str | None, str | None,
]  # fmt: skip
Said = tuple[str, int | None]  # a word of the file, and the fate it stands for


class Block(NamedTuple):
    """Some rows of a file, judged. `byte` says how far into all files the reading is, `said` how
    many rows said what of themselves.
    """

    last_row: int
    rows: int
    readers: list[PlainReader]
    problems: list[RowProblem]
    byte: int
    said: list[tuple[Said, int]]
    kept: int = 0  # how many say more than a list does: our own export


@dataclass(frozen=True, slots=True)
class Part:
    """One file: where it is, how it is to be read and understood, its SHA-256 in hexadecimal."""

    place: Place
    shape: CsvShape
    digest: str
    meaning: Meaning = USUAL


@dataclass(frozen=True, slots=True)
class Source:
    """The files of one import, in the order in which they are read."""

    parts: tuple[Part, ...]

    def size(self) -> int:
        """Return how many bytes all of them have."""
        return sum(part.place.size() for part in self.parts)


def judged_blocks(source: Source, after_row: int) -> Generator[Block, None, None]:
    """Yield the rows with a number above `after_row`; BadInput names the row that cannot be read.

    Close the iterator when it is not read to its end.
    """
    if source.size() >= LONG_FILE_BYTES:
        with suppress(OSError), closing(_Child(source, after_row)) as child:
            for block in child.blocks():
                after_row = block.last_row
                yield block
            if child.is_done:
                return
    yield from read_blocks(source, after_row)


def read_blocks(source: Source, after_row: int) -> Iterator[Block]:
    """Yield the same, always from this process."""
    before = 0
    for number, part in enumerate(source.parts):
        first = number * FILE_ROWS
        if after_row < first + FILE_ROWS:
            for block in _blocks_of(part, first, max(after_row - first, 0)):
                yield block._replace(byte=before + block.byte)
        before += part.place.size()


def _blocks_of(part: Part, first: int, after_row: int) -> Iterator[Block]:
    byte = 0

    def note(at: int) -> None:
        nonlocal byte
        byte = at

    judge = _Judge(part, first)
    records = read_records(part.place, part.shape, at_byte=note)
    rest = (each for each in records if each[0] > after_row)
    while taken := list(islice(rest, BLOCK_ROWS)):
        yield judge.block(taken, byte)


class _Judge:
    """Turns the rows of one file into plain readers."""

    def __init__(self, part: Part, first: int) -> None:
        self._meaning, self._first = part.meaning, first
        system = part.meaning.provider
        provider = "" if system == PLAIN else f', "provider": "{system}"'
        self._head = f'{{"file": "{part.digest}"{provider}, "row": '
        self._named = NamedCells(part.shape)
        self._quick = quick_reader(part.shape, part.meaning)

    def block(self, taken: Sequence[tuple[int, list[str] | None, str]], byte: int) -> Block:
        """Return some rows as a block."""
        readers: list[PlainReader] = []
        problems: list[RowProblem] = []
        said, kept = Counter[Said](), 0
        quick, head, first = self._quick, self._head, self._first
        for row, record, text in taken:
            if quick and record and (reader := quick(row, record, text)):
                readers.append(_plain(reader, head, first))
                continue
            raw = self._named.of(row, record, text)
            judged = raw if isinstance(raw, RowProblem) else understand(raw, self._meaning)
            if isinstance(judged, RowProblem):
                problems.append(replace(judged, row=first + row))
            elif isinstance(judged, InactiveRow):
                said[judged.said, None] += 1
            else:
                said[judged.said, int(judged.fate)] += 1
                kept += judged.kept is not None
                readers.append(_plain(judged, head, first))
        plainly = len(readers) - sum(
            rows for (_word, fate), rows in said.items() if fate is not None
        )
        if plainly:
            said["", 0] += plainly
        told = sorted(said.items(), key=str)
        return Block(first + taken[-1][0], len(taken), readers, problems, byte, told, kept)


def _plain(reader: ReaderRow, head: str, first: int) -> PlainReader:
    (row, (address, _domain, key, group), name, language, timezone, joined, confirmed, fate, said,
     left, kept) = reader  # fmt: skip
    # Put together by hand, for speed: the times have been checked to have nothing to escape.
    evidence = f"{head}{row}"
    if joined:
        evidence += f', "joined": "{joined}"'
    if confirmed:
        evidence += f', "confirmed": "{confirmed}"'
    at = _joined_at(joined, confirmed)
    if fate >= LEFT:
        evidence += f', "said": {json.dumps(said)}'
    if left:
        evidence += f', "left": "{left}"'
    left_at = _kept(left) if left else None
    return (
        first + row, address, key, group, name, language, timezone, at, evidence + "}", int(fate),
        left_at, kept,
    )  # fmt: skip


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

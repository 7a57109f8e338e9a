"""A CSV file from anywhere, read row by row: encoding, delimiter and header found out, memory flat.

Knows nothing of readers: it hands on cells by field name. What cannot be read at all is BadInput
naming file and row; what is wrong with one row is a RowProblem and the reading goes on. Neither
repeats what the file says.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO, TextIOWrapper
from typing import Any

from digest.errors import BadInput
from digest.subscribers.addresses import parse_address
from digest.subscribers.transfer.csv_encoding import NoList, find_encoding
from digest.subscribers.transfer.places import Place
from digest.subscribers.transfer.providers import (
    FRIDAY,
    PLAIN,
    PLAIN_CSV,
    choose,
    find_columns,
    find_unused,
)
from digest.subscribers.transfer.rows import RawRow, RowProblem

BLOCK_CHARACTERS = 8192  # read in one go; damaged text is told from as far as this before it
LONGEST_ROW = 64_000  # characters; a quote never closed would otherwise take in the whole file
LONG_ROW = 4_000_000  # of our own export, which has all of a reader's consent in one cell
DELIMITERS = ",;\t|"
GUARDED = ("=", "+", "-", "@", "\t", "\r", "\n")  # csv_export puts a ' before these

csv.field_size_limit(LONG_ROW)  # rows are measured before they come to csv, see _Lines


@dataclass(frozen=True, slots=True)
class CsvShape:
    """How a file is to be read.

    `columns` says which cell holds which field, `width` is the number of cells in the header,
    `first_row` the number of the first row with data, `notes` are remarks for the operator,
    `provider` is the name of the system it comes from, `unused` are the columns that are not read.
    """

    encoding: str
    delimiter: str
    columns: Mapping[str, int]
    width: int
    first_row: int
    notes: tuple[str, ...]
    provider: str = PLAIN
    unused: tuple[str, ...] = ()


def find_shape(place: Place, said: str | None = None) -> CsvShape:
    """Look through a file and return how to read it; `said` names whose export it is.

    BadInput when it is no list of addresses, or could be the export of two systems.
    """
    encoding, notes = find_encoding(place)
    with _opened(place, encoding) as file:
        lines = _Lines(place, file)
        header = _first_record(lines)
        hint = re.fullmatch(r'"?sep=(.)"?\s*', "".join(header))  # Excel's own
        if hint:
            header = _first_record(lines)
    delimiter = hint[1] if hint else _find_delimiter(header)
    cells = _cells(header, delimiter)
    try:
        provider = choose(cells, said)
    except BadInput as error:
        raise BadInput(f"{place}: {error}") from error
    columns = find_columns(cells, provider)
    if "address" in columns:
        where = (columns, len(cells), lines.row + 1)
        unused = find_unused(cells, columns)
        return CsvShape(encoding, delimiter, *where, notes, provider.name, unused)
    if len(cells) == 1 and _is_address(cells[0]):
        return CsvShape(encoding, delimiter, {"address": 0}, 1, lines.row, notes)
    raise NoList(f"{place}: row {lines.row} names no column email, e-mail or address")


def read_rows(
    place: Place, shape: CsvShape, *, at_byte: Callable[[int], None] | None = None
) -> Iterator[RawRow | RowProblem]:
    """Yield every row with something in it, in order, numbered as a spreadsheet would.

    `at_byte` is told, every few hundred rows, how far into the file the reading is. BadInput names
    the row at which the file cannot be read any further.
    """
    named = NamedCells(shape)
    for row, record, text in read_records(place, shape, at_byte=at_byte):
        yield named.of(row, record, text)


def read_records(
    place: Place, shape: CsvShape, *, at_byte: Callable[[int], None] | None = None
) -> Iterator[tuple[int, list[str] | None, str]]:
    """Yield the same rows as their number, their cells (None: quotes do not match) and what all of
    these say, one after the other.
    """
    with _opened(place, shape.encoding) as file:
        longest = LONG_ROW if shape.provider == FRIDAY else LONGEST_ROW
        lines = _Lines(place, file, at_byte, longest)
        for row, record in _records(place, lines, shape.delimiter):
            if row < shape.first_row:
                continue
            if record is None:
                yield row, None, ""
            elif (text := "".join(record)) and not text.isspace():
                yield row, record, text


class _Lines:
    """The lines of a file for csv.reader; refuses a record that never ends."""

    def __init__(
        self,
        place: Place,
        file: TextIOWrapper,
        at_byte: Callable[[int], None] | None = None,
        longest: int = LONGEST_ROW,
    ) -> None:
        self._place = place
        self._longest = longest
        self._file = file
        self._buffer: Any = file.buffer
        self._at_byte = at_byte
        self.row = 0
        self.ended = False
        self._taken = 0
        self.lines = self._split()

    def begin_record(self) -> int:
        """Count one record more and return its number, from 1."""
        self.row += 1
        self._taken = 0
        return self.row

    def _split(self) -> Iterator[str]:
        while block := self._next_block():
            for line in StringIO(block, newline=""):
                self._taken += len(line)
                if self._taken > self._longest:
                    raise BadInput(
                        f"{self._place}: row {self.row}: a quote is opened and never closed,"
                        f" or the row is longer than {self._longest} characters"
                    )
                yield line
        self.ended = True

    def _next_block(self) -> str:
        """Return whole lines, many at a time: a call to the file for each would cost as much as
        reading it.
        """
        try:
            block = self._file.read(BLOCK_CHARACTERS)
            block += self._file.readline(self._longest + 1)
        except UnicodeError as error:
            raise BadInput(f"{self._place}: row {self.row} or soon after: damaged text") from error
        if self._at_byte is not None:
            self._at_byte(int(self._buffer.tell()))
        return block


def _records(place: Place, lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Yield each record with its number, None for one whose quotes are wrong."""
    records = csv.reader(lines.lines, delimiter=delimiter, strict=True)
    while True:
        row = lines.begin_record()
        try:
            record = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            if lines.ended:
                raise BadInput(f"{place}: row {row}: a quote is opened and never closed") from error
            yield row, None
        else:
            yield row, record


class NamedCells:
    """Names the cells of a record as a file's header does."""

    def __init__(self, shape: CsvShape) -> None:
        self._width = shape.width
        self._columns = tuple(shape.columns.items())

    def of(self, row: int, record: list[str] | None, text: str) -> RawRow | RowProblem:
        """Return the record's cells by field; a problem when it has more than the header, or quotes
        that do not match. Only a `text` with a ' in it has cells with one in front.
        """
        if record is None:
            return RowProblem(
                row, "row", "its quotes do not match; left out up to where they close"
            )
        excess = len(record) - self._width
        if excess > 0 and "".join(record[self._width :]).strip():
            return RowProblem(row, "row", "more cells than the first row; a quote may be missing")
        if excess < 0:
            record += [""] * -excess
        cells = {field: record[place] for field, place in self._columns}
        if "'" in text:
            cells = {field: unguarded(cell) for field, cell in cells.items()}
        return RawRow(row, cells)


def unguarded(cell: str) -> str:
    """Return a cell without the one ' that a careful export puts before formulas."""
    if cell.startswith("'") and cell.lstrip("'").startswith(GUARDED):
        return cell[1:]
    return cell


@contextmanager
def _opened(place: Place, encoding: str) -> Iterator[TextIOWrapper]:
    with place.opened() as raw, TextIOWrapper(raw, encoding, newline="") as file:
        yield file


def _first_record(lines: _Lines) -> list[str]:
    """Return the lines of the next record that is not blank, until its quotes close."""
    lines.begin_record()
    line = next(lines.lines, "")
    while line and not line.strip():
        lines.begin_record()
        line = next(lines.lines, "")
    record = [line]
    quotes = line.count('"')
    while quotes % 2 and (line := next(lines.lines, "")):
        record.append(line)
        quotes += line.count('"')
    return record


def _find_delimiter(header: list[str]) -> str:
    """Choose what splits the header into most cells, one of them an address column."""
    best, most = ",", 0
    for delimiter in DELIMITERS:
        cells = _cells(header, delimiter)
        if "address" in find_columns(cells, PLAIN_CSV) and len(cells) > most:
            best, most = delimiter, len(cells)
    return best


def _cells(lines: list[str], delimiter: str) -> list[str]:
    return next(csv.reader(lines, delimiter=delimiter), [])


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except BadInput:
        return False
    return True

"""A CSV file from anywhere, read row by row: encoding, delimiter and header found out, memory flat.

Knows nothing of readers: it hands on cells by field name. What cannot be read at all is BadInput
naming file and row; what is wrong with one row is a RowProblem and the reading goes on. Neither
repeats what the file says.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

from digest.errors import BadInput
from digest.subscribers.addresses import parse_address
from digest.subscribers.transfer.csv_encoding import find_encoding
from digest.subscribers.transfer.rows import RawRow, RowProblem

BLOCK_CHARACTERS = 8192  # read in one go; damaged text is told from as far as this before it
LONGEST_ROW = 64_000  # characters; a quote never closed would otherwise take in the whole file
DELIMITERS = ",;\t|"
GUARDED = ("=", "+", "-", "@", "\t", "\r", "\n")  # csv_export puts a ' before these

# Spellings in the order of trust, letters and digits only; "address" may also be the street.
SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "address": (
        *("email", "emailaddress", "mail", "subscriberemail", "contactemail", "useremail"),
        *("emailadresse", "mailadresse", "correo", "correoelectronico", "correoelectrónico"),
        *("courriel", "adresseemail", "adressemail", "eposta", "epost"),
        *("почта", "электроннаяпочта"),
        "address",
    ),
    "name": ("name", "fullname", "displayname", "subscribername"),
    "first_name": ("firstname", "fname", "givenname", "vorname", "prénom", "prenom", "nombre"),
    "last_name": ("lastname", "lname", "surname", "familyname", "nachname", "nom", "apellido"),
    "language": ("language", "lang", "locale"),
    "timezone": ("timezone", "tz"),
    "joined": (
        *("joined", "joinedat", "optintime", "subscribedat", "createdat", "created"),
        *("creationdate", "signupdate", "dateadded", "datejoined", "joinedtime"),
    ),
    "confirmed": (
        *("confirmed", "confirmedat", "confirmtime", "confirmationtime", "optinconfirmedat"),
    ),
    "status": ("status", "subscriptionstatus", "subscribed", "subscribedtoemails"),
}


@dataclass(frozen=True, slots=True)
class CsvShape:
    """How a file is to be read.

    `columns` says which cell holds which field, `width` is the number of cells in the header,
    `first_row` the number of the first row with data, `notes` are remarks for the operator.
    """

    encoding: str
    delimiter: str
    columns: Mapping[str, int]
    width: int
    first_row: int
    notes: tuple[str, ...]


def find_shape(path: Path) -> CsvShape:
    """Look through a file and return how to read it; BadInput when it is no list of addresses."""
    encoding, notes = find_encoding(path)
    with _open(path, encoding) as file:
        lines = _Lines(path, file)
        header = _first_record(lines)
        hint = re.fullmatch(r'"?sep=(.)"?\s*', "".join(header))  # Excel's own
        if hint:
            header = _first_record(lines)
    delimiter = hint[1] if hint else _find_delimiter(header)
    cells = _cells(header, delimiter)
    columns = _find_columns(cells)
    if "address" in columns:
        used = set(columns.values())
        unused = [cell[:40] for place, cell in enumerate(cells) if cell and place not in used]
        if unused:
            notes = (*notes, f"columns that are not read: {', '.join(unused)}")
        return CsvShape(encoding, delimiter, columns, len(cells), lines.row + 1, notes)
    if len(cells) == 1 and _is_address(cells[0]):
        return CsvShape(encoding, delimiter, {"address": 0}, 1, lines.row, notes)
    raise BadInput(f"{path}: row {lines.row} names no column email, e-mail or address")


def read_rows(
    path: Path, shape: CsvShape, *, at_byte: Callable[[int], None] | None = None
) -> Iterator[RawRow | RowProblem]:
    """Yield every row with something in it, in order, numbered as a spreadsheet would.

    `at_byte` is told, every few hundred rows, how far into the file the reading is. BadInput names
    the row at which the file cannot be read any further.
    """
    with _open(path, shape.encoding) as file:
        lines = _Lines(path, file, at_byte)
        by_field = _FieldReader(shape)
        for row, record in _records(path, lines, shape.delimiter):
            if row < shape.first_row:
                continue
            if record is None:
                yield RowProblem(
                    row, "row", "its quotes do not match; left out up to where they close"
                )
            elif text := "".join(record).strip():
                yield by_field.read(row, record, "'" in text)


class _Lines:
    """The lines of a file for csv.reader; refuses a record that never ends."""

    def __init__(
        self, path: Path, file: TextIOWrapper, at_byte: Callable[[int], None] | None = None
    ) -> None:
        self._path = path
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
                if self._taken > LONGEST_ROW:
                    raise BadInput(
                        f"{self._path}: row {self.row}: a quote is opened and never closed,"
                        f" or the row is longer than {LONGEST_ROW} characters"
                    )
                yield line
        self.ended = True

    def _next_block(self) -> str:
        """Return whole lines, many at a time: a call to the file for each would cost as much as
        reading it.
        """
        try:
            block = self._file.read(BLOCK_CHARACTERS)
            block += self._file.readline(LONGEST_ROW + 1)
        except UnicodeError as error:
            raise BadInput(f"{self._path}: row {self.row} or soon after: damaged text") from error
        if self._at_byte is not None:
            self._at_byte(int(self._buffer.tell()))
        return block


def _records(path: Path, lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
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
                raise BadInput(f"{path}: row {row}: a quote is opened and never closed") from error
            yield row, None
        else:
            yield row, record


class _FieldReader:
    """Names the cells of a record as a file's header does."""

    def __init__(self, shape: CsvShape) -> None:
        self._width = shape.width
        self._columns = tuple(shape.columns.items())

    def read(self, row: int, record: list[str], guarded: bool) -> RawRow | RowProblem:
        """Return the record's cells by field; a problem when it has more than the header. Only a
        `guarded` one has cells with a ' in front.
        """
        excess = len(record) - self._width
        if excess > 0 and "".join(record[self._width :]).strip():
            return RowProblem(row, "row", "more cells than the first row; a quote may be missing")
        if excess < 0:
            record += [""] * -excess
        cells = {field: record[place] for field, place in self._columns}
        if guarded:
            cells = {field: unguarded(cell) for field, cell in cells.items()}
        return RawRow(row, cells)


def unguarded(cell: str) -> str:
    """Return a cell without the one ' that a careful export puts before formulas."""
    if cell.startswith("'") and cell.lstrip("'").startswith(GUARDED):
        return cell[1:]
    return cell


def _open(path: Path, encoding: str) -> TextIOWrapper:
    return path.open(encoding=encoding, newline="")


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
        if "address" in _find_columns(cells) and len(cells) > most:
            best, most = delimiter, len(cells)
    return best


def _cells(lines: list[str], delimiter: str) -> list[str]:
    return next(csv.reader(lines, delimiter=delimiter), [])


def _find_columns(header: list[str]) -> dict[str, int]:
    """Return the place of each field the header names; the more trusted spelling wins."""
    names = ["".join(filter(str.isalnum, cell.lower())) for cell in header]
    columns = {}
    for field, spellings in SPELLINGS.items():
        for spelling in spellings:
            if spelling in names:
                columns[field] = names.index(spelling)
                break
    return columns


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except BadInput:
        return False
    return True

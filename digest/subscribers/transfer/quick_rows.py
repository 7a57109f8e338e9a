"""The plainest rows, understood without looking at each cell's every way of being wrong.

A list of a million has few rows that are anything else. What is not plain is left to `rows`, whose
judgement this only shortens; a test compares the two.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from digest.errors import BadInput
from digest.subscribers.addresses import parse_address
from digest.subscribers.particulars import check_language, check_timezone, clean_name
from digest.subscribers.transfer.csv_file import CsvShape
from digest.subscribers.transfer.providers import PLAIN
from digest.subscribers.transfer.rows import Meaning, ReaderRow

_FIELDS = frozenset({"address", "name", "language", "timezone", "joined", "confirmed"})
LONGEST_TEXT = 2000  # of all cells together; each is shorter then than a cell may be

Quick = Callable[[int, list[str], str], ReaderRow | None]


def quick_reader(shape: CsvShape, meaning: Meaning) -> Quick | None:
    """Return what understands a plain row (number, cells, all cells' text) and returns None for any
    other; None for files whose rows say more than who reads.
    """
    fits = meaning.provider == PLAIN and meaning.everybody is None and not meaning.only_leaves
    if meaning.fateful or not fits or not shape.columns.keys() <= _FIELDS:
        return None
    return _Plain(shape.width, shape.columns).read


class _Plain:
    """The places of the fields of one file."""

    def __init__(self, width: int, columns: Mapping[str, int]) -> None:
        self._width = width
        self._address = columns["address"]
        self._name = columns.get("name")
        self._language = columns.get("language")
        self._timezone = columns.get("timezone")
        self._times = (columns.get("joined"), columns.get("confirmed"))
        self._tongues: dict[str, str | None] = {}

    def read(self, row: int, record: Sequence[str], text: str) -> ReaderRow | None:
        """Return the reader of a plain row, None for any other."""
        if len(record) != self._width or len(text) > LONGEST_TEXT:
            return None
        if not text.isprintable() or "'" in text:
            return None
        try:
            address = parse_address(record[self._address])
            language = self._tongue(record[self._language]) if self._language is not None else None
            zone = check_timezone(record[self._timezone]) if self._timezone is not None else None
        except BadInput:
            return None
        name = clean_name(record[self._name]) if self._name is not None else None
        joined, confirmed = self._times
        first = "" if joined is None else record[joined]
        second = "" if confirmed is None else record[confirmed]
        if (first and not _is_plain_time(first)) or (second and not _is_plain_time(second)):
            return None
        return ReaderRow(row, address, name, language, zone, first, second)

    def _tongue(self, cell: str) -> str | None:
        if cell not in self._tongues and len(self._tongues) < 1000:
            self._tongues[cell] = check_language(cell)
        return self._tongues[cell] if cell in self._tongues else check_language(cell)


def _is_plain_time(text: str) -> bool:
    """Tell whether a text is an instant to the second, such as 2026-11-27 07:00:00."""
    if len(text) != 19 or text[4] != "-" or text[10] not in "T " or text[13] != ":":
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return text.isascii()

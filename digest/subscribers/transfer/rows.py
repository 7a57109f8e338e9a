"""What one row of somebody else's list means: a reader to be, or a problem with its row number.

Pure values and judgements, whatever the file's format. No problem ever repeats what the row says.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from digest.errors import BadInput
from digest.subscribers.addresses import ParsedAddress, parse_address
from digest.subscribers.particulars import check_language, check_timezone, clean_name

LONGEST_CELL = 10_000

# What other systems call a reader who may be mailed; anything else is not imported.
ACTIVE_STATUS = frozenset({"", "active", "subscribed", "confirmed", "enabled", "true", "yes", "1"})
INACTIVE_STATUS = frozenset(
    {"unsubscribed", "left", "inactive", "disabled", "cleaned", "bounced", "complained", "blocked"}
    | {
        "blocklisted",
        "blacklisted",
        "suppressed",
        "removed",
        "deleted",
        "archived",
        "undeliverable",
    }
    | {"pending", "unconfirmed", "unactivated", "paused", "non-subscribed", "transactional"}
    | {"false", "no", "0"}
)

# Whatever the order of day and month; narrow enough that no IP address or telephone number passes.
_TIME_TEXT = re.compile(
    r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4}|\d{1,2}/\d{1,2}/\d{2})"
    r"(?:(?:T|,? )\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)?"
    r"(?: ?[AaPp][Mm])?(?: ?(?:Z|UTC|GMT))?(?: ?[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row is left out. `row` counts from 1, the header too; `field` is our name for it."""

    row: int
    field: str
    what: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.field}: {self.what}"


class RawRow(NamedTuple):
    """The cells of one row by our field names: address, name, first_name, last_name, language,
    timezone, joined, confirmed, status. Fields the file has no column for are missing.
    """

    row: int
    cells: Mapping[str, str]


class ReaderRow(NamedTuple):
    """One reader as the file gives them.

    `joined` and `confirmed` are the file's own words for the times, kept as evidence; empty: not
    given.
    """

    row: int
    address: ParsedAddress
    name: str | None
    language: str | None
    timezone: str | None
    joined: str
    confirmed: str


@dataclass(frozen=True, slots=True)
class InactiveRow:
    """A row whose status says that this reader is not to be mailed; left out and counted."""

    row: int


def understand(raw: RawRow) -> ReaderRow | InactiveRow | RowProblem:
    """Judge one row: a reader, somebody not to be mailed, or a problem that names row and field."""
    row, cells = raw
    found: dict[str, Any] = {}
    for field, check in _CHECKS:
        cell = cells.get(field, "")
        if not cell and field != "address":
            continue
        try:
            found[field] = check(_checked(cell))
        except BadInput as error:
            return RowProblem(row, field, str(error))
        if found[field] is False:
            return InactiveRow(row)
    given = found.get
    name = given("name")
    if not name and (given("first_name") or given("last_name")):
        name = clean_name(f"{given('first_name', '')} {given('last_name', '')}")
    times = (given("joined", ""), given("confirmed", ""))
    return ReaderRow(row, found["address"], name, given("language"), given("timezone"), *times)


def _checked(cell: str) -> str:
    if cell.isprintable() and len(cell) <= LONGEST_CELL:  # no line break is printable
        return cell.strip()
    cell = cell.strip()
    if len(cell) > LONGEST_CELL:
        raise BadInput(f"longer than {LONGEST_CELL} characters")
    if len(cell.splitlines()) > 1:
        raise BadInput("has a line break inside; a quote may be missing")
    return cell


def _is_active(text: str) -> bool:
    status = text.lower()
    if status in ACTIVE_STATUS:
        return True
    if status in INACTIVE_STATUS:
        return False
    raise BadInput("neither a status that may be mailed nor one that may not")


def _check_time(text: str) -> str:
    if text and not _TIME_TEXT.fullmatch(text):
        raise BadInput("not a time such as 2026-11-27 07:00:00")
    return text


def read_time(text: str) -> datetime | None:
    """Return the instant an ISO 8601 text means (UTC where it names no offset), None when that
    needs guessing.

    Other orders of day and month are not guessed at.
    """
    if text[-1:] in {"C", "T"}:
        text = text.removesuffix("UTC").removesuffix("GMT").strip()
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# In the order in which a row is judged; only a status may come out as False.
_CHECKS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("status", _is_active),
    ("address", parse_address),
    ("name", clean_name),
    ("first_name", str),
    ("last_name", str),
    ("language", lru_cache(maxsize=1000)(check_language)),  # a list has few
    ("timezone", check_timezone),
    ("joined", _check_time),
    ("confirmed", _check_time),
)

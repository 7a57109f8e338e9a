"""What one row of somebody else's list means: a reader with a fate, or a problem and its number.

Pure values and judgements, whatever the file's format. No problem ever repeats what the row says.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from digest.errors import BadInput
from digest.subscribers.addresses import ParsedAddress, parse_address
from digest.subscribers.particulars import check_language, check_timezone, clean_name
from digest.subscribers.transfer.fates import Fate
from digest.subscribers.transfer.providers import BY_NAME, FRIDAY, PLAIN, Provider

LONGEST_CELL = 10_000

# Whatever the order of day and month; narrow enough that no IP address or telephone number passes.
_TIME_TEXT = re.compile(
    r"(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4}|\d{1,2}/\d{1,2}/\d{2})"
    r"(?:(?:T|,? )\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)?"
    r"(?: ?[AaPp][Mm])?(?: ?(?:Z|UTC|GMT))?(?: ?[+-]\d{2}:?\d{2}(?: [A-Z]{3,5}| [+-]\d{2,4})?)?",
    re.ASCII,
)
_GO_TIME = re.compile(r"(.*\d) ([+-]\d{4})(?: \S+)?", re.ASCII)  # as time.Time prints itself
_TRUE = frozenset({"true", "yes", "1", "t"})
_SPAM = re.compile(r"spam|abuse|complain", re.IGNORECASE)
KINDS = frozenset(  # of consent.ConsentKind: importing it would take the child process long
    {"asked", "confirmed", "added", "imported", "changed", "paused", "resumed", "left"}
    | {"returned", "moved"}
)
_FATEFUL = frozenset({"status", "refused", "left_at", "deleted_at", "bounced_at", "cancelled"})


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row is left out. `row` counts from 1, the header too; `field` is our name for it, and
    `file` that of the file where an export has several.
    """

    row: int
    field: str
    what: str
    file: str = ""

    def __str__(self) -> str:
        return f"{f'{self.file}, ' if self.file else ''}row {self.row}, {self.field}: {self.what}"


class RawRow(NamedTuple):
    """The cells of one row by our field names, see providers. Fields the file has no column for are
    missing.
    """

    row: int
    cells: Mapping[str, str]


class ReaderRow(NamedTuple):
    """One reader as the file gives them.

    `joined`, `confirmed` and `left` are the file's own words for the times, kept as evidence;
    empty: not given. `said` is its word for the fate. `kept` is what else our own export says, as
    JSON. Where only the index of an address is known, the address is empty and its key holds the
    mark of the key that made the index, and the index.
    """

    row: int
    address: ParsedAddress
    name: str | None
    language: str | None
    timezone: str | None
    joined: str
    confirmed: str
    fate: Fate = Fate.ACTIVE
    said: str = ""
    left: str = ""
    kept: str | None = None


class InactiveRow(NamedTuple):
    """A row that is neither to be mailed nor barred; left out and counted by what it says."""

    row: int
    said: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """How the rows of one file are to be understood.

    `everybody` is the fate of all in it, said by the operator or by the file's name; the file's own
    words can only make it severer. `only_leaves`: whoever has not left is of no interest.
    """

    provider: str = PLAIN
    everybody: Fate | None = None
    everybody_said: str = ""
    only_leaves: bool = False
    fateful: bool = True  # the file has a column that decides a fate

    @property
    def system(self) -> Provider:
        """Return whose export it is."""
        return BY_NAME[self.provider]


USUAL = Meaning()


def is_fateful(columns: Mapping[str, int]) -> bool:
    """Tell whether some column of a file decides what becomes of a row."""
    return not _FATEFUL.isdisjoint(columns)


def understand(raw: RawRow, meaning: Meaning = USUAL) -> ReaderRow | InactiveRow | RowProblem:
    """Judge one row: a reader, somebody left out, or a problem that names row and field."""
    row, cells = raw
    fate, said = Fate.ACTIVE, ""
    try:
        if meaning.fateful or meaning.everybody is not None:
            decided, said = _fate(cells, meaning)
            if decided is None or (meaning.only_leaves and decided < Fate.LEFT):
                return InactiveRow(row, said)
            fate = decided
        return _reader(row, cells, meaning, fate, said)
    except _Wrong as wrong:
        if fate >= Fate.LEFT and wrong.field == "address":
            return InactiveRow(row, f"{said}, no address")  # nobody can be mailed there anyway
        return RowProblem(row, wrong.field, wrong.what)


class _Wrong(Exception):
    """A cell that cannot be what its column says."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(field, what)
        self.field, self.what = field, what


def _fate(cells: Mapping[str, str], meaning: Meaning) -> tuple[Fate | None, str]:
    """Return what becomes of a row, and the word it is counted by."""
    fate, said = _as_status(cells, meaning)
    if fate is None:
        return None, said
    found = [(fate, said)]
    if meaning.everybody is not None:
        found.append((meaning.everybody, meaning.everybody_said))
    if cells.get("bounced_at") and "status" not in cells:
        found.append((Fate.BOUNCED, "cleaned"))
    if cells.get("left_at") and "status" not in cells:
        complained = _SPAM.search(cells.get("reason", ""))
        found.append((Fate.COMPLAINED, "complained") if complained else (Fate.LEFT, "unsubscribed"))
    if cells.get("deleted_at"):
        found.append((Fate.LEFT, "deleted"))
    if cells.get("refused", "").strip().lower() in _TRUE:
        found.append((Fate.LEFT, "mail switched off"))
    severest = max(found, key=lambda each: (each[0], each[1] != ""))
    if severest[0] < Fate.LEFT and cells.get("cancelled", "").strip():
        return None, "cancelled"
    return severest


def _as_status(cells: Mapping[str, str], meaning: Meaning) -> tuple[Fate | None, str]:
    if "status" not in cells:
        return Fate.ACTIVE, ""
    said = _checked("status", cells["status"]).lower()
    words = meaning.system.words
    if said not in words:
        raise _Wrong("status", "neither a status that may be mailed nor one that may not")
    return words[said], said


def _reader(
    row: int, cells: Mapping[str, str], meaning: Meaning, fate: Fate, said: str
) -> ReaderRow | RowProblem:
    found: dict[str, Any] = {}
    for field, check in _CHECKS:
        cell = cells.get(field, "")
        if not cell and field != "address":
            continue
        if field == "address" and not cell and "hash" in cells:
            found[field] = _hashed(cells)
            continue
        try:
            found[field] = check(_checked(field, cell))
        except BadInput as error:
            raise _Wrong(field, str(error)) from error
    given = found.get
    name = given("name")
    if not name and (given("first_name") or given("last_name")):
        name = clean_name(f"{given('first_name', '')} {given('last_name', '')}")
    where = (given("language"), given("timezone"))
    times = (given("joined", ""), given("confirmed", ""))
    if fate is Fate.ACTIVE and meaning.provider == PLAIN:
        return ReaderRow(row, found["address"], name, *where, *times, fate, said)
    kept = _kept_of_ours(cells) if meaning.provider == FRIDAY else None
    if fate >= Fate.LEFT and kept is None:
        name, where = None, (None, None)  # of those who are gone, no more than it takes
    left = given("left_at") or given("deleted_at") or given("bounced_at") or ""
    return ReaderRow(row, found["address"], name, *where, *times, fate, said, left, kept)


def _hashed(cells: Mapping[str, str]) -> ParsedAddress:
    """Return what stands for an address of which only the index is known; see FRIDAY_BARRED."""
    index, mark = cells["hash"].strip().lower(), cells.get("hashed_with", "").strip().lower()
    if not re.fullmatch(r"[0-9a-f]{64}", index) or not re.fullmatch(r"[0-9a-f]{16}", mark):
        raise _Wrong("address", "neither an e-mail address nor the hash of one")
    return ParsedAddress("", "", f"{mark}:{index}", "other")


def _kept_of_ours(cells: Mapping[str, str]) -> str:
    """Return, as JSON, what our own export knows beyond a list."""
    kept: dict[str, Any] = {
        field: cells[field]
        for field in ("edition", "state", "paused_until", "appeal_hidden_until", "changed")
        if cells.get(field)
    }
    for field in ("without", "consent"):
        if cells.get(field):
            kept[field] = _as_list(field, cells[field])
    for event in kept.get("consent", ()):
        _check_event(event)
    for field in ("paused_until", "appeal_hidden_until", "changed"):
        if field in kept and read_time(kept[field]) is None:
            raise _Wrong(field, "not a time such as 2026-11-27T07:00:00+00:00")
    return json.dumps(kept)


def _check_event(event: Any) -> None:
    """Refuse what cannot be a consent event that we wrote."""
    texts = ("kind", "at", "origin", "text", "policy_version", "policy")
    is_ours = (
        isinstance(event, dict)
        and all(isinstance(event.get(name, ""), str) for name in texts)
        and event.keys() >= {"kind", "at", "origin"}
        and isinstance(event.get("evidence", {}), dict)
        and event["kind"] in KINDS
        and read_time(event["at"]) is not None
    )
    if not is_ours:
        raise _Wrong("consent", "not what digest export wrote")


def _as_list(field: str, text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise _Wrong(field, "not a list in JSON") from error
    if not isinstance(found, list):
        raise _Wrong(field, "not a list in JSON")
    return found


def _checked(field: str, cell: str) -> str:
    if cell.isprintable() and len(cell) <= LONGEST_CELL:  # no line break is printable
        return cell.strip()
    cell = cell.strip()
    if len(cell) > LONGEST_CELL:
        raise _Wrong(field, f"longer than {LONGEST_CELL} characters")
    if len(cell.splitlines()) > 1:
        raise _Wrong(field, "has a line break inside; a quote may be missing")
    return cell


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
    if found := _GO_TIME.fullmatch(text):
        text = found[1] + found[2]
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# In the order in which a row is judged.
_CHECKS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("address", parse_address),
    ("name", clean_name),
    ("first_name", str),
    ("last_name", str),
    ("language", lru_cache(maxsize=1000)(check_language)),  # a list has few
    ("timezone", check_timezone),
    ("joined", _check_time),
    ("confirmed", _check_time),
    ("left_at", _check_time),
    ("deleted_at", _check_time),
    ("bounced_at", _check_time),
)

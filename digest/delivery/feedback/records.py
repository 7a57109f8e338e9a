"""One JSON object of a provider's, read field by field. Pure.

What is wrong is raised as BadInput that names provider and field, and never says what the field
held: it may be a reader's address.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from digest.delivery.outcome import short_reply
from digest.errors import BadInput

LARGEST_BODY = 1_000_000  # bytes
LONGEST_FIELD = 400  # characters, of fields that name something
LONGEST_WORDS = 2_000  # characters looked at, of what somebody said
# What no database takes (NUL, half a surrogate pair) and no name of a thing has.
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """What a provider told and we cannot read: `raw` is its JSON, `why` names the field."""

    why: str
    raw: bytes = field(repr=False)


def load_json(provider: str, body: bytes | str) -> Any:
    """Return what a body holds; BadInput for one that is too large or no JSON."""
    if len(body) > LARGEST_BODY:
        raise BadInput(f"{provider}: {len(body)} bytes are more than {LARGEST_BODY}")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        # Not chained: the cause keeps the body.
        raise BadInput(f"{provider}: the body is not JSON") from None


def fit(text: str) -> str:
    """Return the beginning of what somebody said, blanks in place of what cannot be kept."""
    return _UNFIT.sub(" ", text[:LONGEST_WORDS])


@dataclass(frozen=True, slots=True)
class Record:
    """An object in a provider's JSON; `path` is where it stands in the whole, with a dot behind."""

    provider: str
    values: Mapping[str, Any]
    path: str = ""

    @classmethod
    def of_body(cls, provider: str, body: bytes | str) -> "Record":
        """Return the one object that a body holds."""
        value = load_json(provider, body)
        if not isinstance(value, dict):
            raise BadInput(f"{provider}: the body is not one JSON object")
        return cls(provider, value)

    def wrong(self, name: str, what: str) -> BadInput:
        """Return the error that says what is wrong with a field."""
        return BadInput(f"{self.provider}: {self.path}{name}: {what}")

    def unknown(self, name: str, value: str, what: str) -> BadInput:
        """Return the error for a word of the provider's that is not in our table."""
        return self.wrong(name, f"{short_reply(fit(value))[:40]!r} is no {what} we know")

    def text(self, name: str, *, optional: bool = False, longest: int = LONGEST_FIELD) -> str:
        """Return a field that names something; empty where it may be missing and is."""
        value = self.values.get(name)
        if optional and value is None:
            return ""
        if not isinstance(value, str) or not (value or optional):
            raise self.wrong(name, "missing, or no text")
        if len(value) > longest:
            raise self.wrong(name, f"longer than {longest} characters")
        if _UNFIT.search(value):
            raise self.wrong(name, "it has control characters")
        return value

    def said(self, *names: str) -> str:
        """Return what somebody said, of the first of these fields that is no empty text."""
        for name in names:
            value = self.values.get(name)
            if isinstance(value, str) and value:
                return fit(value)
        return ""

    def number(self, name: str) -> int:
        """Return a whole number."""
        value = self.values.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(name, "missing, or no whole number")
        return value

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self.values.get(name)
        if not isinstance(value, bool):
            raise self.wrong(name, "neither true nor false")
        return value

    def instant(self, name: str) -> datetime:
        """Return an instant that is written as ISO 8601 does, with a zone."""
        try:
            at = datetime.fromisoformat(self.text(name))
            if at.tzinfo is not None:
                return at.astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.wrong(name, "no instant as ISO 8601 writes one") from None
        raise self.wrong(name, "an instant without a zone")

    def seconds(self, name: str) -> datetime:
        """Return an instant that is written as seconds since 1970, parts of them allowed."""
        value = self.values.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                return datetime.fromtimestamp(value, UTC)
            except (ValueError, OverflowError, OSError):
                pass
        raise self.wrong(name, "no instant in seconds since 1970")

    def address(self, name: str) -> str:
        """Return something with an @ in it."""
        value = self.text(name)
        if "@" not in value:
            raise self.wrong(name, "no address")
        return value

    def addresses(self, name: str, *, most: int = 50) -> list[str]:
        """Return the addresses of a list; there must be one at least."""
        value = self.values.get(name)
        if not isinstance(value, list) or not 0 < len(value) <= most:
            raise self.wrong(name, f"missing, or no list of 1 to {most}")
        entries = {str(n): item for n, item in enumerate(value)}
        listed = Record(self.provider, entries, f"{self.path}{name}.")
        return [listed.address(place) for place in entries]

    def inner(self, name: str, *, optional: bool = False) -> "Record":
        """Return an object in this one; an empty one where it may be missing and is."""
        value = self.values.get(name)
        if optional and value is None:
            value = {}
        if not isinstance(value, dict):
            raise self.wrong(name, "missing, or no object")
        return Record(self.provider, value, f"{self.path}{name}.")

    def each(self, name: str, *, most: int = 50) -> list["Record"]:
        """Return the objects of a list in this one; there must be one at least."""
        value = self.values.get(name)
        if not isinstance(value, list) or not 0 < len(value) <= most:
            raise self.wrong(name, f"missing, or no list of 1 to {most}")
        if not all(isinstance(item, dict) for item in value):
            raise self.wrong(name, "not a list of objects")
        where = f"{self.path}{name}"
        return [Record(self.provider, item, f"{where}[{n}].") for n, item in enumerate(value)]

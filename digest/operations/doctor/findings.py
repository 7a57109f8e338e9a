"""What a check of the doctor says, and how bad that is."""

import enum
from dataclasses import dataclass


class Level(enum.StrEnum):
    """How bad a finding is; only an error makes the doctor fail."""

    OK = "ok"
    NOTE = "note"
    WARN = "warn"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """Return its place, the worst highest."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Said:
    """What a check says of one thing, and what to do about it; made by the functions below, so that
    whatever is not well comes with a hint.
    """

    level: Level
    text: str
    hint: str = ""


def well(text: str) -> Said:
    """Say that a thing is as it should be."""
    return Said(Level.OK, text)


def note(text: str, hint: str) -> Said:
    """Say what is worth knowing and may be meant."""
    return Said(Level.NOTE, text, hint)


def warn(text: str, hint: str) -> Said:
    """Say what will go wrong some day, or goes wrong for some."""
    return Said(Level.WARN, text, hint)


def wrong(text: str, hint: str) -> Said:
    """Say what is broken now."""
    return Said(Level.ERROR, text, hint)


@dataclass(frozen=True, slots=True)
class Finding:
    """The same under the id of its check."""

    id: str
    level: Level
    text: str
    hint: str


def how_many(number: int, one: str, many: str = "") -> str:
    """Return ``1 letter`` or ``1,200 letters``; `many` where that is not `one` with an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"

"""What a check of the doctor says."""

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from digest.app import App


class Level(enum.StrEnum):
    """How bad a finding is; only an error makes the doctor fail."""

    OK = "ok"
    NOTE = "note"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Said:
    """What a check says of one thing, and what to do about it."""

    level: Level
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """The same under the id of its check."""

    id: str
    level: Level
    text: str
    hint: str


Check = Callable[[App], Iterator[Said]]

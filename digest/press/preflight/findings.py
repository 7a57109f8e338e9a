"""What preflight says of an issue: findings, the budget of bytes, and both as one report that is
kept with the issue.
"""

import enum
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from digest.errors import BadInput

FORM = 2  # of the stored report; a reader of another form refuses
READABLE = (1, FORM)  # the first did not say which article


class Level(enum.StrEnum):
    """How bad a finding is; only `block` stops an approval."""

    BLOCK = "block"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: the check's id, its level, words for an editor, and the headline of the pick
    it is about, empty when it is about the whole issue; with its article's id where that is known.
    """

    check: str
    level: Level
    message: str
    pick: str = ""
    article: int | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """How many bytes of the HTML one part of the mail takes."""

    part: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything preflight said of one version of an issue; the worst findings come first.

    `online`: whether links and pictures were asked for, too. `budget` adds up to the HTML of the
    largest edition, every block shown, filled for the reader with the longest values.
    """

    issue: str  # newsletter/number
    version: int
    at: datetime
    online: bool
    findings: tuple[Finding, ...]
    budget: tuple[Share, ...] = ()

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """Return the findings that stop an approval."""
        return self.of(Level.BLOCK)

    def of(self, level: Level) -> tuple[Finding, ...]:
        """Return the findings of one level."""
        return tuple(found for found in self.findings if found.level is level)

    @property
    def total_bytes(self) -> int:
        """Return the sum of the budget."""
        return sum(share.bytes for share in self.budget)

    def to_json(self) -> dict[str, Any]:
        """Return the report as values that JSON knows."""
        return {"form": FORM, **asdict(self), "at": self.at.isoformat()} | {
            "findings": [asdict(found) | {"level": found.level.value} for found in self.findings],
            "budget": [asdict(share) for share in self.budget],
        }

    def canonical(self) -> str:
        """Return canonical JSON (sorted keys, no blanks): equal reports, equal texts."""
        return json.dumps(self.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Report":
        """Return the report that `to_json` gave; BadInput when it is none of ours."""
        try:
            if value["form"] not in READABLE:
                raise BadInput(f"stored preflight report: form {value['form']!r} is not {FORM}")
            return cls(
                issue=value["issue"],
                version=value["version"],
                at=datetime.fromisoformat(value["at"]),
                online=value["online"],
                findings=tuple(map(_finding, value["findings"])),
                budget=tuple(Share(**share) for share in value["budget"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput("stored preflight report: it cannot be read") from error


def _finding(value: dict[str, Any]) -> Finding:
    return Finding(**{**value, "level": Level(value["level"])})

"""What was measured, beside what it should be: medians, spreads, ratios, and the table of them.

Pure: figures come in as values, text goes out. Nothing here measures, and a target that is missed
is only said, never an error.
"""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rich.markup import escape
from rich.table import Table

HEADINGS = ("", "target", "median", "lowest to highest", "rounds", "met")
MET = {True: "yes", False: "no", None: ""}


@dataclass(frozen=True, slots=True)
class Target:
    """A bound for a median: at least `least`, at most `most`, or both."""

    least: float | None = None
    most: float | None = None

    def met_by(self, value: float) -> bool:
        """Whether a median keeps within the bounds, which belong to it."""
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )

    def in_words(self, digits: int) -> str:
        """Return the bounds as the table shows them."""
        least = "" if self.least is None else f"≥ {shown(self.least, digits)}"
        most = "" if self.most is None else f"≤ {shown(self.most, digits)}"
        return " and ".join(filter(None, (least, most)))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: one value a round, or none and a `note` that says why."""

    section: str
    name: str
    values: tuple[float, ...] = ()
    unit: str = ""
    digits: int = 0  # behind the point
    target: Target | None = None
    note: str = ""

    @property
    def median(self) -> float | None:
        """The middle value; None when nothing was measured."""
        return statistics.median(self.values) if self.values else None

    @property
    def met(self) -> bool | None:
        """Whether the median meets the target; None without a target or a median."""
        median = self.median
        return None if self.target is None or median is None else self.target.met_by(median)

    @property
    def cells(self) -> tuple[str, ...]:
        """Return what stands under HEADINGS."""
        target = self.target.in_words(self.digits) if self.target else ""
        if self.median is None:
            return (self.name, target, self.note or "not measured", "", "", "")
        name = f"{self.name} ({self.note})" if self.note else self.name
        median = f"{shown(self.median, self.digits)} {self.unit}".strip()
        return (name, target, median, self._spread(), str(len(self.values)), MET[self.met])

    def _spread(self) -> str:
        lowest, highest = min(self.values), max(self.values)
        return f"{shown(lowest, self.digits)} to {shown(highest, self.digits)}"


def shown(value: float, digits: int) -> str:
    """Return a number with `digits` behind the point and commas between thousands."""
    return f"{value:,.{digits}f}"


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, ...]:
    """Return ours by theirs, round by round: what was measured side by side is compared.

    ValueError when one has more rounds than the other.
    """
    return tuple(one / other for one, other in zip(ours, theirs, strict=True))


def last_json(text: str) -> dict[str, Any]:
    """Return the JSON object on the last line of a program's output; ValueError when there is
    none.
    """
    lines = text.strip().splitlines()
    found = json.loads(lines[-1]) if lines else None
    if not isinstance(found, dict):
        raise ValueError("the last line is not a JSON object")
    return found


def as_rich(rows: Iterable[Row]) -> Table:
    """Return the table for a terminal, one block a section."""
    table = Table(*HEADINGS, title="Friday, measured")
    for column in table.columns[1:5]:
        column.justify = "right"
    for section, members in groupby(rows, key=lambda row: row.section):
        table.add_section()
        table.add_row(f"[bold]{escape(section)}[/bold]")
        for row in members:
            colour = {True: "green", False: "red", None: ""}[row.met]
            met = f"[{colour}]{row.cells[5]}[/]" if colour else ""
            table.add_row(*map(escape, row.cells[:5]), met)
    return table


def as_markdown(rows: Iterable[Row]) -> str:
    """Return the same table in Markdown."""
    lines = [_line(HEADINGS), "|---|--:|--:|--:|--:|---|"]
    for section, members in groupby(rows, key=lambda row: row.section):
        lines.append(_line((f"**{section}**", *[""] * 5)))
        lines += [_line(row.cells) for row in members]
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"

"""What the doctor found, on a terminal: by family, what is not well first, and the sums at the end,
where eyes are when a command has ended. On a pipe: a line each, parted by tabs; as JSON: one
object.
"""

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from digest.cli.terminal import console, print_table, printable
from digest.operations.doctor.findings import Finding, Level

SHAPE = 1  # of the JSON; one more when a key changes its meaning or goes
STYLES = {Level.ERROR: "bold red", Level.WARN: "yellow", Level.NOTE: "cyan", Level.OK: "green"}
NAMES = {Level.ERROR: "error", Level.WARN: "warning", Level.NOTE: "note"}
WIDEST = 100  # columns; longer lines are hard to read


@dataclasses.dataclass(frozen=True, slots=True)
class Sheet:
    """Findings with the heading of each, and what is shown of those that are well."""

    findings: Sequence[Finding]
    family_of: Callable[[str], str]
    shown: frozenset[str] = frozenset()  # ids that are shown where they are well, too
    whole: bool = False

    @property
    def level(self) -> Level:
        """Return the worst level."""
        return max((one.level for one in self.findings), key=lambda one: one.rank, default=Level.OK)

    def as_json(self, **more: Any) -> str:
        """Return all findings as JSON (docs/doctor.md has its shape), `more` before them."""
        found = [
            {"id": one.id, "family": self.family_of(one.id), "level": one.level.value}
            | {"text": one.text, "hint": one.hint}
            for one in self.findings
        ]
        whole = {"shape": SHAPE, **more, "level": self.level.value, "findings": found}
        return json.dumps(whole, indent=2, ensure_ascii=False)

    def show(self, remarks: Iterable[str] = ()) -> None:
        """Print the findings; below them `remarks`, such as what was left out."""
        if not console.is_terminal:
            rows = [(one.id, one.level.value, one.text, one.hint) for one in self.findings]
            print_table(("check", "level", "finding", "hint"), rows, none="Nothing was looked at.")
            return
        self.draw(console, remarks)

    def draw(self, on: Console, remarks: Iterable[str] = ()) -> None:
        """Draw the sheet as people read it."""
        quiet: list[str] = []
        for family, findings in self._families().items():
            lines = [one for one in findings if self._is_shown(one)]
            if not lines:
                quiet.append(family)
                continue
            on.print()
            on.print(self._heading(family, len(findings) - len(lines)))
            on.print(_lines(lines), width=min(on.width, WIDEST))
        on.print()
        if quiet:
            on.print(Text(f"All well: {', '.join(quiet)}.", style="dim"), soft_wrap=True)
        on.print(self._sums(), soft_wrap=True)
        for remark in remarks:
            on.print(Text(printable(remark), style="dim"), soft_wrap=True)

    def _families(self) -> Mapping[str, list[Finding]]:
        """Return the findings under their headings, the worst of each first."""
        families: dict[str, list[Finding]] = {}
        for one in self.findings:
            families.setdefault(self.family_of(one.id), []).append(one)
        for findings in families.values():
            findings.sort(key=lambda one: -one.level.rank)
        return families

    def _is_shown(self, one: Finding) -> bool:
        return self.whole or one.level is not Level.OK or one.id in self.shown

    def _heading(self, family: str, well: int) -> Text:
        heading = Text(family, style="bold")
        if well:
            heading.append(f"   {well} more well", style="not bold dim")
        return heading

    def _sums(self) -> Text:
        counts = Counter(one.level for one in self.findings)
        line = Text()
        for level, name in NAMES.items():
            if counts[level]:
                line.append(_counted(counts[level], name), style=STYLES[level])
                line.append(", ")
        line.append(f"{counts[Level.OK]} well.", style=STYLES[Level.OK])
        return line


def _lines(findings: Sequence[Finding]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=7, justify="right")
    grid.add_column(min_width=11, no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    for one in findings:
        grid.add_row(
            Text(one.level.value, style=STYLES[one.level]),
            Text(one.id, style="dim"),
            Text(printable(one.text)),
        )
        if one.hint:
            arrow = Text("→", style="dim", justify="right")
            grid.add_row("", arrow, Text(printable(one.hint), style="dim"))
    return grid


def _counted(number: int, name: str) -> str:
    return f"{number} {name}{'s' if number > 1 else ''}"


def print_json(sheet: Sheet, at: datetime, **more: Any) -> None:
    """Print a sheet as JSON."""
    typer.echo(sheet.as_json(at=at.isoformat(timespec="seconds"), **more))

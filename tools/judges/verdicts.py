"""What the judges said, and the tables of it.

Pure: findings come in, tables go out. A planted fault counts as passed when its judge found it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console
from rich.markup import escape
from rich.table import Table

Findings = Mapping[str, Sequence[str]]  # what is wrong, by the sample's name; nothing: empty
SHOWN = 12  # findings of one judge on one sample; more of them say nothing new


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judge on one sample."""

    judge: str
    sample: str
    faults: tuple[str, ...]
    planted: bool = False

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verdicts_on(judge: str, names: Iterable[str], findings: Findings) -> list[Verdict]:
    """Return a verdict for every name; a sample the judge said nothing of was not judged at all."""
    silent = ("the judge said nothing about it",)
    return [Verdict(judge, name, tuple(findings.get(name, silent))) for name in names]


def verdict_on_planted(judge: str, name: str, said: Sequence[str], expected: str) -> Verdict:
    """Return whether one of the findings has the expected words."""
    found = any(expected in finding for finding in said)
    missed = f"it must say {expected!r}, and said {list(said) or 'nothing'}"
    return Verdict(judge, name, () if found else (missed,), planted=True)


def show(verdicts: Sequence[Verdict], console: Console) -> None:
    """Print both tables, then each finding, then the count."""
    console.print(_samples_table([verdict for verdict in verdicts if not verdict.planted]))
    console.print(_planted_table([verdict for verdict in verdicts if verdict.planted]))
    failed = [verdict for verdict in verdicts if not verdict.passed]
    for verdict in failed:
        console.print(f"[bold]{verdict.judge}[/]: [bold]{escape(verdict.sample)}[/]")
        for fault in verdict.faults[:SHOWN]:
            console.print(f"  {escape(fault)}", soft_wrap=True, highlight=False)
        if len(verdict.faults) > SHOWN:
            console.print(f"  and {len(verdict.faults) - SHOWN} more")
    console.print(
        f"judges: {len(verdicts) - len(failed)} passed, {len(failed)} failed", highlight=False
    )


def _samples_table(verdicts: Sequence[Verdict]) -> Table:
    judges = list(dict.fromkeys(verdict.judge for verdict in verdicts))
    table = Table("sample", *judges)
    by_sample = sorted(verdicts, key=lambda verdict: verdict.sample)
    for sample, group in groupby(by_sample, key=lambda verdict: verdict.sample):
        said = {verdict.judge: verdict for verdict in group}
        table.add_row(sample, *(_cell(said.get(judge)) for judge in judges))
    return table


def _cell(verdict: Verdict | None) -> str:
    if verdict is None:
        return "–"
    return "ok" if verdict.passed else f"[bold red]{len(verdict.faults)} wrong[/]"


def _planted_table(verdicts: Sequence[Verdict]) -> Table:
    table = Table("planted fault", "judge", "found")
    for verdict in verdicts:
        found = "yes" if verdict.passed else "[bold red]no[/]"
        table.add_row(escape(verdict.sample), verdict.judge, found)
    return table

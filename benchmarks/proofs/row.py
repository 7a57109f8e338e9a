"""One line of the proof, and the table of them: what was done to the program, and what came of
it.

Pure: counts come in, text goes out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.markup import escape
from rich.table import Table

HEADINGS = ("", "copies", "faults", "doubled", "lost", "uncertain", "limit", "ok")
VERDICTS = {True: "yes", False: "NO", None: "not run"}


@dataclass(frozen=True, slots=True)
class ProofRow:
    """One kind of trouble and what came of it.

    `faults` counts kills and whatever else was done, or the cases of a test file. `limit` is the
    most rows that may be uncertain (None: not counted here). `problems` are other violations, in
    words. `skipped` says why nothing was run.
    """

    what: str
    copies: int = 0
    faults: int = 0
    doubled: int = 0
    lost: int = 0
    uncertain: int = 0
    limit: int | None = None
    problems: tuple[str, ...] = ()
    note: str = ""
    skipped: str = ""

    @property
    def ok(self) -> bool | None:
        """Whether the guarantees held; None when nothing was run."""
        if self.skipped:
            return None
        within = self.limit is None or self.uncertain <= self.limit
        return within and not (self.doubled or self.lost or self.problems)

    @property
    def cells(self) -> tuple[str, ...]:
        """Return what stands under HEADINGS."""
        words = "; ".join(filter(None, (self.note, self.skipped, *self.problems)))
        name = f"{self.what} ({words})" if words else self.what
        if self.skipped:
            return (name, *[""] * 6, VERDICTS[None])
        counted = "" if self.limit is None else f"{self.uncertain:,}"
        limit = "" if self.limit is None else f"{self.limit:,}"
        copies = f"{self.copies:,}" if self.copies else ""
        sums = (copies, f"{self.faults:,}", f"{self.doubled:,}", f"{self.lost:,}")
        return (name, *sums, counted, limit, VERDICTS[self.ok])


def as_rich(rows: Iterable[ProofRow]) -> Table:
    """Return the table for a terminal."""
    table = Table(*HEADINGS, title="Friday, put to the proof", show_lines=False)
    for column in table.columns[1:7]:
        column.justify = "right"
    for row in rows:
        colour = {True: "green", False: "bold red", None: "yellow"}[row.ok]
        table.add_row(*map(escape, row.cells[:-1]), f"[{colour}]{row.cells[-1]}[/]")
    return table


def as_markdown(rows: Iterable[ProofRow]) -> str:
    """Return the same table in Markdown."""
    lines = [_line(HEADINGS), "|---|--:|--:|--:|--:|--:|--:|---|"]
    lines += [_line(row.cells) for row in rows]
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in cells)} |"

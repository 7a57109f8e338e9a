"""What commands share: the opened instance, and how lines, tables, bars and failures look.

Tables and bars are for people: on a pipe a table is tab-separated text and a bar is nothing.
"""

import contextlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.progress import TaskProgressColumn as PercentColumn
from rich.table import Table

from digest.errors import DatabaseUnfit, Refused
from digest.logs import set_up_logging

if TYPE_CHECKING:
    from digest.app import App

# Headlines and relays' replies come from outside: no square bracket or colon in them is ours.
console = Console(highlight=False, markup=False, emoji=False)
warnings = Console(stderr=True, highlight=False, markup=False, emoji=False)

SHORT_CELL = 20  # characters; a date and time, a name: never broken over two lines
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@contextlib.contextmanager
def opened(
    context: typer.Context, *, fresh: bool = False, logging: bool = False
) -> Iterator["App"]:
    """Yield the instance of ``--config``; with `logging`, log as configured instead of warnings
    only.
    """
    # Most of the time a start takes; help and wrong words are answered without it.
    from digest.app import open_app

    path: Path = context.obj
    with naming_the_database(), open_app(path, fresh=fresh) as app:
        if logging:
            set_up_logging(app.config.logging.form, app.config.logging.level)
        else:
            set_up_logging("text", "warning")
        yield app


@contextlib.contextmanager
def naming_the_database() -> Iterator[None]:
    """Turn the database's own failures into DatabaseUnfit: the disk is full, the file is read-only,
    the server went away. There is nothing to trace.
    """
    from sqlalchemy.exc import OperationalError  # late for the same reason

    try:
        yield
    except OperationalError as error:
        raise DatabaseUnfit(f"the database: {error.orig}") from error


@contextlib.contextmanager
def progress_bar(what: str, *, counted: bool = True) -> Iterator[Callable[[int, int], None]]:
    """Yield a function (done, total) that draws a bar on a terminal and stays silent elsewhere.

    Without `counted` the bar shows a percentage, for bytes that mean nothing to anybody.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn() if counted else PercentColumn(),
        TimeElapsedColumn(),
    )
    bar = Progress(
        *columns,
        console=warnings,
        transient=True,
        disable=not sys.stderr.isatty(),
        # Otherwise what the console backend prints would go to the bar's terminal instead of the
        # file it belongs in.
        redirect_stdout=sys.stdout.isatty(),
    )
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def local_time(at: datetime | None, zone: str) -> str:
    """Return an instant as people in a zone would write it, such as ``Fri 2026-11-27 07:00``."""
    return "-" if at is None else at.astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M")


def say(text: str) -> None:
    """Print one line to standard output, as it is."""
    console.print(printable(text), soft_wrap=True)


def complain(text: str) -> None:
    """Print a failure to standard error, each of its lines marked as one."""
    for line in text.splitlines():
        warnings.print(f"error: {printable(line)}", soft_wrap=True)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, none: str) -> None:
    """Print rows under headings; `none` says in words that there are none.

    On a pipe a row is a line, its cells parted by tabs, and no rows are no lines.
    """
    cleaned = [[printable(cell).replace("\t", " ") for cell in row] for row in rows]
    if not console.is_terminal:
        for row in (headings, *cleaned) if cleaned else ():
            typer.echo("\t".join(row).replace("\n", " "))  # rich would turn tabs into blanks
        return
    if not cleaned:
        say(none)
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings):
        widest = max(len(row[number]) for row in cleaned)
        table.add_column(heading, overflow="fold", no_wrap=widest <= SHORT_CELL)
    for row in cleaned:
        table.add_row(*row)
    console.print(table)


def printable(text: str) -> str:
    """Return text that cannot drive a terminal: control characters become a mark."""
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def is_confirmed(question: str, *, yes: bool, option: str = "--yes") -> bool:
    """Ask unless `yes`; Refused, naming the `option`, where nobody is there to answer."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Refused(f"nobody is there to answer, so nothing was done: {option} does it unasked")
    try:
        return typer.confirm(printable(question))
    except typer.Abort as error:
        raise KeyboardInterrupt from error


def is_typed(name: str, what: str, *, yes: bool, option: str = "--yes") -> bool:
    """Ask for the name of what cannot be taken back; Refused where nobody is there to answer."""
    if yes or not sys.stdin.isatty():
        return is_confirmed(what, yes=yes, option=option)
    try:
        answer: str = typer.prompt(printable(f"{what} Type {name} to do it"), default="")
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    return answer.strip() == name

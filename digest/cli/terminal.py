"""What commands share: the opened instance, progress bars, and how failures look in a terminal."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from digest.app import App, open_app
from digest.logs import set_up_logging

console = Console(highlight=False)
warnings = Console(stderr=True, highlight=False)


@contextlib.contextmanager
def opened(context: typer.Context, *, fresh: bool = False, logging: bool = False) -> Iterator[App]:
    """Yield the instance of ``--config``; with `logging`, log as configured instead of warnings
    only.
    """
    path: Path = context.obj
    with open_app(path, fresh=fresh) as app:
        if logging:
            set_up_logging(app.config.logging.form, app.config.logging.level)
        else:
            set_up_logging("text", "warning")
        yield app


@contextlib.contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function (done, total) that draws a bar on a terminal and stays silent elsewhere."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=warnings, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def local_time(at: datetime | None, zone: str) -> str:
    """Return an instant as people in a zone would write it, such as ``Fri 2026-11-27 07:00``."""
    return "-" if at is None else at.astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M")


def say(text: str) -> None:
    """Print one line to standard output, as it is."""
    console.print(text, markup=False, soft_wrap=True)


def is_confirmed(question: str, *, yes: bool) -> bool:
    """Ask unless `yes`; on a pipe nobody can answer, so the answer is no."""
    if yes:
        return True
    return sys.stdin.isatty() and typer.confirm(question)

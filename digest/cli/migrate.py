"""``digest migrate``: the database becomes this program's, and what that will take."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from digest.app import App
from digest.cli.terminal import is_confirmed, opened, say, warnings
from digest.errors import BadInput, Refused
from digest.revisions import check_known, known_revisions

if TYPE_CHECKING:
    from digest.migrating import Step

WIDTH = 88  # of lines that would be long otherwise
SHORT_SECONDS = 2.0  # below that nobody need be told how long


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("migrate")(migrate)


def migrate(
    context: typer.Context,
    check: Annotated[
        bool,
        typer.Option("--check", help="Only say what would be done; exit 1 unless it is nothing."),
    ] = False,
    admit: Annotated[
        str | None,
        typer.Option(
            metavar="REVISION",
            help="Let older programs, whose newest revision this is, use the database.",
        ),
    ] = None,
    backed_up: Annotated[
        bool, typer.Option("--backed-up", help="Do not ask for a backup where no step back is.")
    ] = False,
) -> None:
    """Create or upgrade the database.

    Also adds newsletters that are new in the configuration. Harmless when there is nothing to do.
    Ctrl-C between two steps, or in the middle of one, loses nothing: run it again.
    """
    if check and admit is not None:
        raise BadInput("--check changes nothing and --admit does: one of the two")
    with opened(context, fresh=True) as instance:
        if check:
            raise typer.Exit(0 if _is_current(instance) else 1)
        if admit is not None:
            _admit(instance, admit)
        else:
            _migrate(instance, backed_up)


def _is_current(instance: App) -> bool:
    """Say what lies between the database and this program, and whether that is nothing."""
    from digest.migrating import pending_steps

    found, newest = check_known(instance.db), known_revisions()[-1]
    steps = pending_steps(instance.db)
    if found is None:
        say(f"The database is empty; digest migrate makes every table (revision {newest}).")
    elif found > newest:
        say(f"The database is at {found}, newer than this program ({newest}), and lets it in.")
    elif not steps:
        say(f"The database is at {found}, which is this program's: nothing to do.")
    else:
        say(f"The database is at {found}, this program needs {newest}:")
        for step in steps:
            _say_step(step)
        _say_way_back(steps, found)
    return not steps


def _say_step(step: "Step") -> None:
    say(f"{step.revision}  {step.title}")
    if new := _what_is_new(step):
        say(fill(new, width=WIDTH, initial_indent="      ", subsequent_indent="        "))
    for change in step.beyond_adding:
        say(f"      {change.words}")
    for work in step.work:
        rows = f"{work.rows:,} {'row' if work.rows == 1 else 'rows'}"
        say(f"      {work.cost.value} {work.table}: {rows}, {_about(work.seconds)}")


def _what_is_new(step: "Step") -> str:
    """Return the tables and columns a step adds, in one sentence; indexes go without saying."""
    names: dict[str, list[str]] = {"create_table": [], "add_column": []}
    for change in step.changes:
        kind, _, name = change.what.partition(" ")
        if change.adds and kind in names:
            names[kind].append(name)
    tables, columns = names.values()
    parts = [
        f"the {kind}{'s' if len(names) > 1 else ''} {', '.join(names)}"
        for kind, names in (("table", tables), ("column", columns))
        if names
    ]
    return f"adds {' and '.join(parts)}" if parts else ""


def _about(seconds: float) -> str:
    if seconds < SHORT_SECONDS:
        return "a moment"
    return f"about {seconds:,.0f} s" if seconds < 120 else f"about {seconds / 60:,.0f} min"


def _say_way_back(steps: "list[Step]", found: str) -> None:
    if barred := next((step for step in steps if not step.for_old_programs), None):
        say(f"Stop every program first: those of {found} cannot work with {barred.revision}.")
        say("The only way back is a backup. digest migrate asks whether there is one.")
    else:
        say("Nothing is taken away. A program that runs meanwhile ends by itself; to go back to it")
        say(f"afterwards, let this one say: digest migrate --admit {found}")


def _admit(instance: App, revision: str) -> None:
    from digest.migrating import admit

    admit(instance.db, revision, instance.clock)
    say(
        f"Programs of revision {revision} may use this database, until digest migrate is run again."
    )


def _migrate(instance: App, backed_up: bool) -> None:
    from digest.migrating import pending_steps

    found = check_known(instance.db)
    steps = pending_steps(instance.db) if found is not None else []
    if barred := next((step for step in steps if not step.for_old_programs), None):
        _see_to_safety(instance, barred, backed_up)
    with _showing(steps) as advance:
        instance.prepare_store(advance)
    instance.check_store()
    say("The database is up to date.")


def _see_to_safety(instance: App, barred: "Step", backed_up: bool) -> None:
    """Refuse a step that older programs cannot live with: while one is alive, without a backup."""
    silence = timedelta(seconds=3 * instance.config.scheduler.tick_seconds)
    if instance.list_alive("scheduler", instance.clock.now() - silence):
        raise Refused(
            f"a scheduler gave a sign of life within {silence.total_seconds():g} seconds, and"
            f" cannot work with {barred.revision}: stop it first, and try again"
        )
    does = "; ".join(change.words for change in barred.beyond_adding)
    question = f"{barred.revision} {does}. The only way back is a backup. Have you made one?"
    if not is_confirmed(question, yes=backed_up, option="--backed-up"):
        raise Refused("nothing was done: make a backup first")


@contextmanager
def _showing(steps: "list[Step]") -> Iterator[Callable[[str], None]]:
    """Yield what says on standard error which step is taken, and how long the one before took."""
    told, started = [""], [time.monotonic()]
    by_revision = {step.revision: step for step in steps}

    def finish() -> None:
        if told[0]:
            warnings.print(f"{told[0]}: {time.monotonic() - started[0]:.1f} s")

    def advance(revision: str) -> None:
        finish()
        told[0], started[0] = "", time.monotonic()
        step = by_revision.get(revision)
        if step is not None and (sys.stderr.isatty() or step.seconds >= SHORT_SECONDS):
            told[0] = f"{revision} {step.title}"
            warnings.print(f"{told[0]} ({_about(step.seconds)}) …")

    yield advance
    finish()

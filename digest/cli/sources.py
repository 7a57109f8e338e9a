"""``digest sources``: where articles come from."""

from typing import Annotated

import typer

from digest.app import App
from digest.cli.terminal import complain, local_time, opened, print_table, progress_bar, say
from digest.curation.inbox import IntakeReport
from digest.curation.source_list import add_source, due_sources, list_sources
from digest.errors import DigestError
from digest.models import Source

app = typer.Typer(help="Feeds and pages that articles come from.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    """Add the group of this file."""
    program.add_typer(app, name="sources")


NO_SOURCES = "There are no sources yet: digest sources add takes a feed's address."


def in_words(report: IntakeReport) -> str:
    """Return what came in, such as ``30 new, 2 known, 0 changed``."""
    counts = f"{report.new} new, {report.known} known, {report.updated} changed"
    return f"{counts}, {len(report.problems)} unusable" if report.problems else counts


@app.command("add")
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="Address of the feed or page.")],
    name: Annotated[str, typer.Option(help="What editors call it; the address by default.")] = "",
    kind: Annotated[str, typer.Option(help="feed, page, or a plug-in as pkg.mod:Class.")] = "feed",
) -> None:
    """Add a source; the next poll reads it."""
    with opened(context) as instance, instance.db.write() as session:
        source = add_source(session, url=url, kind=kind, name=name or url, now=instance.clock.now())
        line = f"Source {source.id} added: {source.name}"
    say(line)


@app.command("list")
def list_all(context: typer.Context) -> None:
    """Show the sources and how they are."""
    with opened(context) as instance, instance.db.read() as session:
        rows = [
            (
                *(str(source.id), source.name, source.kind),
                *(local_time(source.polled_at, "UTC"), str(source.failures), source.last_error),
            )
            for source in list_sources(session)
        ]
    headings = ("id", "name", "kind", "last read (UTC)", "failures", "last error")
    print_table(headings, rows, none=NO_SOURCES)


@app.command("poll")
def poll(
    context: typer.Context,
    due: Annotated[
        bool, typer.Option("--due", help="Read only the sources whose time has come.")
    ] = False,
) -> None:
    """Read the sources and take in what is new. Exit 1 when one of them failed."""
    failed = 0
    with opened(context) as instance:
        sources = _chosen(instance, due)
        with progress_bar("reading sources") as advance:
            for number, source in enumerate(sources):
                advance(number, len(sources))
                failed += not _poll_one(instance, source)
    raise typer.Exit(1 if failed else 0)


def _chosen(instance: App, due: bool) -> list[Source]:
    with instance.db.read() as session:
        everything = list_sources(session)
        if not everything:
            say(NO_SOURCES)
        if due:
            return list(due_sources(session, instance.clock.now()))
        return [source for source in everything if source.active]


def _poll_one(instance: App, source: Source) -> bool:
    """Read one source and say what it brought; whether that worked."""
    try:
        report = instance.poll_source(source.id)
    except DigestError as error:
        complain(f"{source.name}: {error}")
        return False
    say(f"{source.name}: {in_words(report)}")
    for problem in report.problems:
        say(f"  {problem}")
    return True

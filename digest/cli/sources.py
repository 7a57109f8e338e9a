"""``digest sources``: where articles come from."""

from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import select

from digest.cli.terminal import console, local_time, opened, progress_bar, say
from digest.curation.intake import add_source, due_sources
from digest.errors import DigestError
from digest.models import Source

app = typer.Typer(help="Where articles come from.", no_args_is_help=True)


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
        say(f"Source {source.id} added: {source.name}")


@app.command("list")
def list_all(context: typer.Context) -> None:
    """Show the sources and how they are."""
    with opened(context) as instance, instance.db.read() as session:
        table = Table("id", "name", "kind", "last read (UTC)", "failures", "last error")
        for source in session.scalars(select(Source).order_by(Source.id)):
            row = (source.name, source.kind, local_time(source.polled_at, "UTC"))
            table.add_row(str(source.id), *row, str(source.failures), source.last_error)
        console.print(table)


@app.command("poll")
def poll(
    context: typer.Context,
    due: Annotated[
        bool, typer.Option("--due", help="Read only the sources whose time has come.")
    ] = False,
) -> None:
    """Read the sources now and take in what is new; exit 1 when one failed."""
    failed = 0
    with opened(context) as instance:
        with instance.db.read() as session:
            found = (
                due_sources(session, instance.clock.now())
                if due
                else session.scalars(select(Source).where(Source.active).order_by(Source.id)).all()
            )
            sources = [(source.id, source.name) for source in found]
        with progress_bar("reading sources") as advance:
            for number, (source_id, name) in enumerate(sources, 1):
                try:
                    say(f"{name}: {instance.poll_source(source_id)}")
                except DigestError as error:
                    failed += 1
                    say(f"{name}: {error}")
                advance(number, len(sources))
    raise typer.Exit(1 if failed else 0)

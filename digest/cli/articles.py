"""``digest articles``: what came in, and what an editor brings in by hand."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from digest.cli.terminal import console, local_time, opened, say
from digest.curation.articles_file import read_articles_file
from digest.curation.intake import (
    dismiss,
    fetch_article,
    find_article,
    list_inbox,
    take_in,
)
from digest.errors import BadInput

app = typer.Typer(help="The articles an issue is picked from.", no_args_is_help=True)


@app.command("add")
def add(
    context: typer.Context,
    url: Annotated[
        str | None, typer.Argument(help="A page to read title, blurb and picture from.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="A TOML or JSON file of articles.")
    ] = None,
) -> None:
    """Take in one page by its address, or the articles of a file."""
    if (url is None) == (file is None):
        raise BadInput("digest articles add takes an address or --file, one of the two")
    with opened(context) as instance:
        found = read_articles_file(file) if file else [fetch_article(instance.fetcher, str(url))]
        with instance.db.write() as session:
            report = take_in(session, found, None, instance.clock.now())
            say(str(report))
        with instance.db.read() as session:
            for article in found:
                row = find_article(session, article.url)
                say(f"{row.id:>5}  {row.title}")


@app.command("list")
def list_all(
    context: typer.Context,
    search: Annotated[
        str | None, typer.Option(help="Words to look for in title and summary.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at the most.")] = 40,
) -> None:
    """Show the inbox, newest first."""
    with opened(context) as instance, instance.db.read() as session:
        table = Table("id", "published (UTC)", "category", "title", "by")
        for article in list_inbox(session, search=search, limit=limit):
            table.add_row(
                str(article.id),
                local_time(article.published_at, "UTC"),
                ", ".join(map(str, article.categories)),
                article.title,
                article.author,
            )
        console.print(table)


@app.command("dismiss")
def set_aside(
    context: typer.Context,
    article: Annotated[str, typer.Argument(help="Its id or address.")],
) -> None:
    """Say *not for us*: the article leaves the inbox."""
    with opened(context) as instance, instance.db.write() as session:
        row = find_article(session, article)
        dismiss(session, row.id)
        say(f"Set aside: {row.title}")

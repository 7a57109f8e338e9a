"""``digest articles``: what came in, and what an editor brings in by hand."""

from pathlib import Path
from typing import Annotated

import typer

from digest.cli.references import ArticleRef
from digest.cli.sources import in_words
from digest.cli.terminal import local_time, opened, print_table, say
from digest.curation.articles_file import read_articles_file
from digest.curation.inbox import dismiss, find_article, list_inbox, restore, take_in
from digest.curation.intake import fetch_article
from digest.errors import BadInput

app = typer.Typer(help="The articles an issue is picked from.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    """Add the group of this file."""
    program.add_typer(app, name="articles")


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
    """Take in a page, or the articles of a file. Prints their ids."""
    if (url is None) == (file is None):
        raise BadInput("digest articles add takes an address or --file, one of the two")
    with opened(context) as instance:
        found = read_articles_file(file) if file else [fetch_article(instance.fetcher, str(url))]
        with instance.db.write() as session:
            report = take_in(session, found, None, instance.clock.now())
            rows = [find_article(session, article.url) for article in found]
    say(in_words(report))
    for row in rows:
        say(f"{row.id:>5}  {row.title}")


@app.command("list")
def list_all(
    context: typer.Context,
    search: Annotated[
        str | None, typer.Option(help="Words to look for in title, summary, author and site.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at the most.")] = 40,
) -> None:
    """Show the inbox, newest first. In it is what is neither picked nor set aside."""
    with opened(context) as instance, instance.db.read() as session:
        rows = [
            (
                *(str(article.id), local_time(article.published_at, "UTC")),
                *(article.title, article.author, ", ".join(map(str, article.categories))),
            )
            for article in list_inbox(session, search=search, limit=limit)
        ]
    nothing = "No article in the inbox has these words." if search else "The inbox is empty."
    print_table(("id", "published (UTC)", "title", "by", "category"), rows, none=nothing)


@app.command("dismiss")
def set_aside(context: typer.Context, article: ArticleRef) -> None:
    """Say *not for us*: the article leaves the inbox."""
    with opened(context) as instance, instance.db.write() as session:
        row = dismiss(session, find_article(session, article).id)
    say(f"Set aside: {row.title}")


@app.command("restore")
def take_back(context: typer.Context, article: ArticleRef) -> None:
    """Put an article that was set aside back into the inbox."""
    with opened(context) as instance, instance.db.write() as session:
        row = restore(session, find_article(session, article).id)
    say(f"Back in the inbox: {row.title}")

"""Puts the commands together and turns expected failures into one clear line and exit status 1."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import OperationalError

from digest import __version__
from digest.cli import articles, demo, dkim, doctor, issues, running, setup, sources, subscribers
from digest.cli.terminal import complain
from digest.errors import DigestError

app = typer.Typer(
    name="digest",
    help="Friday: a newsroom picks the week's best articles by hand, and every Friday mails them.",
    epilog="A first time: digest demo. For good: digest init, then digest migrate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
setup.register(app)
app.add_typer(sources.app, name="sources")
app.add_typer(articles.app, name="articles")
app.add_typer(issues.app, name="issue")
app.add_typer(subscribers.app, name="subscribers")
app.add_typer(dkim.app, name="dkim")
running.register(app)
doctor.register(app)
demo.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"digest {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="DIGEST_CONFIG", help="The configuration file.")
    ] = Path("config.toml"),
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    context.obj = config


def main() -> None:
    """Run the command line; exit 1 for a failure we expect, 2 for wrong words, 130 for Ctrl-C.

    Typer itself answers wrong words and Ctrl-C.
    """
    try:
        app()
    except DigestError as error:
        complain(str(error))
    except OperationalError as error:
        # The disk is full, the file is read-only, the server went away: nothing to trace.
        complain(f"the database: {error.orig}")
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    sys.exit(1)

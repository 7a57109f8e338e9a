"""Puts the commands together and turns expected failures into one clear line and exit status 1."""

import sys
from pathlib import Path
from typing import Annotated

import click
import typer

from digest import __version__
from digest.cli import articles, demo, issues, running, setup, sources, subscribers
from digest.cli.terminal import warnings
from digest.errors import DigestError

app = typer.Typer(
    name="digest",
    help="Friday: a newsroom picks the week's best articles by hand, and every Friday mails them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(subscribers.app, name="subscribers")
app.add_typer(sources.app, name="sources")
app.add_typer(articles.app, name="articles")
app.add_typer(issues.app, name="issue")
setup.register(app)
running.register(app)
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
    """Run the command line; exit 1 for a failure we expect, 2 for wrong words, 130 for Ctrl-C."""
    try:
        status = app(standalone_mode=False)
    except DigestError as error:
        warnings.print(f"error: {error}", markup=False, soft_wrap=True)
        sys.exit(1)
    except click.exceptions.Abort:
        warnings.print("interrupted", markup=False)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    sys.exit(status if isinstance(status, int) else 0)

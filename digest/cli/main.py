"""Puts the commands together and turns expected failures into one clear line and exit status 1."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from digest import __version__
from digest.cli.catalogue import Catalogue, Entry
from digest.cli.terminal import complain
from digest.errors import DigestError


class Commands(Catalogue):
    """Everything after ``digest``."""

    entries = {  # noqa: RUF012 - said once, in the base
        "init": Entry("digest.cli.setup", "Make config.toml and a key file in a folder."),
        "migrate": Entry("digest.cli.migrate", "Create or upgrade the database."),
        "status": Entry("digest.cli.running", "Show what is due next and how it went last."),
        "tick": Entry("digest.cli.running", "Do one round and end; fit for cron."),
        "run": Entry("digest.cli.running", "Run the whole thing: scheduler and web."),
        "scheduler": Entry("digest.cli.running", "Run the scheduler and sender alone."),
        "web": Entry("digest.cli.running", "Run the reader pages alone."),
        "doctor": Entry("digest.cli.doctor", "Look this instance over."),
        "demo": Entry("digest.cli.demo", "Live one whole Friday of a sample newsroom."),
        "sources": Entry("digest.cli.sources", "Feeds and pages that articles come from."),
        "articles": Entry("digest.cli.articles", "The articles an issue is picked from."),
        "issue": Entry("digest.cli.issues", "Make, approve, schedule and check an issue."),
        "newsletters": Entry(
            "digest.cli.newsletters", "The look and the fixed words of a newsletter."
        ),
        "mirrors": Entry("digest.cli.mirrors", "The order in which mirrors are tried."),
        "subscribers": Entry(
            "digest.cli.subscribers", "Who reads: import, export, add, find, erase."
        ),
        "export": Entry("digest.cli.export", "Write everything out, to move away or to keep."),
        "editors": Entry("digest.cli.editors", "Who may work at the desk."),
        "letters": Entry("digest.cli.letters", "Mail from readers: receive it, fetch it."),
        "feedback": Entry("digest.cli.feedback", "Mail that comes back: bounces, complaints."),
        "keys": Entry(
            "digest.cli.keys", "The keys that addresses are sealed with, and their copies."
        ),
        "backup": Entry("digest.cli.backup", "Copy database and pictures while everything runs."),
        "restore": Entry("digest.cli.restore", "Put a backup in its place, held until takeover."),
        "takeover": Entry(
            "digest.cli.takeover", "Let a restored, copied or cloned instance send again."
        ),
        "ballast": Entry("digest.cli.ballast", "Room that is kept for the day the disk is full."),
        "replay": Entry("digest.cli.replay", "Send a past issue again, to nobody, and compare."),
        "panic": Entry("digest.cli.panic", "Destroy the keys, and with them every address."),
        "archive": Entry("digest.cli.archive", "Past issues, as a list or as a folder of files."),
        "dkim": Entry("digest.cli.dkim", "Keys that sign the copies (DKIM)."),
    }


app = typer.Typer(
    name="digest",
    cls=Commands,
    help="Friday: a newsroom picks the week's best articles by hand, and every Friday mails them.",
    epilog="A first time: digest demo. For good: digest init, then digest migrate.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    sys.exit(1)

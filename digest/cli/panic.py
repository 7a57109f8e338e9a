"""``digest panic``: destroys the keys, and says plainly what that does not reach."""

from typing import Annotated

import typer

from digest.cli.terminal import complain, is_typed, say
from digest.config import Config, load_config
from digest.operations.keys.panic import Ruin, destroy
from digest.operations.keys.processes import can_look

REMAINS = (
    "This does not reach:",
    "- copies of the keys: those of digest keys export, of backups and snapshots. Destroy them;",
    "- the key in memory of processes on other machines, in swap, in a snapshot of this machine;",
    "- blocks that an SSD or a copying file system keeps of an overwritten file;",
    "- the relay, its logs and its queue, and the mailboxes of bounces and answers;",
    "- exports of subscribers that somebody made, and the passwords in config.toml.",
)


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("panic")(panic)


def panic(
    context: typer.Context,
    database: Annotated[
        bool, typer.Option("--database", help="Destroy the database's files, too (SQLite).")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes-destroy", help="Do not ask.")] = False,
) -> None:
    """Destroy the keys, and with them every address.

    Running processes of this instance are killed. Without a copy of the keys there is no way back.
    """
    config = load_config(context.obj)
    said = "Every reader's address is lost for good." + (" So is the database." if database else "")
    if not is_typed(f"panic {config.newsletters[0].slug}", said, yes=yes, option="--yes-destroy"):
        raise typer.Exit(1)
    ruin = destroy(context.obj, config, database=database)
    _say(ruin, config)
    raise typer.Exit(int(bool(ruin.failed)))


def _say(ruin: Ruin, config: Config) -> None:
    for path in ruin.files:
        say(f"destroyed: {path}")
    for process in ruin.ended:
        say(f"killed: {process.role} ({process.pid})")
    for failure in ruin.failed:
        complain(failure)
    if not (ruin.files or ruin.failed):
        said = f"There was no key file {config.keys.file}."
        if config.keys.source != "file":
            said += f" The keys come from elsewhere ({config.keys.source}): destroy them there."
        say(said)
    if not can_look():
        say("Processes cannot be found on this machine: end digest run yourself, now.")
    for line in REMAINS:
        say(line)

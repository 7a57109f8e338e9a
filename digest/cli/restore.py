"""``digest restore``: puts a backup in its place."""

from pathlib import Path
from typing import Annotated

import typer

from digest.cli.takeover import show_held
from digest.cli.terminal import naming_the_database, opened, say
from digest.clock import SystemClock
from digest.config import load_config
from digest.keys.source import load_keys
from digest.operations.backup.making import find_generation
from digest.operations.backup.restoring import restore_backup
from digest.operations.takeover import list_held


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("restore")(restore)


def restore(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A backup, or a folder of them: the newest.")],
    replace: Annotated[bool, typer.Option("--replace", help="Move aside what is there.")] = False,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Bring an older backup up to this program.")
    ] = False,
) -> None:
    """Put a backup in its place, held until takeover.

    Needs the keys it was made with. Nothing is sent from what was restored before you have said
    what becomes of the issues that were open.
    """
    config = load_config(context.obj)
    keys = load_keys(config.keys.source, config.keys.file)
    place = find_generation(folder)
    with naming_the_database():
        done = restore_backup(config, context.obj, keys, place, SystemClock(), replace=replace)
    for each in done.aside:
        say(f"moved aside: {each}")
    say(f"Restored {place}, made {done.manifest.made:%Y-%m-%d %H:%M} UTC.")
    if done.is_older and not migrate:
        say(
            f"It is at revision {done.manifest.revision}: run digest migrate, then digest takeover."
        )
        return
    with opened(context, fresh=True) as instance:
        if migrate:
            instance.prepare_store()
        instance.check_store()
        held = list_held(instance)
        zone = instance.config.newsletters[0].schedule.timezone
        show_held(held, zone, instance.clock.now())
    say("Nothing is sent before: digest takeover")

"""``digest backup``: a copy of database and pictures, made while everything runs, and its proof."""

from pathlib import Path
from typing import Annotated

import typer

from digest.cli.terminal import opened, progress_bar, say
from digest.operations.backup.making import find_generation, make_backup
from digest.operations.backup.manifest import Manifest, read_manifest
from digest.operations.backup.verifying import verify_backup
from digest.operations.keys.changing import is_backed_up
from digest.operations.watching.marks import BACKED_UP

VERIFY = "verify"


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("backup")(backup)


def backup(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(metavar="FOLDER", help="Where backups lie; or two words: verify FOLDER."),
    ],
    keep: Annotated[int, typer.Option(min=1, help="How many to keep.")] = 7,
) -> None:
    """Copy database and pictures while everything runs.

    Each backup is a folder of its own, readable by its owner alone, verified before it counts. The
    keys are never in it. "digest backup verify FOLDER" verifies the newest one again.
    """
    if words[0] == VERIFY and len(words) == 2:
        place = find_generation(Path(words[1]))
        _say(place, verify_backup(place))
        return
    if len(words) != 1:
        raise typer.BadParameter("one folder, or: verify FOLDER")
    with opened(context) as instance:
        with progress_bar("pages") as advance:
            place = make_backup(instance, Path(words[0]), keep=keep, progress=advance)
        instance.note(BACKED_UP, "")
        _say(place, read_manifest(place))
        if not (place / "config.toml").exists():
            say("config.toml is not in it: a secret in it could not be told from the rest.")
        if not is_backed_up(instance):
            say("note: no copy of these keys was made, and without them it opens for nobody:")
            say("digest keys export, to storage of its own")


def _say(place: Path, manifest: Manifest) -> None:
    counts = ", ".join(f"{count:,} {name}" for name, count in manifest.counts.items())
    say(f"{place}: whole. {manifest.made:%Y-%m-%d %H:%M} UTC, {counts}.")
    say(f"It opens with the keys {', '.join(manifest.keys['seal'])}, which are not in it.")

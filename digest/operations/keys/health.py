"""What the doctor says of the keys: that there is a copy, and that they lie apart from what they
open.
"""

from collections.abc import Iterator
from pathlib import Path

from digest.app import App
from digest.operations.findings import Level, Said
from digest.operations.keys.changing import is_backed_up


def check_backup(app: App) -> Iterator[Said]:
    """KEYS-1: a copy was made of the keys as they are."""
    if is_backed_up(app):
        yield Said(Level.OK, "a copy of the present keys was made")
        return
    yield Said(
        Level.WARN,
        "no copy of the present keys was made: if they are lost, no address can be read again",
        "digest keys export, and keep the copy away from the database and its backups",
    )


def check_place(app: App) -> Iterator[Said]:
    """KEYS-2: whoever takes the disk with the database does not take the keys along."""
    database = app.db.file
    file = app.config.keys.file
    if app.config.keys.source != "file":
        yield Said(Level.OK, "the keys are not on the disk unlocked")
    elif database is not None and _are_together(file, database):
        yield Said(
            Level.NOTE,
            f"{file} is on the same file system as the database: who takes one has both",
            "put keys.file elsewhere, or lock it (digest keys export --passphrase) and set "
            'keys.source = "prompt"',
        )
    else:
        yield Said(Level.OK, "the key file is not on the database's file system")


def _are_together(first: Path, second: Path) -> bool:
    return first.stat().st_dev == second.stat().st_dev

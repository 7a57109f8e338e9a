"""Puts a backup in the place of an instance that is empty, or moves what is there aside. What was
restored is held until ``digest takeover``.
"""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from digest.clock import Clock
from digest.config import Config
from digest.db import Database
from digest.errors import ConfigError, DatabaseUnfit, Refused
from digest.keys import KeyRing
from digest.operations.backup.making import MEDIA
from digest.operations.backup.manifest import Manifest
from digest.operations.backup.stores import FILES, have_held, load_postgres
from digest.operations.backup.verifying import verify_backup
from digest.operations.keys.processes import find_processes
from digest.revisions import current_revision, known_revisions
from digest.sealed import CANARY, Sealer

WANTED = "SELECT value FROM instance WHERE name = 'key_canary'"
ENDS = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, what was moved aside, and whether it has to be migrated first."""

    manifest: Manifest
    aside: Sequence[str]
    is_older: bool


def restore_backup(
    config: Config, path: Path, keys: KeyRing, place: Path, clock: Clock, *, replace: bool
) -> Restored:
    """Put a generation in its place, verified first. The file that knows what was sent from here
    stays: it is not part of a backup.

    Refused where something is there, unless `replace`; where a process of ours runs; ConfigError
    for keys that do not open it; DatabaseUnfit for one of a newer program.
    """
    manifest = verify_backup(place)
    if manifest.revision not in known_revisions():
        raise DatabaseUnfit(
            f"the backup is at revision {manifest.revision}, which is newer than this program:"
            " upgrade the program"
        )
    if running := find_processes(path):
        raise Refused(f"{running[0].role} ({running[0].pid}) runs on this instance: end it first")
    database, now = Database(config.database.url), clock.now()
    try:
        kind = database.engine.dialect.name
        if kind != manifest.database:
            raise Refused(
                f"database.url is of {kind}, and the backup of {manifest.database}: that cannot be"
                " restored there"
            )
        if database.file is not None:
            _refuse_other_keys(_canary_in_file(place / FILES[kind]), keys, config)
            aside = _put_file(place / FILES[kind], database.file, replace=replace, now=now)
        else:
            moved = load_postgres(database, place / FILES[kind], replace=replace, now=now)
            aside = [moved] if moved else []
        have_held(database, manifest.made)
        _refuse_other_keys(_canary_in(database), keys, config)
        _put_pictures(place / MEDIA, config.media.folder, manifest.pictures)
        is_older = current_revision(database) != known_revisions()[-1]
    finally:
        database.close()
    return Restored(manifest, aside, is_older)


def _refuse_other_keys(canary: str | None, keys: KeyRing, config: Config) -> None:
    """Raise ConfigError unless the keys open what only those of this database do."""
    try:
        fits = canary is not None and Sealer(keys).open(bytes.fromhex(canary)) == CANARY
    except ConfigError:
        fits = False
    if not fits:
        raise ConfigError(
            f"{config.keys.file}: these are not the keys of this backup: put the copy of the keys"
            " that was made with it in their place (digest keys restore)"
        )


def _canary_in_file(store: Path) -> str | None:
    with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        found = connection.execute(WANTED).fetchone()
    return found[0] if found else None


def _canary_in(database: Database) -> str | None:
    with database.engine.connect() as connection:
        found: str | None = connection.scalar(text(WANTED))
    return found


def _put_file(source: Path, target: Path, *, replace: bool, now: datetime) -> list[str]:
    there = [each for end in ENDS if (each := target.with_name(target.name + end)).exists()]
    if there and not replace:
        raise Refused(f"{target} is there: --replace moves it aside")
    beside = target.with_name(f".{target.name}.restoring")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(source, beside)
    beside.chmod(0o600)
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    moved = []
    for each in there:
        end = each.name.removeprefix(target.name)
        old = target.with_name(f"{target.name}.before-{now:%Y%m%dT%H%M%SZ}{end}")
        each.rename(old)
        moved.append(str(old))
    beside.rename(target)
    return moved


def _put_pictures(source: Path, target: Path, names: Sequence[str]) -> None:
    """Copy pictures that are not there; what is there of the same name is the same."""
    for name in names:
        place = target / name
        if not place.exists():
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(source / name, place)
            place.chmod(0o600)

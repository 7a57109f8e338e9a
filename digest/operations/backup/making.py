"""Makes a backup: one folder for each generation, built beside its place and renamed when it is
whole and verified.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from digest import __version__
from digest.app import App
from digest.delivery.home.rows import instance_id
from digest.errors import ConfigError, Refused
from digest.keys import PURPOSES
from digest.media.store import NAME as PICTURE
from digest.media.store import Shelf
from digest.models import Delivery, Issue, Picture, Subscriber
from digest.operations.backup.manifest import FORMAT, NAME, Manifest, sum_of
from digest.operations.backup.redacting import redact
from digest.operations.backup.stores import FILES, Progress, copy_sqlite, dump_postgres
from digest.operations.backup.verifying import verify_backup
from digest.revisions import current_revision

PREFIX, UNFINISHED = "friday-", ".friday-"
COUNTED = {"subscribers": Subscriber, "issues": Issue, "deliveries": Delivery, "pictures": Picture}
MEDIA, CONFIG = "media", "config.toml"


def make_backup(app: App, folder: Path, *, keep: int, progress: Progress) -> Path:
    """Write a new generation into a folder, verify it, and remove all but the newest `keep`;
    return where it is. Cut off, it leaves nothing that looks like a backup.

    Refused where the key file lies in that folder: whoever takes it would have everything.
    """
    _refuse_beside_keys(app, folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone_in(folder):
        return _make_generation(app, folder, keep, progress)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let one program at a time make backups in a folder; Refused to the second."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Refused(f"{folder}: another backup is being made there") from error
        yield


def _make_generation(app: App, folder: Path, keep: int, progress: Progress) -> Path:
    for left in folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left)
    now = app.clock.now()
    place = folder / f"{PREFIX}{now:%Y%m%dT%H%M%SZ}"
    if place.exists():
        raise Refused(f"{place} is there: one backup in a second is enough")
    beside = folder / f"{UNFINISHED}{secrets.token_hex(4)}"
    beside.mkdir(mode=0o700)
    try:
        _fill(app, beside, _newest(folder), now, progress)
        verify_backup(beside)
        beside.rename(place)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    _settle_folder(folder)
    for old in list_generations(folder)[keep:]:
        shutil.rmtree(old)
    return place


def list_generations(folder: Path) -> list[Path]:
    """Return the backups in a folder, the newest first."""
    found = (each for each in folder.glob(f"{PREFIX}*") if (each / NAME).is_file())
    return sorted(found, reverse=True)


def _newest(folder: Path) -> Path | None:
    return next(iter(list_generations(folder)), None)


def _refuse_beside_keys(app: App, folder: Path) -> None:
    keys, place = app.config.keys.file.resolve(), folder.resolve()
    if keys.is_relative_to(place) or (folder / keys.name).exists():
        raise Refused(
            f"{folder}: the keys lie there; a backup beside them would be open to whoever takes it."
            " Name another folder, on other storage"
        )


def _fill(app: App, place: Path, before: Path | None, now: datetime, progress: Progress) -> None:
    kind = app.db.engine.dialect.name
    with app.db.write() as session:
        instance = instance_id(session, now)
    with app.db.read() as session:
        counts = {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in COUNTED.items()
        }
    store = place / FILES[kind]
    if app.db.file is not None:
        copy_sqlite(app.db.file, store, now, progress)
    elif not app.db.is_sqlite:
        dump_postgres(app.db.engine.url, store)
    else:
        raise ConfigError("database.url: a database in memory cannot be backed up")
    # After the database: each picture that it names is there by then.
    pictures = sorted(_copy_pictures(app.config.media.folder, place / MEDIA, before))
    _copy_config(app.path, place / CONFIG)
    files = {each.name: sum_of(each) for each in sorted(place.iterdir()) if each.is_file()}
    manifest = Manifest(
        format=FORMAT,
        made_at=now.isoformat(),
        program=__version__,
        instance=instance,
        revision=current_revision(app.db) or "",
        database=kind,
        counts=counts,
        keys={purpose: [key.id for key in app.keys.of(purpose)] for purpose in PURPOSES},
        files=files,
        pictures=pictures,
    )
    _write(place / NAME, manifest.as_text())


def _copy_pictures(source: Path, target: Path, before: Path | None) -> Iterator[str]:
    """Copy the files of the media room; one that the backup before has is linked to that, for a
    file of that name never changes.
    """
    for shelf in Shelf:
        (target / shelf).mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in sorted((source / shelf).glob("*")):
            if not PICTURE.fullmatch(file.name):
                continue
            name = f"{shelf}/{file.name}"
            if before is None or not _link(before / MEDIA / name, target / name):
                shutil.copyfile(file, target / name)
                (target / name).chmod(0o600)
            yield name


def _link(old: Path, new: Path) -> bool:
    try:
        os.link(old, new)
    except OSError:  # not there, or a file system that has no links
        return False
    return True


def _copy_config(path: Path, target: Path) -> None:
    text = redact(path.read_text(encoding="utf-8"))
    if text is not None:
        _write(target, text)


def _write(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _settle_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def find_generation(place: Path) -> Path:
    """Return a generation's folder: the one named, or the newest in it."""
    if (place / NAME).is_file():
        return place
    return _newest(place) or place

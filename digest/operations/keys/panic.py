"""Destroys the keys, and what else can be destroyed, at once. Needs neither keys nor a store that
is well: it must work on whatever is left.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from digest.config import Config
from digest.db import Database
from digest.errors import DigestError
from digest.operations.keys.processes import Process, find_processes, kill
from digest.subscribers.transfer.staging import list_staging_files

BLOCK = 1 << 20


@dataclass(slots=True)
class Ruin:
    """What was destroyed, and what could not be."""

    files: list[Path] = field(default_factory=list)
    ended: list[Process] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def destroy(path: Path, config: Config, *, database: bool) -> Ruin:
    """Destroy the key file first, then end our processes on this machine, which have the keys in
    memory; then empty the database's log, or with `database` destroy its files, too.

    Nothing stops it half-way: what fails is said in `Ruin.failed`.
    """
    ruin = Ruin()
    for file in _key_files(config.keys.file):
        _destroy_file(file, ruin)
    for process in find_processes(path):
        if kill(process, path):
            ruin.ended.append(process)
        else:
            ruin.failed.append(f"{process.role} ({process.pid}) does not end: end it yourself")
    for file in list_staging_files(path.resolve().parent):
        _destroy_file(file, ruin)
    if database:
        for file in _database_files(config.database.url, ruin):
            _destroy_file(file, ruin)
    else:
        _empty_log(config.database.url, ruin)
    return ruin


def _key_files(file: Path) -> Iterator[Path]:
    """Yield the key file, and what a change of it that was cut off left beside it."""
    if file.exists():
        yield file
    yield from file.parent.glob(f".{file.name}.*")


def _destroy_file(path: Path, ruin: Ruin) -> None:
    """Overwrite a file once, have that on the disk, and remove it; a link's target as well."""
    try:
        with path.open("r+b") as file:
            left = os.fstat(file.fileno()).st_size
            while left > 0:
                left -= file.write(secrets.token_bytes(min(BLOCK, left)))
            file.flush()
            os.fsync(file.fileno())
        target = path.resolve()
        path.unlink()
        target.unlink(missing_ok=True)
    except OSError as error:
        ruin.failed.append(f"{path}: {error.strerror}")
        with contextlib.suppress(OSError):
            path.unlink()  # better than nothing, where it cannot be overwritten
    else:
        ruin.files.append(path)


def _database_files(url: str, ruin: Ruin) -> list[Path]:
    database = Database(url)
    try:
        if database.file is None:
            ruin.failed.append("the database is a server's: drop it there")
            return []
        names = [
            f"{database.file}{end}"
            for end in ("-next", "-turn", "-home", "-ballast", "-wal", "-shm", "")
        ]
        return [path for path in map(Path, names) if path.exists()]
    finally:
        database.close()


def _empty_log(url: str, ruin: Ruin) -> None:
    database = Database(url)
    try:
        if database.file is not None and not database.file.exists():
            return  # opening it would make one
        if not database.empty_log():
            ruin.failed.append("the database's log is being read by something: it was not emptied")
    except (DigestError, SQLAlchemyError, OSError) as error:
        ruin.failed.append(f"the database's log: {error}")
    finally:
        database.close()

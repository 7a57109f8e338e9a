"""Room that is kept on the disk of a SQLite database for the day that disk is full.

A file of some megabytes lies beside the database. When nothing more can be written it is removed,
so that outcomes are written, readers can leave and the desk can be told; no new copy is begun until
there is room to make it anew.
"""

import errno
import logging
import os
import sqlite3
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.db import Database
from digest.models import InstanceValue

log = logging.getLogger(__name__)

MEGABYTE = 1 << 20
FLAG = "ballast_released"
LOW = 4  # of the ballast: below a quarter of it the disk counts as full, before it is
ROOMY = 2  # times the ballast has to be free before it is made (again)


class Ballast:
    """Owns the file and the flag that says it was given back; does nothing for a server, a store in
    memory, or where none is wanted.
    """

    def __init__(self, database: Database, clock: Clock, megabytes: int) -> None:
        self._db = database
        self._clock = clock
        self.size = megabytes * MEGABYTE
        file = database.file
        wanted = file is not None and megabytes > 0
        self.file = file.with_name(f"{file.name}-ballast") if file and wanted else None

    def short_since(self, session: Session) -> datetime | None:
        """Return when the ballast was given back, where the disk has no room for it yet."""
        flag = session.get(InstanceValue, FLAG) if self.file is not None else None
        return flag.at if flag is not None else None

    def look(self) -> bool:
        """Make the file where there is room for it, or give it back where the disk is nearly full;
        return whether it was given back just now.
        """
        if self.file is None:
            return False
        free = _free(self.file.parent)
        if self.file.exists():
            return self.release() if free < self.size // LOW else False
        if free >= ROOMY * self.size:
            self._make()
        return False

    def release(self) -> bool:
        """Give the room back, and have no new copy begun; False where there was none to give."""
        if self.file is None or not self.file.exists():
            return False
        self.file.unlink()
        log.error("the disk is full: the ballast is given back, and no new copy is begun")
        with self._db.write() as session:
            session.merge(InstanceValue(name=FLAG, value="yes", at=self._clock.now()))
        return True

    def _make(self) -> None:
        assert self.file is not None  # noqa: S101 - narrows the type
        beside = self.file.with_name(f".{self.file.name}")
        try:
            with open(os.open(beside, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
                os.posix_fallocate(file.fileno(), 0, self.size)
                os.fsync(file.fileno())
            beside.replace(self.file)
        except OSError as error:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            log.warning("no ballast was made: %s", error.strerror)
            return
        with self._db.write() as session:
            flag = session.get(InstanceValue, FLAG)
            if flag is not None:
                session.delete(flag)
                log.warning("the disk has room again: sending goes on")


def is_full(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, says that the disk is full."""
    seen = 0
    while error is not None and seen < 8:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL or getattr(error, "errno", 0) == errno.ENOSPC:
            return True
        error, seen = getattr(error, "orig", None) or error.__cause__, seen + 1
    return False


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize

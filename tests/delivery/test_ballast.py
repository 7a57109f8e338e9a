"""Room is kept on the disk, given back when it is full, and kept again when there is room."""

import errno
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from digest.clock import FixedClock
from digest.db import Database
from digest.delivery.ballast import MEGABYTE, Ballast, is_full

DISK = 16


@pytest.fixture
def disk(tmp_path: Path, migrated_file: Path) -> Iterator[Path]:
    """A migrated store on a file system of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}m", "friday", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    shutil.copyfile(migrated_file, folder / "digest.db")
    yield folder / "digest.db"
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        for size in (MEGABYTE, 4096):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue


def is_short(ballast: Ballast, database: Database) -> bool:
    with database.read() as session:
        return ballast.short_since(session) is not None


def write_much(database: Database) -> None:
    with database.write() as session:
        session.execute(
            text("INSERT INTO instance VALUES ('much', :value, '2026-01-01 00:00:00.000000')"),
            {"value": "x" * 600_000},
        )


def test_full_disk_gets_its_ballast_back_and_then_keeps_it_again(
    disk: Path, clock: FixedClock
) -> None:
    database = Database(f"sqlite:///{disk}")
    ballast = Ballast(database, clock, 4)
    try:
        assert not ballast.look()
        kept = ballast.file.stat()
        assert kept.st_size == kept.st_blocks * 512 == 4 * MEGABYTE
        fill(disk.with_name("filler"))
        with pytest.raises(OperationalError) as caught:
            write_much(database)
        assert is_full(caught.value)

        assert ballast.look()

        assert not ballast.file.exists()
        assert is_short(ballast, database)
        write_much(database)
        assert not ballast.look()
        assert is_short(ballast, database)  # there is no room yet
        disk.with_name("filler").unlink()
        assert not ballast.look()
        assert ballast.file.exists()
        assert not is_short(ballast, database)
    finally:
        database.close()


def test_none_is_kept_where_none_is_wanted(db: Database, clock: FixedClock) -> None:
    ballast = Ballast(db, clock, 0)

    assert not ballast.look()
    assert not ballast.release()
    assert not is_short(ballast, db)
    assert not db.file.with_name("digest.db-ballast").exists()


def test_full_disk_is_told_from_other_trouble() -> None:
    full = sqlite3.OperationalError("full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL

    assert is_full(OperationalError("", {}, full))
    assert is_full(OSError(errno.ENOSPC, "full"))
    assert not is_full(OSError(errno.EACCES, "no"))
    assert not is_full(None)

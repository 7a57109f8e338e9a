"""DISK, CLOCK, VERSION: the machine that all of it runs on."""

import ctypes
import os
import platform
import shutil
import sqlite3
import ssl
import sys
import tempfile
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path

from sqlalchemy import func, select

from digest.models import Newsletter
from digest.operations.doctor.case import Case
from digest.operations.doctor.findings import Said, note, warn, well, wrong

MEGABYTE = 1_000_000
LEAST_FREE = 200 * MEGABYTE
LITTLE_FREE = 1_000 * MEGABYTE
LEAST_INODES = 1_000
YOUNG = timedelta(days=28)  # an instance that is younger has no pace yet
SOON_FULL_DAYS = 60
# The kernel calls a clock synchronised while it is surer of it than this (as timedatectl does).
WORST_ERROR_MICROSECONDS = 16_000_000
OLD_ZONES = timedelta(days=548)


@dataclass(frozen=True, slots=True)
class Room:
    """A file system by its room, in bytes, and what of ours lies on it."""

    holds: str
    free: int
    inodes: int | None  # None: it does not count them
    database: int = 0  # bytes of the database on it


def check_ballast(case: Case) -> Iterator[Said]:
    """DISK-2: the ballast, which is given back when the disk is full, is in its place."""
    ballast = case.app.ballast
    if ballast.file is None:
        return
    with case.app.db.read() as session:
        short = ballast.short_since(session)
    if short is not None:
        yield wrong(
            f"the disk is full since {short:%Y-%m-%d %H:%M} UTC, and no new copy is begun",
            "make room: sending goes on by itself once the ballast fits again",
        )
    elif not ballast.file.exists():
        yield note(
            "there is no ballast yet to give back when the disk is full",
            "the scheduler makes it; digest ballast look does so at once",
        )
    else:
        yield well(f"{ballast.size >> 20} MB of ballast lie ready for a full disk")


def check_disk(case: Case) -> Iterator[Said]:
    """DISK-1: there is room for what comes, and for a copy of the database."""
    pace = _pace(case)
    for room in _rooms(case):
        yield judge_room(room, pace if room.database else None)


def _rooms(case: Case) -> list[Room]:
    places = {"media": case.app.config.media.folder, "temporary files": Path(tempfile.gettempdir())}
    file = case.app.db.file
    if file is not None:
        places = {"the database": file, **places}
    named: dict[int, list[str]] = {}
    paths: dict[int, Path] = {}
    for name, path in places.items():
        there = _existing(path)
        named.setdefault(there.stat().st_dev, []).append(name)
        paths.setdefault(there.stat().st_dev, there)
    size = _size(file) if file else 0
    return [_measure(paths[id], names, size) for id, names in named.items()]


def _measure(path: Path, names: list[str], size: int) -> Room:
    how_many = os.statvfs(path)
    return Room(
        " and ".join(names),
        shutil.disk_usage(path).free,
        how_many.f_favail if how_many.f_files else None,
        size if "the database" in names else 0,
    )


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _size(file: Path) -> int:
    """Return the bytes of a SQLite file with its log."""
    files = (file, file.with_name(f"{file.name}-wal"))
    return sum(each.stat().st_size for each in files if each.exists())


def _pace(case: Case) -> float | None:
    """Return by how many bytes a day the database has grown since it was made; None where it is too
    young to say.
    """
    file = case.app.db.file
    with case.app.db.read() as session:
        made = session.scalar(select(func.min(Newsletter.created_at)))
    age = case.app.clock.now() - made if made else timedelta()
    if file is None or age < YOUNG:
        return None
    return _size(file) / (age / timedelta(days=1))


def judge_room(room: Room, pace: float | None) -> Said:
    """Judge a file system; `pace` is by how many bytes a day the database on it grows."""
    free = f"{room.free / MEGABYTE:,.0f} MB free for {room.holds}"
    days = room.free / pace if pace else None
    if days is not None:
        free += f", full in about {days:,.0f} days at the pace so far"
    if room.free < LEAST_FREE:
        return wrong(free, "make room: with a full disk no copy leaves")
    if room.inodes is not None and room.inodes < LEAST_INODES:
        return warn(f"{room.inodes} files more can be made for {room.holds}", "delete small files")
    if room.free < LITTLE_FREE or (days is not None and days < SOON_FULL_DAYS):
        return warn(free, "make room, or move what grows to another disk")
    if room.free < room.database:
        return warn(
            f"{free}: not enough for a copy of the database",
            "make room: backups and upgrades need as much again",
        )
    return well(free)


def check_clock(_case: Case) -> Iterator[Said]:
    """CLOCK-1: the machine's clock follows a time server."""
    yield judge_clock(read_clock())


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the kernel says of its clock: whether it is kept right, and how wrong it may be."""

    synchronised: bool
    error_seconds: float


class _Timex(ctypes.Structure):
    """The beginning of Linux's ``struct timex``, with room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def read_clock() -> ClockState | None:
    """Return what the kernel says of its clock (adjtimex(2), changing nothing); None where it does
    not say.
    """
    if sys.platform != "linux":
        return None
    asked = _Timex()
    try:
        if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(asked)) < 0:
            return None
    except (AttributeError, OSError):
        return None
    return ClockState(asked.maxerror < WORST_ERROR_MICROSECONDS, asked.maxerror / 1_000_000)


def judge_clock(state: ClockState | None) -> Said:
    """Judge what the kernel says."""
    if state is None:
        return note("this system does not say whether its clock is kept right", "look yourself")
    if state.synchronised:
        return well(f"the clock follows a time server (within {state.error_seconds:.3f} seconds)")
    return warn(
        "nothing keeps this machine's clock right",
        "timedatectl set-ntp true, or run chrony; in a container or virtual machine the host's "
        "clock counts, so look there",
    )


def check_versions(case: Case) -> Iterator[Said]:
    """VERSION-1: Python, SQLite, OpenSSL and the time zones are not outdated."""
    yield well(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{' '.join(ssl.OPENSSL_VERSION.split()[:2])}"
    )
    if ssl.OPENSSL_VERSION_INFO < (3,):
        yield warn(f"{ssl.OPENSSL_VERSION} is no longer mended", "use a Python built with 3.x")
    yield judge_zones(zones_version(), case.app.clock.now())


def zones_version() -> str:
    """Return the release of the time zones in use, such as ``2026b``; empty where it is not said.

    The system's own are used before those of the package, as zoneinfo does.
    """
    for folder in zoneinfo.TZPATH:
        try:
            with (Path(folder) / "tzdata.zi").open(encoding="utf-8") as file:
                return file.readline().removeprefix("# version ").strip()
        except OSError:
            continue
    try:
        return str(import_module("tzdata").IANA_VERSION)
    except ImportError:
        return ""


def judge_zones(version: str, now: datetime) -> Said:
    """Judge the time zones by their release."""
    year = version[:4]
    if not year.isdigit():
        return note("which time zones are in use is not said", "keep tzdata up to date")
    if now - datetime(int(year), 7, 1, tzinfo=now.tzinfo) > OLD_ZONES:
        return warn(
            f"the time zones are of {version}: countries have changed their clocks since",
            "upgrade the system's tzdata, or the package of that name",
        )
    return well(f"time zones of {version}")

"""STORE: the database is this program's, these keys open it, and it survives a power cut."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import text

from digest.clock import SystemClock
from digest.operations.doctor.case import Case
from digest.operations.doctor.findings import Said, note, warn, well, wrong
from digest.operations.doctor.mounts import IN_MEMORY, LAYERED, Mount, find_mount, is_remote
from digest.revisions import check_schema, current_revision

OLDEST_POSTGRES = 14
CLOCKS_APART_SECONDS = 2.0


def check_revision(case: Case) -> Iterator[Said]:
    """STORE-1: the schema is exactly this program's."""
    case.app.db.assert_there()
    check_schema(case.app.db)
    yield well(f"the schema is at revision {current_revision(case.app.db)}, this program's own")


def check_keys(case: Case) -> Iterator[Said]:
    """STORE-2: the keys are those of this database."""
    case.app.check_keys()
    yield well("the keys open this database")


def check_durability(case: Case) -> Iterator[Said]:
    """STORE-3: what is committed survives a power cut, and what is deleted is overwritten."""
    database = case.app.db
    database.assert_durable()
    if database.is_sqlite:
        yield well("SQLite writes ahead, waits for the disk, and overwrites what is deleted")
        return
    with database.read() as session:
        number = session.scalar(text("SELECT current_setting('server_version_num')::int"))
        theirs = session.scalar(text("SELECT clock_timestamp()"))
    yield well("PostgreSQL waits for the disk: synchronous_commit, fsync, full_page_writes")
    yield from judge_postgres(int(number or 0) // 10_000, _seconds_apart(theirs))


def _seconds_apart(theirs: object) -> float:
    if not isinstance(theirs, datetime):
        return 0.0
    # Not the clock of the program, which a rehearsal may set: the one leases are compared with.
    return abs((SystemClock().now() - theirs).total_seconds())


def judge_postgres(version: int, seconds_apart: float) -> Iterator[Said]:
    """Judge a server by its major version, and by how far its clock is from ours."""
    if version < OLDEST_POSTGRES:
        yield warn(
            f"PostgreSQL {version} is no longer mended by its makers",
            f"upgrade the server to {OLDEST_POSTGRES} or later",
        )
    else:
        yield well(f"PostgreSQL {version}")
    if seconds_apart > CLOCKS_APART_SECONDS:
        yield warn(
            f"the database server's clock is {seconds_apart:.0f} seconds away from this machine's",
            "let both follow a time server: leases of copies are compared by the clock",
        )


def check_home(case: Case) -> Iterator[Said]:
    """STORE-5: the database may be sent from here."""
    with case.app.db.read() as session:
        hold = case.app.home.hold(session)
    if hold is None:
        yield well("the database is at home here")
    else:
        yield wrong(f"nothing is sent: {hold}", "digest takeover shows what is held and lets it go")


def check_file_system(case: Case) -> Iterator[Said]:
    """STORE-4: what must last lies on a file system that keeps it, and locks it."""
    places = {"media.folder": case.app.config.media.folder}
    if case.app.db.file is not None:
        places = {"database.url": case.app.db.file, **places}
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        yield note(
            "this system does not say what its file systems are",
            "see that the database is on a disk of this machine, not on a network's",
        )
        return
    for key, path in places.items():
        yield judge_mount(key, find_mount(path, mounts), holds_database=key == "database.url")


def judge_mount(key: str, mount: Mount, *, holds_database: bool) -> Said:
    """Judge where something lies that must last."""
    if mount.kind in IN_MEMORY:
        return wrong(
            f"{key} is in memory ({mount.kind} at {mount.at}): a restart of the machine loses it",
            "put it on a disk",
        )
    if mount.kind in LAYERED:
        return warn(
            f"{key} is in the container's own layer ({mount.kind}): it goes with the container",
            "mount a volume there",
        )
    if is_remote(mount.kind) and holds_database:
        return wrong(
            f"{key} is on a network file system ({mount.kind} at {mount.at}), where SQLite's locks "
            "cannot be relied on",
            "put the file on a disk of this machine, or use PostgreSQL",
        )
    return well(f"{key} is on {mount.kind} at {mount.at}")

"""Copies a database while everything runs, and puts a copy in its place: SQLite by its own online
backup, PostgreSQL by its own programs.
"""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, inspect, text

from digest.db import SQLITE_PRAGMAS, Database
from digest.delivery.home.judgement import Why
from digest.delivery.home.rows import clear_holds, clear_homes, write_hold
from digest.errors import BadInput, ConfigError, DatabaseUnfit, Refused

Progress = Callable[[int, int], None]
STEP_PAGES = 256  # 1 MB; nobody waits for us meanwhile, and Ctrl-C is heard between two
ASIDE = "before_"  # schemas that a restore moved aside; they are in no later backup
NOT_ASIDE = f"--exclude-schema={ASIDE}*"
FILES = {"sqlite": "database.sqlite", "postgresql": "database.dump"}


def copy_sqlite(source: Path, target: Path, now: datetime, progress: Progress) -> None:
    """Copy a SQLite file as it is at one moment, page by page; the sender is held up by none of
    them. The copy knows of no home, and says that it is held.

    One reading transaction covers all steps: without it each commit of a sender would begin the
    copy anew. The log grows meanwhile, and shrinks again.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL, 0o600))
    with (
        contextlib.closing(sqlite3.connect(source, isolation_level=None)) as here,
        contextlib.closing(sqlite3.connect(target, isolation_level=None)) as there,
    ):
        here.execute("BEGIN")
        here.execute("SELECT count(*) FROM sqlite_master").fetchone()
        here.backup(
            there, pages=STEP_PAGES, progress=lambda _s, left, all: progress(all - left, all)
        )
        here.execute("ROLLBACK")
        there.execute(f"PRAGMA secure_delete = {SQLITE_PRAGMAS['secure_delete']}")
        there.execute("PRAGMA journal_mode = delete")  # one file, not three
        there.execute("BEGIN")
        there.execute("DELETE FROM instance WHERE name LIKE 'home:%' OR name LIKE 'alive:%'")
        there.execute("DELETE FROM instance WHERE name = 'hold' OR name LIKE 'hold:%'")
        at = now.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
        there.execute(
            "INSERT INTO instance (name, value, at) VALUES ('hold', ?, ?)", (_hold(now), at)
        )
        there.execute("COMMIT")
    _settle(target)


def _hold(now: datetime) -> str:
    return json.dumps({"why": Why.RESTORED.value, "detail": _detail(now)})


def _detail(made: datetime) -> str:
    return f"of {made:%Y-%m-%d %H:%M} UTC"


def check_sqlite(path: Path) -> None:
    """Raise BadInput unless SQLite finds a file whole."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
            found = store.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise BadInput(f"{path}: {error}") from error
    if found != "ok":
        raise BadInput(f"{path}: the copy is damaged: {found}")


def dump_postgres(url: URL, target: Path) -> None:
    """Copy a PostgreSQL database as it is at one moment, with pg_dump."""
    _run_client("pg_dump", url, "--format=custom", "--no-owner", NOT_ASIDE, f"--file={target}")
    target.chmod(0o600)
    _settle(target)


def check_postgres(path: Path) -> None:
    """Raise BadInput unless pg_restore can read a dump's table of contents."""
    if shutil.which("pg_restore") is None:
        return
    done = subprocess.run(  # noqa: S603 - our own words
        ["pg_restore", "--list", str(path)],  # noqa: S607 - wherever it is installed
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise BadInput(f"{path}: pg_restore cannot read it")


def load_postgres(database: Database, source: Path, *, replace: bool, now: datetime) -> str:
    """Put a dump into an empty database; with `replace` what is there is moved aside. Return where
    to; Refused for a database that is not empty. Call `have_held` before anything else.
    """
    aside = _make_room(database, replace=replace, now=now)
    options = ("--no-owner", "--exit-on-error", "--single-transaction", str(source))
    _run_client("pg_restore", database.engine.url, *options)
    return aside


def have_held(database: Database, made: datetime) -> None:
    """Have a database held, from anywhere, because it was restored from what was made then."""
    with database.write() as session:
        clear_homes(session)
        clear_holds(session)
        write_hold(session, Why.RESTORED, made, detail=_detail(made))


def _make_room(database: Database, *, replace: bool, now: datetime) -> str:
    if not inspect(database.engine).get_table_names():
        return ""
    if not replace:
        raise Refused("the database is not empty: --replace moves what is there aside")
    aside = f"{ASIDE}{now:%Y%m%d_%H%M%S}"
    with database.engine.begin() as connection:
        connection.execute(text(f"ALTER SCHEMA public RENAME TO {aside}"))
        connection.execute(text("CREATE SCHEMA public"))
    return f"schema {aside}"


def _run_client(program: str, url: URL, *options: str) -> None:
    """Run one of PostgreSQL's programs on a database; the password travels in the environment, for
    a command line can be read by everybody.
    """
    if shutil.which(program) is None:
        raise ConfigError(f"{program} is not installed: it comes with PostgreSQL's client programs")
    name = url.set(drivername="postgresql", password=None).render_as_string()
    words = [program, f"--dbname={name}", "--no-password", *options]
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    done = subprocess.run(  # noqa: S603 - our own words
        words,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise DatabaseUnfit(f"{program}: {said[0] if said else f'ended with {done.returncode}'}")


def _settle(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())

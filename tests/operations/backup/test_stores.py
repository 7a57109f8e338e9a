"""Copies of a store: at one moment beside a writer, and by PostgreSQL's own programs."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from digest.db import Database
from digest.errors import BadInput, ConfigError, DatabaseUnfit
from digest.operations.backup.stores import check_sqlite, copy_sqlite, dump_postgres

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
URL = make_url("postgresql://friday:hunter2@db.example/friday")


def put(db: Database, name: str) -> None:
    with db.write() as session:
        session.execute(
            text("INSERT INTO instance VALUES (:name, :value, '2026-11-27 07:00:00.000000')"),
            {"name": name, "value": "x" * 3000},
        )


def test_copy_is_of_one_moment_while_others_write(db: Database, tmp_path: Path) -> None:
    for number in range(400):
        put(db, f"before{number}")
    steps: list[int] = []

    def write_meanwhile(done: int, _all: int) -> None:
        steps.append(done)
        put(db, f"meanwhile{len(steps)}")

    copy_sqlite(db.file, tmp_path / "copy", NOW, write_meanwhile)

    check_sqlite(tmp_path / "copy")
    assert len(steps) > 1
    with sqlite3.connect(tmp_path / "copy") as copy:
        names = [row[0] for row in copy.execute("SELECT name FROM instance")]
    copy.close()
    assert len([name for name in names if name.startswith("before")]) == 400
    assert not [name for name in names if name.startswith("meanwhile")]
    assert "hold" in names
    assert sorted(tmp_path.glob("copy*")) == [tmp_path / "copy"]


def test_damaged_copy_is_found_out(db: Database, tmp_path: Path) -> None:
    copy_sqlite(db.file, tmp_path / "copy", NOW, lambda _done, _all: None)
    data = bytearray((tmp_path / "copy").read_bytes())
    data[4096 : 3 * 4096] = b"\xff" * (2 * 4096)
    (tmp_path / "copy").write_bytes(data)

    with pytest.raises(BadInput):
        check_sqlite(tmp_path / "copy")


def test_missing_client_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ConfigError, match="pg_dump is not installed"):
        dump_postgres(URL, tmp_path / "dump")


def test_password_is_never_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/words\necho "$PGPASSWORD" > {tmp_path}/given\n'
        "echo no such host >&2\nexit 1\n"
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    with pytest.raises(DatabaseUnfit, match="pg_dump: no such host"):
        dump_postgres(URL, tmp_path / "dump")

    assert "hunter2" not in (tmp_path / "words").read_text()
    assert (tmp_path / "given").read_text() == "hunter2\n"

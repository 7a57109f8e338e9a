"""``digest migrate``: what it foresees, and what it asks before."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from alembic import command

from digest.db import Database
from digest.migrating import alembic_settings
from digest.revisions import known_revisions

NEWEST = known_revisions()[-1]


@pytest.fixture
def old(empty: Any, prepared: Any) -> Any:
    """An instance whose database is at revision 0003."""
    for name in ("config.toml", "keys.toml"):
        (empty.folder / name).touch(mode=0o600)
        (empty.folder / name).write_bytes((prepared / name).read_bytes())
    with closing(Database(f"sqlite:///{empty.folder / 'digest.db'}")) as database:
        settings = alembic_settings()
        with database.alter() as connection:
            settings.attributes["connection"] = connection
            command.upgrade(settings, "0003")
    return empty


def test_check_of_a_current_database_is_content(line: Any) -> None:
    before = line.store()

    said = line.good("migrate", "--check")

    assert said == f"The database is at {NEWEST}, which is this program's: nothing to do.\n"
    assert line.store() == before


def test_check_of_an_old_database_says_every_step_and_changes_nothing(old: Any) -> None:
    before = old.store()

    result = old("migrate", "--check")

    assert (result.status, result.err) == (1, "")
    lines = result.out.splitlines()
    assert lines[:3] == [
        f"The database is at 0003, this program needs {NEWEST}:",
        "0004  Deliveries refer to issues by number only",
        "      drops the constraint fk_deliveries_issue_id_issues",
    ]
    assert [line[:4] for line in lines if line[:4].isdigit()] == known_revisions()[3:]
    assert "      adds the column imports.withdrawn" not in lines
    assert "      adds the table reader_days" in lines
    assert lines[-1] == "afterwards, let this one say: digest migrate --admit 0003"
    assert old.store() == before


def test_check_says_how_many_rows_a_step_goes_through(old: Any) -> None:
    with closing(sqlite3.connect(old.folder / "digest.db")) as connection:
        connection.execute("PRAGMA foreign_keys = 0")
        connection.executemany(
            "INSERT INTO consent_texts VALUES (?, '')", [(str(n),) for n in range(3)]
        )
        connection.executemany(
            "INSERT INTO sections (newsletter_id, heading, position) VALUES (1, ?, ?)",
            [(str(n), n) for n in range(300_000)],
        )
        connection.commit()

    said = old("migrate", "--check").out

    assert "      rewrites sections: 300,000 rows, about 3 s\n" in said
    assert ": 3 rows" not in said


def test_check_of_an_empty_database_says_so(empty: Any, prepared: Any) -> None:
    for name in ("config.toml", "keys.toml"):
        (empty.folder / name).touch(mode=0o600)
        (empty.folder / name).write_bytes((prepared / name).read_bytes())

    result = empty("migrate", "--check")

    assert result.status == 1
    assert result.out == (
        f"The database is empty; digest migrate makes every table (revision {NEWEST}).\n"
    )


def test_migrate_brings_an_old_database_forward(old: Any) -> None:
    assert old.good("migrate") == "The database is up to date.\n"
    assert old("migrate", "--check").status == 0


def test_admitting_says_until_when(line: Any) -> None:
    said = line.good("migrate", "--admit", "0012")

    assert said == (
        "Programs of revision 0012 may use this database, until digest migrate is run again.\n"
    )


def test_checking_and_admitting_are_two_things(line: Any) -> None:
    assert "one of the two" in line.bad("migrate", "--check", "--admit", "0012")

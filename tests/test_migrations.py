"""Migrating an empty store gives exactly the tables of digest.models, once, whole or not at
all.
"""

import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import IntegrityError

from digest.db import Database
from digest.errors import DatabaseUnfit
from digest.migrating import alembic_settings, migrate
from digest.models import Base
from digest.revisions import check_schema, current_revision

HEAD = ScriptDirectory.from_config(alembic_settings()).get_current_head()


def test_migrated_store_has_no_difference_to_the_models_that_alembic_sees(any_db: Database) -> None:
    with any_db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)

    assert differences == []


def test_migrated_sqlite_reflects_like_tables_made_from_the_models(
    db: Database, tmp_path: Path
) -> None:
    modelled = Database(f"sqlite:///{tmp_path / 'modelled.db'}")
    Base.metadata.create_all(modelled.engine)

    assert reflect(db) == reflect(modelled)
    modelled.close()


def test_migrated_postgres_reflects_like_tables_made_from_the_models(
    postgres_server: Any, postgres_migrated: str, postgres_url: str
) -> None:
    modelled = Database(postgres_url)
    Base.metadata.create_all(modelled.engine)
    with postgres_server.database(template=postgres_migrated) as url:
        migrated = Database(url)

        assert reflect(migrated) == reflect(modelled)
        migrated.close()
    modelled.close()


def reflect(database: Database) -> dict[str, dict[str, Any]]:
    """Return what the database itself says of every table but Alembic's own, in an order of its
    own.
    """
    inspector = inspect(database.engine)
    tables = {}
    for table in set(inspector.get_table_names()) - {"alembic_version"}:
        tables[table] = {
            "columns": by_name(inspector.get_columns(table)),
            "key": inspector.get_pk_constraint(table),
            "indexes": by_name(inspector.get_indexes(table)),
            "uniques": by_name(inspector.get_unique_constraints(table)),
            "checks": by_name(inspector.get_check_constraints(table)),
            "references": by_name(inspector.get_foreign_keys(table)),
            "options": inspector.get_table_options(table),
        }
    return tables


def by_name(things: Any) -> dict[str, str]:
    return {thing["name"]: json.dumps(thing, default=str, sort_keys=True) for thing in things}


def test_reflection_sees_checks_and_partial_indexes(db: Database) -> None:
    """Guards the comparison above against comparing nothing with nothing."""
    found = reflect(db)

    assert "ck_deliveries_deliverystate" in found["deliveries"]["checks"]
    assert "state = 'waiting'" in found["notices"]["indexes"]["ix_notices_waiting"]


def test_identifiers_of_erased_rows_are_never_given_again(db: Database) -> None:
    """AUTOINCREMENT shows in no reflection: Message-IDs and leases are made from these numbers."""
    with db.read() as session:
        found = session.execute(
            text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'")
        )
        tables = set(found.scalars())

    wanted = {
        t.name for t in Base.metadata.sorted_tables if t.dialect_kwargs.get("sqlite_autoincrement")
    }
    assert tables == wanted
    assert tables >= {"deliveries", "chunks", "issues"}


def test_migrating_twice_changes_nothing(any_db: Database) -> None:
    before = reflect(any_db)

    migrate(any_db)

    assert reflect(any_db) == before
    check_schema(any_db)


def test_migrating_commits(empty_db: Database) -> None:
    migrate(empty_db)

    other = create_engine(empty_db.engine.url)
    with other.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    other.dispose()
    assert found == HEAD


def test_migrating_that_fails_leaves_nothing_behind(empty_db: Database) -> None:
    with empty_db.write() as session:
        session.execute(text("CREATE TABLE subscriptions (id INTEGER)"))

    with pytest.raises(Exception, match="already exists"):
        migrate(empty_db)

    assert inspect(empty_db.engine).get_table_names() == ["subscriptions"]


def test_migrating_by_two_programs_at_once_happens_once(empty_db: Database) -> None:
    start = multiprocessing.get_context("spawn")
    url = empty_db.engine.url.render_as_string(hide_password=False)
    programs = [start.Process(target=migrate_alone, args=(url,)) for _ in range(2)]
    for program in programs:
        program.start()
    for program in programs:
        program.join(60)

    assert [program.exitcode for program in programs] == [0, 0]
    assert current_revision(empty_db) == HEAD


def migrate_alone(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


def test_empty_store_says_what_to_run(empty_db: Database) -> None:
    with pytest.raises(DatabaseUnfit, match="run digest migrate"):
        check_schema(empty_db)


@pytest.mark.parametrize("act", [check_schema, migrate])
def test_store_of_a_newer_program_is_refused(any_db: Database, act: Any) -> None:
    with any_db.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'f00d'"))

    with pytest.raises(DatabaseUnfit, match="f00d, which is newer"):
        act(any_db)


def test_store_that_cannot_be_opened_is_unfit(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'no-such-folder' / 'digest.db'}")

    with pytest.raises(DatabaseUnfit, match="cannot be opened"):
        migrate(database)


def test_altering_keeps_rows_that_refer_to_a_rebuilt_table(db: Database) -> None:
    """SQLite rebuilds a table by dropping it; enforced references with ON DELETE CASCADE would
    follow it.
    """
    with db.write() as session:
        session.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        session.execute(
            text("CREATE TABLE child (parent INTEGER REFERENCES parent (id) ON DELETE CASCADE)")
        )
        session.execute(text("INSERT INTO parent VALUES (1)"))
        session.execute(text("INSERT INTO child VALUES (1)"))

    with db.alter() as connection:
        connection.execute(text("CREATE TABLE rebuilt (id INTEGER PRIMARY KEY, name TEXT)"))
        connection.execute(text("INSERT INTO rebuilt (id) SELECT id FROM parent"))
        connection.execute(text("DROP TABLE parent"))
        connection.execute(text("ALTER TABLE rebuilt RENAME TO parent"))

    with db.read() as session:
        assert session.execute(text("SELECT count(*) FROM child")).scalar_one() == 1


def test_altering_that_breaks_a_reference_is_undone(db: Database) -> None:
    with db.write() as session:
        session.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        session.execute(text("CREATE TABLE child (parent INTEGER REFERENCES parent (id))"))
        session.execute(text("INSERT INTO parent VALUES (1)"))
        session.execute(text("INSERT INTO child VALUES (1)"))

    with pytest.raises(DatabaseUnfit, match="a row of child"), db.alter() as connection:
        connection.execute(text("DELETE FROM parent"))

    with db.read() as session:
        assert session.execute(text("SELECT count(*) FROM parent")).scalar_one() == 1


def test_altering_enforces_references_again_afterwards(db: Database) -> None:
    with db.alter() as connection:
        connection.execute(text("CREATE TABLE note (id INTEGER)"))

    with pytest.raises(IntegrityError), db.write() as session:
        session.execute(
            text("INSERT INTO sections (newsletter_id, heading, position) VALUES (99, 'News', 1)")
        )


def test_revisions_follow_one_another_and_go_forward_only() -> None:
    revisions = list(ScriptDirectory.from_config(alembic_settings()).walk_revisions())

    assert [r.revision for r in reversed(revisions)] == [
        f"{n:04}" for n in range(1, len(revisions) + 1)
    ]
    for revision in revisions:
        with pytest.raises(NotImplementedError, match="forward only"):
            revision.module.downgrade()

"""A newsroom of revision 0001, with rows in every table, comes to the present one step by step: no
value is lost on the way, and the issue that was approved then leaves.

A new revision is taken in by itself: after each step every table that is new, or has a new column,
gets a row with all of its columns filled. When the present program cannot live with such a made-up
row, say in QUIET which value keeps it asleep.
"""

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from digest.clock import FixedClock
from digest.db import Database
from digest.migrating import alembic_settings, migrate, read_steps
from digest.revisions import current_revision, known_revisions
from digest.scheduler import tick_once
from digest.testing.newsroom import open_newsroom

HERE = Path(__file__).parent
FIRST, *LATER = known_revisions()
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 12, 11, 7, 0, 30, tzinfo=UTC)

ONLY_ONE = {"newsletters"}  # a second one would have to be configured
QUIET: dict[tuple[str, str], Any] = {
    ("imports", "state"): "done",
    ("issues", "state"): "cancelled",
    ("notices", "state"): "failed",
    ("slots", "state"): "skipped",
    ("sources", "active"): False,
    ("subscriptions", "state"): "unsubscribed",
    ("deliveries", "state"): "skipped",
}

Rows = dict[str, dict[tuple[Any, ...], dict[str, Any]]]


@dataclass
class Walk:
    """What was found on the way from the first revision to the last."""

    database: Database
    kept: dict[str, tuple[Rows, Rows]]  # before and after each step
    empty: dict[str, list[str]]
    broken: dict[str, list[str]]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def walk(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Walk]:
    """The whole way, once for each database."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('walk') / 'digest.db'}"
        else:
            server = request.getfixturevalue("postgres_server")
            url = stack.enter_context(server.database())
        database = stack.enter_context(closing(Database(url)))
        yield walk_through(database)


def walk_through(database: Database) -> Walk:
    walk = Walk(database, {}, {}, {})
    take_step(database, FIRST)
    restore(database)
    filler = Filler(database)
    tables = filler.fill_what_changed()
    for revision in LATER:
        before = read_rows(database, tables)
        take_step(database, revision)
        # Before and after the step's own new tables and columns are filled.
        tables = reflect_all(database)
        walk.kept[revision] = before, read_rows(database, tables)
        filler.fill_what_changed(tables)
        walk.empty[revision] = empty_tables(database, tables)
        walk.broken[revision] = broken_references(database, tables)
    return walk


def test_every_step_keeps_every_value(walk: Walk) -> None:
    assert list(walk.kept) == LATER
    for revision, (before, after) in walk.kept.items():
        assert_kept(before, after, revision)


def test_every_table_had_rows_at_every_step(walk: Walk) -> None:
    """Guards the test above against comparing nothing with nothing."""
    assert {revision: names for revision, names in walk.empty.items() if names} == {}
    assert all(len(rows) > 15 for rows, _ in walk.kept.values())


def test_no_step_breaks_a_reference(walk: Walk) -> None:
    assert {revision: names for revision, names in walk.broken.items() if names} == {}


def test_issue_that_was_approved_long_ago_leaves(walk: Walk, tmp_path: Path, run: Any) -> None:
    keys = tmp_path / "keys.toml"
    keys.touch(mode=0o600)
    keys.write_bytes((HERE / "newsroom_0001_keys.toml").read_bytes())
    url = walk.database.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")

    with open_newsroom(tmp_path, FixedClock(FRIDAY), url=url) as newsroom:
        run(tick_once(newsroom.app))

        assert newsroom.state("weekly/2") == "sent"
        assert newsroom.problems("weekly/2") == newsroom.problems("weekly/1") == []
        copies = {envelope.rcpt_to: message for envelope, message in newsroom.backend.accepted}
    assert sorted(copies) == ["anna@example.org", "cleo@example.org"]
    assert all(b"\r\nSubject: Storms & ferries\r\n" in message for message in copies.values())


def test_all_steps_at_once_keep_the_same(empty_db: Database) -> None:
    take_step(empty_db, FIRST)
    restore(empty_db)
    before = read_rows(empty_db, Filler(empty_db).fill_what_changed())
    taken: list[str] = []

    migrate(empty_db, taken.append)

    assert taken == LATER
    assert_kept(before, read_rows(empty_db, reflect_all(empty_db)), "all")


def test_interrupted_steps_go_on_where_they_were(empty_db: Database) -> None:
    take_step(empty_db, FIRST)
    restore(empty_db)
    before = read_rows(empty_db, reflect_all(empty_db))

    def interrupt(revision: str) -> None:
        if revision == "0005":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate(empty_db, interrupt)
    assert current_revision(empty_db) == "0004"
    assert_kept(before, read_rows(empty_db, reflect_all(empty_db)), "0004")

    migrate(empty_db)
    assert current_revision(empty_db) == known_revisions()[-1]
    assert_kept(before, read_rows(empty_db, reflect_all(empty_db)), "all")


def test_sqlite_rewrites_the_tables_that_were_foreseen(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path / 'digest.db'}")) as database:
        take_step(database, FIRST)
        said: list[str] = []
        sa.event.listen(
            database.engine,
            "before_cursor_execute",
            lambda _connection, _cursor, statement, *_: said.append(statement),
        )
        for step in read_steps()[1:]:
            said.clear()
            take_step(database, step.revision)

            rewritten = set(re.findall(r"DROP TABLE (\w+)", "\n".join(said)))
            new = {c.table for c in step.changes if c.what.startswith("create_table")}
            foreseen = {c.table for c in step.changes if c.sqlite.value == "rewrites"}
            assert rewritten - new == foreseen, step.revision


def take_step(database: Database, revision: str) -> None:
    settings = alembic_settings()
    with database.alter() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, revision)


def restore(database: Database) -> None:
    """Put in what the old program wrote; by way of SQLite, which wrote it."""
    with closing(sqlite3.connect(":memory:")) as plain:
        old = sa.create_engine("sqlite://", creator=lambda: plain, poolclass=sa.StaticPool)
        with old.begin() as connection:
            settings = alembic_settings()
            settings.attributes["connection"] = connection
            command.upgrade(settings, FIRST)
        plain.executescript((HERE / "newsroom_0001.sql").read_text())
        with old.connect() as connection, database.write() as session:
            there, here = reflect(connection), reflect(session.connection())
            for table in there.sorted_tables:
                rows = [aware(row._asdict()) for row in connection.execute(sa.select(table))]
                if rows and table.name != "alembic_version":
                    session.execute(sa.insert(here.tables[table.name]), rows)
            count_on(session.connection(), here)


def reflect(connection: sa.Connection) -> sa.MetaData:
    metadata = sa.MetaData()
    metadata.reflect(connection)
    return metadata


def aware(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def count_on(connection: sa.Connection, metadata: sa.MetaData) -> None:
    """PostgreSQL numbers on after the rows that brought their own numbers; SQLite does anyway."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        key = list(table.primary_key)
        if len(key) == 1 and key[0].name == "id" and key[0].autoincrement is True:
            connection.execute(
                sa.text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'),"  # noqa: S608
                    f" (SELECT coalesce(max(id), 0) + 1 FROM {table.name}))"
                )
            )


def reflect_all(database: Database) -> sa.MetaData:
    with database.engine.connect() as connection:
        return reflect(connection)


def read_rows(database: Database, tables: sa.MetaData) -> Rows:
    """Return every row of every table under its key."""
    found: Rows = {}
    with database.engine.connect() as connection:
        for table in tables.sorted_tables:
            if table.name == "alembic_version":
                continue
            found[table.name] = {
                tuple(row[column.name] for column in table.primary_key): dict(row)
                for row in connection.execute(sa.select(table)).mappings()
            }
    return found


def assert_kept(before: Rows, after: Rows, revision: str) -> None:
    """Every row is there, none is new, and every value is what it was."""
    for table, rows in before.items():
        assert after[table].keys() == rows.keys(), (revision, table)
        for key, row in rows.items():
            now = after[table][key]
            assert {name: now[name] for name in row} == row, (revision, table, key)


def empty_tables(database: Database, tables: sa.MetaData) -> list[str]:
    with database.engine.connect() as connection:
        return [
            table.name
            for table in tables.sorted_tables
            if not connection.scalar(sa.select(sa.exists(sa.select(table))))
        ]


def broken_references(database: Database, tables: sa.MetaData) -> list[str]:
    """Return the references that lead nowhere, asked of the rows, not of the database."""
    broken = []
    with database.engine.connect() as connection:
        references = [
            (table, column, reference.column)
            for table in tables.sorted_tables
            for column in table.columns
            for reference in column.foreign_keys
        ]
        for table, column, other in references:
            lost = sa.select(table).where(column.is_not(None), ~sa.exists().where(other == column))
            if connection.execute(lost).first():
                broken.append(f"{table.name}.{column.name}")
    return broken


class Filler:
    """Puts a row of made-up values into each table whose columns it has not seen yet."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[str, set[str]] = {}
        self._numbers = iter(range(1, 10_000))

    def fill_what_changed(self, tables: sa.MetaData | None = None) -> sa.MetaData:
        tables = tables or reflect_all(self._database)
        with self._database.write() as session:
            connection = session.connection()
            words = allowed_words(connection)
            for table in tables.sorted_tables:
                columns = set(table.columns.keys())
                if table.name in ONLY_ONE | {"alembic_version"}:
                    continue
                if self._seen.get(table.name) != columns:
                    self._insert(connection, table, words)
                self._seen[table.name] = columns
        return tables

    def _insert(self, connection: sa.Connection, table: sa.Table, words: Any) -> dict[str, Any]:
        """Insert a row, and before it one into each table that it refers to; return its key."""
        if table.name in ONLY_ONE:
            return dict(connection.execute(sa.select(table)).mappings().one())
        number = next(self._numbers)
        row = {}
        for column in table.columns:
            if column.foreign_keys:
                other = next(iter(column.foreign_keys)).column
                row[column.name] = self._insert(connection, other.table, words)[other.name]
            elif not (column.primary_key and column.name == "id"):
                row[column.name] = value_for(table.name, column, number, words)
        key = connection.execute(sa.insert(table).values(row)).inserted_primary_key
        return row | dict(zip(table.primary_key.columns.keys(), key or (), strict=True))


def allowed_words(connection: sa.Connection) -> dict[tuple[str, str], list[str]]:
    """Return the words that checks allow in a column."""
    found = {}
    for (_, table), checks in sa.inspect(connection).get_multi_check_constraints().items():
        for check in checks:
            text = check["sqltext"]
            if words := re.findall(r"'([^']*)'", text):
                column = next(iter(re.findall(r"\w+", text)))
                found[table, column] = words
    return found


def value_for(table: str, column: sa.Column[Any], number: int, words: Any) -> Any:
    name = column.name
    if (table, name) in QUIET:
        return QUIET[table, name]
    if (table, name) in words:
        return words[table, name][number % len(words[table, name])]
    kind = column.type
    for one, make in MAKERS.items():
        if isinstance(kind, one):
            return make(kind, f"{number}-{table}-{name}", number)
    raise TypeError(f"{table}.{name}: no value is known for {kind!r}")


def of_bytes(_kind: Any, text: str, _number: int) -> bytes:
    return hashlib.sha256(text.encode()).digest()


MAKERS: dict[Any, Any] = {
    sa.Boolean: lambda _kind, _text, _number: True,
    sa.Integer: lambda _kind, _text, number: number,
    sa.Float: lambda _kind, _text, number: number / 2,
    sa.JSON: lambda _kind, text, _number: {"filled": text},
    sa.DateTime: lambda _kind, _text, number: NOON - timedelta(minutes=number),
    sa.Date: lambda _kind, _text, number: date(2020, 1, 1) + timedelta(days=7 * number),
    sa.LargeBinary: of_bytes,
    sa.String: lambda kind, text, _number: text[: kind.length],
}


def test_filler_finds_no_words_where_there_are_none(db: Database) -> None:
    """Guards the filling against checks it does not understand."""
    with db.read() as session:
        words = allowed_words(session.connection())

    assert words["deliveries", "state"][:2] == ["pending", "dotted"]
    assert ("deliveries", "tries") not in words


@pytest.fixture(autouse=True)
def _old_store_is_as_it_was() -> Iterator[None]:
    """What the old program wrote is never made anew: there is no such program any more."""
    content = (HERE / "newsroom_0001.sql").read_bytes()
    yield
    assert (HERE / "newsroom_0001.sql").read_bytes() == content

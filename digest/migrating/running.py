"""Migrates: one revision after the other, each whole or not at all.

An empty store gets every table in one transaction. One that is in use is brought forward step by
step, so that an interruption costs the step it fell into and none before it.
"""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from sqlalchemy import Connection, inspect, text

from digest.db import Database
from digest.errors import SchemaUnfit
from digest.migrating.admitting import withdraw
from digest.migrating.interrupting import interruptible
from digest.migrating.scripts import alembic_settings
from digest.revisions import check_known, known_revisions

MIGRATION_LOCK = (
    7_294_461_853  # any number nobody else locks: two programs must not migrate at once
)


def migrate(database: Database, advance: Callable[[str], None] = lambda revision: None) -> None:
    """Bring the schema up to this code's newest revision; SchemaUnfit when it is already newer.

    `advance` is told each revision that is about to be reached. KeyboardInterrupt leaves the store
    at the last revision that was; going on later is calling this again.
    """
    found = check_known(database)
    if found is not None and found not in known_revisions():
        return  # newer, and we were let in: there is nothing that we could do
    while _take_step(database, advance):
        pass
    if database.is_sqlite and database.engine.url.database:
        Path(database.engine.url.database).chmod(0o600)  # its other files take the same mode


def _take_step(database: Database, advance: Callable[[str], None]) -> bool:
    """Take the next step; False when there is none."""
    settings, known = alembic_settings(), known_revisions()
    with database.alter() as connection:
        if not database.is_sqlite:
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK}
            )
        # Asked again under the lock: another program may have been faster.
        found = _revision(connection)
        if found is not None and found not in known:
            raise SchemaUnfit(f"another program has just migrated the database to {found}")
        wanted = known[-1] if found is None else _after(found, known)
        if found != wanted:
            advance(wanted)
            settings.attributes["connection"] = connection
            with interruptible(connection):
                command.upgrade(settings, wanted)
        if wanted == known[-1]:
            withdraw(connection)
    return wanted != known[-1]


def _after(found: str, known: list[str]) -> str:
    return known[min(known.index(found) + 1, len(known) - 1)]


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found

"""Which revision of the schema a store is at, and whether it is this code's; changes nothing.

Every start of every program asks this, so Alembic, which only migrating needs, is not asked: the
revisions are known by their files' names, the store's own by the one row Alembic keeps.
"""

from functools import cache

from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from digest.assets import asset
from digest.db import Database
from digest.errors import DatabaseUnfit, SchemaUnfit

ADMITTED = "admitted"  # the name in `instance` of the oldest revision whose programs are let in


def check_schema(database: Database) -> None:
    """Raise SchemaUnfit, with what to do about it, unless the schema is this code's, or a newer
    one that lets this code in.
    """
    found = check_known(database)
    known = known_revisions()
    if found in known[:-1]:
        raise SchemaUnfit(
            f"the database is at revision {found}, this program needs {known[-1]}:"
            " run digest migrate"
        )
    if found is None:
        raise SchemaUnfit("the database is empty: run digest migrate")


def check_known(database: Database) -> str | None:
    """Return the schema's revision (None when empty); SchemaUnfit when this code does not know
    it, and is not let in.
    """
    found = current_revision(database)
    if found is not None and found not in known_revisions() and not _is_let_in(database):
        newest = known_revisions()[-1]
        raise SchemaUnfit(
            f"the database is at revision {found}, which is newer than this program ({newest}):"
            " use the newer program; to come back to this one, let the newer one say"
            f" digest migrate --admit {newest}, or restore the backup from before"
        )
    return found


def why_moved(database: Database) -> SchemaUnfit | None:
    """Return what is wrong with the schema by now, for a program that found it right at its start.

    None while all is well, and while the store cannot be asked: a server that is away for a moment
    says nothing about its tables.
    """
    try:
        check_schema(database)
    except SchemaUnfit as error:
        return error
    except (DatabaseUnfit, SQLAlchemyError):
        return None
    return None


def current_revision(database: Database) -> str | None:
    """Return the revision the schema is at, or None for an empty database."""
    try:
        with database.engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return found
    except DBAPIError as error:
        raise DatabaseUnfit(f"the database cannot be opened: {error.orig}") from error


def known_revisions() -> list[str]:
    """Return the revisions this code knows, oldest first: each file's name begins with its own."""
    return list(_known())


@cache  # a running program keeps the revisions of the code that it runs
def _known() -> tuple[str, ...]:
    return tuple(
        sorted(path.name.partition("_")[0] for path in asset("migrations").glob("versions/*_*.py"))
    )


def _is_let_in(database: Database) -> bool:
    """Whether a newer program left word that this one may use the store all the same."""
    with database.engine.connect() as connection:
        if not inspect(connection).has_table("instance"):
            return False  # another program's database
        oldest: str | None = connection.scalar(
            text("SELECT value FROM instance WHERE name = :name"), {"name": ADMITTED}
        )
    return oldest is not None and known_revisions()[-1] >= oldest

"""Which revision of the schema a store is at, and whether it is this code's; changes nothing.

Every start of every program asks this, so Alembic, which only migrating needs, is not asked: the
revisions are known by their files' names, the store's own by the one row Alembic keeps.
"""

from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from digest.assets import asset
from digest.db import Database
from digest.errors import DatabaseUnfit


def check_schema(database: Database) -> None:
    """Raise DatabaseUnfit, with what to do about it, unless the schema is exactly this code's."""
    found = check_known(database)
    newest = known_revisions()[-1]
    if found != newest:
        state = (
            "is empty" if found is None else f"is at revision {found}, this program needs {newest}"
        )
        raise DatabaseUnfit(f"the database {state}: run digest migrate")


def check_known(database: Database) -> str | None:
    """Return the schema's revision (None when empty); DatabaseUnfit when this code does not know
    it.
    """
    found = current_revision(database)
    if found is not None and found not in known_revisions():
        raise DatabaseUnfit(
            f"the database is at revision {found}, which is newer than this program:"
            " upgrade the program"
        )
    return found


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
    return sorted(
        path.name.partition("_")[0] for path in asset("migrations").glob("versions/*_*.py")
    )

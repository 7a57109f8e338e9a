"""Brings a store's schema up to this code's newest revision. The only module that loads Alembic,
which costs every program that does not migrate a tenth of its memory.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import text

from digest.assets import asset
from digest.db import Database
from digest.revisions import check_known

MIGRATION_LOCK = (
    7_294_461_853  # any number nobody else locks: two programs must not migrate at once
)


def migrate(database: Database) -> None:
    """Bring the schema up to this code's newest revision; DatabaseUnfit when it is already
    newer.
    """
    check_known(database)
    settings = alembic_settings()
    with database.alter() as connection:
        if not database.is_sqlite:
            connection.execute(
                text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK}
            )
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
    if database.is_sqlite and database.engine.url.database:
        Path(database.engine.url.database).chmod(0o600)  # its other files take the same mode


def alembic_settings() -> AlembicConfig:
    """Return the settings under which Alembic finds this code's revisions, wherever they are
    installed.
    """
    folder: Path = asset("migrations")
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(folder).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings

"""Where Alembic finds this code's revisions."""

from pathlib import Path

from alembic.config import Config as AlembicConfig

from digest.assets import asset


def alembic_settings() -> AlembicConfig:
    """Return the settings under which Alembic finds this code's revisions, wherever they are
    installed.
    """
    folder: Path = asset("migrations")
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(folder).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings

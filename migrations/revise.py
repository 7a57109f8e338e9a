"""Writes the next revision from what digest.models has and the newest revision lacks.

    python migrations/revise.py "sources have a language"

compares the models with an empty database brought to the newest revision. Read what it wrote before
you commit it: a renamed column shows as one dropped and one added. A revision that was released is
never changed again.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.script import ScriptDirectory

from digest.db import Database
from digest.migrating import alembic_settings, migrate

FORMAT = (
    "format --config format.skip-magic-trailing-comma=true"
    " --config lint.isort.split-on-trailing-comma=false REVISION_SCRIPT_FILENAME"
)


def write_revision(title: str) -> Path:
    """Write one revision file, numbered after the newest, and return its path."""
    settings = alembic_settings()
    settings.set_section_option("post_write_hooks", "hooks", "format")
    settings.set_section_option("post_write_hooks", "format.type", "module")
    settings.set_section_option("post_write_hooks", "format.module", "ruff")
    settings.set_section_option("post_write_hooks", "format.options", FORMAT)
    number = int(ScriptDirectory.from_config(settings).get_current_head() or 0) + 1
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/newest.db")
        migrate(database)
        with database.alter() as connection:
            settings.attributes["connection"] = connection
            written = command.revision(settings, title, autogenerate=True, rev_id=f"{number:04}")
        database.close()
    return Path(written.path)  # type: ignore[union-attr]  # one revision in, one out


if __name__ == "__main__":
    sys.stdout.write(f"{write_revision(sys.argv[1])}\n")

"""The revisions are the ones Alembic knows, and asking for them needs no Alembic."""

import subprocess
import sys

from alembic.script import ScriptDirectory
from sqlalchemy import text

from digest.db import Database
from digest.migrating import alembic_settings
from digest.revisions import check_schema, current_revision, known_revisions

SCRIPTS = ScriptDirectory.from_config(alembic_settings())


def test_known_revisions_are_those_that_alembic_walks() -> None:
    walked = [script.revision for script in SCRIPTS.walk_revisions()]

    assert known_revisions() == walked[::-1]
    assert known_revisions()[-1] == SCRIPTS.get_current_head()


def test_migrated_store_is_at_the_newest_revision(any_db: Database) -> None:
    check_schema(any_db)

    assert current_revision(any_db) == known_revisions()[-1]


def test_empty_store_has_no_revision(empty_db: Database) -> None:
    assert current_revision(empty_db) is None


def test_store_whose_revision_row_is_gone_counts_as_empty(db: Database) -> None:
    with db.write() as session:
        session.execute(text("DELETE FROM alembic_version"))

    assert current_revision(db) is None


def test_checking_a_store_loads_no_alembic() -> None:
    program = "import sys, digest.app; sys.exit('alembic' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0

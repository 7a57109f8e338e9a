"""How many rows a second SQLite rewrites or reads when a step alters a table: the figures that
``digest migrate --check`` foresees with.

    python -m benchmarks.migrate [ROWS]
"""

import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from alembic import command
from sqlalchemy import text

from digest.db import Database
from digest.migrating import alembic_settings

ROWS = 1_000_000
NEWSLETTER = "INSERT INTO newsletters VALUES (1, 'weekly', '{}', '[]', 1, '2026-11-27')"
ISSUE = """
INSERT INTO issues VALUES (1, '1', 1, 1, '2026-11-27', 'sent', 1, '', '', '{}', '{}', '[]', 0, NULL,
                           NULL, '', NULL, NULL, NULL, 0, 0, NULL, '2026-11-27')
"""
FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)
INSERT INTO deliveries (issue_id, subscriber_id, state, origin, edition, domain_group, not_before,
                        attempt, epoch, reply, queue_id, reason)
SELECT 1, i, 'accepted', 'audience', 'full', 'other', '2026-11-27 07:00:00.000000', 1, 1,
       '2.0.0 Ok: queued as 4F2A1B', '4F2A1B', '' FROM n
"""


def main(rows: int) -> None:
    """Print the seconds of a step that rewrites the ledger and of one that reads it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Database(f"sqlite:///{Path(folder) / 'digest.db'}")) as database,
    ):
        _step(database, "0001")
        with database.alter() as connection:
            connection.execute(text(NEWSLETTER))
            connection.execute(text(ISSUE))
            connection.execute(text(FILL), {"rows": rows})
        reads, _, rewrites = (_step(database, each) for each in ("0002", "0003", "0004"))
    for what, seconds in (("reads, for an index", reads), ("rewrites", rewrites)):
        sys.stdout.write(f"{what}: {rows:,} rows in {seconds:.1f} s, {rows / seconds:,.0f}/s\n")


def _step(database: Database, revision: str) -> float:
    settings = alembic_settings()
    started = time.perf_counter()
    with database.alter() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, revision)
    return time.perf_counter() - started


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)

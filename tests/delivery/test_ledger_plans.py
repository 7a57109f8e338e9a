"""What one chunk costs must not depend on how many rows its issue has: SQLite reads the chunk."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from digest.clock import FixedClock
from digest.db import Database
from digest.delivery.ledger.leases import finish_chunk, lease_chunk
from digest.delivery.ledger.rows import list_pending
from digest.models import Issue

WHOLE_ISSUE = ("autoindex_deliveries", "ix_deliveries", "SCAN deliveries")


@pytest.fixture
def statements(frozen: Callable[..., int], any_db: Database, clock: FixedClock) -> list[str]:
    """Return the SQL, values filled in, of leasing, reading and giving back one chunk."""
    if not any_db.is_sqlite:
        pytest.skip("PostgreSQL plans by its statistics")
    frozen(readers=40, chunk_rows=10)
    said: list[str] = []
    with any_db.write() as session:
        session.connection().connection.driver_connection.set_trace_callback(said.append)
        newsletters = list(session.scalars(select(Issue.newsletter_id)))
        now, minute = clock.now(), timedelta(minutes=1)
        lease = lease_chunk(session, "one", newsletter_ids=newsletters, lease=minute, now=now)
        assert lease is not None
        list_pending(session, lease, now)
        finish_chunk(session, lease)
        session.connection().connection.driver_connection.set_trace_callback(None)
    return [sql for sql in said if "deliveries" in sql]


def test_chunk_is_found_by_its_range_of_ids(any_db: Database, statements: list[str]) -> None:
    with any_db.engine.connect() as connection:
        plans = [
            str(step[3])
            for sql in statements
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")
        ]

    assert len(statements) >= 3
    assert any("SEARCH deliveries USING INTEGER PRIMARY KEY" in plan for plan in plans)
    assert not [plan for plan in plans if any(words in plan for words in WHOLE_ISSUE)]

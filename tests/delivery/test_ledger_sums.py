"""Sums from the rows, and what verifying them finds, on SQLite and PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import event, select, update

from digest.clock import FixedClock
from digest.db import Database
from digest.delivery.ledger.leases import finish_chunk, lease_chunk
from digest.delivery.ledger.rows import Settlement, settle
from digest.delivery.ledger.sums import (
    count_doubts_since,
    count_sums,
    has_work,
    verify_issue,
)
from digest.models import Chunk, Delivery, DeliveryState, Issue, Origin

MINUTE = timedelta(minutes=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SKIPPED = DeliveryState.SKIPPED
Frozen = Callable[..., int]


def is_at_work(db: Database, issue_id: int) -> bool:
    with db.read() as session:
        return has_work(session, issue_id)


def join(db: Database, issue_id: int, clock: FixedClock) -> None:
    """Give the issue to somebody who came after the freeze: a row, and a chunk for it."""
    now = clock.now()
    with db.write() as session:
        row = Delivery(
            issue_id=issue_id,
            subscriber_id=1_000,
            state=DeliveryState.PENDING,
            origin=Origin.JOINED,
            edition="full",
            domain_group="other",
            not_before=now,
        )
        session.add(row)
        session.flush()
        span = {"first_id": row.id, "last_id": row.id, "domain_group": "other", "next_at": now}
        session.add(Chunk(issue_id=issue_id, **span))


def test_joined_rows_are_counted_beside_the_frozen(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=3)
    join(any_db, issue_id, clock)

    with any_db.read() as session:
        sums = count_sums(session, issue_id)
        assert (sums.frozen, sums.joined, sums.audience, sums.balanced) == (3, 1, 4, True)
        assert verify_issue(session, issue_id) == []


def test_verify_names_a_lost_row_that_a_joined_one_would_hide(any_db, frozen, clock) -> None:
    issue_id = frozen(readers=3)
    join(any_db, issue_id, clock)
    with any_db.write() as session:
        session.delete(session.scalars(select(Delivery).limit(1)).one())

    with any_db.read() as session:
        problems = verify_issue(session, issue_id)

    assert problems[0] == "3 subscribers were frozen and 2 rows are there"


def test_verify_names_rows_in_no_chunk(any_db, frozen: Frozen) -> None:
    issue_id = frozen(readers=4, chunk_rows=2)
    with any_db.write() as session:
        session.execute(update(Delivery).values(state="accepted"))
        session.delete(session.scalars(select(Chunk).order_by(Chunk.id).limit(1)).one())

    with any_db.read() as session:
        assert verify_issue(session, issue_id) == ["2 rows are in no chunk"]


def test_verify_names_chunks_that_overlap(any_db, frozen: Frozen) -> None:
    issue_id = frozen(readers=4, chunk_rows=2)
    with any_db.write() as session:
        one, two = session.scalars(select(Chunk).order_by(Chunk.first_id)).all()
        one.last_id = two.first_id

    with any_db.read() as session:
        problems = verify_issue(session, issue_id)

    assert problems == [f"chunks {one.id} and {two.id} overlap"]


def test_verify_names_a_chunk_with_rows_of_another_group(any_db, frozen: Frozen) -> None:
    issue_id = frozen(readers=2)
    with any_db.write() as session:
        chunk = session.scalars(select(Chunk)).one()
        session.get_one(Delivery, chunk.last_id).domain_group = "google"

    with any_db.read() as session:
        problems = verify_issue(session, issue_id)

    assert problems == [
        f"chunk {chunk.id} spans 1 rows of another domain group",
        "1 rows are in no chunk",
        "1 open rows are in no chunk that will be worked on",
    ]


def test_issue_has_work_until_its_last_chunk_is_finished(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=2, chunk_rows=1)
    work = []
    for _ in range(2):
        work.append(is_at_work(any_db, issue_id))
        with any_db.write() as session:
            newsletters = session.scalars(select(Issue.newsletter_id)).all()
            lease = lease_chunk(
                session, "one", newsletter_ids=newsletters, lease=MINUTE, now=clock.now()
            )
            assert lease is not None
            settle(session, [Settlement(lease.first_id, SKIPPED, None)], clock.now())
            work.append(has_work(session, issue_id))
            finish_chunk(session, lease)

    assert [*work, is_at_work(any_db, issue_id)] == [True, True, True, True, False]


def test_doubts_are_counted_from_the_moment_given(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=2)
    now = clock.now()
    with any_db.write() as session:
        session.execute(update(Delivery).values(state="uncertain", done_at=now))

    with any_db.read() as session:
        assert count_doubts_since(session, issue_id, now - MINUTE) == 2
        assert count_doubts_since(session, issue_id, now) == 0


def test_doubts_are_found_without_reading_the_issue(db: Database) -> None:
    """SQLite leaves the index over rows in doubt aside when the word comes as a parameter."""
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    with db.read() as session:
        count_doubts_since(session, 1, LONG_AGO)
        plan = session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {statements[-1]}", (1, "2020-01-01")
        )

        assert "ix_deliveries_uncertain" in str(plan.all())

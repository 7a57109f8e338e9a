"""A run that is stopped for good, on SQLite and PostgreSQL: every row has an end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from digest.clock import FixedClock
from digest.curation.issues import stop_issue
from digest.db import Database
from digest.delivery.ledger.leases import Lease, lease_chunk
from digest.delivery.ledger.rows import Dot, Settlement, commit_dots, list_pending, settle
from digest.delivery.ledger.stopping import stop_rows
from digest.delivery.ledger.sums import Sums, count_sums, verify_issue
from digest.models import Chunk, Delivery, DeliveryState, Issue

MINUTE = timedelta(minutes=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
Frozen = Callable[..., int]


def take(db: Database, clock: FixedClock) -> tuple[Lease, list[int]]:
    """Lease a chunk; return it with its rows."""
    with db.write() as session:
        newsletters = [issue.newsletter_id for issue in session.scalars(select(Issue))]
        got = lease_chunk(session, "one", newsletter_ids=newsletters, lease=MINUTE, now=clock.now())
        assert got is not None
        return got, [row.id for row in list_pending(session, got, clock.now())]


def dot(db: Database, clock: FixedClock, lease: Lease, ids: list[int]) -> set[int]:
    with db.write() as session:
        return commit_dots(session.connection(), [Dot(id, lease) for id in ids], clock.now())


def stop(db: Database, clock: FixedClock, issue_id: int) -> int:
    with db.write() as session:
        assert stop_issue(session, issue_id, clock.now())
        return stop_rows(session, issue_id, clock.now())


def tick(db: Database, clock: FixedClock, issue_id: int) -> int:
    with db.write() as session:
        return stop_rows(session, issue_id, clock.now())


def sums(db: Database, issue_id: int) -> Sums:
    with db.read() as session:
        assert verify_issue(session, issue_id) == []
        return count_sums(session, issue_id)


def test_stop_skips_what_is_pending_and_leaves_dots_alone(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=5)
    lease, (id, _) = take(any_db, clock)
    dot(any_db, clock, lease, [id])

    assert stop(any_db, clock, issue_id) == 4

    after = sums(any_db, issue_id)
    assert (after.dotted, after.skipped, after.pending) == (1, 4, 0)
    with any_db.read() as session:
        reasons = select(Delivery.reason).where(Delivery.state == DeliveryState.SKIPPED)
        assert set(session.scalars(reasons)) == {"stopped"}


def test_no_dot_is_committed_after_a_stop(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=2)
    lease, ids = take(any_db, clock)
    stop(any_db, clock, issue_id)

    assert dot(any_db, clock, lease, ids) == set()


def test_dotted_row_still_has_its_answer(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=2)
    lease, (id, _) = take(any_db, clock)
    dot(any_db, clock, lease, [id])
    stop(any_db, clock, issue_id)

    with any_db.write() as session:
        accepted = Settlement(id, DeliveryState.ACCEPTED, lease.epoch, 250)
        settle(session.connection(), [accepted], clock.now())

    after = sums(any_db, issue_id)
    assert (after.accepted, after.skipped, after.open) == (1, 1, 0)


def test_row_put_off_after_its_dot_is_skipped_with_the_next_tick(
    any_db, frozen: Frozen, clock
) -> None:
    issue_id = frozen(readers=1)
    lease, (id,) = take(any_db, clock)
    dot(any_db, clock, lease, [id])
    stop(any_db, clock, issue_id)
    with any_db.write() as session:
        later = Settlement(id, DeliveryState.PENDING, lease.epoch, 451, next_at=clock.now())
        settle(session.connection(), [later], clock.now())

    assert tick(any_db, clock, issue_id) == 1
    assert sums(any_db, issue_id).skipped == 1


def test_dead_owner_s_row_comes_into_doubt_without_a_lease(any_db, frozen: Frozen, clock) -> None:
    """A paused issue's chunks are leased by nobody, so no next owner finds it."""
    issue_id = frozen(readers=1)
    lease, ids = take(any_db, clock)
    dot(any_db, clock, lease, ids)
    stop(any_db, clock, issue_id)
    assert sums(any_db, issue_id).dotted == 1
    clock.advance(2 * MINUTE)
    with any_db.write() as session:
        session.execute(update(Chunk).values(lease_until=LONG_AGO))

    tick(any_db, clock, issue_id)

    assert sums(any_db, issue_id).uncertain == 1


def test_stopped_chunks_are_out_of_the_queue(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=5, chunk_rows=2)
    lease, (id, _) = take(any_db, clock)
    dot(any_db, clock, lease, [id])

    stop(any_db, clock, issue_id)

    with any_db.read() as session:
        waiting = select(Chunk.id).where(Chunk.next_at.is_not(None))
        assert session.scalars(waiting).all() == [lease.chunk_id]


def test_stop_twice_is_one_stop(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=2)
    stop(any_db, clock, issue_id)

    with any_db.write() as session:
        assert not stop_issue(session, issue_id, clock.now())
    assert tick(any_db, clock, issue_id) == 0


@pytest.mark.parametrize("any_db", ["postgres"], indirect=True)
def test_stop_waits_for_no_row_that_is_being_dotted(any_db, frozen: Frozen, clock) -> None:
    """It would be half of a deadlock: the sender may want a row that the stop has."""
    issue_id = frozen(readers=2)
    lease, (id, _) = take(any_db, clock)
    with any_db.write() as sender:
        commit_dots(sender.connection(), [Dot(id, lease)], clock.now())
        with any_db.write() as session:
            session.execute(text("SET LOCAL lock_timeout = '2s'"))
            assert stop_issue(session, issue_id, clock.now())
            assert stop_rows(session, issue_id, clock.now()) == 1

    after = sums(any_db, issue_id)
    assert (after.dotted, after.skipped) == (1, 1)

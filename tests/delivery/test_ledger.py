"""Leases, dots and settlements on SQLite and PostgreSQL: who may do what to which row."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from digest.clock import FixedClock
from digest.db import Database
from digest.delivery.ledger.freeze import freeze
from digest.delivery.ledger.leases import (
    Lease,
    finish_chunk,
    lease_chunk,
    renew_leases,
)
from digest.delivery.ledger.rows import Dot, Settlement, commit_dots, list_pending, settle
from digest.delivery.ledger.sums import count_sums, verify_issue
from digest.models import (
    Chunk,
    Delivery,
    DeliveryEvent,
    DeliveryState,
    Issue,
    Subscription,
    SubscriptionState,
)

MINUTE = timedelta(minutes=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
Frozen = Callable[..., int]


def take(db: Database, clock: FixedClock, owner: str = "one") -> Lease | None:
    with db.write() as session:
        newsletters = [issue.newsletter_id for issue in session.scalars(select(Issue))]
        return lease_chunk(
            session, owner, newsletter_ids=newsletters, lease=MINUTE, now=clock.now()
        )


def taken(db: Database, clock: FixedClock, owner: str = "one") -> Lease:
    lease = take(db, clock, owner)
    assert lease is not None
    return lease


def pending_ids(db: Database, lease: Lease, clock: FixedClock) -> list[int]:
    with db.read() as session:
        return [row.id for row in list_pending(session, lease, clock.now())]


def dot(db: Database, lease: Lease, ids: list[int], clock: FixedClock) -> set[int]:
    with db.write() as session:
        return commit_dots(session.connection(), [Dot(id, lease) for id in ids], clock.now())


def states(db: Database) -> dict[int, str]:
    with db.read() as session:
        return {row.id: row.state.value for row in session.scalars(select(Delivery))}


def let_lapse(db: Database, clock: FixedClock) -> None:
    """Let every lease run out, by whichever clock it runs: SQLite's leases by ours, others not."""
    clock.advance(2 * MINUTE)
    with db.write() as session:
        session.execute(update(Chunk).where(Chunk.owner.is_not(None)).values(lease_until=LONG_AGO))


def test_freeze_cuts_chunks_within_a_group(any_db, frozen: Frozen) -> None:
    frozen(readers=9, chunk_rows=2, groups=("google", "other", "yahoo"))

    with any_db.read() as session:
        chunks = session.scalars(select(Chunk)).all()
        sizes = sorted(
            (
                chunk.domain_group,
                sum(
                    chunk.first_id <= row.id <= chunk.last_id
                    for row in session.scalars(
                        select(Delivery).where(Delivery.domain_group == chunk.domain_group)
                    )
                ),
            )
            for chunk in chunks
        )
    assert sizes == [(group, size) for group in ("google", "other", "yahoo") for size in (1, 2)]


def test_freeze_twice_is_refused_whole(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=3)

    now = clock.now()
    with any_db.read() as session:
        newsletter_id = session.get_one(Issue, issue_id).newsletter_id
    with pytest.raises(IntegrityError), any_db.write() as session:
        freeze(session, issue_id, newsletter_id, not_before=now, now=now, chunk_rows=2)

    assert len(states(any_db)) == 3


def test_chunk_is_leased_to_one_owner_only(any_db, frozen: Frozen, clock) -> None:
    frozen(readers=4, chunk_rows=2)

    first, second = taken(any_db, clock, "one"), taken(any_db, clock, "two")

    assert first.chunk_id != second.chunk_id
    assert take(any_db, clock, "three") is None


def test_paused_issue_leases_nothing(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen()
    with any_db.write() as session:
        session.get_one(Issue, issue_id).paused = True

    assert take(any_db, clock) is None


def test_dot_needs_a_live_lease(any_db, frozen: Frozen, clock) -> None:
    frozen()
    lease = taken(any_db, clock)
    ids = pending_ids(any_db, lease, clock)
    let_lapse(any_db, clock)

    assert dot(any_db, lease, ids, clock) == set()
    assert set(states(any_db).values()) == {"pending"}


def test_dot_needs_the_newest_lease(any_db, frozen: Frozen, clock) -> None:
    """A sender that slept through its lease finds it taken, and writes no dot."""
    frozen(readers=2)
    slept = taken(any_db, clock, "one")
    ids = pending_ids(any_db, slept, clock)
    let_lapse(any_db, clock)
    taken(any_db, clock, "two")

    assert dot(any_db, slept, ids, clock) == set()


def test_dot_is_given_once(any_db, frozen: Frozen, clock) -> None:
    frozen(readers=2)
    lease = taken(any_db, clock)
    ids = pending_ids(any_db, lease, clock)

    assert dot(any_db, lease, ids, clock) == set(ids)
    assert dot(any_db, lease, ids, clock) == set()


def test_dot_is_refused_to_a_reader_who_left(any_db, frozen: Frozen, clock) -> None:
    frozen(readers=2)
    lease = taken(any_db, clock)
    ids = pending_ids(any_db, lease, clock)
    with any_db.write() as session:
        gone = session.get_one(Delivery, ids[0]).subscriber_id
        session.execute(
            update(Subscription)
            .where(Subscription.subscriber_id == gone)
            .values(state=SubscriptionState.UNSUBSCRIBED)
        )

    assert dot(any_db, lease, ids, clock) == {ids[1]}


def test_dot_is_refused_when_the_issue_is_paused(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=2)
    lease = taken(any_db, clock)
    ids = pending_ids(any_db, lease, clock)
    with any_db.write() as session:
        session.get_one(Issue, issue_id).paused = True

    assert dot(any_db, lease, ids, clock) == set()


def test_orphaned_dot_turns_uncertain_and_keeps_its_story(any_db, frozen: Frozen, clock) -> None:
    frozen(readers=2)
    lease = taken(any_db, clock, "dead")
    ids = pending_ids(any_db, lease, clock)
    dot(any_db, lease, ids[:1], clock)
    let_lapse(any_db, clock)

    taken(any_db, clock, "heir")

    assert states(any_db) == {ids[0]: "uncertain", ids[1]: "pending"}
    with any_db.read() as session:
        assert [e.kind for e in session.scalars(select(DeliveryEvent))] == ["uncertain"]


def test_late_reply_resolves_an_uncertain_row(any_db, frozen: Frozen, clock) -> None:
    frozen(readers=1)
    lease = taken(any_db, clock, "slow")
    (id,) = pending_ids(any_db, lease, clock)
    dot(any_db, lease, [id], clock)
    let_lapse(any_db, clock)
    taken(any_db, clock, "heir")

    with any_db.write() as session:
        accepted = Settlement(id, DeliveryState.ACCEPTED, lease.epoch, 250, "ok")
        settle(session.connection(), [accepted], clock.now())

    assert states(any_db) == {id: "accepted"}


def test_late_request_to_try_again_leaves_a_row_in_doubt(any_db, frozen: Frozen, clock) -> None:
    frozen(readers=1)
    lease = taken(any_db, clock, "slow")
    (id,) = pending_ids(any_db, lease, clock)
    dot(any_db, lease, [id], clock)
    let_lapse(any_db, clock)
    taken(any_db, clock, "heir")

    with any_db.write() as session:
        settle(
            session.connection(),
            [Settlement(id, DeliveryState.PENDING, lease.epoch, 451)],
            clock.now(),
        )

    assert states(any_db) == {id: "uncertain"}


def test_chunk_given_back_with_a_dotted_row_is_leased_again(any_db, frozen: Frozen, clock) -> None:
    """An outcome that could not be written leaves its row dotted; nobody may forget it there."""
    frozen(readers=1)
    lease = taken(any_db, clock)
    (id,) = pending_ids(any_db, lease, clock)
    dot(any_db, lease, [id], clock)
    with any_db.write() as session:
        finish_chunk(session, lease)

    taken(any_db, clock, "heir")

    assert states(any_db) == {id: "uncertain"}


def test_outcome_of_another_lease_changes_nothing(any_db, frozen: Frozen, clock) -> None:
    frozen(readers=1)
    lease = taken(any_db, clock)
    (id,) = pending_ids(any_db, lease, clock)
    dot(any_db, lease, [id], clock)

    with any_db.write() as session:
        settle(
            session.connection(),
            [Settlement(id, DeliveryState.PENDING, lease.epoch + 7)],
            clock.now(),
        )

    assert states(any_db) == {id: "dotted"}


def test_settled_row_is_never_opened_again(any_db, frozen: Frozen, clock) -> None:
    frozen(readers=1)
    lease = taken(any_db, clock)
    (id,) = pending_ids(any_db, lease, clock)
    dot(any_db, lease, [id], clock)
    with any_db.write() as session:
        settle(
            session.connection(), [Settlement(id, DeliveryState.ACCEPTED, lease.epoch)], clock.now()
        )
        settle(
            session.connection(), [Settlement(id, DeliveryState.PENDING, lease.epoch)], clock.now()
        )
        settle(session.connection(), [Settlement(id, DeliveryState.SKIPPED, None)], clock.now())

    assert states(any_db) == {id: "accepted"}


def test_finished_chunk_comes_back_when_its_retry_is_due(any_db, frozen: Frozen, clock) -> None:
    frozen(readers=1)
    lease = taken(any_db, clock)
    (id,) = pending_ids(any_db, lease, clock)
    later = clock.now() + timedelta(minutes=30)
    with any_db.write() as session:
        settle(
            session.connection(),
            [Settlement(id, DeliveryState.PENDING, None, next_at=later)],
            clock.now(),
        )
        finish_chunk(session, lease)
    assert take(any_db, clock) is None

    clock.set(later)

    assert pending_ids(any_db, taken(any_db, clock), clock) == [id]


def test_settled_chunk_never_comes_back(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=1)
    lease = taken(any_db, clock)
    (id,) = pending_ids(any_db, lease, clock)
    with any_db.write() as session:
        settle(
            session.connection(),
            [Settlement(id, DeliveryState.SKIPPED, None, reason="left")],
            clock.now(),
        )
        finish_chunk(session, lease)
    clock.advance(timedelta(days=30))

    assert take(any_db, clock) is None
    with any_db.read() as session:
        assert verify_issue(session, issue_id) == []


def test_renewal_keeps_our_leases_and_names_the_lost(any_db, frozen: Frozen, clock) -> None:
    frozen(readers=4, chunk_rows=2)
    lost = taken(any_db, clock)
    let_lapse(any_db, clock)
    kept = taken(any_db, clock)

    with any_db.write() as session:
        renewed = renew_leases(session, "one", [lost, kept], lease=MINUTE, now=clock.now())

    assert renewed == {kept.chunk_id}


def test_sums_add_up_from_the_rows(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=5, chunk_rows=5)
    lease = taken(any_db, clock)
    ids = pending_ids(any_db, lease, clock)
    dot(any_db, lease, ids[:3], clock)
    with any_db.write() as session:
        rows = [
            Settlement(ids[0], DeliveryState.ACCEPTED, lease.epoch),
            Settlement(ids[1], DeliveryState.UNCERTAIN, lease.epoch),
            Settlement(ids[3], DeliveryState.SKIPPED, None),
        ]
        settle(session.connection(), rows, clock.now())

    with any_db.read() as session:
        assert str(count_sums(session, issue_id)) == (
            "pending=1 dotted=1 accepted=1 rejected=0 skipped=1 expired=0 uncertain=1 audience=5"
        )


def test_verify_names_a_lost_row(any_db, frozen: Frozen) -> None:
    issue_id = frozen(readers=5)
    with any_db.write() as session:
        session.delete(session.scalars(select(Delivery).limit(1)).one())

    with any_db.read() as session:
        problems = verify_issue(session, issue_id)

    assert problems[0] == "5 subscribers were frozen and 4 rows are there"


def test_verify_names_stranded_rows(any_db, frozen: Frozen) -> None:
    issue_id = frozen(readers=4, chunk_rows=2)
    with any_db.write() as session:
        first = session.scalars(select(Chunk).order_by(Chunk.id).limit(1)).one()
        first.next_at = None

    with any_db.read() as session:
        problems = verify_issue(session, issue_id)

    assert problems == ["2 open rows are in no chunk that will be worked on"]

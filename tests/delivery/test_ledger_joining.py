"""A new reader gets the latest issue once, the ledger balances, and a freeze meanwhile loses
nobody.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from digest.clock import FixedClock
from digest.db import Database
from digest.delivery.ledger.freeze import freeze
from digest.delivery.ledger.joining import Joiner, await_freeze, send_latest
from digest.delivery.ledger.leases import has_due_chunk
from digest.delivery.ledger.stopping import stop_rows
from digest.delivery.ledger.sums import count_sums, verify_issue
from digest.models import (
    Chunk,
    Delivery,
    DeliveryState,
    Issue,
    IssueState,
    LedgerSum,
    Newsletter,
    Subscription,
    SubscriptionState,
    Tombstone,
)
from digest.sealed import Sealer
from digest.subscribers.lifecycle import add_active

Frozen = Callable[..., int]


@pytest.fixture
def joiner(any_db: Database, sealer: Sealer, clock: FixedClock) -> Callable[..., Joiner]:
    """Add one more active reader to the newsletter of an issue."""

    def make(issue_id: int, number: int = 90) -> Joiner:
        address = f"joiner{number}@example.org"
        with any_db.write() as session:
            subscription = add_active(
                session,
                sealer,
                newsletter_id=session.get_one(Issue, issue_id).newsletter_id,
                address=address,
                name=None,
                language=None,
                timezone=None,
                now=clock.now(),
                origin="test",
            )
            return Joiner(subscription, sealer.indexes(address))

    return make


def begin(db: Database, issue_id: int, clock: FixedClock, **values: Any) -> None:
    """Say that the sending of an issue began now, and what else is to be said of it."""
    with db.write() as session:
        issue = session.get_one(Issue, issue_id)
        for name, value in {"sending_at": clock.now(), **values}.items():
            setattr(issue, name, value)


def settle_all(db: Database, issue_id: int) -> None:
    with db.write() as session:
        for row in session.scalars(select(Delivery).where(Delivery.issue_id == issue_id)):
            row.state = DeliveryState.ACCEPTED
        for chunk in session.scalars(select(Chunk).where(Chunk.issue_id == issue_id)):
            chunk.next_at = None


def joined(db: Database, joiner: Joiner, clock: FixedClock, **options: Any) -> int | None:
    with db.write() as session:
        return send_latest(session, joiner, now=clock.now(), **options)


def rows_of(session: Session, joiner: Joiner) -> int:
    mine = Delivery.subscriber_id == joiner.subscription.subscriber_id
    return session.scalar(select(func.count()).where(mine)) or 0


def test_joiner_of_an_issue_being_sent_is_counted_beside_the_frozen(
    any_db, frozen: Frozen, joiner, clock
) -> None:
    issue_id = frozen(readers=3)
    begin(any_db, issue_id, clock)

    assert joined(any_db, joiner(issue_id), clock) == issue_id

    with any_db.read() as session:
        sums = count_sums(session, issue_id)
        assert (sums.frozen, sums.joined, sums.pending, sums.balanced) == (3, 1, 4, True)
        assert verify_issue(session, issue_id) == []


def test_joiner_of_a_sent_issue_opens_it_again(any_db, frozen: Frozen, joiner, clock) -> None:
    issue_id = frozen(readers=3)
    settle_all(any_db, issue_id)
    begin(any_db, issue_id, clock, state=IssueState.SENT, sent_at=clock.now())
    clock.advance(timedelta(days=3))

    assert joined(any_db, joiner(issue_id), clock) == issue_id

    with any_db.read() as session:
        issue = session.get_one(Issue, issue_id)
        row = session.scalars(select(Delivery).where(Delivery.origin == "joined")).one()
        assert (issue.state, issue.sent_at) == (IssueState.SENDING, None)
        assert row.not_before == clock.now()
        assert has_due_chunk(session, [issue.newsletter_id], clock.now())
        assert verify_issue(session, issue_id) == []


def test_second_time_brings_nothing(any_db, frozen: Frozen, joiner, clock) -> None:
    issue_id = frozen(readers=3)
    begin(any_db, issue_id, clock)
    new = joiner(issue_id)
    joined(any_db, new, clock)

    assert joined(any_db, new, clock) is None

    with any_db.read() as session:
        assert rows_of(session, new) == 1
        assert verify_issue(session, issue_id) == []


def test_second_time_leaves_a_sent_issue_sent(any_db, frozen: Frozen, joiner, clock) -> None:
    issue_id = frozen(readers=3)
    begin(any_db, issue_id, clock)
    new = joiner(issue_id)
    joined(any_db, new, clock)
    settle_all(any_db, issue_id)
    begin(any_db, issue_id, clock, state=IssueState.SENT)

    joined(any_db, new, clock)

    with any_db.read() as session:
        assert session.get_one(Issue, issue_id).state is IssueState.SENT


@pytest.mark.parametrize(("days", "comes"), [(13.9, True), (14, False), (15, False)])
def test_old_issue_comes_to_nobody(any_db, frozen, joiner, clock, days: float, comes: bool) -> None:
    issue_id = frozen()
    begin(any_db, issue_id, clock)
    clock.advance(timedelta(days=days))

    assert (joined(any_db, joiner(issue_id), clock) is not None) is comes


@pytest.mark.parametrize("state", ["draft", "approved", "cancelled"])
def test_issue_whose_sending_has_not_begun_comes_to_nobody(
    any_db, frozen: Frozen, joiner, clock, state: str
) -> None:
    issue_id = frozen(readers=0)
    begin(any_db, issue_id, clock, state=IssueState(state), sending_at=None)

    assert joined(any_db, joiner(issue_id), clock) is None


def test_stopped_issue_comes_to_nobody(any_db, frozen: Frozen, joiner, clock) -> None:
    issue_id = frozen()
    begin(any_db, issue_id, clock, paused=True, stopped_at=clock.now())

    assert joined(any_db, joiner(issue_id), clock) is None


def test_joiner_of_a_paused_issue_waits_and_is_skipped_when_it_stops(
    any_db, frozen: Frozen, joiner, clock
) -> None:
    issue_id = frozen(readers=2)
    begin(any_db, issue_id, clock, paused=True)
    assert joined(any_db, joiner(issue_id), clock) == issue_id

    with any_db.write() as session:
        newsletter_id = session.get_one(Issue, issue_id).newsletter_id
        assert not has_due_chunk(session, [newsletter_id], clock.now())
        stop_rows(session, issue_id, clock.now())

        sums = count_sums(session, issue_id)
        assert (sums.skipped, sums.joined, sums.balanced) == (3, 1, True)


def test_issue_whose_rows_have_shrunk_comes_to_nobody(
    any_db, frozen: Frozen, joiner, clock
) -> None:
    issue_id = frozen()
    begin(any_db, issue_id, clock)
    with any_db.write() as session:
        session.add(
            LedgerSum(issue_id=issue_id, sums={}, key_id="k", mac=b"m", shrunk_at=clock.now())
        )

    assert joined(any_db, joiner(issue_id), clock) is None


def test_erased_reader_who_joins_again_gets_no_second_copy(
    any_db, frozen: Frozen, joiner, sealer, clock
) -> None:
    issue_id = frozen()
    begin(any_db, issue_id, clock)
    again = joiner(issue_id)
    retired = b"r" * 32
    with any_db.write() as session:
        session.add(Tombstone(issue_id=issue_id, address_index=retired, at=clock.now()))

    known = Joiner(again.subscription, [*again.address_indexes, retired])

    assert joined(any_db, known, clock) is None
    assert joined(any_db, again, clock) == issue_id


def test_newest_issue_of_their_own_newsletter_is_taken(
    any_db, frozen: Frozen, joiner, clock
) -> None:
    issue_id = frozen(readers=1)
    begin(any_db, issue_id, clock)
    with any_db.write() as session:
        old = session.get_one(Issue, issue_id)
        other = Newsletter(slug="other", furniture={}, skip_dates=[], created_at=clock.now())
        session.add(other)
        session.flush()
        texts = {"topper": {}, "quote": {}, "numbers": [], "created_at": clock.now()}
        for number, (newsletter_id, days) in enumerate([(old.newsletter_id, 1), (other.id, 2)], 2):
            session.add(
                Issue(
                    public_id=f"issue{number}",
                    newsletter_id=newsletter_id,
                    number=number,
                    state=IssueState.SENT,
                    sending_at=clock.now() + timedelta(days=days),
                    **texts,
                )
            )
    clock.advance(timedelta(days=3))

    newest = joined(any_db, joiner(issue_id), clock)

    with any_db.read() as session:
        assert session.get_one(Issue, newest).public_id == "issue2"


def _confirm_and_join(db: Database, joiner: Joiner, clock: FixedClock) -> None:
    """Do what confirming does, in its order."""
    with db.write() as session:
        await_freeze(session, joiner.subscription.newsletter_id)
        mine = session.get_one(Subscription, joiner.subscription.id, with_for_update=True)
        mine.state = SubscriptionState.ACTIVE
        session.flush()
        send_latest(session, joiner, now=clock.now())


def _freeze(db: Database, issue_id: int, clock: FixedClock) -> None:
    """Do what starting an issue does, in its order."""
    with db.write() as session:
        issue = session.get_one(Issue, issue_id, with_for_update=True)
        issue.state, issue.sending_at = IssueState.SENDING, clock.now()
        session.flush()
        await_freeze(session, issue.newsletter_id, freezing=True)
        now = clock.now()
        issue.audience_count = freeze(
            session, issue_id, issue.newsletter_id, not_before=now, now=now, chunk_rows=10
        )


def test_freeze_and_confirmations_at_once_miss_nobody_and_double_nobody(
    any_db, frozen: Frozen, joiner, clock
) -> None:
    """Twelve people confirm while the issue is frozen: each is in it once, one way or the other."""
    issue_id = frozen(readers=0)
    begin(any_db, issue_id, clock, state=IssueState.APPROVED, sending_at=None)
    people = [joiner(issue_id, number) for number in range(12)]
    with any_db.write() as session:
        for row in session.scalars(select(Subscription)):
            row.state = SubscriptionState.PENDING
    start = threading.Barrier(25)

    def at_once(work: Callable[..., None], *arguments: Any) -> threading.Thread:
        def run() -> None:
            start.wait()
            work(*arguments)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    threads = [
        at_once(_confirm_and_join, any_db, person, clock) for person in people for _ in range(2)
    ]
    threads.append(at_once(_freeze, any_db, issue_id, clock))
    for thread in threads:
        thread.join()

    with any_db.read() as session:
        late = [person for person in people if rows_of(session, person) != 1]
        sums = count_sums(session, issue_id)
        assert verify_issue(session, issue_id) == []
        assert sums.audience == sums.pending
    # Whoever confirmed before the freeze is in it; whoever came after joined it.
    assert late == []

"""Rows in doubt on SQLite and PostgreSQL: what ends a doubt, and what must not."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update

from digest.clock import FixedClock
from digest.curation.issues import move_issue
from digest.db import Database
from digest.delivery.ledger.doubts import (
    RESENDS_MOST,
    Resolved,
    apply_evidence,
    list_doubts,
    resolve_overdue,
    settle_doubt,
)
from digest.delivery.ledger.leases import Lease, finish_chunk, lease_chunk
from digest.delivery.ledger.rows import Dot, Settlement, commit_dots, list_pending, settle
from digest.delivery.ledger.sums import count_sums, verify_issue
from digest.delivery.ledger.weighing import SETTLING, Evidence, EvidenceKind
from digest.errors import NotFound, Refused
from digest.models import Chunk, Delivery, DeliveryEvent, DeliveryState, Issue, IssueState

MINUTE = timedelta(minutes=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
Frozen = Callable[..., int]


def lease(db: Database, clock: FixedClock, owner: str = "one") -> Lease | None:
    with db.write() as session:
        newsletters = [issue.newsletter_id for issue in session.scalars(select(Issue))]
        return lease_chunk(
            session,
            owner,
            newsletter_ids=newsletters,
            relay="main",
            lease=MINUTE,
            now=clock.now(),
        )


def dot_next(db: Database, clock: FixedClock) -> tuple[Lease, list[int]]:
    """Lease a chunk and commit the dots of all it has; nobody knows what became of them."""
    got = lease(db, clock)
    assert got is not None
    with db.write() as session:
        ids = [row.id for row in list_pending(session, got, clock.now())]
        assert commit_dots(session.connection(), [Dot(id, got) for id in ids], clock.now()) == set(
            ids
        )
    return got, ids


def lose(db: Database, clock: FixedClock) -> list[int]:
    """Send one chunk into silence and give it back; return its rows, which are in doubt now."""
    got, ids = dot_next(db, clock)
    with db.write() as session:
        lost = [Settlement(id, DeliveryState.UNCERTAIN, got.epoch, reason="no reply") for id in ids]
        settle(session.connection(), lost, clock.now())
        finish_chunk(session, got)
    return ids


def tell(
    db: Database, clock: FixedClock, id: int, kind: EvidenceKind, at: datetime | None = None
) -> DeliveryState | None:
    with db.write() as session:
        said = Evidence(id, kind, "log of main", at or clock.now(), "3F2A")
        return apply_evidence(session, said, clock.now())


def resolve(db: Database, clock: FixedClock, issue_id: int, policy: str, **more) -> Resolved:
    with db.write() as session:
        return resolve_overdue(
            session,
            issue_id,
            policy=policy,
            patience=timedelta(hours=6),
            now=clock.now(),
            **more,
        )


def states(db: Database) -> dict[int, str]:
    with db.read() as session:
        return {row.id: row.state.value for row in session.scalars(select(Delivery))}


def story(db: Database, id: int) -> list[str]:
    with db.read() as session:
        events = select(DeliveryEvent).where(DeliveryEvent.delivery_id == id)
        return [event.kind for event in session.scalars(events.order_by(DeliveryEvent.id))]


@pytest.mark.parametrize(
    ("kind", "state"), [(EvidenceKind.ACCEPTED, "accepted"), (EvidenceKind.REFUSED, "rejected")]
)
def test_evidence_is_written_with_its_witness(any_db, frozen: Frozen, clock, kind, state) -> None:
    frozen(readers=1)
    (id,) = lose(any_db, clock)

    assert tell(any_db, clock, id, kind) == state

    with any_db.read() as session:
        row = session.get_one(Delivery, id)
        assert (row.state, row.reason, row.queue_id) == (state, "evidence", "3F2A")
    assert story(any_db, id) == ["uncertain", f"evidence {kind}"]


def test_evidence_told_twice_counts_once(any_db, frozen: Frozen, clock) -> None:
    frozen(readers=1)
    (id,) = lose(any_db, clock)
    tell(any_db, clock, id, EvidenceKind.ACCEPTED)

    assert tell(any_db, clock, id, EvidenceKind.REFUSED) is None
    assert states(any_db) == {id: "accepted"}


def test_evidence_about_nobody_changes_nothing(any_db, clock) -> None:
    assert tell(any_db, clock, 4711, EvidenceKind.ACCEPTED) is None


def test_copy_unknown_to_its_relay_is_leased_again_under_a_new_epoch(
    any_db, frozen: Frozen, clock
) -> None:
    frozen(readers=1)
    before, (id,) = dot_next(any_db, clock)
    with any_db.write() as session:
        settle(
            session.connection(),
            [Settlement(id, DeliveryState.UNCERTAIN, before.epoch)],
            clock.now(),
        )
        finish_chunk(session, before)
    clock.advance(SETTLING)

    assert tell(any_db, clock, id, EvidenceKind.UNKNOWN_TO_RELAY) == "pending"
    after, ids = dot_next(any_db, clock)

    assert (ids, after.epoch > before.epoch) == ([id], True)


def test_late_answer_to_the_first_dot_does_not_settle_the_second(
    any_db, frozen: Frozen, clock
) -> None:
    frozen(readers=1)
    first, (id,) = dot_next(any_db, clock)
    with any_db.write() as session:
        settle(
            session.connection(),
            [Settlement(id, DeliveryState.UNCERTAIN, first.epoch)],
            clock.now(),
        )
        finish_chunk(session, first)
        settle_doubt(session, id, DeliveryState.PENDING, by="Ada", now=clock.now())
    late = Settlement(id, DeliveryState.ACCEPTED, first.epoch, 250)

    for _ in ("pending", "dotted again"):
        with any_db.write() as session:
            settle(session.connection(), [late], clock.now())
        assert "accepted" not in states(any_db).values()
        if states(any_db) == {id: "pending"}:
            dot_next(any_db, clock)

    assert states(any_db) == {id: "dotted"}


def test_row_of_a_chunk_at_work_is_not_sent_again_yet(any_db, frozen: Frozen, clock) -> None:
    """Whoever has the chunk may be giving it back in this moment, and forget a row it never saw."""
    frozen(readers=2)
    got, (id, other) = dot_next(any_db, clock)
    with any_db.write() as session:
        settle(
            session.connection(), [Settlement(id, DeliveryState.UNCERTAIN, got.epoch)], clock.now()
        )
        assert not settle_doubt(session, id, DeliveryState.PENDING, by="Ada", now=clock.now())

    assert states(any_db) == {id: "uncertain", other: "dotted"}


@pytest.mark.parametrize("any_db", ["postgres"], indirect=True)
def test_owner_that_overslept_cannot_forget_the_row(any_db, frozen: Frozen, clock) -> None:
    """It began to give its chunk back before it could see that the row is pending again."""
    issue_id = frozen(readers=1)
    got, (id,) = dot_next(any_db, clock)
    with any_db.write() as session:
        lost = Settlement(id, DeliveryState.UNCERTAIN, got.epoch)
        settle(session.connection(), [lost], clock.now())
        session.execute(update(Chunk).values(lease_until=LONG_AGO))
    with ThreadPoolExecutor(1) as other, any_db.write() as session:
        assert settle_doubt(session, id, DeliveryState.PENDING, by="Ada", now=clock.now())
        finishing = other.submit(finish, any_db, got)
        wait_for_a_lock(any_db)
        session.commit()
        finishing.result(timeout=30)

    with any_db.read() as session:
        assert verify_issue(session, issue_id) == []


def finish(db: Database, lease: Lease) -> None:
    with db.write() as session:
        finish_chunk(session, lease)


def wait_for_a_lock(db: Database) -> None:
    """Return when somebody waits for a lock that another has."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with db.read() as session:
            if session.scalar(waiting):
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def test_evidence_that_comes_before_the_doubt_is_remembered(any_db, frozen: Frozen, clock) -> None:
    """The sender died after its dot; the provider's webhook is faster than the next lease."""
    issue_id = frozen(readers=1)
    _, (id,) = dot_next(any_db, clock)
    assert tell(any_db, clock, id, EvidenceKind.ACCEPTED) is None
    clock.advance(2 * MINUTE)
    with any_db.write() as session:
        session.execute(update(Chunk).values(lease_until=LONG_AGO))
    lease(any_db, clock, "two")
    assert states(any_db) == {id: "uncertain"}

    assert resolve(any_db, clock, issue_id, "hold").by_evidence == 1
    assert states(any_db) == {id: "accepted"}


@pytest.mark.parametrize(
    ("policy", "state"), [("hold", "uncertain"), ("assume_accepted", "accepted")]
)
def test_policy_rules_when_patience_ends(any_db, frozen: Frozen, clock, policy, state) -> None:
    issue_id = frozen(readers=1)
    (id,) = lose(any_db, clock)
    clock.advance(timedelta(hours=5, minutes=59))
    resolve(any_db, clock, issue_id, policy)
    assert states(any_db) == {id: "uncertain"}

    clock.advance(MINUTE)
    resolve(any_db, clock, issue_id, policy)

    assert states(any_db) == {id: state}


def test_assumed_row_says_that_it_is_assumed(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=1)
    (id,) = lose(any_db, clock)
    clock.advance(timedelta(hours=6))

    assert resolve(any_db, clock, issue_id, "assume_accepted") == Resolved(0, 1, 0, 0)

    with any_db.read() as session:
        row = session.get_one(Delivery, id)
        assert (row.reason, row.code) == ("assumed", None)
    assert story(any_db, id)[-1] == "assumed accepted"


def test_resend_by_policy_ends_after_a_few_times(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=1)
    resent = 0
    for _ in range(RESENDS_MOST + 2):
        if "pending" in states(any_db).values():
            lose(any_db, clock)
        clock.advance(timedelta(hours=6))
        resent += resolve(any_db, clock, issue_id, "resend").resent

    assert resent == RESENDS_MOST
    assert list(states(any_db).values()) == ["uncertain"]


def test_idempotent_relay_gets_its_rows_again_at_once(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=1)
    (id,) = lose(any_db, clock)

    assert resolve(any_db, clock, issue_id, "hold", idempotent=["api"]).resent == 0
    assert resolve(any_db, clock, issue_id, "hold", idempotent=["main"]).resent == 1
    assert states(any_db) == {id: "pending"}


def test_idempotent_relay_is_not_trusted_for_ever(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=1)
    lose(any_db, clock)
    clock.advance(timedelta(hours=7))

    assert resolve(any_db, clock, issue_id, "hold", idempotent=["main"]).resent == 0


def test_person_s_word_is_on_record(any_db, frozen: Frozen, clock) -> None:
    frozen(readers=1)
    (id,) = lose(any_db, clock)

    with any_db.write() as session:
        assert settle_doubt(session, id, DeliveryState.ACCEPTED, by="Ada", now=clock.now())
        assert not settle_doubt(session, id, DeliveryState.PENDING, by="Ben", now=clock.now())

    with any_db.read() as session:
        event = session.scalars(select(DeliveryEvent).order_by(DeliveryEvent.id.desc())).first()
        assert (event.kind, event.detail) == ("settled by hand", "accepted says Ada")


def test_unknown_delivery_is_named(any_db, clock) -> None:
    with any_db.write() as session, pytest.raises(NotFound, match="4711"):
        settle_doubt(session, 4711, DeliveryState.ACCEPTED, by="Ada", now=clock.now())


def test_sent_issue_is_being_sent_again_while_a_row_is_open(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=1)
    (id,) = lose(any_db, clock)
    with any_db.write() as session:
        assert move_issue(session, issue_id, to=IssueState.SENT, sent_at=clock.now())

    with any_db.write() as session:
        assert settle_doubt(session, id, DeliveryState.PENDING, by="Ada", now=clock.now())

    with any_db.read() as session:
        issue = session.get_one(Issue, issue_id)
        assert (issue.state, issue.sent_at) == (IssueState.SENDING, None)
    assert dot_next(any_db, clock)[1] == [id]


def test_row_sent_again_has_its_retry_window_anew(any_db, frozen: Frozen, clock) -> None:
    frozen(readers=1)
    (id,) = lose(any_db, clock)
    clock.advance(timedelta(days=3))

    with any_db.write() as session:
        settle_doubt(session, id, DeliveryState.PENDING, by="Ada", now=clock.now())

    with any_db.read() as session:
        assert session.get_one(Delivery, id).not_before == clock.now()


def test_stopped_issue_sends_nothing_again(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=1)
    (id,) = lose(any_db, clock)
    with any_db.write() as session:
        session.get_one(Issue, issue_id).stopped_at = clock.now()
    clock.advance(timedelta(hours=6))

    assert resolve(any_db, clock, issue_id, "resend", idempotent=["main"]).resent == 0
    with any_db.write() as session, pytest.raises(Refused, match="stopped"):
        settle_doubt(session, id, DeliveryState.PENDING, by="Ada", now=clock.now())


def test_doubts_are_listed_with_what_is_known(any_db, frozen: Frozen, clock) -> None:
    issue_id = frozen(readers=1)
    (id,) = lose(any_db, clock)

    with any_db.read() as session:
        (doubt,) = list_doubts(session, issue_id)

    assert (doubt.delivery_id, doubt.relay, doubt.why) == (id, "main", "no reply")
    assert doubt.since == doubt.dotted_at == clock.now()


class Week:
    """A sender, a relay, witnesses and time, in any order; knows what really arrived."""

    def __init__(self, db: Database, clock: FixedClock, issue_id: int) -> None:
        self.db, self.clock, self.issue_id = db, clock, issue_id
        self.arrived: list[int] = []
        self.late: list[Settlement] = []

    def wait(self, number: int) -> None:
        """Let time pass, and with it every lease, by whichever clock it runs."""
        self.clock.advance(timedelta(minutes=[31, 400][number % 2]))
        with self.db.write() as session:
            held = update(Chunk).where(Chunk.owner.is_not(None))
            session.execute(held.values(lease_until=LONG_AGO))

    def send(self, number: int) -> None:
        """Dot a chunk; by number its copies arrive, are answered, and the chunk is given back."""
        arrives, answered, given_back = number % 2 == 1, number >= 6, number >= 3
        got = lease(self.db, self.clock)
        if got is None:
            return
        with self.db.write() as session:
            ids = [row.id for row in list_pending(session, got, self.clock.now())]
            hit = commit_dots(session.connection(), [Dot(id, got) for id in ids], self.clock.now())
        self.arrived += hit if arrives else ()
        truth = DeliveryState.ACCEPTED if arrives else DeliveryState.REJECTED
        answers = [Settlement(id, truth, got.epoch) for id in hit]
        silence = [Settlement(id, DeliveryState.UNCERTAIN, got.epoch) for id in hit]
        self.late += () if answered else answers
        with self.db.write() as session:
            if answered or given_back:
                settle(session.connection(), answers if answered else silence, self.clock.now())
            if given_back:
                finish_chunk(session, got)

    def answer_late(self, number: int) -> None:
        with self.db.write() as session:
            settle(session.connection(), self.late[:number], self.clock.now())
        del self.late[:number]

    def witness(self, number: int) -> None:
        """Say the truth about one row, whatever its state."""
        ids = sorted(states(self.db))
        id = ids[number % len(ids)]
        truth = EvidenceKind.ACCEPTED if id in self.arrived else EvidenceKind.UNKNOWN_TO_RELAY
        tell(self.db, self.clock, id, truth)

    def tick(self, number: int) -> None:
        resolve(self.db, self.clock, self.issue_id, "hold")


STEPS = (Week.send, Week.send, Week.wait, Week.tick, Week.witness, Week.answer_late)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 7)), min_size=15, max_size=30))
def test_nobody_gets_two_while_doubts_are_held(any_db, clock, blank, steps) -> None:
    """Whatever crashes and whoever bears witness, as long as the witnesses tell the truth."""
    week = Week(any_db, clock, blank())
    for step, number in steps:
        step(week, number)

    accepted = {id for id, state in states(any_db).items() if state == "accepted"}
    assert len(week.arrived) == len(set(week.arrived))
    assert accepted <= set(week.arrived)
    with any_db.read() as session:
        assert count_sums(session, week.issue_id).balanced


@pytest.fixture
def blank(any_db: Database, frozen: Frozen) -> Callable[[], int]:
    """Put the rows of one issue back as they were frozen, as often as it is asked."""
    issue_id = frozen(readers=8)

    def wipe() -> int:
        with any_db.write() as session:
            session.execute(delete(DeliveryEvent))
            session.execute(
                update(Delivery).values(
                    state="pending", next_at=None, attempt=0, done_at=None, not_before=LONG_AGO
                )
            )
            session.execute(update(Chunk).values(next_at=LONG_AGO, owner=None, lease_until=None))
        return issue_id

    return wipe

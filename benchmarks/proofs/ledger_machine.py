"""The ledger against a small model: leases, dots, answers, crashes, second thoughts in any order.

Hypothesis plays two senders, an operator and the readers. The model knows what the mail server took
in; the ledger does not, and must never let it take a copy twice unless somebody asked for that. In
the end every example is driven to rest, so that nobody is left behind.
"""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, literal, select, update

from benchmarks.proofs.ledger_model import (
    START,
    Beliefs,
    Flight,
    Owner,
    Row,
    choose,
    make_issue,
)
from digest.curation.issues import move_issue, pause_issue, resume_issue, stop_issue
from digest.db import Database
from digest.delivery.ledger.doubts import (
    apply_evidence,
    resolve_overdue,
    settle_doubt,
)
from digest.delivery.ledger.freeze import freeze
from digest.delivery.ledger.leases import Lease, finish_chunk, lease_chunk, renew_leases
from digest.delivery.ledger.rows import (
    Dot,
    NotAllDotted,
    Settlement,
    commit_dots,
    list_pending,
    settle,
)
from digest.delivery.ledger.stopping import stop_rows
from digest.delivery.ledger.sums import count_sums, verify_issue
from digest.delivery.ledger.weighing import Evidence, EvidenceKind
from digest.errors import Refused
from digest.models import (
    Chunk,
    Delivery,
    DeliveryEvent,
    DeliveryState,
    Issue,
    IssueState,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionState,
)

PENDING, DOTTED = DeliveryState.PENDING, DeliveryState.DOTTED
ACCEPTED, REJECTED = DeliveryState.ACCEPTED, DeliveryState.REJECTED
SKIPPED, EXPIRED = DeliveryState.SKIPPED, DeliveryState.EXPIRED
UNCERTAIN = DeliveryState.UNCERTAIN
ENDS = (UNCERTAIN, ACCEPTED, REJECTED)


LEASE = timedelta(seconds=50)  # no sum of jumps comes near it, for PostgreSQL's real clock
JUMPS = tuple(timedelta(seconds=n) for n in (3, 20, 100, 2400))
PATIENCE = timedelta(hours=1)
VERIFIED_EVERY = 3  # steps, for it costs as much as all else
DOT_WITHIN = timedelta(seconds=5)  # as the drain keeps it
IN_NETWORK = timedelta(minutes=20)  # that bytes of a broken connection may still arrive

SENDERS = st.sampled_from(["one", "two"])
PICK = st.integers(0, 50)
FATES = st.sampled_from(["250", "250", "451", "550", "lost", "late", "never came"])


class LedgerMachine(Beliefs, RuleBasedStateMachine):
    """One issue, two senders; each rule does one thing to the ledger and the same to the model."""

    @initialize(
        readers=st.integers(1, 7),
        chunk_rows=st.integers(1, 4),
        groups=st.integers(1, 2),
        policy=st.sampled_from(["hold", "hold", "assume_accepted", "resend"]),
    )
    def freeze_the_audience(self, readers: int, chunk_rows: int, groups: int, policy: str) -> None:
        self.policy = policy
        with self.db.write() as session:
            for table in (DeliveryEvent, Delivery, Chunk, Issue, Subscription, Subscriber):
                session.execute(delete(table))
            session.execute(delete(Newsletter))
            self.newsletter_id, self.issue_id = make_issue(session, readers, groups, self.now)
            ids = (self.issue_id, self.newsletter_id)
            now = self.now
            count = freeze(session, *ids, not_before=now, now=now, chunk_rows=chunk_rows)
            assert count == readers
            session.get_one(Issue, self.issue_id).audience_count = count
            found = session.execute(
                select(Delivery.id, Subscription.id).join(
                    Subscription, Subscription.subscriber_id == Delivery.subscriber_id
                )
            )
            self.readers = {row[0]: row[1] for row in found}
        self.rows = {id: Row() for id in self.readers}

    @rule(sender=SENDERS)
    def lease(self, sender: str) -> None:
        with self.db.write() as session:
            ours = [self.newsletter_id]
            lease = lease_chunk(session, sender, newsletter_ids=ours, lease=LEASE, now=self.now)
            if lease is None:
                return
            ids = [row.id for row in list_pending(session, lease, self.now)]
        assert self._runs(), "a chunk of an issue that rests was leased"
        assert self._is_free(lease.chunk_id), "a chunk with a living owner was leased"
        self.holders[lease.chunk_id] = (sender, lease.epoch, self.now + LEASE)
        for id in self._rows_of(lease):
            if self.rows[id].state is DOTTED:
                self.rows[id].state = UNCERTAIN
        assert all(self.rows[id].state is PENDING for id in ids)
        self.owners[sender].claims.append((lease, ids))

    @rule(sender=SENDERS, pick=PICK, most=st.integers(1, 3), greedy=st.booleans())
    def commit_dots(self, sender: str, pick: int, most: int, greedy: bool = False) -> None:
        """Ask for dots of rows at hand, or greedily of all the chunk's, whatever their states."""
        claims = self.owners[sender].claims
        claim = choose([c for c in claims if c[1] or greedy], pick)
        if claim is None:
            return
        lease, waiting = claim
        ids, waiting[:] = waiting[:most], waiting[most:]
        ids = self._rows_of(lease) if greedy else ids
        right = {id for id in ids if self._dot_is_right(id, lease)}
        dots = [Dot(id, lease) for id in ids]

        assert self._transact_dots(dots) == right

        for id in right:
            row = self.rows[id]
            assert row.arrived <= row.excused, "a second dot for a copy that arrived"
            row.state, row.epoch = DOTTED, lease.epoch
            self.owners[sender].flights.append(Flight(id, lease, self.now))

    def _transact_dots(self, dots: list[Dot]) -> set[int]:
        """Commit as the committer does: all at once where that is right, else those that are."""
        try:
            with self.db.write() as session:
                return commit_dots(session.connection(), dots, self.now, all_of_them=True)
        except NotAllDotted:
            with self.db.write() as session:
                return commit_dots(session.connection(), dots, self.now)

    def _dot_is_right(self, id: int, lease: Lease) -> bool:
        return (
            self.rows[id].state is PENDING
            and self._holds(lease)
            and self._runs()
            and id not in self.away
        )

    @rule(sender=SENDERS, pick=PICK, fate=FATES)
    def write_a_dot(self, sender: str, pick: int, fate: str) -> None:
        """The server takes the copy or not, and the sender hears of it or not."""
        flight = choose([f for f in self.owners[sender].flights if f.answer is None], pick)
        if flight is None:
            return
        if self.now - flight.allowed_at > DOT_WITHIN:
            flight.answer = self._answer(flight, PENDING)  # too late to write it
            return
        if fate in {"250", "lost"}:
            self._arrive(flight)
        if fate == "late":
            self.late.append((flight, self.now + IN_NETWORK))
        ends = {"250": ACCEPTED, "451": PENDING, "550": REJECTED}
        flight.answer = self._answer(flight, ends.get(fate, UNCERTAIN))

    def _arrive(self, flight: Flight) -> None:
        row = self.rows[flight.id]
        row.arrived += 1
        assert row.arrived <= 1 + row.excused, "the server took a copy twice"

    @precondition(lambda self: self.late)
    @rule(pick=PICK)
    def late_dot_arrives(self, pick: int) -> None:
        """The sender has given it up long ago, and the server answers nobody."""
        entry = choose(self.late, pick)
        self.late.remove(entry)
        if self.now <= entry[1]:
            self._arrive(entry[0])

    def _answer(self, flight: Flight, state: DeliveryState) -> Settlement:
        retry = self.now + timedelta(minutes=30) if state is PENDING else None
        return Settlement(flight.id, state, flight.lease.epoch, code=250, next_at=retry)

    @rule(sender=SENDERS, pick=PICK)
    def settle_an_answer(self, sender: str, pick: int) -> None:
        """However late it is, and whoever has the chunk by now."""
        owner = self.owners[sender]
        flight = choose([f for f in owner.flights if f.answer is not None], pick)
        if flight is None or flight.answer is None:
            return
        owner.flights.remove(flight)
        self._settle(flight.answer)
        row, state = self.rows[flight.id], flight.answer.state
        late = row.state is UNCERTAIN and state is not PENDING
        if row.epoch == flight.answer.epoch and (row.state is DOTTED or late):
            row.state, row.trusted = state, True

    @rule(sender=SENDERS, fate=FATES, heard=st.booleans())
    def send_one(self, sender: str, fate: str, heard: bool) -> None:
        """The usual way at one go, so that an example gets further in the same number of steps."""
        owner = self.owners[sender]
        if not any(ids for _, ids in owner.claims):
            self.lease(sender)
        self.commit_dots(sender, 0, 1)
        if owner.flights:
            self.write_a_dot(sender, 0, fate)
        if heard:
            self.settle_an_answer(sender, 0)

    @rule(sender=SENDERS, pick=PICK, end=st.sampled_from([SKIPPED, REJECTED, PENDING, EXPIRED]))
    def settle_before_the_dot(self, sender: str, pick: int, end: DeliveryState) -> None:
        claim = choose([c for c in self.owners[sender].claims if c[1]], pick)
        if claim is None:
            return
        id = claim[1].pop()
        retry = self.now + timedelta(minutes=30) if end is PENDING else None
        self._settle(Settlement(id, end, None, next_at=retry))
        if self.rows[id].state is PENDING:
            self.rows[id].state = end

    def _settle(self, settlement: Settlement) -> None:
        with self.db.write() as session:
            settle(session.connection(), [settlement], self.now)

    @rule(sender=SENDERS, pick=PICK, wait=st.booleans())
    def finish_a_chunk(self, sender: str, pick: int, wait: bool) -> None:
        """With rows in hand or in flight too, as when the database failed in between."""
        claim = choose(self.owners[sender].claims, pick)
        if claim is not None:
            later = self.now + timedelta(minutes=5) if wait else None
            self._finish(sender, claim, later)

    def _finish(
        self, sender: str, claim: tuple[Lease, list[int]], later: datetime | None = None
    ) -> None:
        lease = claim[0]
        with self.db.write() as session:
            finish_chunk(session, lease, later=later)
        self.owners[sender].claims.remove(claim)
        if self.holders.get(lease.chunk_id, ("", 0, self.now))[:2] == (sender, lease.epoch):
            del self.holders[lease.chunk_id]

    @rule(sender=SENDERS)
    def renew(self, sender: str) -> None:
        leases = [lease for lease, _ in self.owners[sender].claims]
        held = [lease for lease in leases if self._holds(lease)]
        with self.db.write() as session:
            kept = renew_leases(session, sender, leases, lease=LEASE, now=self.now)
        assert kept == {lease.chunk_id for lease in held}
        for lease in held:
            self.holders[lease.chunk_id] = (sender, lease.epoch, self.now + LEASE)

    @rule(sender=SENDERS)
    def crash(self, sender: str) -> None:
        self.owners[sender] = Owner()

    @rule(taker=SENDERS, chunks=st.integers(1, 2), tidy=st.booleans())
    def oversleep(self, taker: str, chunks: int, tidy: bool = False) -> None:
        """All pause for longer than a lease, and one wakes up first; it may give back what it had
        only afterwards.
        """
        before = list(self.owners[taker].claims)
        self.let_time_pass(2 * LEASE)
        for _ in range(chunks):
            self.lease(taker)
        for claim in before if tidy else []:
            self._finish(taker, claim)

    @rule(sender=SENDERS, pick=PICK, by_log=st.booleans())
    def send_a_doubt_again(self, sender: str, pick: int, by_log: bool) -> None:
        """A person or a log says so when nobody works on it, and it gets another dot."""
        doubts = [id for id, row in self.rows.items() if row.state is UNCERTAIN]
        if not doubts:
            return
        number = sorted(self.rows).index(choose(doubts, pick))
        self.let_time_pass(2 * LEASE)
        if by_log:
            self.evidence_comes(number, False)
        else:
            self.person_decides(number, PENDING)
        self.oversleep(sender, 2)
        for number in range(len(self.owners[sender].claims)):
            self.commit_dots(sender, number, 3)
            self.write_a_dot(sender, number, "250")
        while self.late:  # now of all times the network gives back what it held
            self.late_dot_arrives(0)

    @rule(jump=st.sampled_from(JUMPS))
    def let_time_pass(self, jump: timedelta) -> None:
        self.clock.advance(jump)
        if not self.db.is_sqlite:  # its own clock says when leases run out
            with self.db.write() as session:
                session.execute(update(Chunk).values(lease_until=Chunk.lease_until - literal(jump)))

    @rule(pick=PICK)
    def reader_leaves_or_returns(self, pick: int) -> None:
        id = sorted(self.rows)[pick % len(self.rows)]
        self.away ^= {id}
        state = SubscriptionState.UNSUBSCRIBED if id in self.away else SubscriptionState.ACTIVE
        with self.db.write() as session:
            session.get_one(Subscription, self.readers[id]).state = state

    @rule(paused=st.booleans())
    def pause_or_resume(self, paused: bool) -> None:
        with self.db.write() as session:
            (pause_issue if paused else resume_issue)(session, self.issue_id)

    @precondition(lambda self: self.now > START + timedelta(minutes=5))
    @rule(sure=st.integers(0, 5))
    def stop(self, sure: int) -> None:
        if sure:
            return  # seldom, or little else would happen
        with self.db.write() as session:
            if stop_issue(session, self.issue_id, self.now):
                stop_rows(session, self.issue_id, self.now)
        self._follow({(PENDING, SKIPPED), (DOTTED, UNCERTAIN)})

    @rule()
    def tick(self) -> None:
        """What the sender does about doubts and finished issues with every tick."""
        if self._issue().state is not IssueState.SENDING:
            return
        with self.db.write() as session:
            resolve_overdue(
                session, self.issue_id, policy=self.policy, patience=PATIENCE, now=self.now
            )
        allowed = {(UNCERTAIN, ACCEPTED), (UNCERTAIN, REJECTED)}  # by what was said of it before
        if self.policy == "resend":
            allowed |= {(UNCERTAIN, PENDING)}
        if self._issue().stopped_at:
            allowed |= {(PENDING, SKIPPED), *((DOTTED, end) for end in ENDS)}
        self._follow(allowed)
        self._close_if_finished()

    def _close_if_finished(self) -> None:
        with self.db.write() as session:
            sums = count_sums(session, self.issue_id)
            if not (sums.open or sums.uncertain):
                assert move_issue(session, self.issue_id, to=IssueState.SENT, sent_at=self.now)

    @rule(pick=PICK, bounced=st.booleans())
    def evidence_comes(self, pick: int, bounced: bool) -> None:
        """A witness tells the truth; what becomes of it is the ledger's judgement."""
        id = sorted(self.rows)[pick % len(self.rows)]
        kind = EvidenceKind.UNKNOWN_TO_RELAY
        if self.rows[id].arrived:
            kind = EvidenceKind.REFUSED if bounced else EvidenceKind.ACCEPTED
        before = self.rows[id].state
        with self.db.write() as session:
            to = apply_evidence(session, Evidence(id, kind, "witness", self.now), self.now)
        assert to is None or before is UNCERTAIN
        if to is PENDING:
            assert not self.rows[id].arrived
            assert self._is_idle(id)
            self._wake(id)
        if to is not None:
            self.rows[id].state, self.rows[id].trusted = to, True

    @rule(pick=PICK, to=st.sampled_from([ACCEPTED, REJECTED, PENDING]))
    def person_decides(self, pick: int, to: Any) -> None:
        id = sorted(self.rows)[pick % len(self.rows)]
        row, idle = self.rows[id], self._is_idle(id)
        try:
            with self.db.write() as session:
                done = settle_doubt(session, id, to, by="an editor", now=self.now)
        except Refused:
            assert self._issue().stopped_at is not None
            assert to is PENDING
            return
        assert done == (row.state is UNCERTAIN and (to is not PENDING or idle))
        if done:
            self._moved(id, to)

    @invariant()
    def everybody_is_accounted_for(self) -> None:
        if self.rows:
            assert self._states() == {id: row.state for id, row in self.rows.items()}
            self.looks += 1
            if self.looks % VERIFIED_EVERY:
                return
            with self.db.read() as session:
                assert verify_issue(session, self.issue_id) == []

    @invariant()
    def accepted_is_never_said_of_a_copy_that_did_not_arrive(self) -> None:
        for row in self.rows.values():
            assert row.state is not ACCEPTED or row.arrived or not row.trusted

    def teardown(self) -> None:
        """Whatever happened, one healthy sender brings every row to an end."""
        if not self.rows:
            return
        for name in self.owners:
            self.crash(name)
        with self.db.write() as session:
            resume_issue(session, self.issue_id)
        for _ in range(4 * len(self.rows) + 4):
            self.let_time_pass(timedelta(hours=5))
            self.tick()
            self._send_all()
            if not self._open():
                break
        for _ in range(VERIFIED_EVERY):
            self.everybody_is_accounted_for()
        assert not self._open(), "rows that no sender ever comes to"

    def _open(self) -> list[int]:
        return [id for id, row in self.rows.items() if row.state in {PENDING, DOTTED}]

    def _send_all(self) -> None:
        owner = self.owners["one"]
        for _ in range(2 * len(self.rows)):
            self.lease("one")
            while owner.claims:
                ids = owner.claims[0][1]
                while ids:
                    if ids[-1] in self.away:
                        self.settle_before_the_dot("one", 0, SKIPPED)
                    else:
                        ids.insert(0, ids.pop())
                        self.commit_dots("one", 0, 1)
                        self.write_a_dot("one", 0, "250")
                        self.settle_an_answer("one", 0)
                self.finish_a_chunk("one", 0, False)


def play(db: Database, examples: int, steps: int) -> None:
    """Play so many examples; raises what the first broken promise raises, with its steps."""
    run_state_machine_as_test(
        lambda: LedgerMachine(db),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

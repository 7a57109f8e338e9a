"""One Friday, told from the top: open the due slots, freeze the audience, drain the ledger, close
what is finished.

Everything here may run in any number of processes at once, as often as anyone likes; rows decide
who gets to do what. docs/friday.md follows the same path with file names.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.clock import Clock, morning_in
from digest.config import Config, NewsletterConfig
from digest.curation.issues import find_issue_on, list_due_extras, move_issue
from digest.curation.newsletters import find_newsletter
from digest.db import Database
from digest.delivery.alarms import Alarms
from digest.delivery.backends.base import Backend
from digest.delivery.ballast import Ballast
from digest.delivery.breaker.watch import Watch
from digest.delivery.claims import Claims
from digest.delivery.committer import Committer
from digest.delivery.copies import Copies, choose_mirrors, load_renderings
from digest.delivery.drain import Drain
from digest.delivery.failover import list_relays
from digest.delivery.gate import Gate
from digest.delivery.home.guard import Home
from digest.delivery.ledger.corrected import hold_corrected
from digest.delivery.ledger.doubts import resolve_overdue
from digest.delivery.ledger.freeze import Mornings, freeze
from digest.delivery.ledger.joining import await_freeze
from digest.delivery.ledger.leases import has_due_chunk
from digest.delivery.ledger.results import as_kept
from digest.delivery.ledger.rows import Dot
from digest.delivery.ledger.sums import count_doubts_since, count_sums, has_work
from digest.delivery.slots import (
    Verdict,
    judge_slot,
    list_due_slots,
    list_slots_to_warn,
    mark_warned,
    plan_slots,
    settle_slot,
)
from digest.errors import BackendDown, Conflict, DigestError, Refused, RenderingFailed
from digest.keys import KeyRing
from digest.logs import bound
from digest.models import Issue, IssueState, Newsletter, Slot, SlotState
from digest.sealed import Sealer

log = logging.getLogger(__name__)

SETTLED = {
    Verdict.FIRE: SlotState.FIRED,
    Verdict.HOLD: SlotState.HELD,
    Verdict.MISS: SlotState.MISSED,
}


@dataclass(frozen=True, slots=True)
class Relay:
    """One configured way out, opened: its backend and how many connections it may have."""

    backend: Backend
    connections: int


class Sender:
    """Owns a Friday from the due slot to the last outcome; decides nothing that a row has not
    decided.
    """

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        config: Config,
        keys: KeyRing,
        sealer: Sealer,
        copies: Copies,
        relay: Callable[[str], Relay],
        owner: str,
        home: Home,
        ballast: Ballast,
    ) -> None:
        self._db = db
        self._home = home
        self._ballast = ballast
        self._clock = clock
        self._config = config
        self._keys = keys
        self._copies = copies
        self._relay = relay
        self._owner = owner
        self._alarms = Alarms(config, sealer)
        self._watch = Watch(config, sealer)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._committer = Committer(db, clock, self._thread, self._witness)

    def tick(self) -> None:
        """Plan slots, open what is due, warn about what is not approved, close what is finished;
        never drains. Nothing of it where the database is not at home.
        """
        now = self._clock.now()
        self._ballast.look()
        with self._db.write() as session:
            if (since := self._ballast.short_since(session)) is not None:
                self._alarms.disk_full(session, since, now)
            if not self._home.admit(session, tick=True):
                return
            for configured in self._config.newsletters:
                newsletter = find_newsletter(session, configured.slug)
                plan_slots(session, newsletter, configured.schedule.as_schedule(), now)
        self.open_due_slots(now)
        self._warn_unapproved(now)
        self.close_finished(now)

    def open_due_slots(self, now: datetime) -> None:
        """Fire, hold or miss every slot whose moment has come, and start the extras that are
        due.
        """
        newsletters = self._newsletter_ids(self._config.newsletters)
        with self._db.read() as session:
            slots = [slot.id for slot in list_due_slots(session, newsletters, now)]
            extras = [issue.id for issue in list_due_extras(session, newsletters, now)]
        for slot_id in slots:
            self._on_its_own("slot", slot_id, self._open_slot, now)
        for issue_id in extras:
            self._on_its_own("issue", issue_id, self._open_extra, now)

    def _on_its_own(
        self, what: str, id: int, work: Callable[[Session, int, datetime], None], now: datetime
    ) -> None:
        """Do one thing in one transaction; what goes wrong there must not keep others waiting."""
        with bound(**{what: id}):
            try:
                with self._db.write() as session:
                    work(session, id, now)
            except DigestError as error:
                log.error("%s not opened or closed: %s", what, error)

    def _open_slot(self, session: Session, slot_id: int, now: datetime) -> None:
        """Settle one slot and, in the same transaction, start its issue: all of it happens, or
        nothing.
        """
        slot = session.get_one(Slot, slot_id)
        # Locked, so that no editor changes it between the judgement and the freeze.
        issue = find_issue_on(session, slot.newsletter_id, slot.local_date, lock=True)
        verdict = judge_slot(
            slot.due_at,
            now=now,
            max_lateness=self._lateness,
            approved=issue is not None and _may_start(session, issue),
        )
        if not settle_slot(session, slot, SETTLED[verdict], now):
            return  # another process was faster, or an editor moved it
        if verdict is Verdict.FIRE and issue is not None:
            self._start(session, issue, now)
        else:
            self._alarms.slot_not_fired(session, slot, verdict, now)

    def _open_extra(self, session: Session, issue_id: int, now: datetime) -> None:
        issue = session.get_one(Issue, issue_id, with_for_update=True)
        if issue.send_at is None or issue.send_at > now:
            return
        verdict = judge_slot(
            issue.send_at,
            now=now,
            max_lateness=self._lateness,
            approved=_may_start(session, issue),
        )
        if verdict is Verdict.FIRE:
            self._start(session, issue, now)
            return
        # Its moment is over: who approves it later does not send it by that.
        issue.send_at = None
        self._alarms.extra_not_sent(session, issue, verdict, now)

    @property
    def _lateness(self) -> timedelta:
        return timedelta(hours=self._config.scheduler.max_lateness_hours)

    def _start(self, session: Session, issue: Issue, now: datetime) -> None:
        """Turn an approved issue into ledger rows for its audience; Conflict when it is not
        approved any more.
        """
        if not move_issue(
            session,
            issue.id,
            to=IssueState.SENDING,
            sending_at=now,
            message_key_id=self._keys.message[0].id,
            mirrors=choose_mirrors(session, issue, self._config),
        ):
            raise Conflict(f"number {issue.number} was changed at the last moment")
        await_freeze(session, issue.newsletter_id, freezing=True)
        if issue.corrects_id is not None:
            hold_corrected(session, issue.corrects_id)
        count = freeze(
            session,
            issue.id,
            issue.newsletter_id,
            not_before=now,
            now=now,
            chunk_rows=self._config.delivery.chunk_rows,
            mornings=self._mornings(session, issue),
            corrects=issue.corrects_id,
        )
        session.refresh(issue)
        issue.audience_count = count
        log.info("issue frozen", extra={"fields": {"issue": issue.id, "audience": count}})

    def _mornings(self, session: Session, issue: Issue) -> Mornings | None:
        """Return when it is morning where a reader is, None where that does not matter: an extra is
        sent at its moment, to all.
        """
        slug = session.get_one(Newsletter, issue.newsletter_id).slug
        schedule = self._config.newsletter(slug).schedule.as_schedule()
        if issue.slot_date is None or not schedule.readers_morning:
            return None
        return partial(morning_in, schedule, issue.slot_date)

    def _warn_unapproved(self, now: datetime) -> None:
        newsletters = self._newsletter_ids(self._config.newsletters)
        with self._db.write() as session:
            for slot, name in list_slots_to_warn(session, newsletters, now):
                issue = find_issue_on(session, slot.newsletter_id, slot.local_date)
                if issue is None or issue.state is not IssueState.APPROVED:
                    self._alarms.not_approved(session, slot, name, now)
                mark_warned(session, slot, name)

    async def drain(self, stop: asyncio.Event, *, until_idle: bool = False) -> None:
        """Hand over what is due through every relay; see Drain.run for how it ends.

        Relays do not know of each other: one that fails raises when the others have ended too, and
        when they have had another look at what it left; not at all when they left nothing.
        """
        names = self.relay_names()
        failed = await self._drain_all(names, stop, until_idle=until_idle)
        rest = [name for name in names if name not in failed]
        if failed and rest and until_idle:
            await self._drain_all(rest, stop, until_idle=True)
            if not await asyncio.to_thread(self._is_work_due):
                return
        for error in failed.values():
            raise error

    async def _drain_all(
        self, names: Sequence[str], stop: asyncio.Event, *, until_idle: bool
    ) -> dict[str, BackendDown]:
        """Drain these relays and return those that are down; raises what else went wrong."""
        results = await asyncio.gather(
            *(self.drain_relay(name, stop, until_idle=until_idle) for name in names),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, BackendDown):
                raise result
        pairs = zip(names, results, strict=True)
        return {name: result for name, result in pairs if isinstance(result, BackendDown)}

    def _is_work_due(self) -> bool:
        newsletters = self._newsletter_ids(self._config.newsletters)
        with self._db.read() as session:
            return has_due_chunk(session, newsletters, self._clock.now())

    async def drain_relay(
        self,
        name: str,
        stop: asyncio.Event,
        *,
        until_idle: bool = False,
        beat: Callable[[], None] | None = None,
    ) -> None:
        """Hand over what is due through one relay; see Drain.run for how it ends and for `beat`."""
        with bound(relay=name):
            await self._drain_of(name).run(stop, until_idle=until_idle, beat=beat)

    def relay_names(self) -> Sequence[str]:
        """Return the relays that newsletters use, spare ones included."""
        return sorted({name for n in self._config.newsletters for name in list_relays(n)})

    def _drain_of(self, name: str) -> Drain:
        relay = self._relay(name)
        gate = Gate(name, self._config, self._watch, self._may_send)
        claims = Claims(
            db=self._db,
            clock=self._clock,
            thread=self._thread,
            owner=self._owner,
            gate=gate,
            lease=timedelta(seconds=self._config.delivery.lease_seconds),
            prepare=self._copies.prepare,
            low_water=relay.connections,
        )
        return Drain(
            db=self._db,
            clock=self._clock,
            gate=gate,
            settings=self._config.delivery,
            backend=relay.backend,
            connections=relay.connections,
            claims=claims,
            committer=self._committer,
            copies=self._copies,
            jitter=random.Random(),  # noqa: S311 - spreads retries, guards nothing
        )

    def _may_send(self, session: Session) -> bool:
        """Whether anything may be sent at all: the database is at home, and its disk has room."""
        return self._home.admit(session) and self._ballast.short_since(session) is None

    def _witness(self, dot: Dot) -> None:
        self._home.witness(dot.lease.issue_id, dot.delivery_id, dot.lease.epoch)

    def _newsletter_ids(self, configured: Iterable[NewsletterConfig]) -> list[int]:
        slugs = [newsletter.slug for newsletter in configured]
        with self._db.read() as session:
            return list(session.scalars(select(Newsletter.id).where(Newsletter.slug.in_(slugs))))

    def close_finished(self, now: datetime) -> None:
        """Mark issues sent whose rows are all settled and whose doubts are resolved or have had
        their time.
        """
        with self._db.read() as session:
            if self._home.hold(session) is not None:
                return
            sending = session.scalars(
                select(Issue.id).where(Issue.state == IssueState.SENDING)
            ).all()
        for issue_id in sending:
            self._on_its_own("issue", issue_id, self._resolve_doubts, now)
        with self._db.read() as session:
            # Its rows are added up only when no chunk has work: a million of them take a while.
            finished = [id for id in sending if not has_work(session, id)]
        for issue_id in finished:
            self._on_its_own("issue", issue_id, self._close_issue, now)

    def _resolve_doubts(self, session: Session, issue_id: int, now: datetime) -> None:
        used = self.relay_names()
        resolve_overdue(
            session,
            issue_id,
            policy=self._config.delivery.uncertain,
            patience=timedelta(hours=self._config.delivery.uncertain_hours),
            now=now,
            idempotent=[name for name in used if self._relay(name).backend.idempotent],
        )

    def _close_issue(self, session: Session, issue_id: int, now: datetime) -> None:
        # Locked, so that no copy is opened again between the sums and the end.
        session.get_one(Issue, issue_id, with_for_update=True)
        patience = timedelta(hours=self._config.delivery.uncertain_hours)
        if count_doubts_since(session, issue_id, now - patience) or has_work(session, issue_id):
            return
        sums = count_sums(session, issue_id)
        if sums.open or not sums.balanced:
            raise Refused(f"it does not balance and stays open: {sums}")
        if move_issue(session, issue_id, to=IssueState.SENT, sent_at=now, sums=as_kept(sums)):
            log.info("issue sent: %s", sums, extra={"fields": {"issue": issue_id}})

    def close(self) -> None:
        """End the ledger's thread."""
        self._thread.shutdown()
        self._committer.close()


def _may_start(session: Session, issue: Issue) -> bool:
    """Whether an issue is approved and its stored bytes are still those; Friday sends no others."""
    if issue.state is not IssueState.APPROVED:
        return False
    try:
        load_renderings(session, issue)
    except (Refused, RenderingFailed) as error:
        log.error("issue not sent: %s", error, extra={"fields": {"issue": issue.id}})
        return False
    return True

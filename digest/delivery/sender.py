"""One Friday, told from the top: open the due slots, freeze the audience, drain the ledger, close
what is finished.

Everything here may run in any number of processes at once, as often as anyone likes; rows decide
who gets to do what. docs/friday.md follows the same path with file names.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.config import Config, NewsletterConfig
from digest.curation.issues import find_issue_on, list_due_extras, move_issue
from digest.curation.newsletters import find_newsletter
from digest.db import Database
from digest.delivery.backends.base import Backend
from digest.delivery.claims import Claims
from digest.delivery.committer import Committer
from digest.delivery.copies import Copies, load_renderings
from digest.delivery.drain import Drain
from digest.delivery.ledger.freeze import freeze
from digest.delivery.ledger.sums import count_doubts_since, count_sums
from digest.delivery.slots import (
    Verdict,
    judge_slot,
    list_due_slots,
    list_slots_to_warn,
    mark_warned,
    plan_slots,
    settle_slot,
)
from digest.errors import Refused, RenderingFailed
from digest.keys import KeyRing
from digest.models import Issue, IssueState, Newsletter, Slot, SlotState
from digest.outbox import NoticeText, enqueue
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
    ) -> None:
        self._db = db
        self._clock = clock
        self._config = config
        self._keys = keys
        self._sealer = sealer
        self._copies = copies
        self._relay = relay
        self._owner = owner
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._committer = Committer(db, clock, self._thread)

    def tick(self) -> None:
        """Plan slots, open what is due, warn about what is not approved, close what is finished;
        never drains.
        """
        now = self._clock.now()
        with self._db.write() as session:
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
        with self._db.read() as session:
            slots = list(list_due_slots(session, now))
            extras = list_due_extras(session, now)
        for slot in slots:
            with self._db.write() as session:
                self._open_slot(session, slot, now)
        for issue in extras:
            with self._db.write() as session:
                current = session.get_one(Issue, issue.id)
                if _bytes_are_approved(session, current):
                    self._start(session, current, now)

    def _open_slot(self, session: Session, slot: Slot, now: datetime) -> None:
        """Settle one slot and, in the same transaction, start its issue: all of it happens, or
        nothing.
        """
        issue = find_issue_on(session, slot.newsletter_id, slot.local_date)
        approved = (
            issue is not None
            and issue.state is IssueState.APPROVED
            and _bytes_are_approved(session, issue)
        )
        lateness = timedelta(hours=self._config.scheduler.max_lateness_hours)
        verdict = judge_slot(slot.due_at, now=now, max_lateness=lateness, approved=approved)
        if not settle_slot(session, slot, SETTLED[verdict], now):
            return  # another process was faster
        if verdict is Verdict.FIRE and issue is not None:
            self._start(session, issue, now)
        else:
            self._alarm(session, slot, verdict, now)

    def _start(self, session: Session, issue: Issue, now: datetime) -> None:
        """Turn an approved issue into ledger rows for its audience, unless another process did."""
        started = move_issue(
            session,
            issue.id,
            to=IssueState.SENDING,
            sending_at=now,
            message_key_id=self._keys.message[0].id,
        )
        if not started:
            return
        count = freeze(
            session,
            issue.id,
            issue.newsletter_id,
            not_before=now,
            now=now,
            chunk_rows=self._config.delivery.chunk_rows,
        )
        session.refresh(issue)
        issue.audience_count = count
        log.info("issue frozen", extra={"fields": {"issue": issue.id, "audience": count}})

    def _alarm(self, session: Session, slot: Slot, verdict: Verdict, now: datetime) -> None:
        what = {
            Verdict.HOLD: "was held: no approved issue was there",
            Verdict.MISS: "was missed: its moment passed while nothing was running",
        }[verdict]
        log.error("slot %s", what, extra={"fields": {"slot": slot.local_date}})
        self._alert(
            session,
            slot,
            subject=f"The issue of {slot.local_date} {what.partition(':')[0]}",
            body=f"The issue of {slot.local_date} {what}. Nothing was sent.\n\n"
            "To send it after all: approve it, then digest issue schedule … --now\n",
            key=f"slot-{slot.id}-{verdict}-{slot.due_at:%Y%m%d%H%M}",
            now=now,
        )

    def _warn_unapproved(self, now: datetime) -> None:
        with self._db.write() as session:
            for slot, name in list_slots_to_warn(session, now):
                issue = find_issue_on(session, slot.newsletter_id, slot.local_date)
                if issue is None or issue.state is not IssueState.APPROVED:
                    self._alert(
                        session,
                        slot,
                        subject=f"No approved issue for {slot.local_date}",
                        body=f"The issue of {slot.local_date} is due at "
                        f"{slot.due_at:%Y-%m-%d %H:%M} UTC and nothing is approved for it yet.\n",
                        key=f"slot-{slot.id}-warn-{name}",
                        now=now,
                    )
                mark_warned(session, slot, name)

    def _alert(
        self, session: Session, slot: Slot, *, subject: str, body: str, key: str, now: datetime
    ) -> None:
        slug = session.get_one(Newsletter, slot.newsletter_id).slug
        for number, address in enumerate(self._config.newsletter(slug).alerts):
            enqueue(
                session,
                self._sealer,
                kind="alert",
                newsletter_slug=slug,
                address=address,
                text=NoticeText(subject, body),
                dedupe_key=f"{key}-{number}",
                now=now,
            )

    async def drain(self, stop: asyncio.Event, *, until_idle: bool = False) -> None:
        """Hand over what is due, each relay on its own; see Drain.run for how it ends."""
        drains = [self._drain_of(name) for name in self._relay_names()]
        await asyncio.gather(*(drain.run(stop, until_idle=until_idle) for drain in drains))

    def _relay_names(self) -> Iterable[str]:
        return sorted({newsletter.relay for newsletter in self._config.newsletters})

    def _drain_of(self, name: str) -> Drain:
        relay = self._relay(name)
        claims = Claims(
            db=self._db,
            clock=self._clock,
            thread=self._thread,
            owner=self._owner,
            newsletter_ids=self._newsletter_ids(
                [n for n in self._config.newsletters if n.relay == name]
            ),
            lease=timedelta(seconds=self._config.delivery.lease_seconds),
            prepare=self._copies.prepare,
        )
        return Drain(
            clock=self._clock,
            settings=self._config.delivery,
            backend=relay.backend,
            connections=relay.connections,
            claims=claims,
            committer=self._committer,
            copies=self._copies,
            jitter=random.Random(),  # noqa: S311 - spreads retries, guards nothing
        )

    def _newsletter_ids(self, configured: Iterable[NewsletterConfig]) -> list[int]:
        slugs = [newsletter.slug for newsletter in configured]
        with self._db.read() as session:
            return list(session.scalars(select(Newsletter.id).where(Newsletter.slug.in_(slugs))))

    def close_finished(self, now: datetime) -> None:
        """Mark issues sent whose rows are all settled and whose doubts are resolved or have had
        their time.
        """
        patience = timedelta(hours=self._config.delivery.uncertain_hours)
        with self._db.read() as session:
            sending = session.scalars(
                select(Issue.id).where(Issue.state == IssueState.SENDING)
            ).all()
        for issue_id in sending:
            with self._db.write() as session:
                sums = count_sums(session, issue_id)
                if sums.open or count_doubts_since(session, issue_id, now - patience):
                    continue
                if not sums.balanced:
                    raise Refused(f"issue {issue_id} does not balance and stays open: {sums}")
                if move_issue(session, issue_id, to=IssueState.SENT, sent_at=now):
                    log.info("issue sent: %s", sums, extra={"fields": {"issue": issue_id}})

    def close(self) -> None:
        """End the ledger's thread."""
        self._thread.shutdown()


def _bytes_are_approved(session: Session, issue: Issue) -> bool:
    """Whether the stored Renderings still hash to what was approved; Friday sends nothing else."""
    try:
        load_renderings(session, issue)
    except (Refused, RenderingFailed) as error:
        log.error("issue not sent: %s", error, extra={"fields": {"issue": issue.id}})
        return False
    return True

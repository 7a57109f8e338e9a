"""Takes in what comes back: finds its row, decides, acts and puts it on record, all in the caller's
transaction, which must be committed before the message or the request is done with.

The only writer of feedback_events. What was told before changes nothing. That a copy was delivered
or is late is evidence for a row in doubt and is not kept: there may be a million of them.
"""

import json
import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from digest.config import Config, FeedbackConfig
from digest.delivery.feedback.classes import BounceClass, classify
from digest.delivery.feedback.deciding import Consequence, Trial, Trouble, decide, survived
from digest.delivery.feedback.events import Feedback, FeedbackKind, FeedbackReason
from digest.delivery.feedback.finding import LINK, Found, Keys, find_copy
from digest.delivery.feedback.reach import Reach
from digest.delivery.feedback.suspending import end_suspension, suspend
from digest.delivery.feedback.trials import find_trouble, is_counted, list_trials
from digest.delivery.ledger.doubts import apply_evidence
from digest.delivery.ledger.leases import record_events
from digest.delivery.ledger.weighing import Evidence, EvidenceKind
from digest.delivery.outcome import short_reply
from digest.errors import NotFound
from digest.inserts import insert_new_returning
from digest.keys import KeyRing
from digest.models import (
    ConsentEvent,
    FeedbackEvent,
    FeedbackVerdict,
    Subscriber,
    Subscription,
    SuppressionReason,
)
from digest.sealed import Sealer
from digest.subscribers.consent import ConsentKind
from digest.subscribers.lifecycle import leave
from digest.subscribers.suppression import lift_indexes, suppress_index, suppress_subscriber
from digest.tokens import TokenSigner

log = logging.getLogger(__name__)

SESSION = "session"  # what the next hop refused at once; the row's own story says so already
EVIDENCE = {
    FeedbackKind.DELIVERED: EvidenceKind.ACCEPTED,
    FeedbackKind.DEFERRED: EvidenceKind.ACCEPTED,  # whoever tries it has taken it
    FeedbackKind.COMPLAINED: EvidenceKind.ACCEPTED,
    FeedbackKind.BOUNCED: EvidenceKind.REFUSED,
}
KEPT = frozenset({FeedbackKind.BOUNCED, FeedbackKind.COMPLAINED, FeedbackKind.UNSUBSCRIBED})
# Since which no earlier copy says anything of the mailbox.
PROVED = (ConsentKind.CONFIRMED.value, ConsentKind.MOVED.value)
MOVED = (ConsentKind.MOVED.value,)


@dataclass(frozen=True, slots=True)
class Rules:
    """What `take` needs to know beside the events: the keys, and what follows after how much."""

    keys: Keys
    feedback: FeedbackConfig

    @classmethod
    def of(cls, config: Config, ring: KeyRing, sealer: Sealer, signer: TokenSigner) -> "Rules":
        """Return the rules of an instance."""
        hosts = {each.slug: each.host for each in config.newsletters}
        return cls(Keys(ring, sealer, signer, hosts), config.feedback)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of events: how many were told before, belong to nobody we know or can prove,
    were noted, counted, suspended or suppressed a reader, took one out, or ended a doubt.
    """

    doubled: int = 0
    unattributed: int = 0
    noted: int = 0
    scored: int = 0
    suspended: int = 0
    suppressed: int = 0
    left: int = 0
    settled: int = 0

    def __add__(self, other: "Taken") -> "Taken":
        """Return both together."""
        return Taken(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def take(
    session: Session,
    rules: Rules,
    provider: str,
    events: Sequence[Feedback],
    now: datetime,
    *,
    trusted: bool = True,
    reach: Reach | None = None,
) -> Taken:
    """Take in what `provider` tells (its short name, such as ``postmark``), and return what
    followed.

    `trusted`: the provider's request was verified. False for what came by mail, which counts only
    with the proof that `finding` asks for. `reach`: whose mail the provider may speak about; None
    for everybody's.
    """
    counts: Counter[str] = Counter()
    for event in events:
        detail = _without_name(short_reply(event.detail), event.recipient)
        known = replace(event, detail=detail)
        counts.update(_Taking(session, rules, provider, known, now, trusted, reach).take())
    return Taken(**counts)


def _without_name(text: str, address: str) -> str:
    """Return a text without what stands before the @ of its reader: servers like to repeat it."""
    local = address.partition("@")[0]
    if len(local) < 2 or local.casefold() not in text.casefold():  # nearly always
        return text
    return re.sub(rf"(?<!\w){re.escape(local)}(?!\w)", "‹reader›", text, flags=re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Taking:
    """One event's part of the transaction."""

    session: Session
    rules: Rules
    provider: str
    event: Feedback
    now: datetime
    trusted: bool
    reach: Reach | None

    def take(self) -> list[str]:
        """Do what follows, and return the names of what to count."""
        event = self.event
        found = find_copy(self.session, self.rules.keys, event, trusted=self.trusted)
        if found is not None and self.reach is not None:
            hosts = self.rules.keys.hosts.values()
            found = found if self.reach.holds(self.session, found, event, hosts) else None
        settled = ["settled"] if found and self._settle_doubt(found) else []
        if event.kind not in KEPT:
            return settled or ["noted" if found else "unattributed"]
        row = self._record(found)
        if row is None:
            return ["doubled", *settled]
        if found is not None:
            self._act(row, found)
            if found.delivery_id is not None and self.provider != SESSION:
                story = (found.delivery_id, f"feedback {event.kind}", row.detail)
                record_events(self.session, [story], self.now)
        self.session.flush()
        log.info("feedback", extra={"fields": {"kind": event.kind, "verdict": row.verdict.value}})
        return [row.verdict.value, *settled]

    def _settle_doubt(self, found: Found) -> bool:
        """Let the event speak for a row in doubt."""
        kind = EVIDENCE.get(self.event.kind)
        if kind is None or found.delivery_id is None or found.by == "recipient":
            return False  # a guessed copy proves nothing
        source = f"{self.provider}: {self.event.kind}"
        queue_id = self.event.message_id if kind is EvidenceKind.ACCEPTED else ""
        evidence = Evidence(found.delivery_id, kind, source, self.event.at, queue_id)
        return apply_evidence(self.session, evidence, self.now) is not None

    def _record(self, found: Found | None) -> FeedbackEvent | None:
        """Put the event on record; None when it was told before."""
        event = self.event
        reader = self._reader(found)
        values = {
            "provider": self.provider[:20],
            "digest": self._told(),
            "kind": event.kind.value,
            "class_": "",
            "status": event.status[:12],
            "detail": self._said(reader),
            "found_by": found.by if found else "",
            "verdict": FeedbackVerdict.NOTED if found else FeedbackVerdict.UNATTRIBUTED,
            "subscriber_id": reader.id if reader else None,
            "delivery_id": found.delivery_id if found else None,
            "issue_id": found.issue_id if found else None,
            "at": min(event.at, self.now),
            "received_at": self.now,
        }
        return self.session.scalar(insert_new_returning(self.session, FeedbackEvent), values)

    def _reader(self, found: Found | None) -> Subscriber | None:
        """Return the reader as they are now; None where they were erased since."""
        known = found.subscriber_id if found else None
        return None if known is None else self.session.get(Subscriber, known)

    def _said(self, reader: Subscriber | None) -> str:
        """Return the words of the event without the reader that we know by now."""
        if reader is None:
            return self.event.detail
        return _without_name(self.event.detail, self.rules.keys.sealer.open(reader.address_sealed))

    def _told(self) -> bytes:
        """Return what tells this event from every other of its provider (32 bytes)."""
        event = self.event
        named = [event.event_id]
        if not event.event_id:
            who = (event.recipient.lower(), event.token.lower())
            which = (event.message_id, event.reference, event.own_message_id)
            named = [event.kind.value, event.at.isoformat(), event.status, *who, *which]
        return self.rules.keys.sealer.index(f"feedback\0{json.dumps(named)}")

    def _act(self, row: FeedbackEvent, found: Found) -> None:
        """Do what follows from an event whose reader is known, and write it to its row."""
        if row.subscriber_id is None and found.address_index is None:
            return  # erased since
        if found.by == LINK:  # which leaves, and can do nothing else
            if self.event.kind is not FeedbackKind.BOUNCED and self._leave(found):
                row.verdict = FeedbackVerdict.LEFT
            return
        match self.event.kind:
            case FeedbackKind.COMPLAINED if self._is_overtaken(found, MOVED):
                pass  # it is about a mailbox that is not theirs any more
            case FeedbackKind.COMPLAINED:
                self._suppress(row, found, SuppressionReason.COMPLAINED)
                row.verdict = FeedbackVerdict.SUPPRESSED
            case FeedbackKind.UNSUBSCRIBED:
                if self._leave(found):
                    row.verdict = FeedbackVerdict.LEFT
            case _:
                self._bounce(row, found)

    def _leave(self, found: Found) -> bool:
        """Take the reader out of the newsletter whose copy it was."""
        public_id = self.session.scalar(
            select(Subscription.public_id).where(
                Subscription.subscriber_id == found.subscriber_id,
                Subscription.newsletter_id == found.newsletter_id,
            )
        )
        if public_id is None:
            return False
        leave(self.session, public_id, now=self.now, origin=f"feedback from {self.provider}")
        return True

    def _bounce(self, row: FeedbackEvent, found: Found) -> None:
        kind = class_of(self.event)
        if self._is_overtaken(found, PROVED):
            return
        if found.issue_id is None or found.began_at is None or row.subscriber_id is None:
            row.class_ = kind.value
            if kind is BounceClass.HARD:  # a notice, or a copy whose row is gone
                self._suppress(row, found, SuppressionReason.BOUNCED)
                row.verdict = FeedbackVerdict.SUPPRESSED
            return
        counted = kind is not BounceClass.HARD and is_counted(
            self.session, row.subscriber_id, found.issue_id
        )
        row.class_ = kind.value
        if counted:
            return  # the same issue, told of once more
        latest = Trial(found.issue_id, found.began_at, kind)
        remembered = timedelta(days=self.rules.feedback.remembered_days)
        trials = list_trials(self.session, row.subscriber_id, latest, remembered=remembered)
        row.verdict = self._follow(row, row.subscriber_id, trials, found)

    def _is_overtaken(self, found: Found, by: Sequence[str]) -> bool:
        """Tell whether the reader has proved since the copy left that the mailbox works, or has
        another one by now.
        """
        if found.subscriber_id is None:
            return False
        proved = self.session.scalar(
            select(func.max(ConsentEvent.at)).where(
                ConsentEvent.subscriber_id == found.subscriber_id, ConsentEvent.kind.in_(by)
            )
        )
        return proved is not None and proved > (found.dotted_at or self.event.at)

    def _follow(
        self, row: FeedbackEvent, subscriber_id: int, trials: Sequence[Trial], found: Found
    ) -> FeedbackVerdict:
        """Do what is decided; return what it was."""
        trouble = find_trouble(self.session, subscriber_id)
        if trouble.is_suspended and survived(trials, trouble):
            end_suspension(self.session, subscriber_id)
            trouble = Trouble()
        match decide(trials, trouble, self.rules.feedback):
            case Consequence.SUPPRESS:
                self._suppress(row, found, SuppressionReason.BOUNCED)
                return FeedbackVerdict.SUPPRESSED
            case Consequence.SUSPEND:
                probe_at = self.now + timedelta(days=self.rules.feedback.probe_days)
                suspend(
                    self.session,
                    subscriber_id,
                    now=self.now,
                    probe_at=probe_at,
                    detail=self._why(row.detail),
                )
                return FeedbackVerdict.SUSPENDED
            case Consequence.SCORE:
                return FeedbackVerdict.SCORED
            case _:
                return FeedbackVerdict.NOTED

    def _suppress(self, row: FeedbackEvent, found: Found, reason: SuppressionReason) -> None:
        """Suppress the address everywhere; a suspension of it is settled by that."""
        session, now, detail = self.session, self.now, self._why(row.detail)
        if found.subscriber_id is None:
            if found.address_index is not None:
                suppress_index(session, found.address_index, reason, now=now, detail=detail)
            return
        if find_trouble(session, found.subscriber_id).is_suspended:
            end_suspension(session, found.subscriber_id)
            index = session.get_one(Subscriber, found.subscriber_id).address_index
            lift_indexes(session, [index], {SuppressionReason.BOUNCED})
        try:
            suppress_subscriber(session, found.subscriber_id, reason, now=now, detail=detail)
        except NotFound:
            log.warning("feedback: its reader was erased meanwhile")

    def _why(self, detail: str) -> str:
        status = "" if self.event.status in detail else f"{self.event.status} "
        return f"{self.provider}: {status}{detail or self.event.kind.value}"


def class_of(event: Feedback) -> BounceClass:
    """Return the class of a bounce. A provider that calls an address dead is believed, unless the
    words say that it is about us.
    """
    said = classify(event.phase, event.code, event.status, event.detail)
    says_nothing = not event.status and not event.code
    if event.permanent and not event.status and said in {BounceClass.SOFT, BounceClass.MESSAGE}:
        return BounceClass.HARD
    if event.reason is FeedbackReason.BLOCKED and (says_nothing or said is BounceClass.SOFT):
        return BounceClass.POLICY
    if event.reason in {FeedbackReason.SPAM, FeedbackReason.OTHER} and says_nothing:
        return BounceClass.MESSAGE
    return BounceClass.HARD if event.permanent and said is BounceClass.SOFT else said

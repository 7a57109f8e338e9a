"""Rows in doubt: what ends a doubt is evidence, the newsroom's policy after a time, or a person.

The dot was written, or may have been, and no usable answer came: the copy is with the relay or it
is not, and looking again at our own side tells nothing. docs/decisions/0009 says what counts as
evidence. A reader's click never does. A row goes back to *pending* only while nobody works on its
chunk, whose next lease has a new epoch: a late answer to the old dot finds no row.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from digest.curation.issues import reopen_issue
from digest.delivery.ledger.idle import lock_idle_rows
from digest.delivery.ledger.leases import record_events
from digest.delivery.ledger.restored import RESTORED
from digest.delivery.ledger.stopping import stop_rows
from digest.delivery.ledger.weighing import Evidence, EvidenceKind, weigh
from digest.delivery.outcome import short_reply
from digest.errors import NotFound, Refused
from digest.models import Chunk, Delivery, DeliveryEvent, DeliveryState, Issue

log = logging.getLogger(__name__)

Policy = Literal["hold", "assume_accepted", "resend"]
By = Literal[DeliveryState.ACCEPTED, DeliveryState.PENDING, DeliveryState.REJECTED]

# A provider remembers an idempotency key for a day or so; a daemon that was off for longer must not
# count on it.
KEYS_KEPT = timedelta(hours=6)
RESENDS_MOST = 3  # of one row by policy; a relay that never answers must not get it for ever
SENT_AGAIN = "sent again"
UNCERTAIN = Delivery.state == DeliveryState.UNCERTAIN


@dataclass(frozen=True, slots=True)
class Doubt:
    """One row in doubt, as a person has to see it."""

    delivery_id: int
    subscriber_id: int
    since: datetime | None
    dotted_at: datetime | None
    relay: str
    why: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """How many doubts of an issue ended by evidence on record, were assumed accepted or sent again,
    and how many there are still.
    """

    by_evidence: int
    assumed: int
    resent: int
    left: int


def list_doubts(session: Session, issue_id: int, most: int | None = None) -> list[Doubt]:
    """Return an issue's rows in doubt, the oldest first, and no more than `most`."""
    rows = session.execute(
        select(
            Delivery.id,
            Delivery.subscriber_id,
            Delivery.done_at,
            Delivery.dotted_at,
            Delivery.relay,
            Delivery.reason,
            Delivery.reply,
        )
        .where(Delivery.issue_id == issue_id, UNCERTAIN)
        .order_by(Delivery.done_at, Delivery.id)
        .limit(most)
    )
    return [
        Doubt(id, reader, since, dotted, relay, ": ".join(filter(None, (reason, reply))))
        for id, reader, since, dotted, relay, reason, reply in rows
    ]


def apply_evidence(session: Session, evidence: Evidence, now: datetime) -> DeliveryState | None:
    """Let evidence change its row; return the new state, or None when it changed nothing.

    Evidence about a copy whose answer is still awaited is put on record: should that row come into
    doubt, `resolve_overdue` finds it. A negative changes nothing while the row's chunk is being
    worked on; give it again a minute later.
    """
    row = session.execute(
        select(Delivery.issue_id, Delivery.state, Delivery.attempt, Delivery.dotted_at).where(
            Delivery.id == evidence.delivery_id
        )
    ).first()
    if row is None:
        return None
    event = (f"evidence {evidence.kind}", evidence.source)
    if row.state is DeliveryState.DOTTED and evidence.kind is not EvidenceKind.UNKNOWN_TO_RELAY:
        _record(session, [evidence.delivery_id], event, now)
        return None
    to = weigh(evidence, row.state, row.dotted_at)
    # Of this very dot: the row may have been sent again since it was read.
    same = (Delivery.id == evidence.delivery_id, Delivery.attempt == row.attempt)
    if to is None:
        return None
    if to is DeliveryState.PENDING:
        done = _return_to_pending(session, row.issue_id, same, event, now)
    else:
        values = {"queue_id": evidence.queue_id[:80]} if evidence.queue_id else {}
        done = _end_doubts(session, same, to, "evidence", event, now, **values)
    return to if done else None


def settle_doubt(session: Session, delivery_id: int, to: By, *, by: str, now: datetime) -> bool:
    """Do what a person decided about a row in doubt; returns whether this call did it.

    NotFound for a row that is not there, Refused for sending again what was stopped. False when the
    row is in doubt no more, or when its chunk is being worked on right now and it is to be sent
    again.
    """
    found = session.execute(
        select(Delivery.issue_id, Issue.stopped_at)
        .join(Issue, Issue.id == Delivery.issue_id)
        .where(Delivery.id == delivery_id)
    ).first()
    if found is None:
        raise NotFound(f"there is no delivery {delivery_id}")
    event = ("settled by hand", f"{to.value} says {by}")
    only = (Delivery.id == delivery_id,)
    if to is not DeliveryState.PENDING:
        return bool(_end_doubts(session, only, to, "by hand", event, now))
    if found.stopped_at is not None:
        raise Refused("this issue was stopped: nothing of it is sent again")
    return bool(_return_to_pending(session, found.issue_id, only, event, now))


def resolve_overdue(
    session: Session,
    issue_id: int,
    *,
    policy: Policy,
    patience: timedelta,
    now: datetime,
    idempotent: Collection[str] = (),
) -> Resolved:
    """End the doubts of an issue that evidence on record, or the policy after `patience`, decides.

    Rows of relays in `idempotent` (their names) are sent again at once: there a second hand-over
    yields one copy. Of a stopped issue nothing is sent again, and its left-over rows are skipped.
    Locks the issue, so that what the caller counts afterwards stays true until it commits.
    """
    stopped = session.execute(
        select(Issue.stopped_at).where(Issue.id == issue_id).with_for_update()
    ).scalar_one()
    if stopped is not None:
        stop_rows(session, issue_id, now)
    if not _count(session, issue_id):
        return Resolved(0, 0, 0, 0)
    by_evidence = _recall_evidence(session, issue_id, now)
    overdue = (Delivery.issue_id == issue_id, Delivery.done_at <= now - patience)
    assumed, resent = 0, 0
    if policy == "assume_accepted":
        event = ("assumed accepted", f"no evidence for {patience}")
        assumed = len(_end_doubts(session, overdue, DeliveryState.ACCEPTED, "assumed", event, now))
    if stopped is None:
        resent = _resend(session, issue_id, idempotent, overdue if policy == "resend" else (), now)
    resolved = Resolved(by_evidence, assumed, resent, _count(session, issue_id))
    if by_evidence or assumed or resent:
        log.warning("rows in doubt: %s", resolved, extra={"fields": {"issue": issue_id}})
    return resolved


def _count(session: Session, issue_id: int) -> int:
    return session.scalar(select(func.count()).where(Delivery.issue_id == issue_id, UNCERTAIN)) or 0


def _recall_evidence(session: Session, issue_id: int, now: datetime) -> int:
    """Apply what was said about a copy before anybody was in doubt about it."""
    kinds = {f"evidence {kind}": kind for kind in (EvidenceKind.ACCEPTED, EvidenceKind.REFUSED)}
    recorded = session.execute(
        select(DeliveryEvent.delivery_id, DeliveryEvent.kind, DeliveryEvent.detail)
        .join(Delivery, Delivery.id == DeliveryEvent.delivery_id)
        .where(Delivery.issue_id == issue_id, UNCERTAIN, DeliveryEvent.kind.in_(kinds))
        .order_by(DeliveryEvent.id)
    ).all()
    said = [Evidence(id, kinds[kind], detail, now) for id, kind, detail in recorded]
    return sum(apply_evidence(session, evidence, now) is not None for evidence in said)


def _resend(
    session: Session,
    issue_id: int,
    idempotent: Collection[str],
    overdue: Sequence[ColumnElement[bool]],
    now: datetime,
) -> int:
    resends = (
        select(func.count())
        .where(DeliveryEvent.delivery_id == Delivery.id, DeliveryEvent.kind == SENT_AGAIN)
        .correlate(Delivery)
        .scalar_subquery()
    )
    # By policy: what was open in a database that was restored may long have been sent.
    few = and_(resends < RESENDS_MOST, Delivery.reason != RESTORED)
    fresh = Delivery.dotted_at >= now - KEYS_KEPT
    done = []
    if idempotent:
        event = (SENT_AGAIN, "its relay knows a copy when it sees it again")
        safe = (Delivery.relay.in_(idempotent), fresh, few)
        done += _return_to_pending(session, issue_id, safe, event, now)
    if overdue:
        event = (SENT_AGAIN, "by policy: no evidence in time")
        done += _return_to_pending(session, issue_id, (*overdue, few), event, now)
    return len(done)


def _end_doubts(
    session: Session,
    conditions: Sequence[ColumnElement[bool]],
    to: DeliveryState,
    reason: str,
    event: tuple[str, str],
    now: datetime,
    **values: Any,
) -> list[int]:
    ended = session.scalars(
        update(Delivery)
        .where(UNCERTAIN, *conditions)
        .values(state=to, reason=reason, next_at=None, done_at=now, **values)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    ).all()
    _record(session, ended, event, now)
    return list(ended)


def _return_to_pending(
    session: Session,
    issue_id: int,
    conditions: Sequence[ColumnElement[bool]],
    event: tuple[str, str],
    now: datetime,
) -> list[int]:
    """Send rows again, under the same Message-ID, and wake their chunks and their issue."""
    # The issue first: it must not be found finished between this and our commit.
    session.execute(select(Issue.id).where(Issue.id == issue_id).with_for_update())
    rows = lock_idle_rows(session, Delivery.issue_id == issue_id, UNCERTAIN, *conditions, now=now)
    for delivery_id, chunk_id in rows:
        session.execute(
            update(Delivery)
            .where(Delivery.id == delivery_id)
            # The retry window counts anew: it may long be over, and one greylisting would end it.
            .values(
                state=DeliveryState.PENDING, reason="", next_at=now, not_before=now, done_at=None
            )
        )
        # Without an owner, one that overslept cannot give the chunk back and forget this row.
        session.execute(
            update(Chunk)
            .where(Chunk.id == chunk_id)
            .values(next_at=now, owner=None, lease_until=None)
        )
    if rows:
        reopen_issue(session, issue_id)
    ids = [delivery_id for delivery_id, _ in rows]
    _record(session, ids, event, now)
    return ids


def _record(session: Session, ids: Sequence[int], event: tuple[str, str], now: datetime) -> None:
    kind, detail = event
    record_events(session, [(id, kind, short_reply(detail)) for id in ids], now)

"""Refusals in the session count as bounces do: what the ledger has written of them since the last
look is taken in, by the same judgement.

Works along the rows' stories, which grow by a line for each refusal, so that nobody has to look for
one among a million copies. The mark says how far it went.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from digest.delivery.feedback.events import Feedback, FeedbackKind, FeedbackReason, Phase
from digest.delivery.feedback.taking import SESSION, Rules, Taken, take
from digest.delivery.outcome import enhanced_status
from digest.models import Delivery, DeliveryEvent, DeliveryState, InstanceValue

MARK = "feedback: refusals"
STEP = 500  # lines in one transaction
# A transaction that began before may still write a line with a smaller number.
SETTLED = timedelta(minutes=2)
FINAL = (DeliveryState.REJECTED.value, DeliveryState.EXPIRED.value)
# A backend's own words for what never was on the wire.
OURS = frozenset({"size", "smtputf8", "message", "setup", "policy"})
DEAD = frozenset({"address", "inactive"})


def take_refusals(session: Session, rules: Rules, now: datetime) -> tuple[Taken, bool]:
    """Take in the next step of refusals; return what followed, and whether there may be more."""
    mark = session.get(InstanceValue, MARK, with_for_update=True)
    after = int(mark.value) if mark else 0
    found = _next_lines(session, after)
    lines = list(takewhile(lambda line: line.at <= now - SETTLED, found))
    if not lines:
        return Taken(), False
    events = [_event(line) for line in lines if line.kind in FINAL and _is_still_so(line)]
    taken = take(session, rules, SESSION, events, now)
    session.merge(InstanceValue(name=MARK, value=str(lines[-1].id), at=now))
    return taken, len(lines) == STEP


def _next_lines(session: Session, after: int) -> Sequence[Row[*tuple[object, ...]]]:
    return session.execute(
        select(
            DeliveryEvent.id,
            DeliveryEvent.kind,
            DeliveryEvent.at,
            Delivery.id.label("delivery_id"),
            Delivery.state,
            Delivery.code,
            Delivery.reply,
            Delivery.reason,
            Delivery.dotted_at,
            Delivery.done_at,
        )
        .join(Delivery, Delivery.id == DeliveryEvent.delivery_id)
        .where(DeliveryEvent.id > after)
        .order_by(DeliveryEvent.id)
        .limit(STEP)
    ).all()


def _is_still_so(line: Row[*tuple[object, ...]]) -> bool:
    return line.state in {DeliveryState.REJECTED, DeliveryState.EXPIRED}


def _event(line: Row[*tuple[object, ...]]) -> Feedback:
    return Feedback(
        kind=FeedbackKind.BOUNCED,
        at=line.done_at or line.at,
        recipient="",
        event_id=str(line.id),
        reference=f"delivery {line.delivery_id}",
        permanent=line.reason in DEAD,
        code=line.code or 0,
        status=enhanced_status(line.reply),
        phase=Phase.RCPT if line.dotted_at is None else Phase.DATA,
        detail=line.reply,
        reason=FeedbackReason.BLOCKED if line.reason in OURS else FeedbackReason.BOUNCED,
    )

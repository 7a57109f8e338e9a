"""What an outcome means for a ledger row: pure, one function per question."""

import random
from datetime import datetime, timedelta

from digest.delivery.ledger.rows import Settlement
from digest.delivery.outcome import (
    Accepted,
    Deferred,
    GiveUp,
    Outcome,
    Rejected,
    Scope,
    next_try,
    scope_of,
    short_reply,
)
from digest.models import DeliveryState


def blames_setup(outcome: Outcome | None) -> bool:
    """Whether a refusal speaks of our own set-up (authentication, syntax): then no row may pay for
    it.
    """
    return isinstance(outcome, Rejected) and scope_of(outcome.code, outcome.text) is Scope.SETUP


def settle_outcome(
    delivery_id: int,
    outcome: Outcome,
    *,
    epoch: int | None,
    attempt: int,
    now: datetime,
    window: timedelta,
    jitter: random.Random,
) -> Settlement:
    """Return how a row goes on after an outcome; `attempt` counts this try, `epoch` is None before
    the dot.
    """
    if isinstance(outcome, Accepted):
        # A queue id says all that such a reply has to say.
        reply = "" if outcome.queue_id else short_reply(outcome.text)
        return Settlement(
            delivery_id, DeliveryState.ACCEPTED, epoch, outcome.code, reply, outcome.queue_id[:80]
        )
    if isinstance(outcome, Rejected):
        reason = _reason(outcome)
        reply = short_reply(outcome.text)
        return Settlement(
            delivery_id, DeliveryState.REJECTED, epoch, outcome.code, reply, reason=reason
        )
    if isinstance(outcome, Deferred):
        decision = next_try(attempt, now=now, window=window, jitter=jitter)
        code, reply = outcome.code or None, short_reply(outcome.text)
        if isinstance(decision, GiveUp):
            return Settlement(
                delivery_id, DeliveryState.EXPIRED, epoch, code, reply, reason="deferred"
            )
        return Settlement(
            delivery_id, DeliveryState.PENDING, epoch, code, reply, next_at=decision.at
        )
    return Settlement(
        delivery_id,
        DeliveryState.UNCERTAIN,
        epoch,
        reply=short_reply(outcome.text),
        reason="no reply",
    )


def _reason(outcome: Rejected) -> str:
    """Keep a backend's own word; else say whom the refusal is about."""
    if outcome.reason != "refused":
        return outcome.reason[:40]
    scope = scope_of(outcome.code, outcome.text)
    return "refused" if scope is Scope.READER else scope.value

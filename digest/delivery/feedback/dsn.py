"""Delivery status notifications (RFC 3464) as Feedback: one event for each recipient's block. Pure.

==============================  ============================================================
Action                          becomes
==============================  ============================================================
failed                          bounced
delayed                         deferred: still being tried
delivered, relayed, expanded    delivered, as far as anybody will ever say
none, or a word of its own      by the status: 5.x.x bounced, 4.x.x deferred, 2.x.x delivered
==============================  ============================================================
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message

from digest.delivery.feedback.events import Feedback, FeedbackKind, Phase
from digest.delivery.feedback.parts import (
    Original,
    address_in,
    field,
    first_words,
    instant_in,
    original_of,
    parts_of,
    phase_in,
    reply_code,
)
from digest.delivery.outcome import enhanced_status, short_reply

MOST_RECIPIENTS = 50
ACTIONS = {
    "failed": FeedbackKind.BOUNCED,
    "failure": FeedbackKind.BOUNCED,
    "delayed": FeedbackKind.DEFERRED,
    "delivered": FeedbackKind.DELIVERED,
    "relayed": FeedbackKind.DELIVERED,
    "expanded": FeedbackKind.DELIVERED,
}
BY_CLASS = {
    "5": FeedbackKind.BOUNCED,
    "4": FeedbackKind.DEFERRED,
    "2": FeedbackKind.DELIVERED,
}
KIND = re.compile(r"^(?:smtp|x-[a-z]+)\s*;\s*", re.IGNORECASE)  # what kind of words follow
STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


def parse_dsn(message: Message, now: datetime) -> list[Feedback]:
    """Return what a report says of each recipient; an empty list when the message is no such
    report.
    """
    blocks = [block for part in parts_of(message) for block in _blocks(part)]
    about = next((block for block in blocks if "Reporting-MTA" in block), Message())
    each = [block for block in blocks if _is_recipients(block)][:MOST_RECIPIENTS]
    original = original_of(message)
    # What is said to people names the phase, of whom only where there is one recipient.
    phase = phase_in(first_words(message)) if len(each) == 1 else Phase.UNKNOWN
    return [event for block in each if (event := _event(block, about, original, phase, now))]


def _blocks(part: Message) -> Iterator[Message]:
    kinds = {"message/delivery-status", "message/global-delivery-status"}
    if part.get_content_type() in kinds:
        payload = part.get_payload()
        if isinstance(payload, list):
            yield from (block for block in payload if isinstance(block, Message))


def _is_recipients(block: Message) -> bool:
    return any(name in block for name in ("Final-Recipient", "Original-Recipient", "Action"))


def _event(
    block: Message, about: Message, original: Original, phase: Phase, now: datetime
) -> Feedback | None:
    said = KIND.sub("", field(block, "Diagnostic-Code")) or field(block, "Status")
    status = _status(block, said)
    kind = ACTIONS.get(field(block, "Action").lower().split(" ")[0]) or BY_CLASS.get(status[:1])
    if kind is None:
        return None
    at = instant_in(field(block, "Last-Attempt-Date") or field(about, "Arrival-Date"))
    return Feedback(
        kind=kind,
        at=min(at.astimezone(UTC), now) if at else now,
        recipient=_recipient(block, original),
        message_id=field(about, "X-Postfix-Queue-ID")[:80],
        reference=field(about, "Original-Envelope-Id")[:100],
        own_message_id=original.message_id,
        leave_token=original.leave_token,
        code=reply_code(said),
        status=status,
        phase=phase_in(said) or phase,
        detail=short_reply(said),
    )


def _status(block: Message, said: str) -> str:
    """Return the status, and where that says nothing, the one in the other server's own words."""
    match = STATUS.search(field(block, "Status"))
    status = match[0] if match else ""
    return (enhanced_status(said) or status) if status[2:] in {"", "0.0"} else status


def _recipient(block: Message, original: Original) -> str:
    for name in ("Original-Recipient", "Final-Recipient"):
        found = address_in(field(block, name).partition(";")[2] or field(block, name))
        if found:
            return found
    return original.recipient

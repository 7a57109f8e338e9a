"""Complaints in the Abuse Reporting Format (RFC 5965) as Feedback. Pure.

====================  =====================================================
Feedback-Type         becomes
====================  =====================================================
abuse, fraud          complained
opt-out               unsubscribed
virus, other          nothing: about a message, not a reader's word
not-spam              nothing: a reader took it out of the spam folder
auth-failure, dmarc   nothing: about our set-up (RFC 6591)
====================  =====================================================

Providers like to blacken the reader's address; the copy's own Message-ID, its return path and its
link to leave are usually left, and prove whose it is.
"""

from datetime import UTC, datetime
from email import message_from_string
from email.message import Message

from digest.delivery.feedback.events import Feedback, FeedbackKind, FeedbackReason
from digest.delivery.feedback.parts import (
    address_in,
    field,
    instant_in,
    original_of,
    parts_of,
    words_of,
)

COMPLAINT = (FeedbackKind.COMPLAINED, FeedbackReason.SPAM)
LEFT = (FeedbackKind.UNSUBSCRIBED, FeedbackReason.UNSUBSCRIBED)
KINDS = {
    "abuse": COMPLAINT,
    "fraud": COMPLAINT,
    "opt-out": LEFT,
    "opt-out-list": LEFT,
}


def find_report(message: Message) -> Message | None:
    """Return the fields of a feedback report in a message, or None when it is none."""
    for part in parts_of(message):
        if part.get_content_type() == "message/feedback-report":
            payload = part.get_payload()
            if isinstance(payload, list) and payload and isinstance(payload[0], Message):
                return payload[0]
            return message_from_string(words_of(part))
    return None


def parse_arf(message: Message, report: Message, now: datetime) -> list[Feedback]:
    """Return what a feedback report tells: one event, or none for what asks nothing of us."""
    kind = KINDS.get(field(report, "Feedback-Type").lower())
    if kind is None:
        return []
    original = original_of(message)
    at = instant_in(field(report, "Received-Date") or field(report, "Arrival-Date"))
    recipient = field(report, "Original-Rcpt-To") or field(report, "Removal-Recipient")
    return [
        Feedback(
            kind=kind[0],
            at=min(at.astimezone(UTC), now) if at else now,
            recipient=address_in(recipient) or original.recipient,
            reference=field(report, "Original-Envelope-Id")[:100],
            own_message_id=original.message_id,
            leave_token=original.leave_token,
            return_path=address_in(field(report, "Original-Mail-From")) or original.return_path,
            detail=f"feedback report: {field(report, 'Feedback-Type')[:40]}",
            reason=kind[1],
        )
    ]

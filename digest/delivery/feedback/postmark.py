"""Postmark's webhooks as Feedback. Pure; the web room receives them and the ledger acts on them.

Postmark sends one event a request and signs nothing: HTTP Basic credentials, agreed with it, are
all that tells its requests from anybody's. Verify before parsing.

====================  ============  =====================================================
RecordType, Type      becomes       permanent, reason
====================  ============  =====================================================
Delivery              delivered
Bounce
  HardBounce          bounced       permanent, bounced
  BadEmailAddress     bounced       permanent, invalid
  SoftBounce          bounced       bounced
  Transient,          deferred      timed_out
  DnsError
  Blocked,            bounced       blocked: about us, and no reader pays for it
  DMARCPolicy,
  VirusNotification
  SpamNotification    bounced       spam: about the message
  SMTPApiError,       bounced       other
  Unknown,
  Template...Failed
  SpamComplaint       complained    spam
  Unsubscribe         unsubscribed  unsubscribed
  ManuallyDeactivated unsubscribed  other: somebody did it at Postmark
  the rest            nothing       answers, requests to confirm, inbound mail
SpamComplaint         complained    spam
SubscriptionChange    by its SuppressionReason; taking an address back becomes nothing
Open, Click           nothing       we look over no reader's shoulder
====================  ============  =====================================================

Whatever its Type, a bounce's status must not gainsay it (`wording.judged`): one that is x.7.x is
about us, blocked and not permanent.
"""

import base64
import binascii
import hmac
from collections.abc import Callable

from digest.delivery.feedback.events import Feedback, FeedbackKind
from digest.delivery.feedback.records import LONGEST_FIELD, Record, fit
from digest.delivery.feedback.wording import (
    BLOCKED,
    COMPLAINED,
    DEAD,
    INVALID,
    LATE,
    LEFT,
    OTHER,
    SOFT,
    SPAM,
    TAKEN_OFF,
    Meaning,
    judged,
)
from digest.delivery.outcome import enhanced_status, short_reply

BOUNCES: dict[str, Meaning | None] = {
    "HardBounce": DEAD,
    "BadEmailAddress": INVALID,
    "SoftBounce": SOFT,
    "Transient": LATE,
    "DnsError": LATE,
    "Blocked": BLOCKED,
    "DMARCPolicy": BLOCKED,
    "VirusNotification": BLOCKED,
    "SpamNotification": SPAM,
    "SMTPApiError": OTHER,
    "TemplateRenderingFailed": OTHER,
    "Unknown": OTHER,
    "SpamComplaint": COMPLAINED,
    "Unsubscribe": LEFT,
    "ManuallyDeactivated": TAKEN_OFF,
    "Subscribe": None,
    "AutoResponder": None,
    "AddressChange": None,
    "ChallengeVerification": None,
    "OpenRelayTest": None,
    "Unconfirmed": None,
    "InboundError": None,
}


def verify_basic_auth(header: str | None, username: str, password: str) -> bool:
    """Whether an Authorization header carries these credentials, compared in constant time.

    Empty credentials of ours let nobody in.
    """
    scheme, _, encoded = (header or "").partition(" ")
    try:
        given = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        given = b""
    wanted = f"{username}:{password}".encode()
    same = hmac.compare_digest(given, wanted)
    return same and scheme.lower() == "basic" and bool(username) and bool(password)


def parse_postmark(body: bytes) -> list[Feedback]:
    """Return what one request tells; an empty list for events that say nothing about delivery.

    Raises BadInput, naming the field and never an address, for what is not Postmark's.
    """
    record = Record.of_body("postmark", body)
    kind = record.text("RecordType")
    if kind not in READERS:
        raise record.unknown("RecordType", kind, "kind of event")
    feedback = READERS[kind](record)
    return [] if feedback is None else [feedback]


def _delivery(record: Record) -> Feedback:
    message_id = record.text("MessageID")
    return Feedback(
        kind=FeedbackKind.DELIVERED,
        at=record.instant("DeliveredAt"),
        recipient=record.address("Recipient"),
        event_id=f"Delivery:{message_id}",
        message_id=message_id,
        reference=_reference(record),
        status=enhanced_status(_said(record)),
        detail=short_reply(_said(record)),
    )


def _bounce(record: Record) -> Feedback | None:
    """Read a Bounce or a SpamComplaint, which have one form and share their ids."""
    kind = record.text("Type")
    if kind not in BOUNCES:
        raise record.unknown("Type", kind, "kind of bounce")
    meaning = BOUNCES[kind]
    if meaning is None:
        return None
    status = enhanced_status(_said(record))
    meaning = judged(meaning, status)
    return Feedback(
        kind=meaning.kind,
        at=record.instant("BouncedAt"),
        recipient=record.address("Email"),
        event_id=str(record.number("ID")),
        message_id=record.text("MessageID", optional=True),
        reference=_reference(record),
        permanent=meaning.permanent,
        status=status,
        detail=short_reply(_said(record)),
        reason=meaning.reason,
    )


def _subscription_change(record: Record) -> Feedback | None:
    if not record.flag("SuppressSending"):
        return None  # An address comes back by its reader's own wish, never by a provider's word.
    origin = record.text("Origin", optional=True)
    why = record.text("SuppressionReason")
    if why not in SUPPRESSIONS:
        raise record.unknown("SuppressionReason", why, "reason")
    meaning = SUPPRESSIONS[why]
    if meaning is LEFT and origin != "Recipient":
        meaning = TAKEN_OFF
    message_id = record.text("MessageID", optional=True)
    changed = record.text("ChangedAt")
    return Feedback(
        kind=meaning.kind,
        at=record.instant("ChangedAt"),
        recipient=record.address("Recipient"),
        event_id=f"SubscriptionChange:{message_id}:{changed}" if message_id else "",
        message_id=message_id,
        reference=_reference(record),
        permanent=meaning.permanent,
        detail=short_reply(f"{why} by {origin or 'nobody named'}"),
        reason=meaning.reason,
    )


def _ignored(_record: Record) -> None:
    return None


SUPPRESSIONS = {"HardBounce": DEAD, "SpamComplaint": COMPLAINED, "ManualSuppression": LEFT}
READERS: dict[str, Callable[[Record], Feedback | None]] = {
    "Delivery": _delivery,
    "Bounce": _bounce,
    "SpamComplaint": _bounce,
    "SubscriptionChange": _subscription_change,
    "Open": _ignored,
    "Click": _ignored,
}


def _said(record: Record) -> str:
    """Return what the other server said, else Postmark's own words; the beginning of it."""
    return record.said("Details", "Description")


def _reference(record: Record) -> str:
    """Return the reference we sent along as Metadata; empty where there is none."""
    metadata = record.values.get("Metadata")
    value = metadata.get("reference") if isinstance(metadata, dict) else None
    return fit(value)[:LONGEST_FIELD] if isinstance(value, str) else ""

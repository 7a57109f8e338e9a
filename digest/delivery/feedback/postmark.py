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

Whatever its Type, a bounce whose status is x.7.x is about us: blocked, and not permanent.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from digest.delivery.feedback.events import Feedback, FeedbackKind, FeedbackReason
from digest.delivery.outcome import enhanced_status, short_reply
from digest.errors import BadInput

LARGEST_BODY = 1_000_000  # bytes
LONGEST_FIELD = 400  # characters, of fields that name something
LONGEST_WORDS = 2_000  # characters looked at, of what somebody said

Meaning = tuple[FeedbackKind, bool, FeedbackReason | None]

_BLOCKED: Meaning = (FeedbackKind.BOUNCED, False, FeedbackReason.BLOCKED)
_OTHER: Meaning = (FeedbackKind.BOUNCED, False, FeedbackReason.OTHER)
_LATE: Meaning = (FeedbackKind.DEFERRED, False, FeedbackReason.TIMED_OUT)
_DEAD: Meaning = (FeedbackKind.BOUNCED, True, FeedbackReason.BOUNCED)
_COMPLAINED: Meaning = (FeedbackKind.COMPLAINED, False, FeedbackReason.SPAM)
_LEFT: Meaning = (FeedbackKind.UNSUBSCRIBED, False, FeedbackReason.UNSUBSCRIBED)
_TAKEN_OFF: Meaning = (FeedbackKind.UNSUBSCRIBED, False, FeedbackReason.OTHER)

BOUNCES: dict[str, Meaning | None] = {
    "HardBounce": _DEAD,
    "BadEmailAddress": (FeedbackKind.BOUNCED, True, FeedbackReason.INVALID),
    "SoftBounce": (FeedbackKind.BOUNCED, False, FeedbackReason.BOUNCED),
    "Transient": _LATE,
    "DnsError": _LATE,
    "Blocked": _BLOCKED,
    "DMARCPolicy": _BLOCKED,
    "VirusNotification": _BLOCKED,
    "SpamNotification": (FeedbackKind.BOUNCED, False, FeedbackReason.SPAM),
    "SMTPApiError": _OTHER,
    "TemplateRenderingFailed": _OTHER,
    "Unknown": _OTHER,
    "SpamComplaint": _COMPLAINED,
    "Unsubscribe": _LEFT,
    "ManuallyDeactivated": _TAKEN_OFF,
    "Subscribe": None,
    "AutoResponder": None,
    "AddressChange": None,
    "ChallengeVerification": None,
    "OpenRelayTest": None,
    "Unconfirmed": None,
    "InboundError": None,
}
Record = dict[str, Any]


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
    if len(body) > LARGEST_BODY:
        raise BadInput(f"postmark: {len(body)} bytes are more than {LARGEST_BODY}")
    try:
        record = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadInput("postmark: the body is not JSON") from error
    if not isinstance(record, dict):
        raise BadInput("postmark: the body is not one JSON object")
    kind = _text(record, "RecordType")
    if kind not in READERS:
        raise _wrong("RecordType", f"{short_reply(kind)[:40]!r} is no kind of event we know")
    feedback = READERS[kind](record)
    return [] if feedback is None else [feedback]


def _delivery(record: Record) -> Feedback:
    message_id = _text(record, "MessageID")
    return Feedback(
        kind=FeedbackKind.DELIVERED,
        at=_instant(record, "DeliveredAt"),
        recipient=_address(record, "Recipient"),
        event_id=f"Delivery:{message_id}",
        message_id=message_id,
        reference=_reference(record),
        status=enhanced_status(_said(record)),
        detail=short_reply(_said(record)),
    )


def _bounce(record: Record) -> Feedback | None:
    """Read a Bounce or a SpamComplaint, which have one form and share their ids."""
    kind = _text(record, "Type")
    if kind not in BOUNCES:
        raise _wrong("Type", f"{short_reply(kind)[:40]!r} is no kind of bounce we know")
    meaning = BOUNCES[kind]
    if meaning is None:
        return None
    status = enhanced_status(_said(record))
    if meaning[0] is FeedbackKind.BOUNCED and status[2:4] == "7.":
        meaning = _BLOCKED
    return Feedback(
        kind=meaning[0],
        at=_instant(record, "BouncedAt"),
        recipient=_address(record, "Email"),
        event_id=str(_number(record, "ID")),
        message_id=_text(record, "MessageID", optional=True),
        reference=_reference(record),
        permanent=meaning[1],
        status=status,
        detail=short_reply(_said(record)),
        reason=meaning[2],
    )


def _subscription_change(record: Record) -> Feedback | None:
    suppressed = record.get("SuppressSending")
    if not isinstance(suppressed, bool):
        raise _wrong("SuppressSending", "neither true nor false")
    if not suppressed:
        return None  # An address comes back by its reader's own wish, never by a provider's word.
    origin = _text(record, "Origin", optional=True)
    why = _text(record, "SuppressionReason")
    if why not in SUPPRESSIONS:
        raise _wrong("SuppressionReason", f"{short_reply(why)[:40]!r} is no reason we know")
    meaning = SUPPRESSIONS[why]
    if meaning is _LEFT and origin != "Recipient":
        meaning = _TAKEN_OFF
    message_id = _text(record, "MessageID", optional=True)
    changed = _text(record, "ChangedAt")
    return Feedback(
        kind=meaning[0],
        at=_instant(record, "ChangedAt"),
        recipient=_address(record, "Recipient"),
        event_id=f"SubscriptionChange:{message_id}:{changed}" if message_id else "",
        message_id=message_id,
        reference=_reference(record),
        permanent=meaning[1],
        detail=short_reply(f"{why} by {origin or 'nobody named'}"),
        reason=meaning[2],
    )


def _ignored(_record: Record) -> None:
    return None


SUPPRESSIONS = {"HardBounce": _DEAD, "SpamComplaint": _COMPLAINED, "ManualSuppression": _LEFT}
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
    said = record.get("Details") or record.get("Description")
    return said[:LONGEST_WORDS] if isinstance(said, str) else ""


def _text(record: Record, name: str, *, optional: bool = False) -> str:
    value = record.get(name)
    if optional and value is None:
        return ""
    if not isinstance(value, str) or not (value or optional):
        raise _wrong(name, "missing, or no text")
    if len(value) > LONGEST_FIELD:
        raise _wrong(name, f"longer than {LONGEST_FIELD} characters")
    return value


def _number(record: Record, name: str) -> int:
    value = record.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(name, "missing, or no whole number")
    return value


def _instant(record: Record, name: str) -> datetime:
    try:
        at = datetime.fromisoformat(_text(record, name))
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _wrong(name, "no instant as ISO 8601 writes one") from None
    raise _wrong(name, "an instant without a zone")


def _address(record: Record, name: str) -> str:
    value = _text(record, name)
    if "@" not in value:
        raise _wrong(name, "no address")
    return value


def _reference(record: Record) -> str:
    """Return the reference we sent along as Metadata; empty where there is none."""
    metadata = record.get("Metadata")
    value = metadata.get("reference") if isinstance(metadata, dict) else None
    return value[:LONGEST_FIELD] if isinstance(value, str) else ""


def _wrong(name: str, what: str) -> BadInput:
    return BadInput(f"postmark: {name}: {what}")

"""Mailgun's webhooks as Feedback, and their signature. Pure.

One event a request, JSON: ``{"signature": {timestamp, token, signature}, "event-data": {…}}``. The
signature is HMAC-SHA256 over timestamp and token and says nothing of the rest, so a token counts
once only. Verify before parsing.

=================================  ============  ==========================================
event, severity, reason            becomes       permanent, reason
=================================  ============  ==========================================
delivered                          delivered
failed, temporary                  deferred      timed_out
failed, permanent
  bounce, suppress-bounce          bounced       permanent, bounced
  suppress-complaint               complained    spam: the reader had complained before
  suppress-unsubscribe             unsubscribed  unsubscribed
  old                              bounced       timed_out: tried for hours, to no end
  espblock                         bounced       blocked: about us, and no reader pays for it
  any other                        bounced       other, or what its status says
rejected                           bounced       other: Mailgun would not send it
complained                         complained    spam
unsubscribed                       unsubscribed  unsubscribed
accepted, stored, opened, clicked  nothing       we look over no reader's shoulder
=================================  ============  ==========================================

A permanent failure is permanent for this copy; whether the address is dead its status must not
gainsay (`wording.judged`). Our Message-ID comes back in ``message.headers``, without its brackets;
the envelope's sender in ``envelope``.
"""

import hashlib
import hmac
import re
from datetime import UTC, datetime

from digest.delivery.feedback.events import Feedback
from digest.delivery.feedback.naming import address_in, message_id_in, token_in
from digest.delivery.feedback.records import Record
from digest.delivery.feedback.wording import (
    BLOCKED,
    COMPLAINED,
    DEAD,
    DELIVERED,
    EXPIRED,
    LATE,
    LEFT,
    OTHER,
    Meaning,
    judged,
)
from digest.delivery.outcome import enhanced_status, short_reply
from digest.errors import BadInput

PROVIDER = "mailgun"
FAILURES: dict[str, Meaning] = {
    "bounce": DEAD,
    "suppress-bounce": DEAD,
    "suppress-complaint": COMPLAINED,
    "suppress-unsubscribe": LEFT,
    "old": EXPIRED,
    "espblock": BLOCKED,
}
EVENTS: dict[str, Meaning | None] = {
    "delivered": DELIVERED,
    "failed": OTHER,  # by severity and reason
    "rejected": OTHER,
    "complained": COMPLAINED,
    "unsubscribed": LEFT,
    "accepted": None,
    "stored": None,
    "opened": None,
    "clicked": None,
}
_TOKEN = re.compile(r"[A-Za-z0-9]{16,100}")
# Ten digits and no more: signed are time and token without anything between them, and cut elsewhere
# they would be another token with the same signature.
_TIME = re.compile(r"[0-9]{10}")


def verified_token(body: bytes, signing_key: str) -> tuple[str, datetime] | None:
    """Return token and time of a request that Mailgun signed with this key, None of any other.

    Compared in constant time. An empty key of ours lets nobody in.
    """
    try:
        signature = Record.of_body(PROVIDER, body).inner("signature")
        token, given = signature.text("token"), signature.text("signature")
    except BadInput:
        return None
    stamp = str(signature.values.get("timestamp"))
    if not (_TIME.fullmatch(stamp) and _TOKEN.fullmatch(token) and signing_key):
        return None
    wanted = hmac.new(signing_key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        return None
    return token, datetime.fromtimestamp(int(stamp), UTC)


def parse_mailgun(body: bytes) -> list[Feedback]:
    """Return what one request tells; an empty list for events that say nothing about delivery.

    Raises BadInput, naming the field and never an address, for what is not Mailgun's.
    """
    whole = Record.of_body(PROVIDER, body)
    event = whole.inner("event-data")
    kind = event.text("event")
    if kind not in EVENTS:
        raise event.unknown("event", kind, "kind of event")
    meaning = _failure(event) if kind == "failed" else EVENTS[kind]
    if meaning is None:
        return []
    status = event.inner("delivery-status", optional=True)
    said = status.said("message", "description") or event.inner("reject", optional=True).said(
        "reason"
    )
    enhanced = enhanced_status(status.said("enhanced-code") or said)
    meaning = judged(meaning, enhanced, _code(status))
    return [
        Feedback(
            kind=meaning.kind,
            at=event.seconds("timestamp"),
            recipient=_recipient(event),
            event_id=whole.inner("signature").text("token"),
            own_message_id=_own_message_id(event),
            token=token_in(event.inner("envelope", optional=True).values.get("sender")),
            permanent=meaning.permanent,
            code=_code(status),
            status=enhanced,
            detail=short_reply(said),
            reason=meaning.reason,
        )
    ]


def _failure(event: Record) -> Meaning:
    severity = event.text("severity")
    if severity == "temporary":
        return LATE
    if severity != "permanent":
        raise event.unknown("severity", severity, "severity")
    return FAILURES.get(event.text("reason", optional=True), OTHER)


def _code(status: Record) -> int:
    """Return the SMTP code, 0 for none and for Mailgun's own (from 600)."""
    code = status.values.get("code")
    return code if isinstance(code, int) and 200 <= code < 600 else 0


def _recipient(event: Record) -> str:
    """Return the reader's address; a message that was rejected has it in its header only."""
    if event.values.get("recipient") is None and event.values.get("event") == "rejected":
        headers = event.inner("message").inner("headers")
        return address_in(headers.address("to")) or headers.address("to")
    return event.address("recipient")


def _own_message_id(event: Record) -> str:
    """Return our Message-ID; empty where the event does not have it."""
    headers = event.inner("message", optional=True).inner("headers", optional=True)
    return message_id_in(headers.values.get("message-id"))

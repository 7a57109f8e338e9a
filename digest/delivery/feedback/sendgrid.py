"""SendGrid's event webhook as Feedback, and its signature. Pure.

Many events a request, a JSON list. Signed with ECDSA (P-256, SHA-256) over the timestamp's text and
the raw body, both in headers ``X-Twilio-Email-Event-Webhook-*``. Verify before parsing.

==================================  ============  =========================================
event, type or classification       becomes       permanent, reason
==================================  ============  =========================================
delivered                           delivered
deferred                            deferred      timed_out
bounce
  Invalid Address                   bounced       permanent, invalid
  Mailbox Unavailable, Technical    bounced       bounced
  Reputation, Frequency/Volume      bounced       blocked: about us, and no reader pays
  Content                           bounced       spam: about the message
  otherwise type ``bounce``         bounced       permanent, bounced
  otherwise type ``blocked``        bounced       blocked
  type ``expired``                  bounced       timed_out
blocked                             bounced       as a bounce of that type
dropped                             by its reason: they sent nothing, for the address is on a
                                    list of theirs
  Bounced Address                   bounced       permanent, bounced
  Invalid                           bounced       permanent, invalid
  Spam Reporting Address            complained    spam
  Unsubscribed Address              unsubscribed  unsubscribed
  Spam Content                      bounced       spam
  any other                         bounced       other
spamreport                          complained    spam
unsubscribe, group_unsubscribe      unsubscribed  unsubscribed
processed, open, click,             nothing       answers to nothing we asked
group_resubscribe, account_status…
==================================  ============  =========================================

Whatever the type, the status must not gainsay (`wording.judged`). Our Message-ID comes back as
``smtp-id``; a bounce that came to SendGrid later, as a mail, has none, and ``sg_message_id`` begins
with the name SendGrid gave the copy when it took it.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from digest.delivery.feedback.events import Feedback
from digest.delivery.feedback.naming import message_id_in
from digest.delivery.feedback.records import NotUnderstood, Record, load_json
from digest.delivery.feedback.wording import (
    BLOCKED,
    COMPLAINED,
    DEAD,
    DELIVERED,
    EXPIRED,
    INVALID,
    LATE,
    LEFT,
    OTHER,
    SOFT,
    SPAM,
    Meaning,
    judged,
    smtp_code,
)
from digest.delivery.outcome import enhanced_status, short_reply
from digest.errors import BadInput, ConfigError

PROVIDER = "sendgrid"
MOST_EVENTS = 10_000  # in one request; theirs hold a thousand or so
TYPES: dict[str, Meaning] = {"bounce": DEAD, "": DEAD, "blocked": BLOCKED, "expired": EXPIRED}
CLASSES: dict[str, Meaning] = {
    "invalid address": INVALID,
    "mailbox unavailable": SOFT,
    "technical": SOFT,
    "technical failure": SOFT,
    "reputation": BLOCKED,
    "frequency/volume": BLOCKED,
    "frequency or volume too high": BLOCKED,
    "content": SPAM,
}
DROPS: dict[str, Meaning] = {
    "bounced address": DEAD,
    "invalid": INVALID,
    "spam reporting address": COMPLAINED,
    "unsubscribed address": LEFT,
    "spam content": SPAM,
}
_OWN_HOSTS = re.compile(r"(?:.*\.)?sendgrid\.(?:net|com)|[a-z0-9-]*ismtpd[a-z0-9.-]*")
_TIME = re.compile(r"[0-9]{10}")


def read_public_key(text: str) -> ec.EllipticCurvePublicKey:
    """Return the verification key as SendGrid shows it: base64 of a P-256 key; else ConfigError."""
    lines = [line.strip() for line in text.splitlines() if not line.startswith("-----")]
    try:
        key = load_der_public_key(base64.b64decode("".join(lines), validate=True))
    except (ValueError, binascii.Error):
        raise ConfigError("this is no public key as SendGrid shows it") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ConfigError("this is no key of the curve P-256")
    return key


def verified_time(
    body: bytes, signature: str | None, timestamp: str | None, key: ec.EllipticCurvePublicKey
) -> datetime | None:
    """Return when SendGrid signed this body, None where it did not."""
    stamp = timestamp or ""
    if not _TIME.fullmatch(stamp):
        return None
    try:
        given = base64.b64decode(signature or "", validate=True)
        key.verify(given, stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return None
    return datetime.fromtimestamp(int(stamp), UTC)


def parse_sendgrid(body: bytes) -> tuple[list[Feedback], list[NotUnderstood]]:
    """Return what one request tells, and the events in it that are not understood, each alone, so
    that one of them costs none of the others.

    Raises BadInput, naming the field and never an address, for what is no list of events at all.
    """
    events = load_json(PROVIDER, body)
    if not isinstance(events, list) or len(events) > MOST_EVENTS:
        raise BadInput(f"{PROVIDER}: the body is not one JSON list of at most {MOST_EVENTS}")
    told: list[Feedback] = []
    odd: list[NotUnderstood] = []
    for values in events:
        try:
            told += _parse_event(values)
        except BadInput as error:
            odd.append(NotUnderstood(str(error), json.dumps(values).encode()))
    return told, odd


def _parse_event(values: object) -> list[Feedback]:
    if not isinstance(values, dict):
        raise BadInput(f"{PROVIDER}: an event that is no JSON object")
    event = Record(PROVIDER, values)
    kind = event.text("event")
    if kind not in READERS:
        raise event.unknown("event", kind, "kind of event")
    reader = READERS[kind]
    if reader is None:
        return []
    said = event.said("reason", "response")
    status = _status(event.said("status"), said)
    meaning = judged(reader(event), status, smtp_code(said))
    return [
        Feedback(
            kind=meaning.kind,
            at=event.seconds("timestamp"),
            recipient=event.address("email"),
            event_id=event.text("sg_event_id"),
            message_id=event.text("sg_message_id", optional=True).partition(".")[0],
            own_message_id=message_id_in(event.values.get("smtp-id"), made_by=_OWN_HOSTS),
            permanent=meaning.permanent,
            code=smtp_code(said),
            status=status,
            detail=short_reply(said),
            reason=meaning.reason,
        )
    ]


def _status(field: str, said: str) -> str:
    """Return the status that says most: the field often holds no more than 5.0.0."""
    told, quoted = enhanced_status(field), enhanced_status(said)
    return quoted if quoted and (not told or told.endswith(".0.0")) else told


def _bounce(event: Record) -> Meaning:
    classified = event.text("bounce_classification", optional=True).lower()
    if classified in CLASSES:
        return CLASSES[classified]
    kind = event.text("type", optional=True)
    if kind not in TYPES:
        raise event.unknown("type", kind, "type of bounce")
    return TYPES[kind]


def _drop(event: Record) -> Meaning:
    return DROPS.get(event.said("reason").lower(), OTHER)


READERS: dict[str, Callable[[Record], Meaning] | None] = {
    "delivered": lambda _event: DELIVERED,
    "deferred": lambda _event: LATE,
    "bounce": _bounce,
    "blocked": _bounce,
    "dropped": _drop,
    "spamreport": lambda _event: COMPLAINED,
    "unsubscribe": lambda _event: LEFT,
    "group_unsubscribe": lambda _event: LEFT,
    "processed": None,
    "open": None,
    "click": None,
    "group_resubscribe": None,
    "account_status_change": None,
}

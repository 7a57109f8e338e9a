"""Amazon SES's events and notifications, as SNS brings them, as Feedback. Pure.

Two forms, nearly the same: events of a configuration set (``eventType``) and feedback notifications
of an identity (``notificationType``). Verify the message of SNS before parsing.

====================================  ============  =======================================
type, subtype                         becomes       permanent, reason
====================================  ============  =======================================
Delivery                              delivered
DeliveryDelay                         deferred      timed_out
Bounce
  Permanent: General, Suppressed,     bounced       permanent, bounced
  OnAccountSuppressionList
  Permanent: NoEmail                  bounced       permanent, invalid
  Permanent: UnsubscribedRecipient    unsubscribed  unsubscribed
  Transient: General, MailboxFull     bounced       bounced
  Transient: CustomTimeoutExceeded    bounced       timed_out
  Transient: ContentRejected          bounced       spam: about the message
  Transient: MessageTooLarge,         bounced       other
  AttachmentRejected
  Undetermined                        bounced       other
Complaint
  abuse, fraud, other, or unsaid      complained    spam
  not-spam, auth-failure, virus       nothing       no reader complained
Reject                                bounced       other: SES would not send it
Subscription                          unsubscribed  where the reader left all topics; else nothing
Send, Open, Click, Rendering Failure  nothing       we look over no reader's shoulder
====================================  ============  =======================================

Whatever its type, a bounce's status must not gainsay it (`wording.judged`). Our Message-ID comes
back in ``mail.headers`` (always in events; in notifications where "include original headers" is on;
SES gives the copy another one on its way), the envelope's sender as ``mail.source``, and SES's own
name of the copy, which its answer to the dot had, as ``mail.messageId``.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from digest.delivery.feedback.events import Feedback
from digest.delivery.feedback.naming import message_id_in, token_in
from digest.delivery.feedback.records import Record
from digest.delivery.feedback.wording import (
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

PROVIDER = "ses"
# What SES and SNS say of themselves once a topic is set up; no JSON, or no event.
GREETING = "Successfully validated SNS topic for Amazon SES event publishing."
SUBTYPES: dict[tuple[str, str], Meaning] = {
    ("Permanent", "NoEmail"): INVALID,
    ("Permanent", "UnsubscribedRecipient"): LEFT,
    ("Transient", "CustomTimeoutExceeded"): EXPIRED,
    ("Transient", "ContentRejected"): SPAM,
    ("Transient", "MessageTooLarge"): OTHER,
    ("Transient", "AttachmentRejected"): OTHER,
}
TYPES: dict[str, Meaning] = {"Permanent": DEAD, "Transient": SOFT, "Undetermined": OTHER}
_OWN_HOSTS = re.compile(r"(?:.*\.)?amazonses\.com")
NO_COMPLAINTS = {"not-spam", "auth-failure", "virus"}
IGNORED = {"Send", "Open", "Click", "Rendering Failure", "AmazonSnsSubscriptionSucceeded"}


def parse_ses(content: str, message_id: str) -> list[Feedback]:
    """Return what one published event tells, one Feedback for each reader it names; an empty list
    for events that say nothing about delivery. `message_id` is SNS's name of the message.

    Raises BadInput, naming the field and never an address, for what is not SES's.
    """
    if content.strip() == GREETING:
        return []
    event = Record.of_body(PROVIDER, content)
    name = "eventType" if "eventType" in event.values else "notificationType"
    kind = event.text(name)
    if kind in IGNORED:
        return []
    if kind not in READERS:
        raise event.unknown(name, kind, "kind of event")
    section, reader = READERS[kind]
    told = event.inner(section)
    mail = event.inner("mail")
    at = (mail if kind == "Reject" else told).instant("timestamp")
    return [
        _feedback(one, mail, at, message_id if n == 0 else f"{message_id}#{n}")
        for n, one in enumerate(reader(event, told))
    ]


class Told(NamedTuple):
    """What an event says of one reader."""

    meaning: Meaning
    recipient: str
    said: str = ""
    status: str = ""


def _feedback(told: Told, mail: Record, at: datetime, event_id: str) -> Feedback:
    status = enhanced_status(told.status) or enhanced_status(told.said)
    meaning = judged(told.meaning, status, smtp_code(told.said))
    return Feedback(
        kind=meaning.kind,
        at=at,
        recipient=told.recipient,
        event_id=event_id,
        message_id=mail.text("messageId"),
        own_message_id=_own_message_id(mail),
        token=token_in(mail.values.get("source")),
        permanent=meaning.permanent,
        code=smtp_code(told.said),
        status=status,
        detail=short_reply(told.said),
        reason=meaning.reason,
    )


def _bounces(_event: Record, bounce: Record) -> list[Told]:
    kind, subtype = bounce.text("bounceType"), bounce.text("bounceSubType", optional=True)
    if kind not in TYPES:
        raise bounce.unknown("bounceType", kind, "type of bounce")
    meaning = SUBTYPES.get((kind, subtype), TYPES[kind])
    return [_of_reader(meaning, reader) for reader in bounce.each("bouncedRecipients")]


def _delays(_event: Record, delay: Record) -> list[Told]:
    return [_of_reader(LATE, reader) for reader in delay.each("delayedRecipients")]


def _of_reader(meaning: Meaning, reader: Record) -> Told:
    said = reader.said("diagnosticCode")
    return Told(meaning, reader.address("emailAddress"), said, reader.said("status"))


def _complaints(_event: Record, complaint: Record) -> list[Told]:
    kind = complaint.text("complaintFeedbackType", optional=True)
    readers = complaint.each("complainedRecipients")
    if kind in NO_COMPLAINTS:
        return []
    return [Told(COMPLAINED, reader.address("emailAddress"), kind) for reader in readers]


def _deliveries(_event: Record, delivery: Record) -> list[Told]:
    said = delivery.said("smtpResponse")
    return [Told(DELIVERED, address, said) for address in delivery.addresses("recipients")]


def _rejections(event: Record, rejected: Record) -> list[Told]:
    said = rejected.said("reason")
    return [Told(OTHER, to, said) for to in event.inner("mail").addresses("destination")]


def _leavings(event: Record, subscription: Record) -> list[Told]:
    wishes = subscription.inner("newTopicPreferences", optional=True)
    if wishes.values.get("unsubscribeAll") is not True:
        return []
    return [Told(LEFT, to) for to in event.inner("mail").addresses("destination")]


def _own_message_id(mail: Record) -> str:
    """Return our Message-ID, from the headers as we sent them; empty where they are not there."""
    common = mail.inner("commonHeaders", optional=True)
    if ours := message_id_in(common.values.get("messageId"), made_by=_OWN_HOSTS):
        return ours
    headers = mail.values.get("headers")
    for header in headers if isinstance(headers, list) else []:
        if isinstance(header, dict) and str(header.get("name")).lower() == "message-id":
            return message_id_in(header.get("value"), made_by=_OWN_HOSTS)
    return ""


READERS: dict[str, tuple[str, Callable[[Record, Record], list[Told]]]] = {
    "Bounce": ("bounce", _bounces),
    "Complaint": ("complaint", _complaints),
    "Delivery": ("delivery", _deliveries),
    "DeliveryDelay": ("deliveryDelay", _delays),
    "Reject": ("reject", _rejections),
    "Subscription": ("subscription", _leavings),
}

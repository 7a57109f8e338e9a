"""What the providers' words mean in our vocabulary: the meanings that several of them share. Pure.

A provider's own classification is taken at its word but for one thing: a status code (RFC 3463)
that speaks of our reputation, of the message or of a mailbox that is full makes no address dead,
whatever the provider calls it.
"""

import re
from typing import NamedTuple

from digest.delivery.feedback.events import FeedbackKind, FeedbackReason
from digest.delivery.outcome import Scope, scope_of


class Meaning(NamedTuple):
    """What a provider's word becomes."""

    kind: FeedbackKind
    permanent: bool
    reason: FeedbackReason | None


DELIVERED = Meaning(FeedbackKind.DELIVERED, False, None)
LATE = Meaning(FeedbackKind.DEFERRED, False, FeedbackReason.TIMED_OUT)
DEAD = Meaning(FeedbackKind.BOUNCED, True, FeedbackReason.BOUNCED)
INVALID = Meaning(FeedbackKind.BOUNCED, True, FeedbackReason.INVALID)
SOFT = Meaning(FeedbackKind.BOUNCED, False, FeedbackReason.BOUNCED)
EXPIRED = Meaning(FeedbackKind.BOUNCED, False, FeedbackReason.TIMED_OUT)
BLOCKED = Meaning(FeedbackKind.BOUNCED, False, FeedbackReason.BLOCKED)
SPAM = Meaning(FeedbackKind.BOUNCED, False, FeedbackReason.SPAM)
OTHER = Meaning(FeedbackKind.BOUNCED, False, FeedbackReason.OTHER)
COMPLAINED = Meaning(FeedbackKind.COMPLAINED, False, FeedbackReason.SPAM)
LEFT = Meaning(FeedbackKind.UNSUBSCRIBED, False, FeedbackReason.UNSUBSCRIBED)
TAKEN_OFF = Meaning(FeedbackKind.UNSUBSCRIBED, False, FeedbackReason.OTHER)

# Full, too large for it, the system's or the network's trouble: nothing that lasts.
_CODE = re.compile(r"\D{0,12}([245]\d\d)\b")
_PASSING = re.compile(r"[245]\.(?:2\.[234]|[34]\.\d+)|4\.\d+\.\d+")


def judged(meaning: Meaning, status: str, code: int = 0) -> Meaning:
    """Return what a bounce means once its status and SMTP code were looked at; others as they are.

    `code` is 0 where there is none.
    """
    if meaning.kind is not FeedbackKind.BOUNCED:
        return meaning
    scope = scope_of(code, status) if status or code else Scope.READER
    if scope in {Scope.POLICY, Scope.SETUP}:
        return BLOCKED
    if scope is Scope.MESSAGE:
        return meaning if meaning.reason is FeedbackReason.SPAM else OTHER
    if meaning.permanent and (_PASSING.fullmatch(status) or 400 <= code < 500):
        return SOFT
    return meaning


def smtp_code(said: str) -> int:
    """Return the SMTP code that a reply begins with, such as ``smtp; 550 5.1.1 unknown``; 0 where
    there is none.
    """
    match = _CODE.match(said)
    return int(match[1]) if match else 0

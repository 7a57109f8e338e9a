"""Feedback in one form, whoever told us: values only.

A provider's parser translates into this closed vocabulary and never past it; an event that says
nothing about delivery (an opened message, an automatic answer) becomes no Feedback at all.
"""

import enum
import re
from dataclasses import dataclass, field
from datetime import datetime

from digest.delivery.outcome import Scope, scope_of

_DELIVERY = re.compile(r"(?:delivery |d)([0-9]{1,18})")


class FeedbackKind(enum.StrEnum):
    """What happened to the copy, or what its reader did about it."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"  # still being tried by whoever took the copy
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


class Phase(enum.StrEnum):
    """Where in its way a copy failed, as far as anybody says so."""

    CONNECT = "connect"  # no connection, no TLS, an unwelcoming banner
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # the body, or the dot
    UNKNOWN = ""


class FeedbackReason(enum.StrEnum):
    """Why a copy bounced or is late, as far as we were told."""

    INVALID = "invalid"  # the address cannot be one
    BOUNCED = "bounced"  # the address takes no mail, or not now
    TIMED_OUT = "timed_out"
    BLOCKED = "blocked"  # our reputation or a policy, never the reader
    SPAM = "spam"
    UNSUBSCRIBED = "unsubscribed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Feedback:
    """One event about one copy.

    `event_id` is unique within its provider, so that one told twice counts once; it holds no
    address. Empty where the provider gives none: then one with the same contents counts once.
    `message_id` is the next hop's name for the copy (the ledger's queue id), `reference` ours as we
    gave it to the next hop, `own_message_id` the copy's Message-ID in angle brackets, `token` what
    stood behind the separator of the return path, `return_path` that address whole, and
    `leave_token` what its link to leave carries. `recipient` is a value and never printed;
    it may be empty. `permanent`: a bounce that says the address is dead. `code` is the SMTP reply's
    and 0 where nobody gives it, `status` an enhanced status code (RFC 3463) or empty; `detail` one
    line without addresses.
    """

    kind: FeedbackKind
    at: datetime
    recipient: str = field(repr=False)
    event_id: str = ""
    message_id: str = ""
    reference: str = ""
    own_message_id: str = ""
    token: str = field(default="", repr=False)
    return_path: str = field(default="", repr=False)
    leave_token: str = field(default="", repr=False)
    permanent: bool = False
    code: int = 0
    status: str = ""
    phase: Phase = Phase.UNKNOWN
    detail: str = ""
    reason: FeedbackReason | None = None

    @property
    def delivery_id(self) -> int | None:
        """Return the ledger row that `reference` names, in full or as an ENVID; None for others."""
        match = _DELIVERY.fullmatch(self.reference)
        return int(match[1]) if match else None

    @property
    def scope(self) -> Scope:
        """Return whom a bounce speaks about; only the reader's own ever count against an address.

        By the status code where there is one, else by the reason.
        """
        if self.status:
            return scope_of(0, self.status)
        if self.reason is FeedbackReason.BLOCKED:
            return Scope.POLICY
        if self.reason in {FeedbackReason.SPAM, FeedbackReason.OTHER}:
            return Scope.MESSAGE
        return Scope.READER

"""What a backend says of one copy, and what follows from it: values and pure judgements, no I/O.

A 250 means *accepted*: responsibility has passed (RFC 5321 section 6.1). Before the final dot
nothing can have been accepted (RFC 5321 section 4.1.1.10); after it, silence means *uncertain*.
"""

import enum
import random
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TypeVar

from digest.logs import redact


@dataclass(frozen=True, slots=True)
class Accepted:
    """The next hop took responsibility; `queue_id` is its name for the copy, where it gave one."""

    code: int = 250
    text: str = ""
    queue_id: str = ""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not accepted now, provably; may be tried again. `code` 0: no reply, the connection broke
    before the dot.
    """

    code: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Refused for good; never tried again. `reason` is a short word for the ledger."""

    code: int
    text: str = ""
    reason: str = "refused"


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The dot was written and no usable reply came: the copy may or may not have been accepted."""

    text: str = ""


Outcome = Accepted | Deferred | Rejected | Uncertain
Said = TypeVar("Said", Accepted, Deferred, Rejected, Uncertain, Outcome, Deferred | Rejected)


class Scope(enum.StrEnum):
    """Whom a failure speaks about: this reader, our reputation, this message, or our own set-up."""

    READER = "reader"
    POLICY = "policy"
    MESSAGE = "message"
    SETUP = "setup"


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again at that moment."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The retry window is over."""


ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
FIRST_DELAY = timedelta(minutes=30)  # RFC 5321 section 4.5.4.1 asks for 30 minutes at least
LONGEST_DELAY = timedelta(hours=4)


def enhanced_status(text: str) -> str:
    """Return the enhanced status code (RFC 3463) in a reply, such as ``5.1.1``, or an empty
    string.
    """
    match = ENHANCED.search(text)
    return match[0] if match else ""


def scope_of(code: int, text: str) -> Scope:
    """Judge whom a refusal is about (delivery by status and text; x.7.x is about us, never the
    reader).
    """
    status = enhanced_status(text)
    if status[2:4] == "1.":
        return Scope.READER  # the address, whatever the three digits before say
    if status[2:4] == "7." and not status.endswith((".7.8", ".7.9")):
        return Scope.POLICY
    if code in {501, 503, 530, 535} or status in {"5.7.8", "5.7.9"}:
        return Scope.SETUP
    if code == 552 or status[2:4] == "6." or status in {"5.3.4", "5.2.3"}:
        return Scope.MESSAGE
    return Scope.READER


def next_try(
    attempt: int, *, now: datetime, window: timedelta, jitter: random.Random
) -> Retry | GiveUp:
    """Decide when a deferred copy is tried again: 30 min, doubling to 4 h, up to a fifth more.

    `attempt` counts the tries made so far (1 after the first). The window is spent by these delays
    alone: what a row waits for a limit, a breaker, a pause or a dead relay never counts.
    """
    delay = _delay(attempt)
    if sum((_delay(n) for n in range(1, attempt)), delay) > window:
        return GiveUp()
    return Retry(now + delay * jitter.uniform(1.0, 1.2))


def _delay(attempt: int) -> timedelta:
    return min(FIRST_DELAY * (1 << min(attempt - 1, 10)), LONGEST_DELAY)


def outcome_in_words(outcome: Outcome) -> str:
    """Return what became of one message, in words fit to print; a server's reply may name its
    reader (`unnamed`).
    """
    match outcome:
        case Accepted():
            return "accepted"
        case Deferred():
            return f"not accepted now: {outcome.text}"
        case Rejected():
            return f"refused: {outcome.code} {outcome.text}"
        case Uncertain():
            return f"nobody knows whether it arrived: {outcome.text}"


def unnamed(outcome: Said, address: str) -> Said:
    """Return the outcome of one copy without its reader: servers like to repeat an address, or what
    stands before its @, which nothing else would know for a name.
    """
    local = address.partition("@")[0]
    if local.casefold() not in outcome.text.casefold():  # nearly always
        return outcome
    named = re.compile(rf"(?<!\w){re.escape(local)}(?!\w)", re.IGNORECASE)
    return replace(outcome, text=named.sub("‹reader›", redact(outcome.text)))


@lru_cache(maxsize=256)
def short_reply(text: str) -> str:
    """Return a server's reply fit for the ledger: one line, no address, at most 300 characters."""
    return redact(" ".join(text.split()))[:300]

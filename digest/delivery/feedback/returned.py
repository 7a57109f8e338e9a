"""One message that came back, read whole with the standard library: what it tells. Pure.

Reports first (RFC 3464, RFC 5965), then a finder for what follows no standard.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

from digest.delivery.feedback.arf import find_report, parse_arf
from digest.delivery.feedback.dsn import parse_dsn
from digest.delivery.feedback.events import Feedback
from digest.delivery.feedback.guessing import guess

MOST_BYTES = 512_000  # of a message that are read; reports come before the copy they return


@dataclass(frozen=True, slots=True)
class Read:
    """What a message tells. `how`: ``dsn``, ``arf``, ``guess``, or empty: nobody understands it."""

    how: str
    events: tuple[Feedback, ...] = ()


def read_returned(raw: bytes, token: str, now: datetime) -> Read:
    """Return what a message that came back tells; never raises.

    `token` is what stands behind the separator of the address it came to, empty where nothing does.
    """
    message = message_from_bytes(raw[:MOST_BYTES], policy=compat32)
    how, events = _read(message, bool(token), now)
    # One message tells each thing once, however often it is read.
    digest = hashlib.sha256(raw[:MOST_BYTES]).hexdigest()[:40]
    named = [
        replace(event, event_id=f"{digest}:{number}", token=token or event.token)
        for number, event in enumerate(events)
    ]
    return Read(how, tuple(named))


def _read(message: Message, is_signed: bool, now: datetime) -> tuple[str, list[Feedback]]:
    report = find_report(message)
    if report is not None:
        return "arf", parse_arf(message, report, now)
    if events := parse_dsn(message, now):
        return "dsn", events
    events = guess(message, now, is_signed=is_signed)
    return ("guess" if events else ""), events

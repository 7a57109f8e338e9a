"""Bounces that follow no standard, by GNU Mailman's own finder: a fallback, imported only when one
comes.

It finds the address and knows failed from delayed; a status is looked for in what the message says
to people. Where it finds nobody, a message that came to a signed return path still says whom it is
about, if it holds a refusal.
"""

import logging
import re
from datetime import datetime
from email.message import Message

from digest.delivery.feedback.events import Feedback, FeedbackKind
from digest.delivery.feedback.parts import first_words, original_of, phase_in, reply_code
from digest.delivery.outcome import enhanced_status, short_reply

log = logging.getLogger(__name__)

MOST = 20  # addresses of one message
# Where servers begin to repeat the copy; its own words must not be taken for theirs.
COPY_BEGINS = re.compile(
    r"(?im)^[\s>-]*(?:-+\s*)?(?:this\s+is\s+a\s+copy|below\s+this\s+line\s+is\s+a\s+copy"
    r"|original\s+message|returned\s+message|message\s+header|unsent\s+message|received:\s)"
)
REFUSAL = re.compile(r"(?<![\d.])5(?:[0-5]\d[\s-]|\.\d\.\d{1,2}\b)")


def guess(message: Message, now: datetime, *, is_signed: bool) -> list[Feedback]:
    """Return what a message may tell that is no proper report; an empty list when nobody can say.

    `is_signed`: it came to a signed return path, so that it need not name its reader.
    """
    said = _said(message)
    original = original_of(message)
    kinds = _found(message)
    if not kinds and is_signed and REFUSAL.search(said):
        kinds = {"": FeedbackKind.BOUNCED}
    return [
        Feedback(
            kind=kind,
            at=now,
            recipient=recipient or original.recipient,
            own_message_id=original.message_id,
            leave_token=original.leave_token,
            code=reply_code(said),
            status=enhanced_status(said),
            phase=phase_in(said),
            detail=short_reply(said),
        )
        for recipient, kind in list(kinds.items())[:MOST]
    ]


def _said(message: Message) -> str:
    """Return the lines that may hold the other server's words."""
    text = COPY_BEGINS.split(first_words(message)[:6_000], maxsplit=1)[0]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = next((n for n, line in enumerate(lines) if reply_code(line) >= 400), 0)
    return " ".join(lines[first : first + 8])


def _found(message: Message) -> dict[str, FeedbackKind]:
    from flufl.bounce import all_failures

    if "From" not in message:  # one of the finders counts on it
        message["From"] = "unknown@invalid"
    try:
        late, dead = all_failures(message)
    except Exception:  # a stranger's message must never stop the others
        log.warning("the finder of bounces failed on a message")
        return {}
    return {
        **{_text(address): FeedbackKind.DEFERRED for address in sorted(late)},
        **{_text(address): FeedbackKind.BOUNCED for address in sorted(dead)},
    }


def _text(address: bytes | str) -> str:
    return address.decode("utf-8", "replace") if isinstance(address, bytes) else address

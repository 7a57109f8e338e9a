"""What the parsers of returned mail share: parts of a message, its words, and the copy it is about.

Nothing here raises for what a stranger wrote: a part that cannot be read says nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_string
from email.message import Message
from email.utils import parsedate_to_datetime

from digest.delivery.feedback.events import Phase

LONGEST_WORDS = 20_000  # characters of a part that are looked at
MOST_PARTS = 100
ADDRESS = re.compile(r"[^\s<>\"'(),:;\[\]]{1,64}@[A-Za-z0-9.-]{1,189}")
LEAVE_LINK = re.compile(r"<https?://[^<>\s]{1,300}/u/([A-Za-z0-9_.-]{20,200})>")
CODE = re.compile(r"(?<![\d.])([245][0-5]\d)(?=[\s-])")
END_OF_DATA = re.compile(
    r"in\s+reply\s+to\s+(?:the\s+)?(?:end\s+of\s+)?DATA|after\s+end\s+of", re.I
)
SAID_TO = re.compile(r"in\s+reply\s+to\s+(?:the\s+)?(MAIL|RCPT)|after\s+(MAIL|RCPT)\s", re.I)


@dataclass(frozen=True, slots=True)
class Original:
    """The copy that a report returns, as far as its headers are there. `leave_token` is what its
    own link to leave carries.
    """

    message_id: str = ""
    recipient: str = ""
    return_path: str = ""
    leave_token: str = ""


def parts_of(message: Message) -> Iterator[Message]:
    """Yield the leaves and the parts of a message, the first MOST_PARTS of them."""
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            return
        yield part


def words_of(part: Message) -> str:
    """Return the text of a part, its beginning; empty for what is none."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = part.get_content_charset("utf-8")
    try:
        text = payload.decode(charset, "replace")
    except (LookupError, ValueError):
        text = payload.decode("utf-8", "replace")
    return text[:LONGEST_WORDS]


def first_words(message: Message) -> str:
    """Return what a report says to people: its first text that is not the returned copy's."""
    for part in parts_of(message):
        if part.get_content_type() in {"message/rfc822", "text/rfc822-headers"}:
            return ""
        if part.get_content_maintype() == "text":
            return words_of(part)
    return ""


def original_of(message: Message) -> Original:
    """Return what is known of the copy that came back."""
    for part in parts_of(message):
        kind = part.get_content_type()
        if kind in {"message/rfc822", "message/global"}:
            inner = part.get_payload()
            if isinstance(inner, list) and inner and isinstance(inner[0], Message):
                return _original(inner[0])
        if kind in {"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}:
            return _original(message_from_string(words_of(part)))
    return Original()


def _original(head: Message) -> Original:
    links = LEAVE_LINK.search(_one_line(head.get("List-Unsubscribe", "")))
    return Original(
        message_id=_one_line(head.get("Message-ID", ""))[:500],
        recipient=address_in(head.get("To", "")),
        return_path=address_in(head.get("Return-Path", "")),
        leave_token=links[1] if links else "",
    )


def address_in(value: object) -> str:
    """Return the first address in a header or a field such as ``rfc822; anna@example.org``."""
    found = ADDRESS.search(_one_line(value)[:4_000])
    return found[0] if found else ""


def field(block: Message, name: str) -> str:
    """Return a field of a report on one line, empty where there is none."""
    return _one_line(block.get(name, ""))


def _one_line(value: object) -> str:
    text = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(text.split())


def instant_in(value: str) -> datetime | None:
    """Return the instant in a date (RFC 5322) that has a zone, else None."""
    try:
        found = parsedate_to_datetime(value) if value else None
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found is not None and found.tzinfo is not None else None


def reply_code(text: str) -> int:
    """Return the first thing in a text that looks like an SMTP reply's code; 0: none."""
    match = CODE.search(text)
    return int(match[1]) if match else 0


def phase_in(text: str) -> Phase:
    """Return the phase that servers like Postfix and Exim name in what they report."""
    if END_OF_DATA.search(text):
        return Phase.DATA
    match = SAID_TO.search(text)
    if match is None:
        return Phase.UNKNOWN
    return Phase.MAIL if (match[1] or match[2]).upper() == "MAIL" else Phase.RCPT

"""One message that came in, reduced to what may matter: for whom, from whom, its subject, and
whether a machine wrote it.

The header alone is read, never a body or a part, and whatever is wrong with it makes nothing raise.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

from digest.correspondence.incoming.machines import is_answer, is_automatic, is_report
from digest.errors import BadInput
from digest.subscribers.addresses import parse_address

MOST_BYTES = 1_000_000  # of a message; what is behind them is not read
HEADER_BYTES = 100_000
LONGEST_HEADER = 4_000  # characters of one header that are looked at
LONGEST_SUBJECT = 300  # characters
MOST_RECIPIENTS = 50

# Where a mail server notes whom it delivers to; what the writer says comes last.
DELIVERED_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")
END_OF_HEADER = re.compile(rb"\r?\n\r?\n")
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
COMMENT = re.compile(r"\([^()]*\)")
IN_BRACKETS = re.compile(r"<([^<>]*)>")
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Letter:
    """What we know of a message. `recipients` are in small letters, the envelope's own first;
    `sender` is the one address in From, or None: anybody may write anybody's there.

    `is_automatic`: a machine wrote it (RFC 3834), or a list sent it on. `is_report`: it tells of a
    message that failed or was complained of. `is_answer`: a machine answered for somebody who is
    away.
    """

    recipients: tuple[str, ...]
    sender: str | None
    subject: str
    is_automatic: bool = False
    is_report: bool = False
    is_answer: bool = False


def read_letter(raw: bytes, envelope_to: str | None = None) -> Letter:
    """Return the letter in an RFC 5322 message, whatever its bytes; never raises.

    `envelope_to` is the address that the mail server took it for, where that is known.
    """
    head = _header_of(raw)
    subject = _subject_of(head)
    return Letter(
        recipients=tuple(dict.fromkeys(_recipients(head, envelope_to)))[:MOST_RECIPIENTS],
        sender=_sender_of(head),
        subject=subject,
        is_automatic=is_automatic(lambda name: _values(head, name), subject),
        is_report=is_report(lambda name: _values(head, name)),
        is_answer=is_answer(lambda name: _values(head, name), subject),
    )


def _header_of(raw: bytes) -> Message:
    # A mailbox file's or a pipe's first line may be an envelope; the parser takes it for none.
    end = END_OF_HEADER.search(raw, 0, HEADER_BYTES)
    return BytesHeaderParser(policy=compat32).parsebytes(
        raw[: end.start() if end else HEADER_BYTES]
    )


def _values(head: Message, name: str) -> list[str]:
    """Return what all headers of a name say, each as one line; UTF-8 as it is (RFC 6532)."""
    found = [value for each, value in head.raw_items() if each.lower() == name.lower()]
    return [
        UNPRINTABLE.sub(" ", _unescaped(str(value))[:LONGEST_HEADER]).strip() for value in found
    ]


def _unescaped(value: str) -> str:
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _recipients(head: Message, envelope_to: str | None) -> Iterator[str]:
    if envelope_to:
        yield from (found.lower() for found in ADDRESS.findall(envelope_to[:LONGEST_HEADER]))
    for name in DELIVERED_TO:
        for value in _values(head, name):
            yield from (found.lower() for found in ADDRESS.findall(value))


def _sender_of(head: Message) -> str | None:
    """Return the address in From where there is exactly one, fit to be written to."""
    match _values(head, "From"):
        case [one]:
            bare = COMMENT.sub("", QUOTED.sub("", one))
        case _:
            return None
    match IN_BRACKETS.findall(bare):
        case []:
            text = bare
        case [inside]:
            text = inside
        case _:
            return None
    try:
        return parse_address(text).address
    except BadInput:
        return None


def _subject_of(head: Message) -> str:
    """Return the first Subject as people read it, on one line."""
    said = "".join(_values(head, "Subject")[:1])
    try:
        parts = [_decoded(part, charset) for part, charset in decode_header(said)]
    except ValueError:  # broken base64; HeaderParseError is one too
        parts = [said]
    return UNPRINTABLE.sub(" ", "".join(parts)).strip()[:LONGEST_SUBJECT]


def _decoded(part: bytes | str, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.decode(charset or "ascii", "replace")
    except (LookupError, ValueError):  # no such character set
        return part.decode("ascii", "replace")

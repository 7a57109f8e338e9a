"""What a mail server answers, read from bytes: pure parsing with limits, no I/O and no judgement.

Follows RFC 5321 section 4.2 (replies) and RFC 2920 (several replies in one segment). Whatever does
not look like a reply is `BadReply`; replies completed before it stay readable.
"""

import re
from collections import deque
from dataclasses import dataclass
from functools import lru_cache

from digest.delivery.outcome import short_reply

# RFC 5321 section 4.5.3.1.5 allows 512 octets a line; real servers write longer ones, none of them
# this long.
LONGEST_LINE = 2_000
MOST_LINES = 100
MOST_UNREAD = 20

_LINE = re.compile(rb"([1-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_QUEUE_IDS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"queued as ([^\s;,()<>]+)",  # Postfix and those who copy it
        r"\bid=([^\s;,()<>]+)",  # Exim
        r"\bInternalId=(\d+)",  # Exchange
        r"queued \(([^\s)]+)\)",  # Haraka
        r"(\S+) message accepted for delivery",  # Sendmail, OpenSMTPD
        r"\bok\s+\d+ (\S+) - gsmtp",  # Gmail
        r"\bok (\d+ qp \d+)",  # qmail
        r"\bok:? ((?=[^\s]*\d)[a-z0-9][a-z0-9._-]{7,})",  # Amazon SES and other bare ids
    )
)


class BadReply(Exception):
    """The bytes are not an SMTP reply; the text says in what way and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: its code (100 to 599) and its text, the lines joined by spaces, without address or
    control.
    """

    code: int
    text: str

    @property
    def good(self) -> bool:
        """Whether the server did what was asked (2xx)."""
        return 200 <= self.code < 300

    @property
    def transient(self) -> bool:
        """Whether the server may do it another time (4xx)."""
        return 400 <= self.code < 500

    @property
    def permanent(self) -> bool:
        """Whether asking again is pointless (5xx)."""
        return 500 <= self.code < 600


class ReplyParser:
    """Turns bytes into replies; `replies` holds the complete ones nobody has taken yet."""

    def __init__(self) -> None:
        self.replies: deque[Reply] = deque()
        self._unfinished_line = b""
        self._lines: list[bytes] = []
        self._code = b""

    @property
    def spoken(self) -> bool:
        """Whether a reply is there, or has begun, that nobody has taken."""
        return bool(self.replies or self._unfinished_line or self._lines)

    def feed(self, data: bytes) -> None:
        """Take in bytes as they come; BadReply at the first that cannot belong to a reply."""
        *lines, self._unfinished_line = (self._unfinished_line + data).split(b"\n")
        for line in lines:
            self._take(line.removesuffix(b"\r"))
        if len(self._unfinished_line) > LONGEST_LINE:
            raise BadReply("a reply line without an end")

    def _take(self, line: bytes) -> None:
        if not self._lines and line[3:4] == b" " and len(line) <= LONGEST_LINE:
            self._add(_whole_reply(line))
            return
        match = _LINE.fullmatch(line)
        if match is None or len(line) > LONGEST_LINE:
            raise BadReply("something that is no SMTP reply")
        code, more, text = match.groups()
        if self._lines and code != self._code:
            raise BadReply("a reply whose lines disagree about the code")
        self._code = code
        self._lines.append(text or b"")
        if len(self._lines) > MOST_LINES:
            raise BadReply("a reply of too many lines")
        if more != b"-":
            self._finish()

    def _finish(self) -> None:
        self._add(_reply(self._code, b" ".join(self._lines)))
        self._lines = []

    def _add(self, reply: Reply) -> None:
        if len(self.replies) >= MOST_UNREAD:
            raise BadReply("more replies than anybody asked for")
        self.replies.append(reply)


@lru_cache(maxsize=256)
def _whole_reply(line: bytes) -> Reply:
    """Return the reply on one line; most lines of a run are the same few."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise BadReply("something that is no SMTP reply")
    return _reply(match[1], match[3] or b"")


def _reply(code: bytes, text: bytes) -> Reply:
    words = _CONTROL.sub(" ", text.decode("utf-8", "replace"))
    return Reply(int(code), short_reply(words))


@lru_cache(maxsize=256)
def queue_id(text: str) -> str:
    """Return the name the server gave the copy it accepted; empty where it names none."""
    for pattern in _QUEUE_IDS:
        if match := pattern.search(text):
            return match[1][:100]
    return ""

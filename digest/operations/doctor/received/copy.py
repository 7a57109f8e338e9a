"""A received message as its header fields and body, byte for byte: a signature hashes those."""

import email
import email.policy
import re
from dataclasses import dataclass
from email.utils import getaddresses
from functools import cached_property

from digest.errors import BadInput

CRLF = b"\r\n"
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:", re.ASCII)
_FOLD = re.compile(rb"\r\n(?=[ \t])")
MOST_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Field:
    """One header field: its name in small letters, and all its bytes with the CRLF."""

    name: str
    raw: bytes

    @property
    def value(self) -> str:
        """Return what is behind the colon, unfolded, blanks at both ends taken away."""
        return _FOLD.sub(b"", self.raw.partition(b":")[2]).decode("utf-8", "replace").strip()


@dataclass(frozen=True)
class Copy:
    """One message; `fields` in the order they stand, the newest trace at the top."""

    fields: tuple[Field, ...]
    body: bytes
    size: int

    def all(self, name: str) -> list[Field]:
        """Return the fields of a name (in small letters), from the top."""
        return [field for field in self.fields if field.name == name]

    def first(self, name: str) -> str | None:
        """Return the value of the topmost field of a name; None without one."""
        return next((field.value for field in self.fields if field.name == name), None)

    def domains(self, name: str) -> list[str]:
        """Return the domains of the addresses in the fields of a name; the addresses go no
        further.
        """
        found = getaddresses([field.value for field in self.all(name)])
        return [address.rpartition("@")[2].lower() for _, address in found if "@" in address]

    @cached_property
    def html_size(self) -> int:
        """How many bytes of HTML a mail program gets to see."""
        head = b"".join(field.raw for field in self.fields)
        message = email.message_from_bytes(head + CRLF + self.body, policy=email.policy.default)
        payloads = [
            part.get_payload(decode=True)
            for part in message.walk()
            if part.get_content_type() == "text/html"
        ]
        return sum(len(one) for one in payloads if isinstance(one, bytes))


def read_copy(raw: bytes) -> Copy:
    """Return a message as it was saved from a mail program; BadInput when it is none.

    Line ends that became LF alone are mended, and a mailbox's own first line (``From …``) goes.
    """
    if len(raw) > MOST_BYTES:
        raise BadInput(f"the message is larger than {MOST_BYTES:,} bytes")
    size = len(raw)
    if CRLF not in raw[:4_000]:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\n", CRLF)
    if raw.startswith((b"From ", b">From ")):
        raw = raw.partition(CRLF)[2]
    head, blank, body = raw.partition(CRLF + CRLF)
    if not blank:
        raise BadInput('this is no whole mail: save it with its headers ("show original")')
    fields = []
    for line in re.split(rb"\r\n(?![ \t])", head):
        named = _FIELD.match(line)
        if named is None:
            raise BadInput("this is no mail: it has a line among its headers that is none")
        fields.append(Field(named[1].decode("ascii").lower(), line + CRLF))
    return Copy(tuple(fields), body, size)

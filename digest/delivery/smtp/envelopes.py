"""The envelope of one copy as SMTP commands: which parameters to say, what cannot be said here.
Pure.

Follows RFC 5321 section 4.1.1, RFC 1870 (SIZE), RFC 6531 (SMTPUTF8), RFC 3461 (DSN). One MAIL, one
RCPT, one DATA; nothing in an address or a reference can end a command early. Made for every copy,
so what is the same for most of them is kept and a plain address costs one look.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from digest.delivery.backends.base import Envelope
from digest.delivery.outcome import Rejected

# Printable and without the characters that delimit a path; quoted local parts are not supported.
_ADDRESS = re.compile(
    r"[^\x00-\x20\x7f-\xa0\u2028\u2029<>()\[\],;:\\\"@]+@[^\x00-\x20\x7f-\xa0<>,;\\\"@]+"
)
# What nearly every address looks like; such a one goes on the wire as it is.
_PLAIN = re.compile(r"[A-Za-z0-9!#$%&'*+./=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}")
_NUMBERED = re.compile(r"([a-z])[a-z]* ([0-9]{1,20})")
_LONGEST_ENVID = 100  # characters, RFC 3461 section 4.4


@dataclass(frozen=True, slots=True)
class Extensions:
    """What the server offered in its EHLO reply, as far as it concerns us; `size` 0 means no stated
    limit.

    `eightbit` is kept for reports alone: our messages are 7-bit, so BODY= is never said.
    """

    pipelining: bool = False
    smtputf8: bool = False
    size_offered: bool = False
    size: int = 0
    dsn: bool = False
    eightbit: bool = False

    @classmethod
    def from_ehlo(cls, offered: dict[str, str], *, dsn: bool = True) -> "Extensions":
        """Read keyword → parameters, keywords in lower case; `dsn` false leaves an offer of it
        unused.
        """
        limit = offered.get("size", "").strip()
        return cls(
            pipelining="pipelining" in offered,
            smtputf8="smtputf8" in offered,
            size_offered="size" in offered,
            size=int(limit) if limit.isascii() and limit.isdigit() else 0,
            dsn=dsn and "dsn" in offered,
            eightbit="8bitmime" in offered,
        )


def envelope_commands(
    envelope: Envelope, size: int, offered: Extensions
) -> tuple[bytes, bytes, bytes] | Rejected:
    """Return the MAIL, RCPT and DATA lines for a copy of `size` octets, or why it cannot go through
    this server.

    Where DSN is offered, failures and delays are asked to be reported under the copy's `envid`,
    without the message's body. Rejected never touched the wire: reason ``smtputf8`` (a non-ASCII
    local part, RFC 6531 not offered), ``size`` (larger than the server's stated limit) or
    ``address`` (not an address at all). Raises ValueError when the sender is not an address: that
    is our own mistake and no reader's.
    """
    if offered.size and size > offered.size:
        return Rejected(552, f"{size} octets; the relay takes {offered.size}", reason="size")
    sender = _sender(envelope.mail_from)
    recipient = path(envelope.rcpt_to)
    if sender is None:
        raise ValueError(f"copy {envelope.reference}: the envelope sender is not an e-mail address")
    if recipient is None:
        return Rejected(553, "not an e-mail address", reason="address")
    mail, rcpt = f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>"
    if offered.size_offered:
        mail += f" SIZE={size}"
    if not (recipient.isascii() and sender.isascii()):
        if not offered.smtputf8:
            return Rejected(553, "the relay offers no SMTPUTF8 (5.6.7)", reason="smtputf8")
        mail += " SMTPUTF8"
    if offered.dsn:
        name = envid(envelope.reference)
        mail += f" RET=HDRS ENVID={name}" if name else " RET=HDRS"
        rcpt += " NOTIFY=FAILURE,DELAY"
    return f"{mail}\r\n".encode(), f"{rcpt}\r\n".encode(), b"DATA\r\n"


def envid(reference: str) -> str:
    """Return the name a report on this copy will carry (RFC 3461 section 4.4), as xtext.

    ``delivery 123`` becomes ``d123``; anything else is spelled out. Empty where there is nothing to
    say, where it would hold an address, or where it is too long.
    """
    if numbered := _NUMBERED.fullmatch(reference):
        return f"{numbered[1]}{numbered[2]}"
    if "@" in reference:
        return ""
    spelled = "".join(_xchar(byte) for byte in reference.encode("utf-8", "replace"))
    return spelled if len(spelled) <= _LONGEST_ENVID else ""


def _xchar(byte: int) -> str:
    """Return one octet as xtext (RFC 3461 section 4)."""
    return chr(byte) if 33 <= byte <= 126 and byte not in b"+=" else f"+{byte:02X}"


def path(address: str) -> str | None:
    """Return the address as it goes between angle brackets, its domain in ASCII (IDNA 2008); None
    if it is none.
    """
    if _PLAIN.fullmatch(address):
        return address
    if not _ADDRESS.fullmatch(address) or len(address.encode()) > 254:
        return None
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        checked = validate_email(
            f"x@{domain}", check_deliverability=False, test_environment=True, allow_smtputf8=True
        )
    except EmailNotValidError:
        return None
    return f"{local}@{checked.ascii_domain}"


@lru_cache(maxsize=64)
def _sender_path(address: str) -> str | None:
    """Return `path` of an envelope sender; the empty one, of a report, is fine too."""
    return path(address) if address else ""


def _sender(address: str) -> str | None:
    """Return the same; a return path that is signed for one copy is not worth keeping."""
    return address if _PLAIN.fullmatch(address) else _sender_path(address)

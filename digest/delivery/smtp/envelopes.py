"""The envelope of one copy as SMTP commands: which parameters to say, what cannot be said here.
Pure.

Follows RFC 5321 section 4.1.1, RFC 1870 (SIZE), RFC 6531 (SMTPUTF8). One MAIL, one RCPT, one DATA;
nothing in an address can end a command early.
"""

import re
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from digest.delivery.backends.base import Envelope
from digest.delivery.outcome import Rejected

# Printable and without the characters that delimit a path; quoted local parts are not supported.
_ADDRESS = re.compile(
    r"[^\x00-\x20\x7f-\xa0\u2028\u2029<>()\[\],;:\\\"@]+@[^\x00-\x20\x7f-\xa0<>,;\\\"@]+"
)


@dataclass(frozen=True, slots=True)
class Extensions:
    """What the server offered in its EHLO reply, as far as we use it; `size` 0 means no stated
    limit.
    """

    pipelining: bool = False
    smtputf8: bool = False
    size_offered: bool = False
    size: int = 0

    @classmethod
    def from_ehlo(cls, offered: dict[str, str]) -> "Extensions":
        """Read keyword → parameters, keywords in lower case."""
        limit = offered.get("size", "").strip()
        return cls(
            pipelining="pipelining" in offered,
            smtputf8="smtputf8" in offered,
            size_offered="size" in offered,
            size=int(limit) if limit.isascii() and limit.isdigit() else 0,
        )


def envelope_commands(
    envelope: Envelope, size: int, offered: Extensions
) -> tuple[bytes, bytes, bytes] | Rejected:
    """Return the MAIL, RCPT and DATA lines for a copy of `size` octets, or why it cannot go through
    this server.

    Rejected never touched the wire: reason ``smtputf8`` (a non-ASCII local part, RFC 6531 not
    offered), ``size`` (larger than the server's stated limit) or ``address`` (not an address at
    all). Raises ValueError when the sender is not an address: that is our own mistake and no
    reader's.
    """
    if offered.size and size > offered.size:
        return Rejected(552, f"{size} octets; the relay takes {offered.size}", reason="size")
    sender = path(envelope.mail_from) if envelope.mail_from else ""
    recipient = path(envelope.rcpt_to)
    if sender is None:
        raise ValueError(f"copy {envelope.reference}: the envelope sender is not an e-mail address")
    if recipient is None:
        return Rejected(553, "not an e-mail address", reason="address")
    international = not (sender + recipient).isascii()
    if international and not offered.smtputf8:
        return Rejected(553, "the relay offers no SMTPUTF8 (5.6.7)", reason="smtputf8")
    mail = f"MAIL FROM:<{sender}>"
    if offered.size_offered:
        mail += f" SIZE={size}"
    if international:
        mail += " SMTPUTF8"
    return f"{mail}\r\n".encode(), f"RCPT TO:<{recipient}>\r\n".encode(), b"DATA\r\n"


def path(address: str) -> str | None:
    """Return the address as it goes between angle brackets, its domain in ASCII (IDNA 2008); None
    if it is none.
    """
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

"""Header lines, written literally: what goes out is what is read here, in ASCII and with CRLF.

The standard library's own policies would encode or fold a long List-Unsubscribe or Message-ID, and
accept some line separators; these functions refuse every control character instead. Sources: RFC
5322 for form, RFC 2047 for encoded words, RFC 2919 and RFC 8058 for lists.
"""

import base64
import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email

from digest.errors import BadInput, DigestError
from digest.rendering.links import is_reader_link

LINE = 76  # characters; RFC 2047's limit for a line with encoded words
LONGEST_LINK = 900  # characters; a header line may have 998
LONGEST_SUBJECT = 998  # characters; Gmail refuses more

FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
PLAIN_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/^_`{|}~ -]+")
PLAIN_ADDRESS = re.compile(
    r"(?=.{1,64}@.{1,189}$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{1,62}[A-Za-z0-9]"
)
MESSAGE_ID = re.compile(r"<[a-z0-9.-]{20,120}@[a-z0-9.-]{1,100}>")
LEAVE_BY_MAIL = re.compile(
    r"[A-Za-z0-9.+_-]{1,64}@[a-z0-9.-]{1,189}(?:\?subject=[A-Za-z0-9._~%-]+)?"
)
FEEDBACK_ID = re.compile(r"(?:[A-Za-z0-9._-]{0,60}:){3}[A-Za-z0-9._-]{5,15}")
LIST_ID = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")


class NeedsSmtpUtf8(DigestError):
    """The local part is not ASCII; only relays offering SMTPUTF8 (RFC 6531) take it."""


def clean(name: str, value: str) -> str:
    """Return a header's text without outer blanks; BadInput for control characters or nothing."""
    if FORBIDDEN.search(value):
        raise BadInput(f"{name}: control characters or line breaks have no place in a header")
    if not (stripped := value.strip()):
        raise BadInput(f"{name}: must not be empty")
    return stripped


def ascii_address(address: str) -> str:
    """Return an address fit for envelope and header: the domain in ASCII (RFC 5891), lower case.

    Raises NeedsSmtpUtf8 for a local part outside ASCII, BadInput for what is no address; neither
    names the address.
    """
    if not PLAIN_ADDRESS.fullmatch(address):
        address = _converted(address)
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def written_address(address: str) -> str:
    """Return an address as a copy's To carries it: in ASCII where that can be, else in UTF-8 (RFC
    6532), for a relay that offers SMTPUTF8; BadInput for what is no address.
    """
    try:
        return ascii_address(address)
    except NeedsSmtpUtf8:
        checked = validate_email(address, check_deliverability=False, strict=True)
        return f"{checked.local_part}@{checked.ascii_domain}"


def _converted(address: str) -> str:
    try:
        checked = validate_email(address, check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        raise BadInput("this is not an e-mail address") from error
    if checked.ascii_email is None:
        raise NeedsSmtpUtf8("the part before the @ is not ASCII")
    if not PLAIN_ADDRESS.fullmatch(checked.ascii_email):
        raise BadInput("this is not an e-mail address")
    return checked.ascii_email


def subject_line(subject: str) -> str:
    """Return the Subject header with its CRLF: folded at blanks, or in encoded words."""
    text = clean("Subject", subject)
    if len(text) > LONGEST_SUBJECT:
        raise BadInput(f"Subject: {len(text)} characters are more than {LONGEST_SUBJECT}")
    folded = _folded(f"Subject: {text}") if text.isascii() and "=?" not in text else None
    return folded or f"Subject: {encoded_words(text, used=9)}\r\n"


def _folded(line: str) -> str | None:
    """Return an ASCII header folded before blanks (RFC 5322, 2.2.3); None if a word is too long."""
    lines = [""]
    for word in re.split(r"(?<=[^ ])(?= )", line):
        if len(lines[-1]) + len(word) > LINE and lines[-1] not in ("", "Subject:"):
            lines.append("")
        lines[-1] += word
    return "\r\n".join(lines) + "\r\n" if all(len(one) <= LINE for one in lines) else None


def mailbox_line(header: str, name: str, address: str) -> str:
    """Return a header such as From with one mailbox: display name, then the address in brackets."""
    shown = phrase(clean(header, name), used=len(header) + 2)
    return f"{header}: {shown}<{ascii_address(address)}>\r\n"


def list_id_line(name: str, list_id: str) -> str:
    """Return the List-Id header (RFC 2919); the name may be encoded or empty, the id stays
    plain.
    """
    if not LIST_ID.fullmatch(list_id):
        raise BadInput(f"List-Id: {list_id!r} is not of the form slug.host")
    said = phrase(clean("List-Id", name), used=9) if name else ""
    return f"List-Id: {said}<{list_id}>\r\n"


def phrase(text: str, used: int) -> str:
    """Return a display name and what parts it from the bracket that follows.

    Plain words, a quoted string, or encoded words; `used` characters of the line are taken already.
    """
    if not text.isascii() or "=?" in text:
        return encoded_words(text, used) + "\r\n "
    if PLAIN_PHRASE.fullmatch(text):
        return f"{text} "
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" '


def encoded_words(text: str, used: int) -> str:
    """Return the text as folded encoded words (RFC 2047) of at most 75 characters each."""
    words = [base64.b64encode(chunk).decode("ascii") for chunk in _chunks(text, used)]
    return "\r\n ".join(f"=?utf-8?B?{word}?=" for word in words)


def _chunks(text: str, used: int) -> Iterator[bytes]:
    """Yield the text in pieces of whole characters that fit a line each, in base64 and brackets."""
    room = (LINE - max(used, 1) - 12) // 4 * 3
    chunk = b""
    for character in text:
        encoded = character.encode()
        if len(chunk) + len(encoded) > room:
            yield chunk
            chunk, room = b"", (LINE - 1 - 12) // 4 * 3
        chunk += encoded
    yield chunk


def date_line(date: datetime) -> str:
    """Return the Date header (RFC 5322, 3.3); BadInput for a time without a zone."""
    if date.tzinfo is None:
        raise BadInput("Date: a time without a zone")
    return f"Date: {format_datetime(date)}\r\n"


def message_id_line(message_id: str) -> str:
    """Return the Message-ID header, never folded; BadInput unless ``<20-120 of a-z0-9.-@host>``."""
    if not MESSAGE_ID.fullmatch(message_id):
        raise BadInput("Message-ID: not of the form <letters-and-digits@host>")
    return f"Message-ID: {message_id}\r\n"


def unsubscribe_lines(url: str, by_mail: str) -> str:
    """Return List-Unsubscribe, folded after its comma only, and List-Unsubscribe-Post (RFC 8058).

    `by_mail` is what `way_by_mail` returns.
    """
    if not is_reader_link(url) or len(url) > LONGEST_LINK:
        raise BadInput("List-Unsubscribe: not a link of printable ASCII, or too long")
    return (
        f"List-Unsubscribe: <{url}>{by_mail}\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )


def way_by_mail(address: str) -> str:
    """Return the second way of List-Unsubscribe: to an address, perhaps with ``?subject=``; nothing
    for none. BadInput for what is no such address.
    """
    if not address:
        return ""
    if not LEAVE_BY_MAIL.fullmatch(address) or len(address) > LONGEST_LINK:
        raise BadInput("List-Unsubscribe: not an address to leave by")
    return f",\r\n <mailto:{address}>"


def feedback_id_line(feedback_id: str) -> str:
    """Return the Feedback-ID header: three fields and a sender id of 5 to 15 characters (Gmail)."""
    if not FEEDBACK_ID.fullmatch(feedback_id):
        raise BadInput(f"Feedback-ID: {feedback_id!r} is not issue:newsletter:kind:sender")
    return f"Feedback-ID: {feedback_id}\r\n"

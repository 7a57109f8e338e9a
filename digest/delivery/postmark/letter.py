"""A finished copy as the JSON that Postmark's ``POST /email`` takes. Pure.

Postmark builds the MIME message itself, so what we hand over is taken apart again: addresses,
subject and bodies have fields of their own, every other header goes along as it stands. Postmark
writes Date, MIME-Version and Content-* anew and signs what it wrote; a DKIM signature of ours could
not hold and stays behind.
"""

import base64
import json
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from digest.delivery.backends.base import Envelope

_FIELDS = {"from", "to", "subject", "reply-to"}
_REMADE = {
    "date",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "dkim-signature",
    "return-path",
    "received",
}
_OTHER_READERS = {"cc", "bcc"}


def as_json(envelope: Envelope, recipient: str, message: bytes, stream: str) -> bytes:
    """Return the request's body for one copy to `recipient`, through a message stream.

    Our Message-ID is kept (X-PM-KeepID), nothing is tracked, and the copy's reference comes back
    with every event as Metadata. Raises ValueError for a message to more than the one reader.
    """
    parsed = BytesParser(EmailMessage, policy=policy.default).parsebytes(message)
    if any(parsed[name] for name in _OTHER_READERS):
        raise ValueError(f"copy {envelope.reference}: a copy has one reader, no Cc and no Bcc")
    letter: dict[str, Any] = {
        "From": _mailboxes(parsed, "From") or envelope.mail_from,
        "To": recipient,
        "Subject": str(parsed["Subject"] or ""),
        "MessageStream": stream,
        "TrackOpens": False,
        "TrackLinks": "None",
        "Headers": _headers(parsed),
        **_bodies(parsed),
    }
    if reply_to := _mailboxes(parsed, "Reply-To"):
        letter["ReplyTo"] = reply_to
    if envelope.reference:
        letter["Metadata"] = {"reference": envelope.reference[:80]}
    return json.dumps(letter, ensure_ascii=False).encode()


def _mailboxes(parsed: EmailMessage, name: str) -> str:
    """Return the mailboxes of a header, names decoded and quoted where they need it."""
    header = parsed[name]
    return ", ".join(str(address) for address in header.addresses) if header else ""


def _headers(parsed: EmailMessage) -> list[dict[str, str]]:
    """Return the headers without a field, unfolded and otherwise as written, encoded words too."""
    headers = [
        {"Name": name, "Value": "".join(str(value).splitlines()).strip()}
        for name, value in parsed.raw_items()
        if name.lower() not in _FIELDS | _REMADE
    ]
    if parsed["Message-ID"]:
        headers.append({"Name": "X-PM-KeepID", "Value": "true"})
    return headers


def _bodies(parsed: EmailMessage) -> dict[str, Any]:
    """Return TextBody and HtmlBody, and what else the message carries as Attachments."""
    plain, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    bodies: dict[str, Any] = {}
    if plain is not None:
        bodies["TextBody"] = plain.get_content()
    if html is not None:
        bodies["HtmlBody"] = html.get_content()
    others = [
        part
        for part in parsed.walk()
        if not part.is_multipart() and part is not plain and part is not html
    ]
    if others:
        bodies["Attachments"] = [_attachment(part, n) for n, part in enumerate(others, 1)]
    return bodies


def _attachment(part: Any, number: int) -> dict[str, str]:
    attachment = {
        "Name": part.get_filename() or f"part-{number}",
        "ContentType": part.get_content_type(),
        "Content": base64.b64encode(part.get_payload(decode=True)).decode("ascii"),
    }
    if content_id := str(part["Content-ID"] or "").strip("<> "):
        attachment["ContentID"] = f"cid:{content_id}"
    return attachment

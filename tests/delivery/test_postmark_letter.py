"""A finished copy as Postmark's JSON: nothing is lost that Postmark does not write anew."""

import base64
import json
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from digest.delivery.backends.base import Envelope
from digest.delivery.postmark.letter import as_json
from digest.rendering.mime import build_notice

ENVELOPE = Envelope("bounces@gazette.example", "jane@example.org", "delivery 123")
COPY = (
    b'From: "The Gazette, =?utf-8?B?w5xi?=" <friday@gazette.example>\r\n'
    b"To: <jane@example.org>\r\n"
    b"Date: Fri, 27 Nov 2026 07:00:00 +0000\r\n"
    b"Message-ID: <abcdefghijklmnopqrstuvwxyz@digest.gazette.example>\r\n"
    b"List-Unsubscribe: <https://digest.gazette.example/u/tok.en>,\r\n"
    b" <mailto:leave@gazette.example>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"Subject: =?utf-8?B?RGllIFdvY2hlIGluIFRow7xyaW5nZW4g4oCT?=\r\n"
    b" =?utf-8?B?IHNlY2hz?=\r\n"
    b"Reply-To: <editors@gazette.example>\r\n"
    b"List-Id: =?utf-8?B?RGllIFdvY2hl?=\r\n <weekly.digest.gazette.example>\r\n"
    b"Feedback-ID: 3:weekly:full:abcdefghij\r\n"
    b"DKIM-Signature: v=1; d=gazette.example; b=AAAA\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="=_x"\r\n\r\n'
    b"--=_x\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n"
    b"\r\n--=_x\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Gr=C3=BC=C3=9Fe\r\n"
    b"\r\n--=_x--\r\n"
)


def letter(message: bytes = COPY, envelope: Envelope = ENVELOPE) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(as_json(envelope, envelope.rcpt_to, message, "broadcast"))
    return value


def headers(message: bytes = COPY) -> dict[str, str]:
    return {header["Name"]: header["Value"] for header in letter(message)["Headers"]}


def test_fields_are_those_postmark_has() -> None:
    said = letter()

    assert {name: said[name] for name in ("From", "To", "Subject", "ReplyTo")} == {
        "From": '"The Gazette, Üb" <friday@gazette.example>',
        "To": "jane@example.org",
        "Subject": "Die Woche in Thüringen – sechs",
        "ReplyTo": "editors@gazette.example",
    }
    assert (said["TextBody"].strip(), said["HtmlBody"].strip()) == ("Grüße", "<p>Grüße")


def test_headers_go_along_unfolded_and_otherwise_as_written() -> None:
    assert headers() == {
        "Message-ID": "<abcdefghijklmnopqrstuvwxyz@digest.gazette.example>",
        "List-Unsubscribe": "<https://digest.gazette.example/u/tok.en>,"
        " <mailto:leave@gazette.example>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": "=?utf-8?B?RGllIFdvY2hl?= <weekly.digest.gazette.example>",
        "Feedback-ID": "3:weekly:full:abcdefghij",
        "X-PM-KeepID": "true",
    }


def test_reference_comes_back_with_every_event() -> None:
    said = letter()

    assert (said["Metadata"], said["MessageStream"]) == ({"reference": "delivery 123"}, "broadcast")


def test_no_reader_is_tracked() -> None:
    said = letter()

    assert (said["TrackOpens"], said["TrackLinks"]) == (False, "None")


def test_notice_in_plain_text_has_no_html() -> None:
    message = build_notice(
        from_name="The Gazette",
        from_address="friday@gazette.example",
        to="jane@example.org",
        subject="Please confirm",
        body="Open this link.",
        message_id="<abcdefghijklmnopqrstuvwxyz@digest.gazette.example>",
        date=datetime(2026, 11, 27, tzinfo=UTC),
    )

    said = letter(message)

    assert "HtmlBody" not in said
    assert said["TextBody"].strip() == "Open this link."
    assert headers(message)["Auto-Submitted"] == "auto-generated"


def test_recipient_is_the_envelopes_whatever_the_header_says() -> None:
    assert letter(COPY.replace(b"jane@example.org", b"joe@example.org"))["To"] == "jane@example.org"


@pytest.mark.parametrize("header", [b"Cc", b"Bcc"])
def test_other_readers_are_refused(header: bytes) -> None:
    with pytest.raises(ValueError, match="delivery 123"):
        letter(header + b": <joe@example.org>\r\n" + COPY)


def test_picture_inside_goes_along_as_an_attachment() -> None:
    message = EmailMessage()
    message["From"] = "friday@gazette.example"
    message.set_content("text")
    message.add_alternative("<img src=cid:pic>", subtype="html")
    message.get_payload()[1].add_related(b"GIF", "image", "gif", cid="<pic>")  # type: ignore[union-attr, index]

    (attachment,) = letter(message.as_bytes())["Attachments"]

    assert attachment == {
        "Name": "part-1",
        "ContentType": "image/gif",
        "ContentID": "cid:pic",
        "Content": base64.b64encode(b"GIF").decode(),
    }

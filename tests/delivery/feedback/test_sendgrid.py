"""SendGrid's event webhook in our normal form, and its signature over time and body."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from digest.delivery.feedback.events import Feedback, FeedbackKind, FeedbackReason
from digest.delivery.feedback.sendgrid import (
    MOST_EVENTS,
    READERS,
    parse_sendgrid,
    read_public_key,
    verified_time,
)
from digest.delivery.outcome import Scope
from digest.errors import BadInput, ConfigError

ANNA = "anna@example.org"
OWN_ID = "<0123456789abcdef0123456789abcdef@courier.example>"
STAMP = "1795762806"
KEY = ec.generate_private_key(ec.SECP256R1())
BASE: dict[str, Any] = {
    "email": ANNA,
    "timestamp": 1795762806,
    "smtp-id": OWN_ID,
    "sg_event_id": "Ym91bmNlLTAtMTIzNDU2Nzgtc2dldmVudA",
    "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
    "category": ["weekly"],
}
BOUNCE = {
    **BASE,
    "event": "bounce",
    "type": "bounce",
    "status": "5.1.1",
    "reason": f"550 5.1.1 <{ANNA}>: user unknown",
    "ip": "192.0.2.13",
    "tls": 1,
    "bounce_classification": "Invalid Address",
}
DELIVERED = {**BASE, "event": "delivered", "response": "250 2.0.0 OK", "tls": 1}


def parsed(*events: Any) -> list[Feedback]:
    told, odd = parse_sendgrid(json.dumps(events).encode())
    assert odd == []
    return told


def bounce(**changed: Any) -> Feedback:
    (told,) = parsed({**BOUNCE, **changed})
    return told


def signed(body: bytes, stamp: str = STAMP, key: ec.EllipticCurvePrivateKey = KEY) -> str:
    signature = key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return base64.b64encode(signature).decode()


def shown(key: ec.EllipticCurvePrivateKey) -> str:
    """The public key as SendGrid's page shows it."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def test_hard_bounce_names_its_copy_by_our_message_id_and_by_theirs() -> None:
    assert parsed(BOUNCE) == [
        Feedback(
            kind=FeedbackKind.BOUNCED,
            at=datetime(2026, 11, 27, 7, 0, 6, tzinfo=UTC),
            recipient=ANNA,
            event_id="Ym91bmNlLTAtMTIzNDU2Nzgtc2dldmVudA",
            message_id="14c5d75ce93",
            own_message_id=OWN_ID,
            permanent=True,
            code=550,
            status="5.1.1",
            detail="550 5.1.1 <‹address›>: user unknown",
            reason=FeedbackReason.INVALID,
        )
    ]


def test_late_bounce_without_our_id_has_theirs() -> None:
    event = {key: value for key, value in BOUNCE.items() if key != "smtp-id"}

    (told,) = parsed(event)

    assert (told.own_message_id, told.message_id) == ("", "14c5d75ce93")


@pytest.mark.parametrize(
    "theirs", ["<14c5d75ce93.dfd.64b469@ismtpd-555>", "<qNwBL@ismtpd0178p1mdw1.sendgrid.net>", 7]
)
def test_message_id_that_sendgrid_made_names_nothing_of_ours(theirs: Any) -> None:
    assert bounce(**{"smtp-id": theirs}).own_message_id == ""


@pytest.mark.parametrize(
    ("classified", "kind", "permanent", "scope"),
    [
        ("Invalid Address", "bounce", True, Scope.READER),
        ("Mailbox Unavailable", "bounce", False, Scope.READER),
        ("Technical", "bounce", False, Scope.READER),
        ("Reputation", "blocked", False, Scope.POLICY),
        ("Frequency or Volume Too High", "blocked", False, Scope.POLICY),
        ("Content", "bounce", False, Scope.MESSAGE),
        ("Unclassified", "bounce", True, Scope.READER),
        (None, "bounce", True, Scope.READER),
        (None, None, True, Scope.READER),
        (None, "blocked", False, Scope.POLICY),
        (None, "expired", False, Scope.READER),
    ],
)
def test_bounce_is_told_apart_by_classification_then_type(
    classified: str | None, kind: str | None, permanent: bool, scope: Scope
) -> None:
    told = bounce(bounce_classification=classified, type=kind, status="", reason="no words")

    assert (told.kind, told.permanent, told.scope) == (FeedbackKind.BOUNCED, permanent, scope)


@pytest.mark.parametrize(
    ("status", "said", "reason"),
    [
        ("5.0.0", "550 5.7.26 not authenticated", FeedbackReason.BLOCKED),
        ("5.0.0", "552 5.2.2 The account is over quota", FeedbackReason.OTHER),
        ("5.2.2", "550 5.2.2 The account is over quota", FeedbackReason.BOUNCED),
        ("4.0.0", "450 try later", FeedbackReason.BOUNCED),
    ],
)
def test_status_gainsays_a_bounce_and_the_words_a_status_that_says_nothing(
    status: str, said: str, reason: FeedbackReason
) -> None:
    told = bounce(bounce_classification=None, status=status, reason=said)

    assert (told.permanent, told.reason) == (False, reason)


@pytest.mark.parametrize(
    ("reason", "kind", "permanent"),
    [
        ("Bounced Address", FeedbackKind.BOUNCED, True),
        ("Invalid", FeedbackKind.BOUNCED, True),
        ("Spam Reporting Address", FeedbackKind.COMPLAINED, False),
        ("Unsubscribed Address", FeedbackKind.UNSUBSCRIBED, False),
        ("Spam Content", FeedbackKind.BOUNCED, False),
        ("Recipient List over Package Quota", FeedbackKind.BOUNCED, False),
        ("Invalid SMTPAPI header", FeedbackKind.BOUNCED, False),
    ],
)
def test_dropped_copy_is_what_their_list_has_the_address_for(
    reason: str, kind: FeedbackKind, permanent: bool
) -> None:
    (told,) = parsed({**BASE, "event": "dropped", "reason": reason})

    assert (told.kind, told.permanent) == (kind, permanent)


def test_many_events_of_one_request_are_all_read() -> None:
    told = parsed(
        DELIVERED,
        {**BASE, "event": "deferred", "response": "450 4.2.1 later", "attempt": "2"},
        {**BASE, "event": "spamreport"},
        {**BASE, "event": "unsubscribe"},
        {**BASE, "event": "group_unsubscribe", "asm_group_id": 10},
    )

    assert [one.kind for one in told] == [
        FeedbackKind.DELIVERED,
        FeedbackKind.DEFERRED,
        FeedbackKind.COMPLAINED,
        FeedbackKind.UNSUBSCRIBED,
        FeedbackKind.UNSUBSCRIBED,
    ]


@pytest.mark.parametrize("kind", sorted(kind for kind in READERS if READERS[kind] is None))
def test_what_says_nothing_about_delivery_becomes_nothing(kind: str) -> None:
    assert parsed({**BASE, "event": kind}) == []


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({**BASE, "event": "boomerang"}, "event"),
        ({**BOUNCE, "type": "odd", "bounce_classification": None}, "type"),
        ({**BOUNCE, "email": "anna"}, "email"),
        ({**BOUNCE, "timestamp": "1795762806"}, "timestamp"),
        ({**BOUNCE, "sg_event_id": None}, "sg_event_id"),
        ({**BOUNCE, "sg_event_id": "a\x00b"}, "sg_event_id"),
        ({**BOUNCE, "sg_event_id": "\ud800"}, "sg_event_id"),
    ],
)
def test_event_that_is_not_understood_costs_none_of_the_others(
    event: dict[str, Any], field: str
) -> None:
    told, odd = parse_sendgrid(json.dumps([DELIVERED, event, BOUNCE]).encode())

    assert [one.kind for one in told] == [FeedbackKind.DELIVERED, FeedbackKind.BOUNCED]
    assert [one.why.partition(": ")[2].partition(":")[0] for one in odd] == [field]
    assert json.loads(odd[0].raw) == event
    assert "anna" not in odd[0].why + repr(odd)


@pytest.mark.parametrize("body", [b"", b"{}", b"7", b"[" * 200_000], ids=len)
def test_body_that_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput, match="sendgrid: the body is not"):
        parse_sendgrid(body)


def test_list_without_end_is_refused() -> None:
    with pytest.raises(BadInput):
        parse_sendgrid(json.dumps([1] * (MOST_EVENTS + 1)).encode())


def test_signature_of_their_key_gives_the_time() -> None:
    body = json.dumps([BOUNCE]).encode() + b"\r\n"

    at = verified_time(body, signed(body), STAMP, read_public_key(shown(KEY)))

    assert at == datetime(2026, 11, 27, 7, 0, 6, tzinfo=UTC)


def test_request_that_sendgrid_itself_signed_is_believed() -> None:
    """Recorded, and published for those who verify: key, signature, time and body are theirs."""
    key = (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3G"
        "Rqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
    )
    signature = (
        "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M"
        "15TluLtEZtM="
    )
    body = (
        b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
        b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
        b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-'
        b'5F5FC76C-9.0","smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>",'
        b'"timestamp":1600112492}]\r\n'
    )

    (told,), odd = parse_sendgrid(body)

    assert verified_time(body, signature, "1600112502", read_public_key(key))
    assert not verified_time(body.strip(), signature, "1600112502", read_public_key(key))
    assert (told.kind, told.permanent, odd) == (FeedbackKind.BOUNCED, True, [])
    assert (told.message_id, told.own_message_id) == ("LRzXl_NHStOGhQ4kofSm_A", "")


@pytest.mark.parametrize(
    ("signature", "stamp"),
    [
        (signed(b"other"), STAMP),
        (signed(b"body", stamp="1795762807"), STAMP),
        (signed(b"body", key=ec.generate_private_key(ec.SECP256R1())), STAMP),
        (signed(b"2body", stamp="179576280"), STAMP),
        (signed(b"body"), None),
        (signed(b"body"), "soon"),
        (signed(b"body", stamp=""), ""),
        (None, STAMP),
        ("", STAMP),
        ("?", STAMP),
        ("é", STAMP),
    ],
    ids=range(11),  # no signature is like another, and pytest's processes must agree on names
)
def test_other_signatures_are_kept_out(signature: str | None, stamp: str | None) -> None:
    assert verified_time(b"body", signature, stamp, KEY.public_key()) is None


def test_key_is_read_as_shown_or_as_pem() -> None:
    pem = f"-----BEGIN PUBLIC KEY-----\n{shown(KEY)}\n-----END PUBLIC KEY-----\n"

    assert read_public_key(pem) == read_public_key(shown(KEY)) == KEY.public_key()


@pytest.mark.parametrize(
    "text", ["", "?", "MFkw", shown(ec.generate_private_key(ec.SECP384R1()))], ids=len
)
def test_what_is_no_key_of_theirs_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="this is no"):
        read_public_key(text)

"""Mailgun's webhooks in our normal form, and the signature that covers a token alone."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from digest.delivery.feedback.events import Feedback, FeedbackKind, FeedbackReason
from digest.delivery.feedback.mailgun import parse_mailgun, verified_token
from digest.delivery.outcome import Scope
from digest.errors import BadInput

KEY = "key-3ax6xnjp29jd6fds4gc373sgvjxteol0"
TOKEN = "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"
STAMP = "1795762806"  # 27 November 2026, 07:00:06
ANNA = "anna@example.org"
DELIVERED: dict[str, Any] = {
    "event": "delivered",
    "id": "CPgfbmQMTCKtHW6uIWtuVe",
    "timestamp": 1795762806.521233,
    "log-level": "info",
    "recipient": ANNA,
    "recipient-domain": "example.org",
    "envelope": {
        "sender": "letters@courier.example",
        "targets": ANNA,
        "transport": "smtp",
        "sending-ip": "192.0.2.13",
    },
    "message": {
        "headers": {
            "to": ANNA,
            "message-id": "0123456789abcdef0123456789abcdef@courier.example",
            "from": "The Courier <letters@courier.example>",
            "subject": "The week",
        },
        "attachments": [],
        "size": 60111,
    },
    "delivery-status": {
        "attempt-no": 1,
        "code": 250,
        "message": "OK",
        "description": "",
        "enhanced-code": "2.0.0",
        "mx-host": "mx.example.org",
        "tls": True,
    },
    "user-variables": {},
    "tags": [],
    "flags": {"is-routed": False, "is-authenticated": True, "is-test-mode": False},
}
FAILED: dict[str, Any] = {
    **DELIVERED,
    "event": "failed",
    "severity": "permanent",
    "reason": "bounce",
    "log-level": "error",
    "delivery-status": {
        "attempt-no": 1,
        "code": 550,
        "message": f"5.1.1 The email account <{ANNA}> does not exist",
        "description": "",
        "enhanced-code": "5.1.1",
        "bounce-type": "hard",
    },
}
COMPLAINED: dict[str, Any] = {
    "event": "complained",
    "id": "ncV2XwymRUKbPek_MIM-Gw",
    "timestamp": 1795770000.0,
    "recipient": ANNA,
    "message": DELIVERED["message"],
    "user-variables": {},
    "tags": [],
}
REJECTED: dict[str, Any] = {
    "event": "rejected",
    "id": "OMTXD3-sSmKIQa1gSKkYVA",
    "timestamp": 1795762806.98,
    "reject": {"reason": "Sandbox subdomains are for test purposes only.", "description": ""},
    "message": {"headers": {**DELIVERED["message"]["headers"], "to": f"Anna <{ANNA}>"}},
}


def signature(key: str = KEY, stamp: str = STAMP, token: str = TOKEN) -> dict[str, str]:
    mac = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {"timestamp": stamp, "token": token, "signature": mac}


def body(event: Any, signed: Any = None) -> bytes:
    signed = signature() if signed is None else signed
    return json.dumps({"signature": signed, "event-data": event}).encode()


def parsed(event: dict[str, Any], /, **changed: Any) -> list[Feedback]:
    return parse_mailgun(body({**event, **changed}))


def failure(reason: str, code: int = 0, message: str = "") -> dict[str, Any]:
    return {"reason": reason, "delivery-status": {"code": code, "message": message}}


def test_hard_bounce_names_its_copy_by_our_message_id() -> None:
    assert parsed(FAILED) == [
        Feedback(
            kind=FeedbackKind.BOUNCED,
            at=datetime(2026, 11, 27, 7, 0, 6, 521233, tzinfo=UTC),
            recipient=ANNA,
            event_id=TOKEN,
            own_message_id="<0123456789abcdef0123456789abcdef@courier.example>",
            permanent=True,
            code=550,
            status="5.1.1",
            detail="5.1.1 The email account <‹address›> does not exist",
            reason=FeedbackReason.BOUNCED,
        )
    ]


def test_signed_return_path_comes_back_and_a_plain_one_is_none() -> None:
    token = f"cabc.{'a' * 20}"

    (told,) = parsed(FAILED, envelope={"sender": f"Bounces+{token.upper()}@courier.example"})
    (plain,) = parsed(FAILED, envelope={"sender": "bounces+desk@courier.example"})

    assert (told.token, plain.token) == (token, "")


@pytest.mark.parametrize(
    ("reason", "kind", "permanent", "scope"),
    [
        ("bounce", FeedbackKind.BOUNCED, True, Scope.READER),
        ("suppress-bounce", FeedbackKind.BOUNCED, True, Scope.READER),
        ("suppress-complaint", FeedbackKind.COMPLAINED, False, Scope.MESSAGE),
        ("suppress-unsubscribe", FeedbackKind.UNSUBSCRIBED, False, Scope.READER),
        ("old", FeedbackKind.BOUNCED, False, Scope.READER),
        ("espblock", FeedbackKind.BOUNCED, False, Scope.POLICY),
        ("generic", FeedbackKind.BOUNCED, False, Scope.MESSAGE),
        ("whatever comes next", FeedbackKind.BOUNCED, False, Scope.MESSAGE),
    ],
)
def test_permanent_failure_is_told_apart_by_its_reason(
    reason: str, kind: FeedbackKind, permanent: bool, scope: Scope
) -> None:
    (told,) = parsed(FAILED, **failure(reason, 605))

    assert (told.kind, told.permanent, told.scope) == (kind, permanent, scope)


@pytest.mark.parametrize(
    ("code", "message", "reason"),
    [
        (550, "5.7.1 blocked by our list", FeedbackReason.BLOCKED),
        (552, "5.2.2 over quota", FeedbackReason.OTHER),
        (550, "5.2.2 over quota", FeedbackReason.BOUNCED),
        (552, "message too big", FeedbackReason.OTHER),
        (450, "try later", FeedbackReason.BOUNCED),
    ],
)
def test_status_gainsays_a_permanent_failure(
    code: int, message: str, reason: FeedbackReason
) -> None:
    (told,) = parsed(FAILED, **failure("bounce", code, message))

    assert (told.permanent, told.reason) == (False, reason)


def test_temporary_failure_is_late_whatever_its_reason() -> None:
    (told,) = parsed(FAILED, severity="temporary", reason="generic")

    assert told.kind is FeedbackKind.DEFERRED


def test_delivery_complaint_unsubscription_and_rejection() -> None:
    told = [*parsed(DELIVERED), *parsed(COMPLAINED), *parsed(COMPLAINED, event="unsubscribed")]
    (rejected,) = parsed(REJECTED)

    assert [one.kind for one in told] == [
        FeedbackKind.DELIVERED,
        FeedbackKind.COMPLAINED,
        FeedbackKind.UNSUBSCRIBED,
    ]
    assert (rejected.recipient, rejected.scope) == (ANNA, Scope.MESSAGE)


@pytest.mark.parametrize("kind", ["opened", "clicked", "accepted", "stored"])
def test_what_says_nothing_about_delivery_becomes_nothing(kind: str) -> None:
    assert parsed(DELIVERED, event=kind) == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"event": "boomerang"}, "event"),
        ({"event": None}, "event"),
        ({"event": "failed", "severity": None}, "severity"),
        ({"event": "failed", "severity": "odd"}, "severity"),
        ({"timestamp": "1795762806"}, "timestamp"),
        ({"timestamp": float("nan")}, "timestamp"),
        ({"timestamp": float("inf")}, "timestamp"),
        ({"timestamp": 1e30}, "timestamp"),
        ({"timestamp": 10**400}, "timestamp"),
        ({"recipient": None}, "recipient"),
        ({"recipient": "anna"}, "recipient"),
        ({"message": []}, "message"),
    ],
)
def test_wrong_field_is_named(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        parsed(DELIVERED, **changed)

    assert str(caught.value).startswith(f"mailgun: event-data.{field}: ")
    assert "anna" not in str(caught.value)


def test_signature_of_our_key_gives_token_and_time() -> None:
    signed_at = datetime(2026, 11, 27, 7, 0, 6, tzinfo=UTC)

    assert verified_token(body(FAILED), KEY) == (TOKEN, signed_at)


@pytest.mark.parametrize(
    "signed",
    [
        signature(key="another"),
        {**signature(), "signature": "0" * 64},
        {**signature(), "signature": "é"},
        {**signature(), "signature": None},
        {**signature(), "timestamp": "1795762807"},
        {**signature(), "timestamp": True},
        {**signature(), "token": TOKEN[:-1] + "1"},
        signature(token="short"),
        signature(stamp="17957x"),
        signature(stamp="-1"),
        # The same bytes, cut elsewhere: another token, with a signature that was used.
        {**signature(token="7" + TOKEN), "timestamp": STAMP + "7"},
        {**signature(), "timestamp": STAMP[:-1], "token": STAMP[-1] + TOKEN},
        [],
        "signed",
    ],
)
def test_other_signatures_are_kept_out(signed: Any) -> None:
    assert verified_token(body(FAILED, signed), KEY) is None


@pytest.mark.parametrize("whole", [b"", b"[]", b"\xff", b"{}"])
def test_body_without_a_signature_is_kept_out(whole: bytes) -> None:
    assert verified_token(whole, KEY) is None


def test_empty_key_of_ours_lets_nobody_in() -> None:
    assert verified_token(body(FAILED, signature(key="")), "") is None

"""Postmark's webhooks in our normal form; what is not Postmark's is refused by field."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.feedback.events import Feedback, FeedbackKind, FeedbackReason
from digest.delivery.feedback.postmark import BOUNCES, parse_postmark, verify_basic_auth
from digest.delivery.outcome import Scope
from digest.errors import BadInput

MESSAGE_ID = "7a1f0c1e-58f2-4d2c-9f0c-3b5f8a2f6d11"
DELIVERY = {
    "RecordType": "Delivery",
    "ServerID": 4711,
    "MessageStream": "broadcast",
    "MessageID": MESSAGE_ID,
    "Recipient": "jane@example.org",
    "Tag": "",
    "DeliveredAt": "2026-11-27T07:00:09.5213321Z",
    "Details": "smtp;250 2.0.0 OK queued for jane@example.org",
    "Metadata": {"reference": "delivery 123"},
}
BOUNCE = {
    "RecordType": "Bounce",
    "MessageStream": "broadcast",
    "ID": 692560173,
    "Type": "HardBounce",
    "TypeCode": 1,
    "Name": "Hard bounce",
    "Tag": "",
    "MessageID": MESSAGE_ID,
    "Metadata": {"reference": "delivery 123"},
    "ServerID": 4711,
    "Description": "The server was unable to deliver your message.",
    "Details": "smtp;550 5.1.1 <jane@example.org>: user unknown",
    "Email": "jane@example.org",
    "From": "friday@gazette.example",
    "BouncedAt": "2026-11-27T02:00:10.9070259-05:00",
    "DumpAvailable": True,
    "Inactive": True,
    "CanActivate": True,
    "Subject": "The week",
    "Content": "Return-Path: <pm_bounces@pm.example>",
}
COMPLAINT = {
    **BOUNCE,
    "RecordType": "SpamComplaint",
    "ID": 692560174,
    "Type": "SpamComplaint",
    "TypeCode": 512,
    "Name": "Spam complaint",
    "Description": "The subscriber explicitly marked this message as spam.",
    "Details": "",
    "CanActivate": False,
}
CHANGE = {
    "RecordType": "SubscriptionChange",
    "MessageID": MESSAGE_ID,
    "ServerID": 4711,
    "MessageStream": "broadcast",
    "ChangedAt": "2026-11-27T09:12:33.416071Z",
    "Recipient": "jane@example.org",
    "Origin": "Recipient",
    "SuppressSending": True,
    "SuppressionReason": "ManualSuppression",
    "Tag": None,
    "Metadata": {"reference": "delivery 123"},
}


def parsed(record: dict[str, Any], **changed: Any) -> list[Feedback]:
    return parse_postmark(json.dumps({**record, **changed}).encode())


def refusal(record: Any) -> str:
    with pytest.raises(BadInput) as caught:
        parse_postmark(record if isinstance(record, bytes) else json.dumps(record).encode())
    return str(caught.value)


def basic(credentials: str) -> str:
    return "Basic " + base64.b64encode(credentials.encode()).decode()


def test_delivery_is_evidence_for_its_row() -> None:
    assert parsed(DELIVERY) == [
        Feedback(
            kind=FeedbackKind.DELIVERED,
            at=datetime(2026, 11, 27, 7, 0, 9, 521332, tzinfo=UTC),
            recipient="jane@example.org",
            event_id=f"Delivery:{MESSAGE_ID}",
            message_id=MESSAGE_ID,
            reference="delivery 123",
            status="2.0.0",
            detail="smtp;250 2.0.0 OK queued for ‹address›",
        )
    ]
    assert parsed(DELIVERY)[0].delivery_id == 123


def test_hard_bounce_is_permanent_and_the_readers_own() -> None:
    (bounce,) = parsed(BOUNCE)

    assert bounce.kind is FeedbackKind.BOUNCED
    assert (bounce.permanent, bounce.status, bounce.scope) == (True, "5.1.1", Scope.READER)
    assert bounce.event_id == "692560173"
    assert bounce.at == datetime(2026, 11, 27, 7, 0, 10, 907025, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "becomes", "permanent", "scope"),
    [
        ("BadEmailAddress", FeedbackKind.BOUNCED, True, Scope.READER),
        ("SoftBounce", FeedbackKind.BOUNCED, False, Scope.READER),
        ("Transient", FeedbackKind.DEFERRED, False, Scope.READER),
        ("DnsError", FeedbackKind.DEFERRED, False, Scope.READER),
        ("Blocked", FeedbackKind.BOUNCED, False, Scope.POLICY),
        ("DMARCPolicy", FeedbackKind.BOUNCED, False, Scope.POLICY),
        ("SpamNotification", FeedbackKind.BOUNCED, False, Scope.MESSAGE),
        ("SMTPApiError", FeedbackKind.BOUNCED, False, Scope.MESSAGE),
    ],
)
def test_bounce_is_told_apart_by_its_type(
    kind: str, becomes: FeedbackKind, permanent: bool, scope: Scope
) -> None:
    (feedback,) = parsed(BOUNCE, Type=kind, Details="no status here")

    assert (feedback.kind, feedback.permanent, feedback.scope) == (becomes, permanent, scope)


@pytest.mark.parametrize("kind", ["HardBounce", "SoftBounce", "BadEmailAddress"])
def test_policy_refusal_is_about_us_whatever_its_type(kind: str) -> None:
    (feedback,) = parsed(BOUNCE, Type=kind, Details="smtp;550 5.7.26 not authenticated")

    assert not feedback.permanent
    assert (feedback.reason, feedback.scope) == (FeedbackReason.BLOCKED, Scope.POLICY)


def test_complaint_has_its_own_kind_under_either_record_type() -> None:
    told = [*parsed(COMPLAINT), *parsed(COMPLAINT, RecordType="Bounce")]

    assert [feedback.kind for feedback in told] == [FeedbackKind.COMPLAINED] * 2
    assert told[0].event_id == told[1].event_id


@pytest.mark.parametrize(
    ("changed", "becomes", "reason"),
    [
        ({}, FeedbackKind.UNSUBSCRIBED, FeedbackReason.UNSUBSCRIBED),
        ({"Origin": "Customer"}, FeedbackKind.UNSUBSCRIBED, FeedbackReason.OTHER),
        ({"SuppressionReason": "HardBounce"}, FeedbackKind.BOUNCED, FeedbackReason.BOUNCED),
        ({"SuppressionReason": "SpamComplaint"}, FeedbackKind.COMPLAINED, FeedbackReason.SPAM),
    ],
)
def test_subscription_change_becomes_what_it_was_for(
    changed: dict[str, Any], becomes: FeedbackKind, reason: FeedbackReason
) -> None:
    (feedback,) = parsed(CHANGE, **changed)

    assert (feedback.kind, feedback.reason) == (becomes, reason)


def test_manual_suppression_without_a_message_has_no_id() -> None:
    """Two in one instant must not be taken for one event."""
    (feedback,) = parsed(CHANGE, MessageID=None, Origin="Admin")

    assert (feedback.event_id, feedback.message_id) == ("", "")


@pytest.mark.parametrize(
    "record",
    [
        {**CHANGE, "SuppressSending": False, "SuppressionReason": None, "MessageID": None},
        {**BOUNCE, "Type": "AutoResponder"},
        {**BOUNCE, "Type": "Subscribe"},
        {"RecordType": "Open", "Recipient": "jane@example.org"},
        {"RecordType": "Click", "Recipient": "jane@example.org"},
    ],
    ids=["reactivated", "answer", "subscribe", "open", "click"],
)
def test_what_says_nothing_about_delivery_becomes_nothing(record: dict[str, Any]) -> None:
    assert parsed(record) == []


@pytest.mark.parametrize("kind", sorted(BOUNCES))
def test_every_bounce_type_is_read(kind: str) -> None:
    assert len(parsed(BOUNCE, Type=kind)) == (BOUNCES[kind] is not None)


@pytest.mark.parametrize(
    ("record", "field"),
    [
        ({}, "RecordType"),
        ({"RecordType": "Inbound"}, "RecordType"),
        ({**BOUNCE, "Type": "Boomerang"}, "Type"),
        ({**BOUNCE, "ID": "42"}, "ID"),
        ({**BOUNCE, "ID": True}, "ID"),
        ({**BOUNCE, "BouncedAt": "on Friday"}, "BouncedAt"),
        ({**BOUNCE, "BouncedAt": "2026-11-27T07:00:00"}, "BouncedAt"),
        ({**BOUNCE, "BouncedAt": "0001-01-01T00:00:00+23:00"}, "BouncedAt"),
        ({**BOUNCE, "Email": "jane"}, "Email"),
        ({**BOUNCE, "Email": "x" * 500 + "@example.org"}, "Email"),
        ({**DELIVERY, "MessageID": None}, "MessageID"),
        ({**DELIVERY, "Recipient": 7}, "Recipient"),
        ({**CHANGE, "SuppressSending": "yes"}, "SuppressSending"),
        ({**CHANGE, "SuppressionReason": "Whim"}, "SuppressionReason"),
    ],
)
def test_wrong_field_is_named(record: dict[str, Any], field: str) -> None:
    said = refusal(record)

    assert said.startswith(f"postmark: {field}: ")
    assert "@" not in said


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"7", b"[" * 200_000], ids=len)
def test_body_that_is_no_object_is_refused(body: bytes) -> None:
    assert refusal(body).startswith("postmark: the body is not")


def test_body_of_more_than_a_megabyte_is_not_even_read() -> None:
    assert "more than 1000000" in refusal(b" " * 1_000_001)


def test_feedback_prints_no_address() -> None:
    (bounce,) = parsed(BOUNCE)

    assert "jane" not in repr(bounce)


@given(st.dictionaries(st.sampled_from(sorted(BOUNCE)), st.none() | st.integers() | st.text()))
def test_any_record_is_read_or_refused(changed: dict[str, Any]) -> None:
    try:
        told = parsed(BOUNCE, **changed)
    except BadInput:
        return

    assert len(told) < 2


@pytest.mark.parametrize(
    ("reference", "number"),
    [("delivery 123", 123), ("d123", 123), ("notice 123", None), ("", None), ("delivery x", None)],
)
def test_reference_names_a_row_or_none(reference: str, number: int | None) -> None:
    (feedback,) = parsed(BOUNCE, Metadata={"reference": reference})

    assert feedback.delivery_id == number


def test_agreed_credentials_are_let_in() -> None:
    assert verify_basic_auth(basic("hook:s3crét:x"), "hook", "s3crét:x")
    assert verify_basic_auth(basic("hook:secret").replace("Basic", "basic"), "hook", "secret")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic ?",
        "Basic é",
        basic("hook:other"),
        basic("other:secret"),
        basic("hook:secret") + "=",
        basic("hook:secret").replace("Basic", "Bearer"),
    ],
)
def test_other_credentials_are_kept_out(header: str | None) -> None:
    assert not verify_basic_auth(header, "hook", "secret")


@pytest.mark.parametrize(("username", "password"), [("", ""), ("hook", ""), ("", "secret")])
def test_empty_credentials_of_ours_let_nobody_in(username: str, password: str) -> None:
    assert not verify_basic_auth(basic(f"{username}:{password}"), username, password)

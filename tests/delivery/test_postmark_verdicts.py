"""Every answer of Postmark's in our words; in doubt it is Uncertain."""

import json
from typing import Any

import pytest

from digest.delivery.http_wire import Answer
from digest.delivery.outcome import (
    Accepted,
    Deferred,
    Outcome,
    Rejected,
    Scope,
    Uncertain,
    scope_of,
)
from digest.delivery.postmark.verdicts import Verdict, manages_unsubscribes, of_email, of_stream
from digest.errors import BackendDown

STREAM = {"ID": "broadcast", "MessageStreamType": "Broadcasts", "ArchivedAt": None}


def answer(status: int, body: Any = b"", retry_after: int = 0) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, raw, retry_after)


def refused(code: int, message: str = "no", status: int = 422) -> Verdict:
    return of_email(answer(status, {"ErrorCode": code, "Message": message}))


def test_accepted_keeps_postmarks_name_for_the_copy() -> None:
    body = {"ErrorCode": 0, "Message": "OK", "MessageID": "7a1f", "To": "jane@example.org"}

    assert of_email(answer(200, body)) == Verdict(Accepted(250, "200 OK", "7a1f"))


@pytest.mark.parametrize(
    ("code", "message", "kind", "reason"),
    [
        (406, "Found inactive addresses: jane@example.org.", Rejected, "inactive"),
        (300, "Error parsing 'To': Illegal email address 'jane'.", Rejected, "address"),
        (300, "Zero bodies.", Rejected, "message"),
        (999, "Something new.", Deferred, ""),
    ],
)
def test_refusal_of_one_copy_holds_up_no_other(
    code: int, message: str, kind: type[Outcome], reason: str
) -> None:
    verdict = refused(code, message)

    assert isinstance(verdict.outcome, kind)
    assert getattr(verdict.outcome, "reason", "") == reason
    assert verdict.pause == 0


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (10, "Bad or missing server token."),
        (300, "Invalid 'From' address: 'x'."),
        (400, "The 'From' address is not a Sender Signature."),
        (401, "not confirmed"),
        (405, "out of credits"),
        (412, "pending approval"),
        (413, "may not send"),
        (1235, "no such stream"),
    ],
)
def test_refusal_of_us_is_no_readers_fault(code: int, message: str) -> None:
    verdict = refused(code, message)

    assert isinstance(verdict.outcome, Deferred)
    assert scope_of(verdict.outcome.code, verdict.outcome.text) is Scope.SETUP
    assert verdict.pause > 0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 415])
def test_request_turned_away_was_not_accepted(status: int) -> None:
    verdict = of_email(answer(status, b"<html>"))

    assert isinstance(verdict.outcome, Deferred)
    assert verdict.pause > 0


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (answer(429), 10),
        (answer(429, retry_after=30), 30),
        (answer(429, retry_after=90_000), 300),
        (answer(422, {"ErrorCode": 429, "Message": "too fast"}), 10),
        (answer(503, {"ErrorCode": 100, "Message": "maintenance"}), 60),
    ],
)
def test_being_too_fast_or_closed_is_a_pause_and_no_refusal(said: Answer, seconds: float) -> None:
    verdict = of_email(said)

    assert isinstance(verdict.outcome, Deferred)
    assert verdict.pause == seconds


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 301, 303, 204, 200, 422, 599])
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"[" * 50_000, b'{"ErrorCode": 0}'], ids=len
)
def test_answer_that_settles_nothing_is_uncertain(status: int, body: bytes) -> None:
    assert isinstance(of_email(answer(status, body)).outcome, Uncertain)


def test_server_error_is_uncertain_whatever_it_says() -> None:
    assert isinstance(refused(300, "Error parsing 'To'", status=500).outcome, Uncertain)


def test_too_large_is_about_the_message() -> None:
    verdict = of_email(answer(413))

    assert isinstance(verdict.outcome, Rejected)
    assert verdict.outcome.reason == "size"


def test_no_address_gets_into_an_outcome() -> None:
    assert "jane" not in str(refused(406, "Found inactive addresses: jane@example.org."))


def test_stream_that_can_be_sent_through_is_fine() -> None:
    of_stream(answer(200, STREAM), "broadcast", "api.test")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (answer(401, {"ErrorCode": 10, "Message": "Bad token"}), 535),
        (answer(404), 535),
        (answer(422, {"ErrorCode": 1226, "Message": "not found"}), 535),
        (answer(500), 421),
        (answer(429), 421),
        (answer(301), 421),
        (answer(200, b"<html>welcome to the airport"), 0),
        (answer(200, {**STREAM, "ID": "other"}), 0),
        (answer(200, {**STREAM, "ArchivedAt": "2026-01-01T00:00:00Z"}), 535),
        (answer(200, {**STREAM, "MessageStreamType": "Inbound"}), 535),
    ],
)
def test_stream_that_cannot_says_whom_it_is_about(said: Answer, code: int) -> None:
    with pytest.raises(BackendDown, match=r"api\.test") as caught:
        of_stream(said, "broadcast", "api.test")

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("how", "theirs"), [("Postmark", True), ("None", False), ("Custom", False)]
)
def test_who_manages_unsubscribes_is_told(how: str, theirs: bool) -> None:
    settings = {"SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": how}}

    assert manages_unsubscribes(answer(200, {**STREAM, **settings})) is theirs

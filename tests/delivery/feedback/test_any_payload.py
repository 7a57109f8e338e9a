"""Whatever a provider's JSON holds, it is read or refused by field; no error names a reader."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digest.delivery.feedback.events import Feedback
from digest.delivery.feedback.mailgun import parse_mailgun, verified_token
from digest.delivery.feedback.naming import address_in, message_id_in, token_in
from digest.delivery.feedback.postmark import parse_postmark
from digest.delivery.feedback.sendgrid import parse_sendgrid, verified_time
from digest.delivery.feedback.ses import parse_ses
from digest.delivery.feedback.sns import read_sns
from digest.errors import BadInput
from digest.logs import ADDRESS
from tests.delivery import test_feedback_postmark as postmark
from tests.delivery.feedback import ses_events, sns_messages, test_mailgun, test_sendgrid

SAMPLES: list[tuple[Callable[[bytes], object], Any]] = [
    (parse_postmark, [postmark.BOUNCE, postmark.DELIVERY, postmark.COMPLAINT, postmark.CHANGE]),
    (
        parse_mailgun,
        [
            json.loads(test_mailgun.body(event))
            for event in (test_mailgun.FAILED, test_mailgun.REJECTED, test_mailgun.COMPLAINED)
        ],
    ),
    (parse_sendgrid, [[test_sendgrid.BOUNCE, test_sendgrid.DELIVERED]]),
    (lambda body: parse_ses(body.decode(), "id"), list(ses_events.EVERY)),
    (read_sns, [json.loads(sns_messages.signed(sns_messages.confirmation()))]),
]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(["anna@example.org", "\x00", "\ud800", "x" * 500, 10**400, [], {}, [[]], [{}]]),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to each value inside a value."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(way for key, item in inner for way in places(item, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """Return a copy with another value at a place."""
    if not path:
        return new
    copied = value.copy()
    copied[path[0]] = put(value[path[0]], path[1:], new)
    return copied


@pytest.mark.parametrize(("parse", "samples"), SAMPLES, ids=lambda each: "")
@settings(max_examples=100)
@given(data=st.data())
def test_sample_with_anything_in_any_place_is_read_or_refused(
    parse: Callable[[bytes], Any], samples: list[Any], data: st.DataObject
) -> None:
    payload = data.draw(st.sampled_from(samples))
    for _ in range(data.draw(st.integers(1, 3))):
        payload = put(payload, data.draw(st.sampled_from(places(payload))), data.draw(ODD))

    told = read_or_refused(parse, json.dumps(payload).encode())

    for one in told:
        assert one.at.tzinfo is not None
        assert not ADDRESS.search(one.detail + one.status)
        for text in (one.event_id, one.message_id, one.own_message_id, one.detail, one.status):
            text.encode()
            assert "\x00" not in text


@pytest.mark.parametrize(("parse", "_samples"), SAMPLES, ids=lambda each: "")
@given(body=st.text(max_size=200))
@example(body="[" * 100_000)
@example(body="9" * 5000)
@example(body='{"a":' * 50_000)
@example(body="NaN")
def test_any_text_is_read_or_refused(
    parse: Callable[[bytes], Any], _samples: list[Any], body: str
) -> None:
    read_or_refused(parse, body.encode())


def read_or_refused(parse: Callable[[bytes], Any], body: bytes) -> list[Feedback]:
    refusal: BadInput | None = None
    told: Any = []
    try:
        told = parse(body)
    except BadInput as error:
        refusal = error
    assert not ADDRESS.search(str(refusal))
    assert getattr(refusal, "__cause__", None) is None  # it would hold the whole body
    if isinstance(told, tuple):
        assert not [one.why for one in told[1] if ADDRESS.search(one.why)]
        return list(told[0])
    return list(told) if isinstance(told, list) else []


@given(st.binary(max_size=200), st.none() | st.text(max_size=100), st.none() | st.text(max_size=20))
def test_any_signature_is_judged(body: bytes, signature: str | None, stamp: str | None) -> None:
    assert verified_token(body, test_mailgun.KEY) is None
    assert verified_time(body, signature, stamp, test_sendgrid.KEY.public_key()) is None


@given(st.text(max_size=100) | st.none() | st.integers())
@example("<" * 400 + "@")
@example("a@" * 200)
def test_any_name_of_a_copy_is_looked_at(value: Any) -> None:
    for look in (message_id_in, address_in, token_in):
        assert isinstance(look(value), str)

"""What a provider posts, at the real address of a real server: proof, limits, once, and what
follows for the reader whose copy it was.
"""

import base64
import itertools
import json
import logging
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from digest.clock import FixedClock
from digest.correspondence.incoming.returned_again import read_again
from digest.delivery.feedback.keeping import keep_message
from digest.logs import redact
from digest.models import SuppressionReason
from digest.web.hooks.hearing import TRAVEL
from digest.web.hooks.providers import MAILGUN_TRIES, SENDGRID_TRIES
from tests.delivery.feedback import test_mailgun, test_sendgrid
from tests.delivery.test_feedback_postmark import COMPLAINT
from tests.web.hooks.conftest import NOW, PASSWORD, SECRET, Hooked, Reader

COUNT = itertools.count(10**8)
LOGIN = "Basic " + base64.b64encode(f"friday:{PASSWORD}".encode()).decode()
COMPLAINED = SuppressionReason.COMPLAINED


def mailgun(reader: Reader, token: str = "", stamp: str = "", **changed: Any) -> bytes:
    headers = {"message-id": reader.message_id.strip("<>")}
    event = {
        **test_mailgun.COMPLAINED,
        "recipient": reader.address,
        "message": {"headers": headers},
        **changed,
    }
    signed = test_mailgun.signature(
        token=token or f"{next(COUNT)}{'a' * 41}", stamp=stamp or str(int(NOW.timestamp()))
    )
    return test_mailgun.body(event, signed)


def sendgrid(reader: Reader, stamp: str = "", **changed: Any) -> tuple[bytes, dict[str, str]]:
    event = {
        **test_sendgrid.BASE,
        "event": "spamreport",
        "email": reader.address,
        "smtp-id": reader.message_id,
        "sg_event_id": f"e{next(COUNT)}",
        **changed,
    }
    return by_sendgrid(json.dumps([event]).encode(), stamp)


def by_sendgrid(body: bytes, stamp: str = "") -> tuple[bytes, dict[str, str]]:
    stamp = stamp or str(int(NOW.timestamp()))
    name = "X-Twilio-Email-Event-Webhook"
    return body, {
        f"{name}-Signature": test_sendgrid.signed(body, stamp),
        f"{name}-Timestamp": stamp,
    }


def postmark(reader: Reader, **changed: Any) -> tuple[bytes, dict[str, str]]:
    event = {
        **COMPLAINT,
        "ID": next(COUNT),
        "Email": reader.address,
        "Metadata": {"reference": f"delivery {reader.row}"},
        **changed,
    }
    return json.dumps(event).encode(), {"Authorization": LOGIN}


def told(hooked: Hooked, provider: str, reader: Reader) -> int:
    """Post a genuine complaint of one provider."""
    if provider == "mailgun":
        return hooked.post("mailgun", mailgun(reader))
    body, headers = (sendgrid if provider == "sendgrid" else postmark)(reader)
    return hooked.post(provider, body, **headers)


@pytest.mark.parametrize(
    ("provider", "found_by"),
    [("mailgun", "message-id"), ("sendgrid", "message-id"), ("postmark", "reference")],
)
def test_complaint_finds_its_copy_and_suppresses_its_reader(
    hooked: Hooked, provider: str, found_by: str
) -> None:
    reader = hooked.reader(provider)

    assert told(hooked, provider, reader) == 200
    assert hooked.reason(reader) is COMPLAINED
    event = hooked.events()[-1]
    assert (event.provider, event.found_by, event.delivery_id) == (provider, found_by, reader.row)


@pytest.mark.parametrize("provider", ["mailgun", "sendgrid", "postmark"])
def test_request_of_a_stranger_is_refused_and_changes_nothing(
    hooked: Hooked, provider: str
) -> None:
    reader, before = hooked.reader(provider), len(hooked.events())
    body, headers = sendgrid(reader)
    name, signature = next(iter(headers.items()))
    forged = {
        "mailgun": (mailgun(reader).replace(b'"signature": "', b'"signature": "0'), {}),
        "sendgrid": (body, {**headers, name: signature[:-8] + "AAAAAAA="}),
        "postmark": (postmark(reader)[0], {"Authorization": LOGIN[:-4] + "AAA="}),
    }

    assert hooked.post(provider, forged[provider][0], **forged[provider][1]) == 400
    assert hooked.post(provider, forged[provider][0]) == 400  # no headers at all
    assert hooked.reason(reader) is None
    assert len(hooked.events()) == before


def test_one_providers_request_is_refused_at_anothers_address(hooked: Hooked) -> None:
    reader = hooked.reader("mailgun")
    requests = {
        "mailgun": (mailgun(reader), {}),
        "sendgrid": sendgrid(reader),
        "postmark": postmark(reader),
    }

    answers = [
        hooked.post(where, body, **headers)
        for where in requests
        for provider, (body, headers) in requests.items()
        if provider != where
    ]

    assert answers == [400] * 6
    assert hooked.reason(reader) is None


@pytest.mark.parametrize("provider", ["mailgun", "sendgrid", "postmark"])
def test_provider_has_no_say_over_a_copy_that_went_by_another_relay(
    hooked: Hooked, provider: str
) -> None:
    reader = hooked.reader("ses")

    assert told(hooked, provider, reader) == 200
    assert hooked.events()[-1].verdict.value == "unattributed"
    assert hooked.reason(reader) is None


def test_replay_changes_nothing(hooked: Hooked) -> None:
    reader = hooked.reader("sendgrid")
    body, headers = sendgrid(reader)
    first = hooked.post("sendgrid", body, **headers)
    before = len(hooked.events())

    assert (first, hooked.post("sendgrid", body, **headers)) == (200, 200)
    assert len(hooked.events()) == before


def test_signature_of_mailguns_counts_once_whatever_it_is_put_under(hooked: Hooked) -> None:
    reader, other = hooked.reader("mailgun"), hooked.reader("mailgun")
    token = "b" * 50

    assert hooked.post("mailgun", mailgun(reader, token, event="opened")) == 200
    assert hooked.post("mailgun", mailgun(other, token)) == 200
    assert hooked.reason(other) is None


@pytest.mark.parametrize(
    ("age", "status"),
    [
        (timedelta(0), 200),
        (MAILGUN_TRIES, 200),  # their last try, after our being out of order
        (MAILGUN_TRIES + TRAVEL + timedelta(seconds=1), 400),
        (-TRAVEL, 200),
        (-TRAVEL - timedelta(seconds=1), 400),
    ],
)
def test_mailgun_is_heard_for_as_long_as_it_tries(
    hooked: Hooked, age: timedelta, status: int
) -> None:
    stamp = str(int((NOW - age).timestamp()))
    nobody = Reader("nobody@example.net", "<x@y.example>", 0)

    assert hooked.post("mailgun", mailgun(nobody, stamp=stamp)) == status


@pytest.mark.parametrize(
    ("age", "status"), [(SENDGRID_TRIES, 200), (SENDGRID_TRIES + 2 * TRAVEL, 400)]
)
def test_sendgrid_is_heard_for_as_long_as_it_tries(
    hooked: Hooked, age: timedelta, status: int
) -> None:
    body, headers = by_sendgrid(b"[]", str(int((NOW - age).timestamp())))

    assert hooked.post("sendgrid", body, **headers) == status


def test_reader_we_do_not_know_is_counted_and_answered_with_200(hooked: Hooked) -> None:
    nobody = Reader("nobody@example.net", "<x@y.example>", 0)

    assert told(hooked, "mailgun", nobody) == 200
    assert hooked.events()[-1].verdict.value == "unattributed"


def test_body_in_two_pieces_is_one(hooked: Hooked) -> None:
    reader = hooked.reader("mailgun")
    body = mailgun(reader)

    assert hooked.post("mailgun", iter([body[:100], body[100:]])) == 200
    assert hooked.reason(reader) is COMPLAINED


def test_largest_body_is_read_and_a_larger_one_is_not(hooked: Hooked) -> None:
    whole, headers = by_sendgrid(b"[]" + b" " * 999_998)
    assert hooked.post("sendgrid", whole, **headers) == 200

    too_large, headers = by_sendgrid(b"[]" + b" " * 999_999)
    assert hooked.post("sendgrid", too_large, **headers) == 413


def test_body_without_an_end_is_refused_while_it_is_read(hooked: Hooked) -> None:
    """No length is announced, and the last piece never comes."""
    head = b"POST /hooks/mailgun HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece = b"%x\r\n%s\r\n" % (100_000, b"x" * 100_000)

    with socket.create_connection(hooked.house.address, timeout=10) as connection:
        connection.sendall(head + piece * 11)

        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_event_that_is_not_understood_is_kept_and_the_rest_is_taken(hooked: Hooked) -> None:
    reader, before = hooked.reader("sendgrid"), len(hooked.kept())
    known = json.loads(sendgrid(reader)[0])
    body, headers = by_sendgrid(json.dumps([{"event": "boomerang"}, *known]).encode())

    assert hooked.post("sendgrid", body, **headers) == 200
    assert hooked.reason(reader) is COMPLAINED
    [kept] = hooked.kept()[before:]
    assert (kept.place, kept.why) == (
        "sendgrid",
        "sendgrid: event: 'boomerang' is no kind of event we know",
    )


def test_many_events_of_one_request_are_taken_in_steps_and_none_is_lost(hooked: Hooked) -> None:
    reader, before = hooked.reader("sendgrid"), len(hooked.events())
    one = json.loads(sendgrid(reader)[0])[0]
    many = [{**one, "event": "bounce", "reason": "?", "sg_event_id": f"m{n}"} for n in range(12)]
    delivered = [{**one, "event": "delivered", "sg_event_id": f"d{n}"} for n in range(12)]
    body, headers = by_sendgrid(json.dumps([*many, *delivered]).encode())

    assert hooked.post("sendgrid", body, **headers) == 200
    assert len(hooked.events()) == before + 12


def test_kept_event_is_taken_in_once_it_is_understood(hooked: Hooked) -> None:
    """As after an upgrade that knows the word: kept by hand here, for all words are known."""
    app, others = hooked.house.app, hooked.reader("ses")
    for provider in ("mailgun", "sendgrid", "postmark"):
        reader = hooked.reader(provider)
        payload = {
            "mailgun": mailgun(reader),
            "sendgrid": sendgrid(reader)[0].strip(b"[]"),
            "postmark": postmark(reader)[0],
        }
        number = keep(hooked, provider, payload[provider])

        assert read_again(app.db, app.reception(provider), app.clock, number)
        assert hooked.reason(reader) is COMPLAINED
        assert number not in [kept.id for kept in hooked.kept()]

    number = keep(hooked, "mailgun", mailgun(others))
    assert read_again(app.db, app.reception("mailgun"), app.clock, number)
    assert hooked.reason(others) is None


def test_kept_event_that_is_still_not_understood_stays(hooked: Hooked) -> None:
    app = hooked.house.app
    number = keep(hooked, "ses", b'{"Type": "Boomerang"}')

    assert not read_again(app.db, app.reception("ses"), app.clock, number)
    assert number in [kept.id for kept in hooked.kept()]


def keep(hooked: Hooked, place: str, raw: bytes) -> int:
    """Keep a payload as one that is not understood; return its number."""
    app = hooked.house.app
    with app.db.write() as session:
        rules = app.config.feedback
        keep_message(session, app.sealer, raw, place=place, why="?", rules=rules, now=NOW)
    return hooked.kept()[-1].id


def test_whole_request_that_is_not_understood_is_kept(hooked: Hooked) -> None:
    nobody = Reader("nobody@example.net", "<x@y.example>", 0)
    before = len(hooked.kept())
    strange, headers = by_sendgrid(b"{}")
    odd_record, login = postmark(nobody, RecordType="Boomerang")

    assert hooked.post("mailgun", mailgun(nobody, event="boomerang")) == 200
    assert hooked.post("sendgrid", strange, **headers) == 200
    assert hooked.post("postmark", odd_record, **login) == 200
    assert [kept.place for kept in hooked.kept()[before:]] == ["mailgun", "sendgrid", "postmark"]


def test_our_own_failure_is_a_500_and_what_is_tried_again_is_taken(hooked: Hooked) -> None:
    reader = hooked.reader("mailgun")
    body = mailgun(reader)

    def rename(old: str, new: str) -> None:
        with hooked.house.app.db.alter() as connection:
            connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))

    rename("feedback_events", "gone")
    try:
        assert hooked.post("mailgun", body) == 500
    finally:
        rename("gone", "feedback_events")
    assert hooked.post("mailgun", body) == 200
    assert hooked.reason(reader) is COMPLAINED


@pytest.mark.parametrize("where", ["mailgun", "sendgrid", "postmark", f"ses/{SECRET}"])
def test_who_only_asks_whether_somebody_is_there_is_told_so(hooked: Hooked, where: str) -> None:
    assert hooked.house.client.head(f"/hooks/{where}").status_code == 200
    assert hooked.house.client.get(f"/hooks/{where}").status_code == 405


@pytest.mark.parametrize(
    "where", ["sparrow", "ses", "ses/", "ses/wrong", f"ses/{SECRET}x", "ses/%ff", ""]
)
def test_any_other_place_is_none(hooked: Hooked, where: str) -> None:
    assert hooked.post(where, b"{}") == 404
    assert hooked.house.client.head(f"/hooks/{where}").status_code == 404


def test_nothing_personal_and_no_secret_is_logged(
    hooked: Hooked, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    reader = hooked.reader("mailgun")

    for provider in ("mailgun", "sendgrid", "postmark"):
        told(hooked, provider, reader)
    hooked.post("mailgun", mailgun(reader, event=reader.address))
    later(hooked, lambda: hooked.post("mailgun", b"?"))

    assert SECRET not in redact(f'"POST /hooks/ses/{SECRET} HTTP/1.1" 200')
    lines = said(caplog)
    assert any(line.startswith("a hook was told {'provider': 'postmark'") for line in lines)
    assert [line for line in lines if "refused" in line and "not signed with our key" in line]
    for line in lines:
        assert not [each for each in ("@", "reader", PASSWORD, test_mailgun.KEY) if each in line]


def test_refusals_are_counted_and_said_once_a_minute(
    hooked: Hooked, caplog: pytest.LogCaptureFixture
) -> None:
    later(hooked, lambda: hooked.post("sendgrid", b"?"), minutes=4)
    caplog.clear()

    later(hooked, lambda: [hooked.post("sendgrid", b"?") for _ in range(3)], minutes=4)
    assert said(caplog) == []

    later(hooked, lambda: hooked.post("sendgrid", b"?"), minutes=6)
    [line] = said(caplog)
    assert "'more': 3" in line


def later(hooked: Hooked, do: Callable[[], object], minutes: float = 2) -> None:
    """Do something some minutes from now."""
    clock = hooked.house.app.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(minutes=minutes))
    try:
        do()
    finally:
        clock.advance(-timedelta(minutes=minutes))


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        f"{record.getMessage()} {record.__dict__.get('fields')}"
        for record in caplog.records
        if record.name.startswith("digest")
    ]

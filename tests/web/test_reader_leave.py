"""Leaving: the one-click POST of RFC 8058, the page with the button, links that are not ours."""

import socket
from datetime import date
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import select

from digest.models import ConsentEvent, SubscriptionState
from digest.scheduler import tick_once
from digest.subscribers.lifecycle import erase, find_by_address

ANNA = "anna@example.org"
BEN = "ben@example.org"
ACTIVE, UNSUBSCRIBED = SubscriptionState.ACTIVE, SubscriptionState.UNSUBSCRIBED
ONE_CLICK = "List-Unsubscribe=One-Click"
BOUNDARY = "----=_Part_7"
MULTIPART = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
    f"One-Click\r\n--{BOUNDARY}--\r\n"
)
POSTS = {
    "urlencoded": ("application/x-www-form-urlencoded", ONE_CLICK.encode()),
    "multipart": (f"multipart/form-data; boundary={BOUNDARY}", MULTIPART.encode()),
    "empty": ("application/x-www-form-urlencoded", b""),
    "garbage": ("application/json", b'{"\xff\x00page=1&&&'),
    "half a multipart": (f"multipart/form-data; boundary={BOUNDARY}", MULTIPART.encode()[:60]),
    "ten thousand bytes": ("text/plain", b"x" * 10_000),
}


@pytest.mark.parametrize(("body", "origin"), [("page=1", "page"), (ONE_CLICK, "one-click")])
def test_evidence_says_how_somebody_left(house, body: str, origin: str) -> None:
    house.client.post(house.leave_link(ANNA), content=body)

    with house.app.db.read() as session:
        event = session.scalars(select(ConsentEvent).where(ConsentEvent.kind == "left")).one()
    assert event.origin == origin


def test_our_own_button_gets_a_page(house) -> None:
    answer = house.client.post(house.leave_link(ANNA), data={"page": "1"})

    assert answer.status_code == 200
    assert "<h1>You are unsubscribed</h1>" in answer.text
    assert house.state(ANNA) is UNSUBSCRIBED


def test_post_in_chunks_over_a_raw_socket(house) -> None:
    request = (
        f"POST {house.leave_link(ANNA)} HTTP/1.1\r\nHost: courier.example\r\n"
        "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        f"1a\r\n{ONE_CLICK}\r\n0\r\n\r\n"
    )

    assert _exchange(house.address, request.encode()).endswith(b"\r\n\r\nok")
    assert house.state(ANNA) is UNSUBSCRIBED


def _exchange(address: tuple[str, int], request: bytes) -> bytes:
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    return answer


def test_post_that_breaks_off_changes_nothing_and_logs_nothing(house, logged) -> None:
    head = f"POST {house.leave_link(ANNA)} HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\n"
    with socket.create_connection(house.address, timeout=10) as connection:
        connection.sendall(head.encode() + b"List-")

    assert house.client.get("/health").status_code == 200
    assert house.state(ANNA) is ACTIVE
    assert not [line for line in logged if not line.startswith(("DEBUG", "INFO"))]


@pytest.mark.parametrize("size", [10_001, 3_000_000])
def test_body_over_ten_kilobytes_is_refused(house, size: int) -> None:
    answer = house.client.post(house.leave_link(ANNA), content=b"x" * size)

    assert answer.status_code == 413
    assert house.state(ANNA) is ACTIVE


def test_page_is_the_same_before_and_after_leaving(house) -> None:
    before = house.client.get(house.leave_link(ANNA)).content
    house.client.post(house.leave_link(ANNA))

    assert house.client.get(house.leave_link(ANNA)).content == before


def test_page_is_the_same_for_every_reader(shared_house) -> None:
    """A forwarded copy's link says nothing about whose it was."""
    one, other = (
        shared_house.client.get(shared_house.leave_link(reader)).content for reader in (ANNA, BEN)
    )

    assert one == other


def test_link_of_an_erased_reader_is_not_valid(house) -> None:
    link = house.leave_link(ANNA)
    with house.app.db.write() as session:
        anna = find_by_address(session, house.app.sealer, ANNA)
        erase(session, house.app.sealer, anna.id, house.app.clock.now())

    assert house.client.post(link).content == house.client.get("/u/x").content


def test_headers_of_a_copy_lead_here(house, run) -> None:
    """What a mail program reads from the sent bytes is all it needs (RFC 8058, section 3.1)."""
    house.newsroom.ready(date(2026, 11, 27))
    run(tick_once(house.app))
    copies = {envelope.rcpt_to: copy for envelope, copy in house.newsroom.backend.accepted}
    headers = message_from_bytes(copies[ANNA], policy=default)
    url = headers["List-Unsubscribe"].partition(">")[0].removeprefix("<")
    link = url.removeprefix("http://127.0.0.1:8000")

    answer = house.client.post(link, content=headers["List-Unsubscribe-Post"])

    assert answer.status_code == 200
    assert (house.state(ANNA), house.state(BEN)) == (UNSUBSCRIBED, ACTIVE)

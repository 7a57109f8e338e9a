"""Leaving: the one-click POST of RFC 8058, the page with the button, links that are not ours."""

import dataclasses
import socket
from collections.abc import Callable
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default
from http.client import HTTPConnection
from pathlib import Path

import pytest
from sqlalchemy import select

from digest.clock import FixedClock
from digest.curation.newsletters import find_newsletter
from digest.keys import new_key_ring, read_key_file, write_key_file
from digest.models import ConsentEvent, Subscription, SubscriptionState
from digest.scheduler import tick_once
from digest.subscribers.lifecycle import add_active, erase, find_by_address
from digest.tokens import Purpose, TokenSigner

ANNA = "anna@example.org"
BEN = "ben@example.org"
ACTIVE, UNSUBSCRIBED = SubscriptionState.ACTIVE, SubscriptionState.UNSUBSCRIBED
ONE_CLICK = "List-Unsubscribe=One-Click"
BOUNDARY = "----=_Part_7"
MULTIPART = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
    f"One-Click\r\n--{BOUNDARY}--\r\n"
)
LAST_LINE = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }\n'
SECOND = """
[[newsletters]]
slug = "monthly"
name = "The Harbour Monthly"
host = "courier.example"
sender = { name = "The Harbour Monthly", address = "monthly@courier.example" }
relay = "main"
postal_address = "12 Quay Street, Harbour Town"
"""
UNKNOWN = {"name": None, "language": None, "timezone": None, "origin": "test"}
POSTS = {
    "urlencoded": ("application/x-www-form-urlencoded", ONE_CLICK.encode()),
    "multipart": (f"multipart/form-data; boundary={BOUNDARY}", MULTIPART.encode()),
    "empty": ("application/x-www-form-urlencoded", b""),
    "garbage": ("application/json", b'{"\xff\x00page=1&&&'),
    "half a multipart": (f"multipart/form-data; boundary={BOUNDARY}", MULTIPART.encode()[:60]),
    "ten thousand bytes": ("text/plain", b"x" * 10_000),
}
SCANNERS = [
    "",
    "curl/8.5.0",
    "Barracuda Sentinel (EE)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 SafeLinks",
    "Mozilla/5.0 (compatible; Proofpoint URL Defense)",
]


@pytest.mark.parametrize("kind", POSTS)
def test_post_unsubscribes_whatever_its_body(house, kind: str) -> None:
    content_type, body = POSTS[kind]

    answer = house.client.post(
        house.leave_link(ANNA), content=body, headers={"Content-Type": content_type}
    )

    assert (answer.status_code, answer.text) == (200, "ok")
    assert house.state(ANNA) is UNSUBSCRIBED
    assert house.state(BEN) is ACTIVE


def test_leaving_one_newsletter_keeps_the_other(open_house) -> None:
    second = SECOND + LAST_LINE
    with open_house(more={LAST_LINE: LAST_LINE + second}) as house:
        house.newsroom.subscribe(ANNA)
        with house.app.db.write() as session:
            other = find_newsletter(session, "monthly").id
            add_active(
                session,
                house.app.sealer,
                newsletter_id=other,
                address=ANNA,
                now=house.app.clock.now(),
                **UNKNOWN,
            )
        states = _states_after(house, other)

    assert states == (ACTIVE, UNSUBSCRIBED)


def _states_after(house, newsletter_id: int) -> tuple[SubscriptionState, SubscriptionState]:
    """Leave the other newsletter; return the states in this one and in that."""
    with house.app.db.read() as session:
        both = session.scalars(select(Subscription)).all()
    [gone] = [found for found in both if found.newsletter_id != newsletter_id]
    house.client.post("/u/" + house.app.signer.sign(Purpose.UNSUBSCRIBE, gone.public_id))
    with house.app.db.read() as session:
        states = {s.newsletter_id: s.state for s in session.scalars(select(Subscription))}
    return states[newsletter_id], states[gone.newsletter_id]


@pytest.mark.parametrize(("body", "origin"), [("page=1", "page"), (ONE_CLICK, "one-click")])
def test_evidence_says_how_somebody_left(house, body: str, origin: str) -> None:
    house.client.post(house.leave_link(ANNA), content=body)

    with house.app.db.read() as session:
        event = session.scalars(select(ConsentEvent).where(ConsentEvent.kind == "left")).one()
    assert event.origin == origin


def test_post_gets_neither_redirect_nor_cookie(house) -> None:
    answer = house.client.post(house.leave_link(ANNA), content=ONE_CLICK)

    assert not {"location", "set-cookie"} & set(answer.headers)


def test_second_post_is_answered_the_same_and_noted_once(house) -> None:
    first, second = (house.client.post(house.leave_link(ANNA)) for _ in range(2))

    assert (second.status_code, second.content) == (first.status_code, first.content)
    with house.app.db.read() as session:
        kinds = session.scalars(select(ConsentEvent.kind)).all()
    assert kinds.count("left") == 1


def test_our_own_button_gets_a_page(house) -> None:
    answer = house.client.post(house.leave_link(ANNA), data={"page": "1"})

    assert answer.status_code == 200
    assert "<h1>You are unsubscribed</h1>" in answer.text
    assert house.state(ANNA) is UNSUBSCRIBED


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_post_over_a_raw_socket(house, version: str) -> None:
    request = (
        f"POST {house.leave_link(ANNA)} HTTP/{version}\r\nHost: courier.example\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 26\r\n"
        f"Connection: close\r\n\r\n{ONE_CLICK}"
    )

    answer = _exchange(house.address, request.encode())

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nok")
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


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_visits_of_scanners_change_nothing(shared_house, method: str) -> None:
    link = shared_house.leave_link(ANNA)

    statuses = {
        shared_house.client.request(
            method, link, headers={"User-Agent": SCANNERS[n % 5]}
        ).status_code
        for n in range(100)
    }

    assert statuses == {200}
    assert shared_house.state(ANNA) is ACTIVE


def test_visit_shows_one_button_that_posts(shared_house) -> None:
    page = shared_house.client.get(shared_house.leave_link(ANNA)).text

    assert page.count("<button>") == page.count('<form method="post">') == 1
    assert "<script" not in page


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


BAD_LINKS: dict[str, Callable[..., str]] = {
    "unknown path": lambda _house: "/nothing/here",
    "no token": lambda _house: "/u/",
    "forged": lambda house: "/u/" + _forged(house.public_id(ANNA)),
    "another purpose's": lambda house: house.later_link(ANNA).replace("/later/", "/u/"),
    "truncated": lambda house: house.leave_link(ANNA)[:-1],
    "one letter changed": lambda house: _flipped(house.leave_link(ANNA)),
    "slash behind": lambda house: house.leave_link(ANNA) + "/",
    "signed, of nobody": lambda house: _signed(house, "aaaaaaaaaaaaaaaa"),
    "signed, not a text": lambda house: _signed(house, ["aaaaaaaaaaaaaaaa"]),
    "signed, with a NUL": lambda house: _signed(house, "a\0"),
    "bytes that are no UTF-8": lambda _house: "/u/%ff%fe.%c3",
    "an id as it is": lambda house: "/u/" + house.public_id(ANNA),
}


def _forged(public_id: str) -> str:
    return TokenSigner(new_key_ring()).sign(Purpose.UNSUBSCRIBE, public_id)


def _flipped(link: str) -> str:
    return link[:-9] + ("A" if link[-9] != "A" else "B") + link[-8:]


def _signed(house, value: object) -> str:
    return "/u/" + house.app.signer.sign(Purpose.UNSUBSCRIBE, value)


@pytest.mark.parametrize("kind", BAD_LINKS)
def test_links_that_are_not_valid_get_the_very_same_page(shared_house, kind: str) -> None:
    link = BAD_LINKS[kind](shared_house)
    known = shared_house.client.get("/u/x")

    answer = shared_house.client.get(link)

    assert (answer.status_code, answer.content) == (404, known.content)
    assert _without_date(answer.headers) == _without_date(known.headers)


@pytest.mark.parametrize("kind", BAD_LINKS)
def test_posts_to_links_that_are_not_valid_change_nothing(shared_house, kind: str) -> None:
    link = BAD_LINKS[kind](shared_house)

    answer = shared_house.client.post(link, content=ONE_CLICK)

    assert (answer.status_code, answer.content) == (404, shared_house.client.get("/u/x").content)
    assert "location" not in answer.headers
    assert shared_house.state(ANNA) is ACTIVE


def _without_date(headers) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "date"}


def test_link_of_an_erased_reader_is_not_valid(house) -> None:
    link = house.leave_link(ANNA)
    with house.app.db.write() as session:
        anna = find_by_address(session, house.app.sealer, ANNA)
        erase(session, house.app.sealer, anna.id, house.app.clock.now())

    assert house.client.post(link).content == house.client.get("/u/x").content


def test_link_signed_with_a_retired_key_two_years_ago_works(
    open_house, tmp_path: Path, clock: FixedClock
) -> None:
    with open_house() as house:
        house.newsroom.subscribe(ANNA)
        link = house.leave_link(ANNA)
    _retire_sign_key(tmp_path / "keys.toml")
    clock.advance(timedelta(days=730))

    with open_house() as house:
        assert house.leave_link(ANNA) != link
        assert house.client.post(link).status_code == 200
        assert house.state(ANNA) is UNSUBSCRIBED


def _retire_sign_key(path: Path) -> None:
    ring = read_key_file(path)
    path.unlink()
    fresh = new_key_ring().sign
    write_key_file(path, dataclasses.replace(ring, sign=fresh + ring.sign))


def test_two_thousand_posts_from_one_place_all_succeed(house) -> None:
    """Mail providers post for all their users from a few machines."""
    readers = [f"reader{number}@example.org" for number in range(200)]
    house.newsroom.subscribe(*readers)
    links = [house.leave_link(reader) for reader in readers]

    statuses = _post_all(house.address, links * 10)

    assert statuses == [200] * 2_000
    assert {house.state(reader) for reader in readers} == {UNSUBSCRIBED}


def _post_all(address: tuple[str, int], links: list[str]) -> list[int]:
    connection = HTTPConnection(*address)
    statuses = []
    for link in links:
        connection.request("POST", link, ONE_CLICK)
        with connection.getresponse() as answer:
            statuses.append(answer.status)
            answer.read()
    connection.close()
    return statuses


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

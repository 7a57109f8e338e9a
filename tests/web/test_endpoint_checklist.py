"""The unsubscribe link, line by line: what mail programs, scanners and forgers do to it.

E1 to E9 are the lines of a checklist made of RFC 8058 and the rules of the large mail providers;
each test is named by its line. How leaving looks to a person is in test_reader_leave.py, what it
means for a run under way in test_leaving_mid_send.py.
"""

import asyncio
import dataclasses
import socket
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from digest.clock import FixedClock
from digest.curation.newsletters import find_newsletter
from digest.keys import new_key_ring, read_key_file, write_key_file
from digest.models import ConsentEvent, Delivery, DeliveryState, Subscription, SubscriptionState
from digest.subscribers.audience import audience_count
from digest.subscribers.lifecycle import add_active, find_by_address
from digest.subscribers.standing import list_subscriptions
from digest.subscribers.suppression import suppress
from digest.tokens import Purpose, TokenSigner
from digest.web.app import create_web
from tests.web.draining import draining

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
    "an unknown wish": ("application/x-www-form-urlencoded", b"do=nothing"),
    "ten thousand bytes": ("text/plain", b"x" * 10_000),
}
SCANNERS = [
    "",
    "curl/8.5.0",
    "Barracuda Sentinel (EE)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 SafeLinks",
    "Mozilla/5.0 (compatible; Proofpoint URL Defense)",
]
FRIDAY = date(2026, 11, 27)
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


@pytest.mark.parametrize("kind", POSTS)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_e1_post_unsubscribes_whatever_its_body(house, kind: str, version: str) -> None:
    """From a program nobody knows, that has no cookie, over a bare socket."""
    content_type, body = POSTS[kind]
    request = (
        f"POST {house.leave_link(ANNA)} HTTP/{version}\r\nHost: courier.example\r\n"
        f"User-Agent: Nobody's/0\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )

    head, _, said = _exchange(house.address, request.encode() + body).partition(b"\r\n\r\n")

    status, *headers = head.lower().split(b"\r\n")
    assert (status, said) == (b"http/1.1 200 ok", b"ok")
    assert not [line for line in headers if line.startswith((b"location", b"set-cookie"))]
    assert (house.state(ANNA), house.state(BEN)) == (UNSUBSCRIBED, ACTIVE)


def _exchange(address: tuple[str, int], request: bytes) -> bytes:
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    return answer


def test_e1_leaving_and_its_evidence_are_one_transaction(house) -> None:
    """Where the evidence cannot be written, nobody has left, and the answer is no 200."""
    with house.app.db.alter() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER no_more BEFORE INSERT ON consent_events"
                " BEGIN SELECT RAISE(ABORT, 'disk'); END"
            )
        )

    answer = house.client.post(house.leave_link(ANNA), content=ONE_CLICK)

    assert answer.status_code == 500
    assert house.state(ANNA) is ACTIVE


def test_e1_second_post_is_answered_the_same_and_noted_once(house) -> None:
    first, second = (house.client.post(house.leave_link(ANNA)) for _ in range(2))

    assert (first.status_code, first.content) == (200, b"ok")
    assert (second.status_code, second.content) == (first.status_code, first.content)
    with house.app.db.read() as session:
        kinds = session.scalars(select(ConsentEvent.kind)).all()
    assert kinds.count("left") == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_e2_visits_of_scanners_change_nothing(shared_house, method: str) -> None:
    link = shared_house.leave_link(ANNA)

    statuses = {
        shared_house.client.request(
            method, link, headers={"User-Agent": SCANNERS[n % 5]}
        ).status_code
        for n in range(100)
    }

    assert statuses == {200}
    assert shared_house.state(ANNA) is ACTIVE


def test_e2_visit_shows_one_main_button_that_posts(shared_house) -> None:
    """What may be done instead has lesser buttons, below it."""
    page = shared_house.client.get(shared_house.leave_link(ANNA)).text

    first = page.partition('<form method="post">')[2].partition("</form>")[0]
    assert "<button>Unsubscribe</button>" in first
    assert page.count("<button>") == 1
    assert page.index("<button>") < page.index("<button class")
    assert "<script" not in page


BAD_LINKS: dict[str, Callable[..., str]] = {
    "unknown path": lambda _house: "/nothing/here",
    "no token": lambda _house: "/u/",
    "forged": lambda house: "/u/" + _forged(house.public_id(ANNA)),
    "another purpose's": lambda house: house.later_link(ANNA).replace("/later/", "/u/"),
    "one that runs out": lambda house: "/u/" + house.passing(Purpose.COME_BACK, ANNA),
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
def test_e3_links_that_are_not_valid_get_the_very_same_page(shared_house, kind: str) -> None:
    link = BAD_LINKS[kind](shared_house)
    known = shared_house.client.get("/u/x")

    answer = shared_house.client.get(link)

    assert (answer.status_code, answer.content) == (404, known.content)
    assert _without_date(answer.headers) == _without_date(known.headers)
    assert ANNA not in answer.text


WISHES = [
    ONE_CLICK,
    "page=1",
    "do=pause&until=4",
    "do=settings",
    "do=why&reason=other",
    "do=return",
]


@pytest.mark.parametrize("kind", BAD_LINKS)
@pytest.mark.parametrize("body", WISHES)
def test_e3_posts_to_links_that_are_not_valid_change_nothing(
    shared_house, kind: str, body: str
) -> None:
    link = BAD_LINKS[kind](shared_house)

    answer = shared_house.client.post(link, content=body)

    assert (answer.status_code, answer.content) == (404, shared_house.client.get("/u/x").content)
    assert "location" not in answer.headers
    assert shared_house.state(ANNA) is ACTIVE


def _without_date(headers) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "date"}


def test_e4_link_signed_with_a_retired_key_two_years_ago_works(
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


def test_e5_ten_thousand_posts_from_one_address_all_succeed(house, run) -> None:
    """Mail providers post for all their users from a few machines; so does the limit on forms not
    count them.
    """
    readers = [f"reader{number}@example.org" for number in range(200)]
    house.newsroom.subscribe(*readers)
    links = [house.leave_link(reader) for reader in readers]

    statuses = run(_post_all(create_web(house.app), links * 50))

    assert statuses == [200] * 10_000
    assert {house.state(reader) for reader in readers} == {UNSUBSCRIBED}


async def _post_all(web, links: list[str]) -> list[int]:
    """Post to each link in this process, thirty at a time, from one machine."""
    gate = asyncio.Semaphore(30)

    async def post(link: str) -> int:
        async with gate:
            return await _post(web, link)

    return await asyncio.gather(*map(post, links))


async def _post(web, link: str) -> int:
    statuses: list[int] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": link,
        "raw_path": link.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/x-www-form-urlencoded")],
        "client": ("203.0.113.9", 4711),
        "server": ("courier.example", 443),
    }

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": ONE_CLICK.encode(), "more_body": False}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(int(str(message["status"])))

    await web(scope, receive, send)
    return statuses[0]


def test_e6_reader_who_leaves_between_freeze_and_send_is_skipped(house, run) -> None:
    """And mid-run, up to the dot: test_leaving_mid_send.py."""
    house.newsroom.ready(FRIDAY)
    house.app.sender.tick()

    house.client.post(house.leave_link(ANNA), content=ONE_CLICK)
    run(house.app.sender.drain(asyncio.Event(), until_idle=True))

    assert [envelope.rcpt_to for envelope, _ in house.newsroom.backend.accepted] == [BEN]
    assert _unsent(house) == [(DeliveryState.SKIPPED, "left")]


def _unsent(house) -> list[tuple[DeliveryState, str]]:
    with house.app.db.read() as session:
        rows = session.scalars(select(Delivery).where(Delivery.state != DeliveryState.ACCEPTED))
        return [(row.state, row.reason) for row in rows]


def test_e7_every_answer_has_the_headers_that_keep_it_private(house) -> None:
    asked = [
        *[("GET", path, None) for path in _pages(house)],
        *[("POST", path, "do=open") for path in _pages(house)],
        ("POST", house.leave_link(BEN), ONE_CLICK),
        ("POST", house.leave_link(BEN), "page=1"),
        ("POST", house.leave_link(BEN), "do=pause&until=4"),
        ("POST", house.leave_link(BEN), "do=settings"),
        *[
            ("POST", f"/settings/{what}", _key(house))
            for what in ("show", "receipt", "export.json")
        ],
    ]
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    for method, path, body in asked:
        answer = house.client.request(method, path, content=body, headers=form)
        assert answer.headers["cache-control"] == "no-store", path
        assert answer.headers["referrer-policy"] == "no-referrer", path
        assert answer.headers["x-robots-tag"] == "noindex", path
        assert "script-src" not in answer.headers["content-security-policy"], path
        assert "default-src 'none'" in answer.headers["content-security-policy"], path
        assert "unsafe-inline" not in answer.headers["content-security-policy"], path
        assert "set-cookie" not in answer.headers, path


def _pages(house) -> list[str]:
    return [
        *(house.leave_link(ANNA), house.later_link(ANNA), "/u/x", "/s/x"),
        "/s/" + house.passing(Purpose.OPEN_SETTINGS, ANNA),
        "/erase/" + house.passing(Purpose.ERASE, ANNA, hours=-1),
        "/move/x",
        "/n/weekly/settings",
    ]


def _key(house) -> str:
    return "key=" + house.passing(Purpose.SETTINGS, ANNA)


def test_e8_page_answers_while_nothing_listens_at_the_relay(open_house) -> None:
    """And while it hangs: test_leaving_mid_send.py."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    relay = f'backend = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"'
    with open_house(relay=relay) as house:
        house.newsroom.subscribe(ANNA)
        house.newsroom.ready(FRIDAY)
        house.app.sender.tick()
        with draining(house.app):
            answer = house.client.post(house.leave_link(ANNA))

    assert answer.status_code == 200


def test_e8_page_answers_while_copies_go_out(house) -> None:
    house.newsroom.subscribe(*(f"many{number}@example.org" for number in range(400)))
    leavers = [house.leave_link(f"many{number}@example.org") for number in range(399, 379, -1)]
    house.newsroom.ready(FRIDAY)
    house.app.sender.tick()

    with draining(house.app):
        statuses = {house.client.post(link).status_code for link in leavers}
        _wait_until_settled(house)

    assert statuses == {200}
    assert len(house.newsroom.backend.accepted) + len(_unsent(house)) == 402


def _wait_until_settled(house) -> None:
    deadline = time.monotonic() + 20
    while house.newsroom.sums("weekly/1").open:
        if time.monotonic() > deadline:
            pytest.fail("the drain did not end")
        time.sleep(0.05)


@pytest.fixture
def two(open_house):
    """A house with two newsletters, which Anna has both."""
    with open_house(more={LAST_LINE: LAST_LINE + SECOND + LAST_LINE}) as house:
        house.newsroom.subscribe(ANNA)
        with house.app.db.write() as session:
            add_active(
                session,
                house.app.sealer,
                newsletter_id=find_newsletter(session, "monthly").id,
                address=ANNA,
                name=None,
                language=None,
                timezone=None,
                now=house.app.clock.now(),
                origin="test",
            )
        yield house


def test_e9_leaving_one_newsletter_keeps_the_other(two) -> None:
    two.client.post(
        "/u/" + two.app.signer.sign(Purpose.UNSUBSCRIBE, _both(two)["weekly"].public_id)
    )

    states = {slug: each.state for slug, each in _both(two).items()}
    assert states == {"weekly": UNSUBSCRIBED, "monthly": ACTIVE}


def _both(house) -> dict[str, Subscription]:
    with house.app.db.read() as session:
        anna = find_by_address(session, house.app.sealer, ANNA)
        return dict(list_subscriptions(session, anna.id))


@pytest.mark.parametrize("reason", ["complained", "bounced"])
def test_e9_complaint_or_bounce_is_for_the_address_everywhere(two, reason: str) -> None:
    now = two.app.clock.now()
    with two.app.db.write() as session:
        suppress(session, two.app.sealer, ANNA, reason, now=now)

    with two.app.db.read() as session:
        ids = [find_newsletter(session, slug).id for slug in ("weekly", "monthly")]
        assert [audience_count(session, each, now) for each in ids] == [0, 0]

"""A reader who leaves while an issue is going out gets no copy, up to the dot; and the page answers
however badly the relay does.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

import httpx
import pytest
from sqlalchemy import select

from digest.app import App
from digest.delivery.backends.base import Envelope
from digest.models import Delivery, DeliveryState
from digest.scheduler import tick_once

FRIDAY = date(2026, 11, 27)
ANNA = "anna@example.org"
BEN = "ben@example.org"
READERS = [f"reader{number}@example.org" for number in range(20)]


def _skipped(app: App) -> list[tuple[DeliveryState, str]]:
    with app.db.read() as session:
        rows = session.scalars(select(Delivery).where(Delivery.state != DeliveryState.ACCEPTED))
        return [(row.state, row.reason) for row in rows]


def _receivers(house) -> list[str]:
    return sorted(envelope.rcpt_to for envelope, _ in house.newsroom.backend.accepted)


def test_reader_who_leaves_between_freeze_and_send_is_skipped(house, run) -> None:
    house.newsroom.ready(FRIDAY)
    house.app.sender.tick()

    house.client.post(house.leave_link(ANNA))
    run(house.app.sender.drain(asyncio.Event(), until_idle=True))

    assert _receivers(house) == [BEN]
    assert _skipped(house.app) == [(DeliveryState.SKIPPED, "left")]


def test_reader_who_leaves_mid_run_is_skipped(house, run) -> None:
    """The first copy handed over makes the last reader in the ledger leave."""
    house.newsroom.subscribe(*READERS)
    issue = house.newsroom.ready(FRIDAY)
    leaver = READERS[-1]
    _once_staging(house, lambda _envelope: True, house.leave_link(leaver))

    run(tick_once(house.app))

    assert _receivers(house) == sorted([ANNA, BEN, *READERS[:-1]])
    assert _skipped(house.app) == [(DeliveryState.SKIPPED, "left")]
    assert house.newsroom.problems(issue) == []


def test_reader_who_leaves_just_before_the_dot_is_skipped(house, run) -> None:
    """Their copy is already with the relay, all but its last line."""
    issue = house.newsroom.ready(FRIDAY)
    _once_staging(house, lambda envelope: envelope.rcpt_to == ANNA, house.leave_link(ANNA))

    run(tick_once(house.app))

    assert house.newsroom.backend.staged >= 2
    assert _receivers(house) == [BEN]
    assert _skipped(house.app) == [(DeliveryState.SKIPPED, "left")]
    assert house.newsroom.problems(issue) == []


def _once_staging(house, which: Callable[[Envelope], bool], link: str) -> None:
    """Post to `link`, once, while a copy that fits is being staged."""
    posted: list[int] = []

    def look(envelope: Envelope) -> bool:
        if which(envelope) and not posted:
            posted.append(httpx.post(house.url + link).status_code)
        return False

    house.newsroom.backend.script(look, OSError("never played"), at="stage", times=None)


@contextmanager
def _silent_relay() -> Iterator[tuple[int, threading.Event]]:
    """A mail server that takes connections and never says a word; the event: somebody waits."""
    called = threading.Event()
    kept: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def take() -> None:
        while True:
            try:
                kept.append(listener.accept()[0])
            except OSError:
                return
            called.set()

    thread = threading.Thread(target=take)
    thread.start()
    try:
        yield listener.getsockname()[1], called
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in (listener, *kept):
            connection.close()


@contextmanager
def _draining(app: App) -> Iterator[None]:
    """Drain in a thread for the length of the block."""
    loop_and_stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def drain() -> None:
        stop = asyncio.Event()
        loop_and_stop.append((asyncio.get_running_loop(), stop))
        await app.sender.drain(stop)

    thread = threading.Thread(target=asyncio.run, args=(drain(),))
    thread.start()
    try:
        yield
    finally:
        loop, stop = loop_and_stop[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def test_page_answers_while_the_relay_hangs(open_house) -> None:
    with _silent_relay() as (port, called):
        relay = (
            f'backend = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
            "timeouts = { connect = 1.0 }"
        )
        with open_house(relay=relay) as house:
            house.newsroom.subscribe(ANNA, BEN)
            house.newsroom.ready(FRIDAY)
            house.app.sender.tick()
            with _draining(house.app):
                assert called.wait(10)
                began = time.monotonic()
                answer = house.client.post(house.leave_link(ANNA))
                took = time.monotonic() - began

    assert answer.status_code == 200
    assert took < 0.9  # well before the drain gives up waiting


def test_page_answers_while_nothing_listens_at_the_relay(open_house) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    relay = f'backend = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"'
    with open_house(relay=relay) as house:
        house.newsroom.subscribe(ANNA)
        house.newsroom.ready(FRIDAY)
        house.app.sender.tick()
        with _draining(house.app):
            answer = house.client.post(house.leave_link(ANNA))

    assert answer.status_code == 200


def test_pages_answer_while_copies_go_out(house) -> None:
    house.newsroom.subscribe(*(f"many{number}@example.org" for number in range(400)))
    leavers = [house.leave_link(f"many{number}@example.org") for number in range(399, 379, -1)]
    house.newsroom.ready(FRIDAY)
    house.app.sender.tick()

    with _draining(house.app):
        statuses = {house.client.post(link).status_code for link in leavers}
        _wait_until_settled(house)

    assert statuses == {200}
    receivers = len(house.newsroom.backend.accepted)
    assert receivers + len(_skipped(house.app)) == 402


def _wait_until_settled(house) -> None:
    deadline = time.monotonic() + 20
    while house.newsroom.sums("weekly/1").open:
        if time.monotonic() > deadline:
            pytest.fail("the drain did not end")
        time.sleep(0.05)

"""A reader who leaves while an issue is going out gets no copy, up to the dot; and the page answers
however badly the relay does.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

import httpx
from sqlalchemy import select

from digest.app import App
from digest.delivery.backends.base import Envelope
from digest.models import Delivery, DeliveryState
from digest.scheduler import tick_once
from tests.web.draining import draining

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
            with draining(house.app):
                assert called.wait(10)
                began = time.monotonic()
                answer = house.client.post(house.leave_link(ANNA))
                took = time.monotonic() - began

    assert answer.status_code == 200
    assert took < 0.9  # well before the drain gives up waiting

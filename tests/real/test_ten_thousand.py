"""Ten thousand copies over real SMTP: flat memory, visible progress, and nobody doubled by ``kill
-9``.

The program runs as its own process, as an operator starts it, and is killed in the middle again and
again; the mail server is this test's and counts every message it took responsibility for.
"""

import os
import pty
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from digest.clock import SystemClock
from digest.curation.newsletters import find_newsletter
from digest.models import (
    Delivery,
    DeliveryState,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from digest.testing import MailServer
from digest.testing.newsroom import Newsroom, open_newsroom

COPIES = 10_000
FRIDAY = date(2026, 11, 27)
CONNECTIONS = 8
MOST_MEGABYTES = 150


class CountingServer(MailServer):
    """Counts the copies it accepted for each address, and keeps none of them."""

    def __init__(self) -> None:
        super().__init__(pipelining=True)
        self.copies = Counter[str]()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.copies[envelope.rcpt_tos[0]] += 1
        return "250 2.0.0 Ok: queued as 1"


@pytest.fixture
def server() -> Iterator[CountingServer]:
    with CountingServer() as running:
        yield running


@pytest.fixture
def newsroom(tmp_path: Path, server: CountingServer) -> Iterator[Newsroom]:
    relay = f'backend = "smtp"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"'
    with open_newsroom(
        tmp_path, SystemClock(), relay=relay, connections=CONNECTIONS, lease_seconds=1
    ) as opened:
        yield opened


def subscribe_many(newsroom: Newsroom, count: int) -> list[str]:
    addresses = [f"reader{number}@example.org" for number in range(count)]
    now = newsroom.app.clock.now()
    sealer = newsroom.app.sealer
    with newsroom.app.db.write() as session:
        newsletter_id = find_newsletter(session, "weekly").id
        people = [
            {
                "public_id": secrets.token_hex(8),
                "address_index": sealer.index(address),
                "address_sealed": sealer.seal(address),
                "created_at": now,
            }
            for address in addresses
        ]
        session.execute(insert(Subscriber), people)
        session.execute(
            insert(Subscription),
            [
                {
                    "public_id": secrets.token_hex(8),
                    "subscriber_id": subscriber_id,
                    "newsletter_id": newsletter_id,
                    "state": SubscriptionState.ACTIVE,
                    "domain_group": "other",
                    "joined_at": now,
                    "changed_at": now,
                }
                for subscriber_id in session.scalars(select(Subscriber.id))
            ],
        )
    return addresses


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "digest", "--config", str(folder / "config.toml"), *words]


def test_ten_thousand_copies_stay_small_and_show_progress(
    newsroom: Newsroom, server: CountingServer, tmp_path: Path
) -> None:
    addresses = subscribe_many(newsroom, COPIES)
    issue = newsroom.ready(FRIDAY)
    screen, terminal = pty.openpty()
    process = subprocess.Popen(command(tmp_path, "tick"), stderr=terminal, stdout=terminal)
    os.close(terminal)

    shown, megabytes = watch(process, screen)

    assert process.wait(10) == 0, shown
    assert server.copies == Counter(addresses)
    assert newsroom.problems(issue) == []
    assert megabytes < MOST_MEGABYTES
    assert f"/{COPIES}" in shown.replace(",", "")


def watch(process: subprocess.Popen[bytes], screen: int) -> tuple[str, float]:
    """Read a process's terminal until it ends; return the text and the most memory it had, in
    MB.
    """
    pieces: list[bytes] = []
    reader = threading.Thread(target=read_all, args=(screen, pieces))
    reader.start()
    most = 0.0
    while process.poll() is None:
        most = max(most, peak_megabytes(process.pid) or most)
        time.sleep(0.1)
    reader.join(10)
    os.close(screen)
    return b"".join(pieces).decode(errors="replace"), most


def read_all(screen: int, pieces: list[bytes]) -> None:
    while True:
        try:
            piece = os.read(screen, 65536)
        except OSError:  # Linux says so when the last writer is gone
            return
        if not piece:
            return
        pieces.append(piece)


def peak_megabytes(pid: int) -> float | None:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) / 1024 if lines else None


def test_killed_again_and_again_nobody_gets_two_and_nobody_is_lost(
    newsroom: Newsroom, server: CountingServer, tmp_path: Path
) -> None:
    kills = 4
    addresses = subscribe_many(newsroom, COPIES)
    issue = newsroom.ready(FRIDAY)
    for number in range(1, kills + 1):
        process = subprocess.Popen(command(tmp_path, "scheduler"))
        wait_until(lambda share=number: server.copies.total() >= share * 1_800)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        assert newsroom.state(issue) == "sending"

    last = subprocess.Popen(command(tmp_path, "scheduler"))
    wait_until(lambda: newsroom.state(issue) == "sent")
    last.send_signal(signal.SIGTERM)

    assert last.wait(20) == 0
    assert server.copies.most_common(1)[0][1] == 1
    assert set(addresses) - set(server.copies) <= uncertain(newsroom)
    assert len(uncertain(newsroom)) <= kills * CONNECTIONS
    assert newsroom.problems(issue) == []


def wait_until(done: Any, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.02)


def uncertain(newsroom: Newsroom) -> set[str]:
    with newsroom.app.db.read() as session:
        sealed = session.scalars(
            select(Subscriber.address_sealed)
            .join(Delivery, Delivery.subscriber_id == Subscriber.id)
            .where(Delivery.state == DeliveryState.UNCERTAIN)
        )
        return {newsroom.app.sealer.open(value) for value in sealed}

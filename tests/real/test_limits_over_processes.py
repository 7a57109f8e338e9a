"""Two daemons on one store keep one relay's limits between them, as the mail server counts."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from benchmarks.proofs.programs import Program
from benchmarks.proofs.room import subscribe_many
from digest.clock import SystemClock
from digest.testing.counting import CountingServer
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
READERS, PER_HOUR, CONNECTIONS = 120, 40, 3
STILL_SECONDS = 2.0
PATIENCE_SECONDS = 60.0


class WatchingServer(CountingServer):
    """Remembers how many connections were open at most while copies came, and how many copies to
    Gmail it had at once.
    """

    def __init__(self) -> None:
        super().__init__(delay=0.03)
        self.most_connections = 0
        self.most_gmail = 0

    def note(self, address: str) -> None:
        """Take responsibility for one copy."""
        super().note(address)
        self.most_connections = max(self.most_connections, len(self.conversations))
        gmail = [(a, n) for a, n in self.unanswered.items() if is_gmail(a)]
        under_way = sum(n for _, n in gmail) + is_gmail(address)
        self.most_gmail = max(self.most_gmail, under_way)


class Latest(random.Random):
    """Lets every answer take as long as any may: twice the average."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


def is_gmail(address: str) -> bool:
    return address.endswith("@gmail.com")


@pytest.fixture
def server() -> Iterator[WatchingServer]:
    with WatchingServer() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """Where the store is, on each database we speak."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return "sqlite:///digest.db"


@contextmanager
def opened(
    folder: Path, url: str, server: WatchingServer, *limits: str, gmail: int = 0
) -> Iterator[Newsroom]:
    """Open a newsroom whose issue is due, also to so many readers at Gmail, on a relay with these
    limits.
    """
    relay = ['backend = "smtp"', 'host = "127.0.0.1"', f"port = {server.port}", 'security = "none"']
    with open_newsroom(
        folder,
        SystemClock(),
        url=url,
        relay="\n".join([*relay, *limits]),
        connections=CONNECTIONS,
        lease_seconds=1,
        more={"uncertain_hours = 0": "uncertain_hours = 0\nchunk_rows = 10"},
    ) as newsroom:
        subscribe_many(newsroom, READERS)
        newsroom.subscribe(*(f"reader{number}@gmail.com" for number in range(gmail)))
        newsroom.ready(FRIDAY)
        yield newsroom


def daemon(folder: Path, number: int) -> Program:
    words = ["digest", "--config", str(folder / "config.toml"), "scheduler"]
    return Program(words, folder / f"daemon-{number}")


def wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.02)


def wait_until_still(server: WatchingServer) -> None:
    """Wait until nothing more comes."""
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < STILL_SECONDS:
        if seen != server.accepted:
            seen, since = server.accepted, time.monotonic()
        time.sleep(0.05)


def test_hour_is_one_hour_for_two_daemons_and_the_one_that_follows(
    tmp_path: Path, url: str, server: WatchingServer
) -> None:
    with (
        opened(tmp_path, url, server, f"per_hour = {PER_HOUR}") as newsroom,
        daemon(tmp_path, 1) as first,
        daemon(tmp_path, 2) as second,
    ):
        wait_until(lambda: server.accepted >= PER_HOUR // 4)
        assert first.end() == 0
        with daemon(tmp_path, 3) as third:
            wait_until(lambda: server.accepted >= PER_HOUR)
            wait_until_still(server)
            assert (second.end(), third.end()) == (0, 0)
        sums = newsroom.sums("weekly/1")

    assert server.accepted == PER_HOUR
    assert (sums.accepted, sums.pending, sums.balanced) == (PER_HOUR, READERS - PER_HOUR, True)


def test_connections_of_a_relay_are_shared_by_two_daemons(
    tmp_path: Path, url: str, server: WatchingServer
) -> None:
    with (
        opened(tmp_path, url, server) as newsroom,
        daemon(tmp_path, 1) as first,
        daemon(tmp_path, 2) as second,
    ):
        wait_until(lambda: newsroom.state("weekly/1") == "sent")
        assert (first.end(), second.end()) == (0, 0)

    assert server.most_connections == CONNECTIONS
    assert set(server.copies.values()) == {1}


@pytest.mark.parametrize("cap", [1, 2])
def test_connections_of_a_domain_group_are_shared_by_two_daemons(
    tmp_path: Path, url: str, server: WatchingServer, cap: int
) -> None:
    groups = f"groups = {{ google = {{ connections = {cap} }} }}"
    with (
        opened(tmp_path, url, server, groups, gmail=60) as newsroom,
        daemon(tmp_path, 1) as first,
        daemon(tmp_path, 2) as second,
    ):
        wait_until(lambda: newsroom.state("weekly/1") == "sent")
        assert (first.end(), second.end()) == (0, 0)

    assert server.most_gmail == cap
    assert set(server.copies.values()) == {1}
    assert len(server.copies) == READERS + 60


def test_connection_of_a_domain_group_outlives_the_daemon_that_had_it(
    tmp_path: Path, url: str, server: WatchingServer
) -> None:
    groups = "groups = { google = { connections = 1 } }"
    with (
        opened(tmp_path, url, server, groups, gmail=60) as newsroom,
        daemon(tmp_path, 1) as first,
    ):
        wait_until(lambda: any(is_gmail(address) for address in list(server.copies)))
        with daemon(tmp_path, 2) as second:
            first.kill()
            wait_until(lambda: newsroom.state("weekly/1") == "sent")
            assert second.end() == 0
        sums = newsroom.sums("weekly/1")

    assert server.most_gmail == 1
    assert set(server.copies.values()) == {1}
    assert sums.accepted + sums.uncertain == READERS + 60


def test_daemon_that_joins_waits_for_connections_whose_dots_are_slow(
    tmp_path: Path, url: str, server: WatchingServer
) -> None:
    server.delay, server.chance = 3.0, Latest()
    with (
        opened(tmp_path, url, server) as newsroom,
        daemon(tmp_path, 1) as first,
    ):
        wait_until(lambda: server.accepted >= CONNECTIONS)
        with daemon(tmp_path, 2) as second:
            wait_until(lambda: server.accepted >= 2 * CONNECTIONS)
            server.delay = 0.03
            wait_until(lambda: newsroom.state("weekly/1") == "sent")
            assert (first.end(), second.end()) == (0, 0)

    assert server.most_connections == CONNECTIONS
    assert set(server.copies.values()) == {1}

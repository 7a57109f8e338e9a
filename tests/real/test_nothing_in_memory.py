"""Whatever a process knows of limits, rests, retries and pauses, the next one knows too: each round
here is done by a program that was opened for it alone, over real SMTP.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.proofs.postfix import free_port
from digest.app import open_app
from digest.clock import FixedClock
from digest.curation.issues import find_issue, pause_issue
from digest.errors import BackendDown
from digest.keys import new_key_ring, read_key_file, write_key_file
from digest.scheduler import tick_once
from digest.testing import FaultServer, MailServer
from digest.testing.newsroom import open_newsroom

FRIDAY = date(2026, 11, 27)
ISSUE = "weekly/1"
READERS = tuple(f"reader{number}@gmail.com" for number in range(8))
FLOOD = "421 4.7.28 Our system has detected an unusual rate of mail from you"


class Relay(MailServer):
    """A server that counts what it is asked to take, and may refuse it."""

    def __init__(self) -> None:
        super().__init__(pipelining=True)
        self.reply = ""
        self.tried = 0

    async def handle_RCPT(
        self, _server: object, _session: object, envelope: object, address: str, _options: list[str]
    ) -> str:
        """Refuse, or take a recipient."""
        self.tried += 1
        if not self.reply:
            envelope.rcpt_tos.append(address)
        return self.reply or "250 2.1.5 Ok"


@dataclass(frozen=True, slots=True)
class Friday:
    """A folder with an issue that is due, and the clock of every program that works on it."""

    folder: Path
    clock: FixedClock

    def prepare(self, port: int, *lines: str, tables: str = "", more: str = "") -> None:
        """Set the newsroom up on a relay at this port."""
        head = ['backend = "smtp"', 'host = "127.0.0.1"', 'security = "none"', f"port = {port}"]
        changes = {
            "[[newsletters]]": f"{tables}\n\n[[newsletters]]",
            'relay = "main"': f'relay = "main"\n{more}',
            'alerts = ["desk@courier.example"]': "",
        }
        relay = "\n".join([*head, *lines])
        with open_newsroom(self.folder, self.clock, relay=relay, more=changes) as newsroom:
            newsroom.subscribe(*READERS)
            newsroom.ready(FRIDAY)

    def round(self, after: timedelta = timedelta()) -> None:
        """Let a new program do one round, so much later; a relay that is down is no surprise."""
        self.clock.advance(after)
        with (
            open_app(self.folder / "config.toml", clock=self.clock) as app,
            contextlib.suppress(BackendDown),
        ):
            asyncio.run(tick_once(app))


@pytest.fixture
def friday(tmp_path: Path) -> Friday:
    return Friday(tmp_path, FixedClock(datetime(2026, 11, 27, 7, tzinfo=UTC)))


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay() as running:
        yield running


def test_hour_that_is_used_up_is_used_up_for_the_next_program(friday: Friday, relay: Relay) -> None:
    friday.prepare(relay.port, "per_hour = 3")

    taken = []
    for minutes in (0, 5, 5, 52):
        friday.round(after=timedelta(minutes=minutes))
        taken.append(len(relay.received))

    assert taken == [3, 3, 3, 6]


def test_domain_group_that_rests_is_left_alone_by_the_next_program(
    friday: Friday, relay: Relay
) -> None:
    relay.reply = FLOOD
    friday.prepare(relay.port)
    friday.round()
    tried = relay.tried

    friday.round(after=timedelta(minutes=9))

    assert relay.tried == tried > 0


def test_deferred_copies_wait_in_the_next_program_too(friday: Friday, relay: Relay) -> None:
    relay.reply = "451 4.2.0 Mailbox busy"
    friday.prepare(relay.port)
    friday.round()
    relay.reply = ""

    friday.round(after=timedelta(minutes=29))
    before = relay.tried
    friday.round(after=timedelta(minutes=8))

    assert (before, relay.tried) == (len(READERS), 2 * len(READERS))
    assert sorted(one.rcpt_to[0] for one in relay.received) == sorted(READERS)


def test_relay_that_refuses_us_is_left_alone_by_the_next_program(friday: Friday) -> None:
    async def two_rounds() -> tuple[int, int]:
        async with FaultServer("mail", "550") as server:
            await asyncio.to_thread(friday.prepare, server.port)
            await asyncio.to_thread(friday.round)
            tried = len(server.commands)
            await asyncio.to_thread(friday.round, timedelta(seconds=20))
            return tried, len(server.commands)

    first, second = asyncio.run(two_rounds())

    assert first == second > 0


def test_paused_issue_is_paused_for_the_next_program(friday: Friday, relay: Relay) -> None:
    friday.prepare(relay.port, "per_hour = 1")
    friday.round()
    with (
        open_app(friday.folder / "config.toml", clock=friday.clock) as app,
        app.db.write() as session,
    ):
        assert pause_issue(session, find_issue(session, ISSUE).id, "a wrong headline")

    friday.round(after=timedelta(hours=2))

    assert len(relay.received) == 1


def test_spare_relay_takes_over_whoever_met_the_trouble(friday: Friday, relay: Relay) -> None:
    spare = f'[relays.spare]\nbackend = "smtp"\nhost = "127.0.0.1"\nport = {relay.port}'
    spare += '\nsecurity = "none"'
    friday.prepare(free_port(), tables=spare, more='spare_relays = ["spare"]')

    taken = []
    for minutes in (0, 1, 1, 1, 1, 2):
        friday.round(after=timedelta(minutes=minutes, seconds=5))
        taken.append(len(relay.received))

    assert taken[:4] == [0, 0, 0, 0]
    assert taken[-1] == len(READERS)


def test_message_id_outlives_a_new_key(friday: Friday) -> None:
    """M4: the key that named a copy at first names it at every retry, whatever key is newest."""

    async def two_rounds() -> list[bytes]:
        async with FaultServer("dot", "451") as server:
            await asyncio.to_thread(friday.prepare, server.port)
            await asyncio.to_thread(friday.round)
            server.mend()
            add_message_key(friday.folder / "keys.toml")
            await asyncio.to_thread(friday.round, timedelta(minutes=40))
            return server.received

    names = Counter(
        line
        for message in asyncio.run(two_rounds())
        for line in message.split(b"\r\n")
        if line.startswith(b"Message-ID: ")
    )

    assert list(names.values()) == [2] * len(READERS)


def add_message_key(file: Path) -> None:
    """Put a key for Message-IDs before the others, as the newest."""
    ring, (newest, *_) = read_key_file(file), new_key_ring().message
    file.unlink()
    write_key_file(file, replace(ring, message=(newest, *ring.message)))

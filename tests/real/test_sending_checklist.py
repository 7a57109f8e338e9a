"""How receivers want to be sent to, line by line of our checklist (S1 to S5), counted by a real
SMTP server.

S6, the share of complaints among what was accepted, has no test here: nothing computes it yet.
Limits over several processes are in test_limits_over_processes.py, over restarts in
test_nothing_in_memory.py.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from digest.clock import Clock, FixedClock, SystemClock, next_slot
from digest.delivery.breaker.rows import load_standings
from digest.models import Delivery
from digest.scheduler import tick_once
from digest.testing import FaultServer, MailServer
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = datetime(2026, 11, 27, 7, tzinfo=UTC)
GOOGLE = [f"reader{number}@gmail.com" for number in range(12)]
OTHERS = [f"reader{number}@example.org" for number in range(4)]
ISSUE = "weekly/1"
FLOOD = "421 4.7.28 Our system has detected an unusual rate of mail from you"
BLOCKED = "550 5.7.1 Our system has detected that this message is likely unsolicited"


class Gmail(MailServer):
    """A server that refuses recipients at gmail.com as it is told, and counts."""

    def __init__(self) -> None:
        super().__init__(pipelining=True)
        self.reply = ""
        self.tried: list[str] = []
        self.most_at_once = 0
        self.at: list[float] = []
        self._at_once = 0

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """Refuse, or take a recipient."""
        self.tried.append(address)
        if self.reply and address.endswith("@gmail.com"):
            return self.reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take a message, in a while."""
        at_gmail = envelope.rcpt_tos[0].endswith("@gmail.com")
        self._at_once += at_gmail
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(0.02)
        self._at_once -= at_gmail
        self.at.append(time.monotonic())
        return await super().handle_DATA(server, session, envelope)

    def count(self) -> Counter[str]:
        """Return how many copies were accepted for each reader; the desk's alerts are none."""
        taken = [received.rcpt_to[0] for received in self.received]
        return Counter(recipient for recipient in taken if recipient.startswith("reader"))


@pytest.fixture
def gmail() -> Iterator[Gmail]:
    with Gmail() as server:
        yield server


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(FRIDAY)


Opener = Callable[..., Newsroom]


@pytest.fixture
def opened(tmp_path: Path, clock: FixedClock) -> Iterator[Opener]:
    """Open a newsroom on a port, with further lines of the relay, and an issue that is due."""
    with ExitStack() as stack:

        def opener(
            port: int,
            readers: list[str],
            *lines: str,
            connections: int = 4,
            clock: Clock = clock,
        ) -> Newsroom:
            head = ['backend = "smtp"', 'host = "127.0.0.1"', 'security = "none"', f"port = {port}"]
            newsroom = stack.enter_context(
                open_newsroom(
                    tmp_path, clock, relay="\n".join([*head, *lines]), connections=connections
                )
            )
            newsroom.subscribe(*readers)
            schedule = newsroom.app.config.newsletter("weekly").schedule.as_schedule()
            newsroom.ready(next_slot(schedule, clock.now() - timedelta(days=1)).local_date)
            return newsroom

        yield opener


def states(newsroom: Newsroom) -> Counter[str]:
    """Count the ledger's rows by state."""
    with newsroom.app.db.read() as session:
        return Counter(session.scalars(select(Delivery.state)))


def test_s1_hourly_limit_of_a_domain_group_holds_up_no_other(
    gmail: Gmail, opened: Opener, clock: FixedClock
) -> None:
    newsroom = opened(gmail.port, GOOGLE + OTHERS, "groups = { google = { per_hour = 5 } }")

    by_hour = []
    for _ in range(3):
        asyncio.run(tick_once(newsroom.app))
        taken = gmail.count()
        by_hour.append((sum(taken[a] for a in GOOGLE), sum(taken[a] for a in OTHERS)))
        clock.advance(timedelta(minutes=61))

    assert by_hour == [(5, 4), (10, 4), (12, 4)]
    assert newsroom.state(ISSUE) == "sent"


def test_s1_warm_up_gives_a_new_relay_more_each_day(
    gmail: Gmail, opened: Opener, clock: FixedClock
) -> None:
    ramp = f"warm_up = {{ start = {date(2026, 11, 27)}, per_day = [2, 5] }}"
    newsroom = opened(gmail.port, GOOGLE + OTHERS, ramp)

    by_day = []
    for _ in range(3):
        asyncio.run(tick_once(newsroom.app))
        by_day.append(len(gmail.received))
        clock.advance(timedelta(days=1))

    assert by_day == [2, 7, 16]


def test_s1_pace_of_a_domain_group_spreads_its_copies(gmail: Gmail, opened: Opener) -> None:
    pace = "groups = { google = { per_second = 20 } }"
    newsroom = opened(gmail.port, GOOGLE, pace, clock=SystemClock())

    asyncio.run(tick_once(newsroom.app))

    assert len(gmail.received) == 12
    assert gmail.at[-1] - gmail.at[0] > 0.8 * 11 / 20


def test_s1_connections_of_a_domain_group_are_its_own(gmail: Gmail, opened: Opener) -> None:
    newsroom = opened(gmail.port, GOOGLE + OTHERS, "groups = { google = { connections = 1 } }")

    asyncio.run(tick_once(newsroom.app))

    assert gmail.count() == Counter(GOOGLE + OTHERS)
    assert gmail.most_at_once == 1


def test_s2_flood_reply_rests_the_group_for_ten_minutes_and_nobody_else(
    gmail: Gmail, opened: Opener, clock: FixedClock
) -> None:
    gmail.reply = FLOOD
    newsroom = opened(gmail.port, GOOGLE + OTHERS)

    asyncio.run(tick_once(newsroom.app))
    refused = len([address for address in gmail.tried if address in GOOGLE])
    clock.advance(timedelta(minutes=9, seconds=55))
    asyncio.run(tick_once(newsroom.app))

    assert gmail.count() == Counter(OTHERS)
    assert 1 <= refused <= 4  # those under way on the four connections
    assert len([address for address in gmail.tried if address in GOOGLE]) == refused
    with newsroom.app.db.read() as session:
        google = load_standings(session, "main")["google"]
    assert google.open_until is not None
    assert google.open_until - FRIDAY >= timedelta(minutes=10)


def test_s2_group_that_rested_is_tried_by_one_connection(
    gmail: Gmail, opened: Opener, clock: FixedClock
) -> None:
    gmail.reply = FLOOD
    newsroom = opened(gmail.port, GOOGLE + OTHERS)
    asyncio.run(tick_once(newsroom.app))
    gmail.reply = ""

    clock.advance(timedelta(minutes=50))
    asyncio.run(tick_once(newsroom.app))

    assert gmail.count() == Counter(GOOGLE + OTHERS)
    assert gmail.most_at_once == 1


@pytest.mark.parametrize("phase", ["rcpt", "data", "dot"])
def test_s3_refusal_for_good_is_never_tried_again(
    opened: Opener, clock: FixedClock, phase: str
) -> None:
    async def three_days() -> tuple[list[bytes], Counter[str]]:
        async with FaultServer(phase, "550") as server:
            newsroom = opened(server.port, OTHERS)
            for _ in range(12):
                await tick_once(newsroom.app)
                clock.advance(timedelta(hours=6))
            return server.commands, states(newsroom)

    commands, rows = asyncio.run(three_days())

    tried = Counter(command for command in commands if command.startswith(b"RCPT"))
    assert set(tried.values()) == {1}
    assert rows == {"rejected": len(OTHERS)}


def test_s4_breaker_opens_at_five_policy_refusals_and_the_others_wait(
    gmail: Gmail, opened: Opener
) -> None:
    gmail.reply = BLOCKED
    newsroom = opened(gmail.port, GOOGLE + OTHERS, connections=1)

    asyncio.run(tick_once(newsroom.app))

    assert states(newsroom) == {"rejected": 5, "pending": 7, "accepted": 4}


def test_s4_copies_that_waited_for_the_breaker_arrive(
    gmail: Gmail, opened: Opener, clock: FixedClock
) -> None:
    gmail.reply = BLOCKED
    newsroom = opened(gmail.port, GOOGLE + OTHERS, connections=1)
    asyncio.run(tick_once(newsroom.app))
    gmail.reply = ""

    clock.advance(timedelta(minutes=15))
    asyncio.run(tick_once(newsroom.app))

    assert states(newsroom) == {"rejected": 5, "accepted": 11}
    assert set(gmail.count().values()) == {1}


def test_s4_refusal_of_our_reputation_is_not_held_against_the_reader(
    gmail: Gmail, opened: Opener, clock: FixedClock
) -> None:
    gmail.reply = BLOCKED
    newsroom = opened(gmail.port, GOOGLE, connections=1)
    asyncio.run(tick_once(newsroom.app))
    gmail.reply = ""

    clock.advance(timedelta(days=7))
    newsroom.ready(FRIDAY.date() + timedelta(days=7))
    asyncio.run(tick_once(newsroom.app))

    refused = {reader for reader, copies in gmail.count().items() if copies == 1}
    assert len(refused) == states(newsroom)["rejected"] == 5  # of the first issue alone
    assert set(gmail.count()) == set(GOOGLE)


@pytest.mark.parametrize("connections", [1, 4])
def test_s5_connection_is_replaced_after_its_share_of_messages(
    opened: Opener, connections: int
) -> None:
    async def friday() -> list[bytes]:
        async with FaultServer() as server:
            newsroom = opened(
                server.port, GOOGLE, "messages_per_connection = 3", connections=connections
            )
            await tick_once(newsroom.app)
            return server.commands

    commands = [command[:4] for command in asyncio.run(friday())]

    assert commands.count(b"MAIL") == 12
    assert commands.count(b"EHLO") >= 4
    assert commands.count(b"QUIT") == commands.count(b"EHLO")


SILENT_CLOSES = [
    ("after", {"accepted": 12}),
    ("mail", {"accepted": 12}),
    # Their dots were committed already, so each of those counts as a try and waits.
    ("before dot", {"accepted": 8, "pending": 4}),
]


@pytest.mark.parametrize(("phase", "rows"), SILENT_CLOSES)
def test_s5_silent_close_before_the_dot_is_not_sent_and_the_relay_is_not_to_blame(
    opened: Opener, caplog: pytest.LogCaptureFixture, phase: str, rows: dict[str, int]
) -> None:
    """Some servers close without a word after so many messages."""

    async def friday() -> tuple[Counter[str], Counter[str]]:
        async with FaultServer(phase, "close", every=3) as server:
            newsroom = opened(server.port, GOOGLE, connections=1)
            await tick_once(newsroom.app)
            return states(newsroom), Counter(reader for reader, _ in server.accepted)

    found, taken = asyncio.run(friday())

    assert found == rows
    assert set(taken.values()) == {1}
    assert taken.total() == rows["accepted"]
    assert "relay down" not in caplog.text

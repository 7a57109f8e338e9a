"""The daemon says that it is ready, and then that every loop turns; not while one hangs."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from digest.clock import SystemClock
from digest.operations.watching.notifier import Notifier
from digest.operations.watching.pulses import Pulses
from digest.scheduler import run_scheduler
from digest.testing.newsroom import Newsroom, open_newsroom

LOOPS = {
    *("tick", "drain main", "notices", "answers", "forgetting", "clock", "intake", "articles"),
    *("housekeeping", "refusals"),
}


class Noted(Pulses):
    """Pulses that remember their loops, and are told that one is silent."""

    def __init__(self) -> None:
        super().__init__(SystemClock().monotonic)
        self.names: set[str] = set()
        self.hung: list[str] = []

    def expect(self, name: str, patience: float):
        self.names.add(name)
        return super().expect(name, patience)

    def silent(self) -> list[str]:
        return super().silent() + self.hung


@pytest.fixture
def newsroom(tmp_path) -> Iterator[Newsroom]:
    with open_newsroom(tmp_path, SystemClock()) as newsroom:
        yield newsroom


@pytest.fixture
def listening() -> Iterator[tuple[socket.socket, Notifier]]:
    """Our end, and what the daemon speaks through."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        ours.setblocking(False)
        yield ours, Notifier(theirs, 0.05)


def drained(door: socket.socket) -> list[bytes]:
    words = []
    while True:
        try:
            words.append(door.recv(200))
        except BlockingIOError:
            return words


async def live(newsroom, pulses, notifier, door) -> list[list[bytes]]:
    """Run the daemon; return what it said while all was well, while a loop hung, and at its end."""
    stop = asyncio.Event()
    daemon = asyncio.create_task(run_scheduler(newsroom.app, stop, notifier, pulses))
    heard: list[bytes] = []
    while heard.count(b"WATCHDOG=1") < 3 or b"READY=1" not in heard:
        await asyncio.sleep(0.02)
        heard += drained(door)
    pulses.hung = ["drain main"]
    await asyncio.sleep(0.15)
    drained(door)
    await asyncio.sleep(0.2)
    hung = drained(door)
    stop.set()
    await daemon
    return [heard, hung, drained(door)]


def test_daemon_is_silent_while_a_loop_hangs(newsroom, listening, run, caplog) -> None:
    door, notifier = listening
    pulses = Noted()

    well, hung, end = run(live(newsroom, pulses, notifier, door))

    assert well.count(b"READY=1") == 1
    assert hung == []
    assert end[0] == b"STOPPING=1"  # and then it may take as long as copies in flight do
    assert pulses.names == LOOPS
    [record] = [record for record in caplog.records if record.message == "a loop hangs"]
    assert record.fields == {"loops": "drain main"}


def test_relay_that_takes_its_time_gives_signs(newsroom, run) -> None:
    beats: list[int] = []

    async def drain_for_a_while() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(0.3, stop.set)
        await newsroom.app.sender.drain_relay("main", stop, beat=lambda: beats.append(1))

    run(drain_for_a_while())

    assert beats

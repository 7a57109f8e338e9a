"""The phased client against Postfix's own test server, which breaks off where it is told."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from digest.delivery.backends.base import Envelope
from digest.delivery.backends.smtp import SmtpBackend
from digest.delivery.outcome import Accepted, Deferred, Outcome, Rejected, Uncertain
from digest.delivery.smtp.options import SmtpOptions, Timeouts
from digest.errors import BackendDown

ENVELOPE = Envelope("b+1@news.example", "reader@readers.example", "1")
MESSAGE = b"Subject: x\r\n\r\n" + b"0123456789" * 7 + b"\r\n.\r\n.dot\r\nend\r\n"
PATIENCE = Timeouts(connect=5, reply=5, mail=5, rcpt=5, data=5, block=5, dot=5, quit=1)

Sink = Callable[..., SmtpBackend]


@pytest.fixture
def sink(system_part: Callable[[str], Path], tmp_path: Path) -> Iterator[Sink]:
    """Start smtp-sink with the given options; returns a backend that talks to it."""
    program = system_part("postfix").parent / "smtp-sink"
    folder = tmp_path / "sink"
    folder.mkdir()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "nobody")
    running: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> SmtpBackend:
        port = _free_port()
        command = [str(program), *user, *options, f"127.0.0.1:{port}", "100"]
        running.append(subprocess.Popen(command, cwd=folder))
        _wait_for(port)
        return SmtpBackend(
            SmtpOptions(host="127.0.0.1", port=port, security="none", timeouts=PATIENCE)
        )

    yield start
    for process in running:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    pytest.fail("smtp-sink does not listen")


async def outcomes_of(backend: SmtpBackend, copies: int = 1) -> list[Outcome]:
    """Send copies over one channel."""
    channel = await backend.open()
    try:
        return [
            await channel.stage(ENVELOPE, MESSAGE) or await channel.release() for _ in range(copies)
        ]
    finally:
        await channel.close()


def test_sink_accepts_many_copies_over_one_connection(sink: Sink) -> None:
    outcomes = asyncio.run(outcomes_of(sink(), copies=50))

    assert [type(outcome) for outcome in outcomes] == [Accepted] * 50


def test_sink_stores_the_same_lines(sink: Sink, tmp_path: Path) -> None:
    asyncio.run(outcomes_of(sink("-d", "copy.")))

    (file,) = (tmp_path / "sink").glob("copy.*")
    assert (
        file.read_bytes()
        .replace(b"\r\n", b"\n")
        .rstrip()
        .endswith(MESSAGE.replace(b"\r\n", b"\n").rstrip())
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("-r", "rcpt"), Deferred),
        (("-f", "rcpt"), Rejected),
        (("-r", "data"), Deferred),
        (("-f", "data"), Rejected),
        (("-r", "."), Deferred),
        (("-f", "."), Rejected),
        (("-q", "."), Uncertain),
        (("-Q", "."), Deferred),
    ],
)
def test_fault_at_the_copy_ends_as_it_should(
    sink: Sink, options: tuple[str, ...], expected: type
) -> None:
    (outcome,) = asyncio.run(outcomes_of(sink(*options)))

    assert type(outcome) is expected


@pytest.mark.parametrize(
    "options",
    [
        ("-q", "connect"),
        ("-Q", "connect"),
        ("-f", "ehlo,helo"),
        ("-f", "mail"),
        ("-Q", "mail"),
        ("-q", "mail"),
        ("-q", "rcpt"),
        ("-q", "data"),
    ],
)
def test_fault_about_us_is_backend_down(sink: Sink, options: tuple[str, ...]) -> None:
    with pytest.raises(BackendDown):
        asyncio.run(outcomes_of(sink(*options)))

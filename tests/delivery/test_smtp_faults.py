"""Whatever breaks, wherever: no outcome is a lie, and nothing we call refused was accepted."""

import asyncio

import pytest

from digest.delivery.backends.base import Envelope
from digest.delivery.backends.smtp import SmtpBackend
from digest.delivery.outcome import Accepted, Deferred, Outcome, Rejected, Uncertain
from digest.delivery.smtp.options import SmtpOptions, Timeouts
from digest.errors import BackendDown
from digest.testing import FaultServer

ENVELOPE = Envelope("b+1@news.example", "reader@readers.example", "1")
SMALL = b"Subject: x\r\n\r\nbody\r\n"
LARGE = b"Subject: x\r\n\r\n" + b"0123456789abcdef" * 60 * 8_000 + b"\r\n"  # fills every buffer
SHORT = Timeouts(connect=0.2, reply=0.2, mail=0.2, rcpt=0.2, data=0.2, block=0.2, dot=0.2, quit=0.2)
# Where something comes back, a busy machine may take its time.
LONG = Timeouts(connect=5, reply=5, mail=5, rcpt=5, data=5, block=5, dot=5, quit=0.2)

BROKEN = dict.fromkeys(("close", "reset", "hang", "garbage", "flood", "partial"), BackendDown)
HARMLESS = {"multiline": Accepted, "slow": Accepted}
EXPECTED: dict[str, dict[str, type]] = {
    "banner": BROKEN
    | HARMLESS
    | {"421": BackendDown, "450": BackendDown, "550": BackendDown, "then reset": BackendDown},
    "ehlo": BROKEN
    | HARMLESS
    | {"421": BackendDown, "450": BackendDown, "550": BackendDown, "then reset": BackendDown},
    "mail": BROKEN
    | HARMLESS
    | {"421": BackendDown, "450": Deferred, "550": BackendDown, "552": Rejected}
    | {"354": BackendDown},
    "rcpt": BROKEN
    | HARMLESS
    | {"421": Deferred, "450": Deferred, "550": Rejected, "354": BackendDown},
    "data": BROKEN
    | HARMLESS
    | {"421": Deferred, "450": Deferred, "550": Rejected, "250": BackendDown},
    "body": {
        "close": BackendDown,
        "reset": BackendDown,
        "hang": BackendDown,
        "garbage": BackendDown,
        "flood": BackendDown,
        "421": Deferred,
        "450": Deferred,
        "550": Deferred,
    },
    "dot": dict.fromkeys(BROKEN, Uncertain)
    | HARMLESS
    | {"421": Deferred, "450": Deferred, "550": Rejected, "then reset": Accepted, "354": Uncertain},
}
TABLE = [(phase, fault, end) for phase, row in EXPECTED.items() for fault, end in row.items()]


def backend_for(server: FaultServer) -> SmtpBackend:
    """Return a backend with little patience for a server that says nothing."""
    return SmtpBackend(
        SmtpOptions(
            host="127.0.0.1",
            port=server.port,
            security="none",
            timeouts=SHORT if server.fault == "hang" else LONG,
        )
    )


async def one_copy(server: FaultServer, message: bytes) -> tuple[Outcome | BackendDown, bool]:
    """Try one copy; return how it ended and whether the channel was usable afterwards."""
    usable = False
    try:
        channel = await backend_for(server).open()
        try:
            outcome = await channel.stage(ENVELOPE, message) or await channel.release()
            usable = channel.usable
        finally:
            await channel.close()
    except BackendDown as down:
        return down, usable
    return outcome, usable


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "lock-step"])
@pytest.mark.parametrize(("phase", "fault", "expected"), TABLE)
def test_fault_ends_as_the_table_says(
    phase: str, fault: str, expected: type, pipelining: bool
) -> None:
    async def scenario() -> tuple[Outcome | BackendDown, list[bytes]]:
        async with FaultServer(phase, fault, pipelining=pipelining) as server:
            end, _ = await one_copy(server, LARGE if phase == "body" else SMALL)
            return end, server.received

    end, received = asyncio.run(scenario())

    assert type(end) is expected
    assert received == ([SMALL] if phase == "dot" or expected is Accepted else [])


@pytest.mark.parametrize(
    ("phase", "fault"),
    [(phase, fault) for phase, fault, end in TABLE if end is Uncertain or fault == "421"],
)
def test_channel_is_spent_after_a_broken_conversation(phase: str, fault: str) -> None:
    async def scenario() -> bool:
        async with FaultServer(phase, fault) as server:
            return (await one_copy(server, LARGE if phase == "body" else SMALL))[1]

    assert not asyncio.run(scenario())


@pytest.mark.parametrize("phase", ["mail", "rcpt"])
def test_refused_copy_is_never_completed_by_a_lenient_server(phase: str) -> None:
    """Refused, yet DATA was answered 354: a dot now would deliver an empty message."""

    async def scenario() -> tuple[Outcome | BackendDown, bool, list[bytes]]:
        async with FaultServer(phase, "450", lenient=True) as server:
            return *await one_copy(server, SMALL), server.received

    end, usable, received = asyncio.run(scenario())

    assert isinstance(end, Deferred)
    assert not usable
    assert received == []


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "lock-step"])
def test_refused_recipient_leaves_the_channel_usable_and_is_reset(pipelining: bool) -> None:
    async def scenario() -> tuple[bool, list[bytes]]:
        async with FaultServer("rcpt", "550", pipelining=pipelining) as server:
            channel = await backend_for(server).open()
            await channel.stage(ENVELOPE, SMALL)
            usable = channel.usable
            await channel.stage(ENVELOPE, SMALL)
            await channel.close()
            return usable, [command[:4] for command in server.commands]

    usable, commands = asyncio.run(scenario())

    assert usable
    envelope = [b"MAIL", b"RCPT", *([b"DATA"] if pipelining else [])]
    assert commands == [b"EHLO", *envelope, b"RSET", *envelope, b"QUIT"]


def test_connection_lost_before_the_dot_is_deferred() -> None:
    """The server went while the copy waited for its commit; the dot is not even written."""

    async def scenario() -> tuple[Outcome, list[bytes]]:
        async with FaultServer() as server:
            channel = await backend_for(server).open()
            assert await channel.stage(ENVELOPE, SMALL) is None
            await server.__aexit__()
            await asyncio.sleep(0.05)
            outcome = await channel.release()
            await channel.close()
            return outcome, server.received

    outcome, received = asyncio.run(scenario())

    assert isinstance(outcome, Deferred)
    assert received == []


def test_cancelled_stage_cuts_the_connection() -> None:
    async def scenario() -> tuple[bool, list[bytes]]:
        async with FaultServer("data", "hang") as server:
            channel = await backend_for(server).open()
            staging = asyncio.ensure_future(channel.stage(ENVELOPE, SMALL))
            await asyncio.sleep(0.05)
            staging.cancel()
            await asyncio.wait([staging])
            usable = channel.usable
            await channel.close()
            return usable, server.received

    assert asyncio.run(scenario()) == (False, [])


def test_dead_port_is_backend_down_and_names_the_relay() -> None:
    async def scenario() -> int:
        async with FaultServer() as server:
            return server.port

    port = asyncio.run(scenario())
    backend = SmtpBackend(SmtpOptions(host="127.0.0.1", port=port, security="none"))

    with pytest.raises(BackendDown, match=f"127.0.0.1:{port}"):
        asyncio.run(backend.open())

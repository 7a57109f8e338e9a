"""An SMTP server that fails where and how it is told, in the test's own loop.

Real servers cannot be made to accept a message and then lose its reply; this one does nothing else.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Self

PHASES = ("banner", "ehlo", "mail", "rcpt", "data", "body", "dot")


class FaultServer:
    """Behaves, except for one fault at one phase; an async context manager.

    Phases are those of PHASES; faults the keys of FAULTS and three-digit replies. `received` holds
    every message that came with its final dot, whatever was answered then; `commands` every command
    line. With `lenient` it answers 354 to DATA although it refused the envelope.
    """

    def __init__(
        self,
        phase: str = "",
        fault: str = "",
        *,
        pipelining: bool = True,
        lenient: bool = False,
        offers: tuple[str, ...] = (),
    ) -> None:
        """Fail at `phase` by `fault`; raises ValueError where there is no such fault."""
        if fault and not (fault in FAULTS or fault.isdigit()):
            raise ValueError(f"no such fault: {fault}")
        self.received: list[bytes] = []
        self.commands: list[bytes] = []
        self.port = 0
        self._phase, self.fault = phase, fault
        self._lenient = lenient
        self._offers = (*(("PIPELINING",) if pipelining else ()), *offers)
        self._conversations: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen on a free port of 127.0.0.1."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Hang up on everybody and stop."""
        self._server.close()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._conversations.add(task)
        try:
            if await self._answer("banner", b"220 fault.test ESMTP", reader, writer):
                await self._converse(reader, writer)
        except (_HungUp, ConnectionError, asyncio.CancelledError):
            # Cancelled means the test is over; asyncio's streams would log that as an error.
            pass
        finally:
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        refused = False
        while (line := await reader.readline()).endswith(b"\n"):
            self.commands.append(line)
            verb = line[:4].upper()
            if verb in {b"MAIL", b"RCPT"}:
                phase = verb.decode().lower()
                refused |= not await self._answer(phase, b"250 2.1.0 Ok", reader, writer)
            elif verb == b"DATA" and refused and not self._lenient:
                writer.write(b"554 5.5.1 No valid recipients\r\n")
            elif verb == b"DATA":
                await self._take_message(reader, writer)
            elif verb in {b"EHLO", b"HELO"}:
                await self._answer("ehlo", self._greeting(), reader, writer)
            else:
                refused = refused and verb != b"RSET"
                writer.write(b"221 Bye\r\n" if verb == b"QUIT" else b"250 Ok\r\n")

    def _greeting(self) -> bytes:
        *lines, last = ["fault.test", *self._offers]
        return "".join(f"250-{line}\r\n" for line in lines).encode() + f"250 {last}".encode()

    async def _take_message(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if not await self._answer("data", b"354 Go ahead", reader, writer):
            return
        body = await reader.read(1000)
        if self._phase == "body":
            await self._answer("body", b"", reader, writer)
            await asyncio.Event().wait()
        while not (body.endswith(b"\r\n.\r\n") or body == b".\r\n"):
            more = await reader.read(65536)
            if not more:
                raise _HungUp
            body += more
        self.received.append(body[:-3].replace(b"\r\n..", b"\r\n."))
        await self._answer("dot", b"250 2.0.0 Ok: queued as F00D", reader, writer)

    async def _answer(
        self, phase: str, reply: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Give `reply`, or do what is wrong at this phase; False when the client was refused."""
        if phase != self._phase:
            writer.write(reply + b"\r\n")
            return True
        if self.fault.isdigit():
            writer.write(self.fault.encode() + b" 4.3.0 as told\r\n")
            if self.fault == "421":
                await _hang_up(reader, writer)
            return False
        await FAULTS[self.fault](reply, reader, writer)
        return True


class _HungUp(Exception):
    """The conversation is over."""


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say goodbye properly, so that what was written before is read: half-close, then wait for the
    client.
    """
    writer.write_eof()
    while await reader.read(65536):
        pass
    raise _HungUp


async def _close(_reply: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _hang_up(reader, writer)


async def _reset(
    _reply: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Send a TCP reset: linger for no time at all, then close."""
    socket_ = writer.get_extra_info("socket")
    socket_.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    raise _HungUp


async def _hang(
    _reply: bytes, _reader: asyncio.StreamReader, _writer: asyncio.StreamWriter
) -> None:
    await asyncio.Event().wait()


async def _garbage(
    _reply: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(b"\x00\xff once upon a time\r\n")
    await asyncio.Event().wait()


async def _flood(
    _reply: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(b"250 " + b"x" * 100_000)
    await asyncio.Event().wait()


async def _partial(
    reply: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(reply[: len(reply) // 2])
    await _hang_up(reader, writer)


async def _multiline(
    reply: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(reply[:3] + b"-several\r\n" + reply[:3] + b"-lines\r\n" + reply + b"\r\n")


async def _slow(reply: bytes, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in reply + b"\r\n":
        writer.write(bytes([byte]))
        await asyncio.sleep(0.001)


async def _then_reset(
    reply: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(reply + b"\r\n")
    # Long enough for the reply to be read: a reset may take unread bytes with it.
    await asyncio.sleep(0.05)
    await _reset(reply, reader, writer)


FAULTS: dict[
    str, Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
] = {
    "close": _close,
    "reset": _reset,
    "hang": _hang,
    "garbage": _garbage,
    "flood": _flood,
    "partial": _partial,
    "multiline": _multiline,
    "slow": _slow,
    "then reset": _then_reset,
}

"""An SMTP server that fails where and how it is told, in the test's own loop.

Real servers cannot be made to accept a message and then lose its reply; this one does nothing else.
It keeps its own count of what it took responsibility for.
"""

import asyncio
import re
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable
from typing import Self

# `before dot`: the whole body is there and its dot is not. `part`: the first line of a reply of
# several lines to the dot is out. `after`: so is the whole 250.
PHASES = (
    *("banner", "ehlo", "starttls", "auth", "mail", "rcpt", "data"),
    *("body", "before dot", "dot", "part", "after"),
)
OK = b"250 2.0.0 Ok: queued as F00D"
GULP = 4096  # bytes of a body that a slow reader takes in the time of one byte of a reply
BUFFER = 65_536  # bytes that may be on their way, or be read and not looked at
SHORTEST_SLEEP = 0.001
CODE = re.compile(r"(\d{3})(?: then close)?")


class FaultServer:
    """Behaves, except for one fault at one phase; an async context manager.

    Phases are those of PHASES; faults the keys of FAULTS, and three-digit replies such as ``550``
    or ``550 then close`` (421 always closes). It fails whenever it comes to that phase, unless `at`
    names the one time, from 1, or `every` how many times make a round that ends in failure. A slow
    fault takes `pace` seconds for a byte of a reply. With `lenient` it answers 354 to DATA although
    it refused the envelope; `tls` gives it a certificate, and then it offers STARTTLS.

    `received` holds every message that came with its final dot, whatever was answered then;
    `accepted` those it took responsibility for, each behind its recipient; `commands` every command
    line. `struck` is set once it has failed.
    """

    def __init__(
        self,
        phase: str = "",
        fault: str = "",
        *,
        at: int = 0,
        every: int = 1,
        pace: float = 0.001,
        pipelining: bool = True,
        lenient: bool = False,
        offers: tuple[str, ...] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Fail at `phase` by `fault`; raises ValueError where there is no such thing."""
        if phase and phase not in PHASES:
            raise ValueError(f"no such phase: {phase}")
        if fault and not (fault in FAULTS or CODE.fullmatch(fault)):
            raise ValueError(f"no such fault: {fault}")
        self.received: list[bytes] = []
        self.accepted: list[tuple[str, bytes]] = []
        self.commands: list[bytes] = []
        self.struck = threading.Event()
        self.port = 0
        self.phase, self.fault, self.pace = phase, fault, pace
        self.tls, self.lenient = tls, lenient
        self._at, self._every, self._met = at, every, 0
        size = ("SIZE 0",) if phase == "before dot" else ()
        self.offers = (*(("PIPELINING",) if pipelining else ()), *size, *offers)
        self._conversations: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen on a free port of 127.0.0.1."""
        listener = socket.socket()
        if self.phase == "body":
            # A body must not vanish into buffers: what is not read has to wait at the client.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        listener.bind(("127.0.0.1", 0))
        self._server = await asyncio.start_server(self._serve, sock=listener, limit=BUFFER)
        self.port = listener.getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Hang up on everybody and stop."""
        self._server.close()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    def mend(self) -> None:
        """Behave from now on."""
        self.phase = ""

    def due(self, phase: str) -> str:
        """Return the fault to commit now that a conversation has come to `phase`, or nothing."""
        if phase != self.phase:
            return ""
        self._met += 1
        now = self._met == self._at if self._at else self._met % self._every == 0
        return self.fault if now else ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._conversations.add(task)
        try:
            await _Conversation(self, reader, writer).run()
        except (_HungUp, OSError, EOFError, asyncio.CancelledError):
            # Cancelled means the test is over; asyncio's streams would log that as an error.
            pass
        finally:
            writer.transport.abort()


class _HungUp(Exception):
    """The conversation is over."""


class _Conversation:
    """One client's connection."""

    def __init__(
        self, server: FaultServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self._refused = False
        self._size = 0
        self._recipient = ""

    async def run(self) -> None:
        """Talk until one side hangs up."""
        if not await self._answer("banner", b"220 fault.test ESMTP"):
            return
        while (line := await self.reader.readline()).endswith(b"\n"):
            self.server.commands.append(line)
            await self._obey(line[:4].upper(), line)

    async def _obey(self, verb: bytes, line: bytes) -> None:
        if verb in {b"MAIL", b"RCPT"}:
            await self._take_envelope(verb.decode().lower(), line)
        elif verb == b"DATA" and self._refused and not self.server.lenient:
            self.writer.write(b"554 5.5.1 No valid recipients\r\n")
        elif verb == b"DATA":
            await self._take_message()
        elif verb in {b"EHLO", b"HELO"}:
            await self._answer("ehlo", self._greeting())
        elif verb == b"STAR":
            await self._secure()
        elif verb == b"AUTH":
            await self._answer("auth", b"235 2.7.0 Welcome")
        else:
            self._refused = self._refused and verb != b"RSET"
            self.writer.write(b"221 Bye\r\n" if verb == b"QUIT" else b"250 Ok\r\n")

    def _greeting(self) -> bytes:
        lines = ["fault.test", *self.server.offers]
        if self.server.tls is not None and self.writer.get_extra_info("sslcontext") is None:
            lines.append("STARTTLS")
        *others, last = lines
        return "".join(f"250-{line}\r\n" for line in others).encode() + f"250 {last}".encode()

    async def _secure(self) -> None:
        if await self._answer("starttls", b"220 2.0.0 Go ahead") and self.server.tls is not None:
            await self.writer.start_tls(self.server.tls)

    async def _take_envelope(self, phase: str, line: bytes) -> None:
        if (size := re.search(rb" SIZE=(\d+)", line)) is not None:
            self._size = int(size[1])
        if phase == "rcpt" and (path := re.search(rb"<(.*)>", line)) is not None:
            self._recipient = path[1].decode()
        self._refused |= not await self._answer(phase, b"250 2.1.0 Ok")

    async def _take_message(self) -> None:
        if not await self._answer("data", b"354 Go ahead"):
            return
        message = await self._read_body()
        self.server.received.append(message)
        fault = self.server.due("dot")
        if not CODE.fullmatch(fault):
            self.server.accepted.append((self._recipient, message))
        if part := self.server.due("part"):
            self.writer.write(b"250-2.0.0 Ok\r\n")
            await self.say(part, b"250 2.0.0 queued as F00D")
            return
        await self.say(fault, OK)
        if after := self.server.due("after"):
            await self.say(after, OK)

    async def _read_body(self) -> bytes:
        """Return a message without its dot, and without those put before lines that begin with
        one.
        """
        body, seconds_a_byte, owed = bytearray(), 0.0, 0.0
        if fault := self.server.due("body"):
            body += await self.reader.readexactly(1000)
            seconds_a_byte = await self._read_badly(fault)
        elif fault := self.server.due("before dot"):
            body += await self.reader.readexactly(self._size)
            await self.say(fault, OK)
        while not (body.endswith(b"\r\n.\r\n") or body == b".\r\n"):
            if not (line := await self.reader.readline()):
                raise _HungUp
            body += line
            owed += seconds_a_byte * len(line)
            if owed > SHORTEST_SLEEP:
                await asyncio.sleep(owed)
                owed = 0
        return bytes(body[:-3]).replace(b"\r\n..", b"\r\n.")

    async def _read_badly(self, fault: str) -> float:
        """Fail in the middle of a body; return how many seconds each further byte is to take.

        Whoever speaks there reads no more.
        """
        if fault not in {"slow", "too slow"}:
            await self.say(fault, OK)
            await asyncio.Event().wait()
        self.server.struck.set()
        return self.server.pace / (GULP if fault == "slow" else 1)

    async def _answer(self, phase: str, reply: bytes) -> bool:
        """Give `reply`, or do what is wrong at this phase; False when the client was refused."""
        return await self.say(self.server.due(phase), reply)

    async def say(self, fault: str, reply: bytes) -> bool:
        """Give `reply`, or commit a fault instead; False when that is a refusal."""
        if not fault:
            self.writer.write(reply + b"\r\n")
            return True
        # The faults act before they first wait, so whoever waits for this finds it done.
        self.server.struck.set()
        if (code := CODE.fullmatch(fault)) is None:
            await FAULTS[fault](self, reply)
            return True
        self.writer.write(f"{code[1]} {fault[0]}.3.0 as told\r\n".encode())
        if fault == "421" or fault.endswith("then close"):
            await self.hang_up()
        return False

    async def hang_up(self) -> None:
        """Say goodbye properly, so that what was written before is read: half-close, then wait for
        the client.
        """
        if self.writer.can_write_eof():
            self.writer.write_eof()
        else:
            self.writer.close()
        while await self.reader.read(65536):
            pass
        raise _HungUp


async def _close(talk: _Conversation, _reply: bytes) -> None:
    await talk.hang_up()


async def _reset(talk: _Conversation, _reply: bytes) -> None:
    """Send a TCP reset: linger for no time at all, then close."""
    socket_ = talk.writer.get_extra_info("socket")
    socket_.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    talk.writer.transport.abort()
    raise _HungUp


async def _hang(_talk: _Conversation, _reply: bytes) -> None:
    await asyncio.Event().wait()


async def _garbage(talk: _Conversation, _reply: bytes) -> None:
    talk.writer.write(b"\x00\xff once upon a time\r\n")
    await asyncio.Event().wait()


async def _flood(talk: _Conversation, _reply: bytes) -> None:
    talk.writer.write(b"250 " + b"x" * 100_000)
    await asyncio.Event().wait()


async def _partial(talk: _Conversation, reply: bytes) -> None:
    talk.writer.write(reply[: len(reply) // 2])
    await talk.hang_up()


async def _multiline(talk: _Conversation, reply: bytes) -> None:
    code = reply[:3]
    talk.writer.write(code + b"-several\r\n" + code + b"-lines\r\n" + reply + b"\r\n")


async def _slow(talk: _Conversation, reply: bytes) -> None:
    for place, byte in enumerate(reply + b"\r\n"):
        if place:
            await asyncio.sleep(talk.server.pace)
        talk.writer.write(bytes([byte]))


async def _then_reset(talk: _Conversation, reply: bytes) -> None:
    talk.writer.write(reply + b"\r\n")
    # Long enough for the reply to be read: a reset may take unread bytes with it.
    await asyncio.sleep(0.05)
    await _reset(talk, reply)


FAULTS: dict[str, Callable[[_Conversation, bytes], Awaitable[None]]] = {
    "close": _close,
    "reset": _reset,
    "hang": _hang,
    "garbage": _garbage,
    "flood": _flood,
    "partial": _partial,
    "multiline": _multiline,
    "slow": _slow,
    "too slow": _slow,  # the same to the server; the client has less patience
    "then reset": _then_reset,
}

"""The socket of one SMTP connection, once connected: bytes out with flow control, replies in with
deadlines.

Takes a connected transport over from whoever opened it (`transport.set_protocol`), plaintext or TLS
alike, on the same event loop. It knows replies and deadlines and nothing of what they mean; see
channel.py for that.
"""

import asyncio
import socket

from digest.delivery.smtp.replies import BadReply, Reply, ReplyParser
from digest.errors import BackendDown

# Larger bodies are written in pieces, each with its own deadline (RFC 5321 section 4.5.3.2.5).
BLOCK = 256 * 1024
SEND_BUFFER = 256 * 1024  # bytes in the kernel: a whole copy leaves in one call
# Bytes read at once. asyncio's own way asks for 256 kB of memory each time, for replies of a line.
RECEIVE_BUFFER = 4 * 1024


class Wire(asyncio.BufferedProtocol):
    """One conversation. Only one coroutine may use it at a time. Broken is for ever."""

    def __init__(self, transport: asyncio.Transport, name: str) -> None:
        """Take over `transport`; `name` is what messages call the other end."""
        self.name = name
        self._transport = transport
        self._parser = ReplyParser()
        # A view: asyncio's TLS reads the rest of a record into a slice of it.
        self._received = memoryview(bytearray(RECEIVE_BUFFER))
        self._trouble = ""
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        # One timer for all waits, moved only when it fires: nearly every wait ends in time.
        self._timer: asyncio.TimerHandle | None = None
        self._deadline: float | None = None
        self._late = ""
        transport.set_protocol(self)
        # No buffer of ours: `write_body` returns when the kernel holds the bytes. 1, not 0: at 0
        # the TLS transport of CPython 3.11 pauses and resumes on an empty buffer.
        transport.set_write_buffer_limits(high=1, low=0)
        if (sock := transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)

    @property
    def broken(self) -> bool:
        """Whether nothing more can be said or heard here, already parsed replies excepted."""
        return bool(self._trouble) or self._transport.is_closing()

    @property
    def trouble(self) -> str:
        """What broke the wire, in words fit to print; empty while it is whole."""
        return self._trouble or ("the connection is closed" if self.broken else "")

    @property
    def unread(self) -> bool:
        """Whether the server has said something, or begun to, that nobody has read."""
        return self._parser.spoken

    def write(self, data: bytes) -> None:
        """Write without waiting; raises BackendDown when the wire is broken."""
        if self.broken:
            raise self._down("")
        self._transport.write(data)

    async def write_body(self, data: bytes, within: float) -> None:
        """Write block by block and wait until each has left; `within` seconds a block.

        Returns early when the server speaks up in between. Raises BackendDown when the wire breaks.
        """
        for start in range(0, len(data), BLOCK):
            self.write(data if len(data) <= BLOCK else data[start : start + BLOCK])
            while self._paused and not self._parser.spoken:
                late = f"it took no more of the body within {within:g} s"
                await self._wait(late, self._loop.time() + within)
            if self._parser.spoken:
                return

    async def reply(self, to: str, within: float) -> Reply:
        """Return the next reply, waiting at most `within` seconds; BackendDown when none can come
        any more.

        `to` names the command for the message. A deadline that passes breaks the wire: a late reply
        would be taken for the next command's.
        """
        replies = self._parser.replies
        if replies:
            return replies.popleft()
        # One deadline for all of it: a reply that drips in byte by byte must not move it.
        deadline = self._loop.time() + within
        while not replies:
            await self._wait(f"no reply to {to} within {within:g} s", deadline)
        return replies.popleft()

    def early_reply(self) -> Reply | None:
        """Return a complete reply that came without being asked for, if there is one."""
        return self._parser.replies.popleft() if self._parser.replies else None

    def cut(self, why: str) -> None:
        """Close at once, unsent bytes dropped; nothing that lacks its final dot can be accepted
        after this.
        """
        self._fail(why)
        # A transport whose last bytes left after the other side's end of file knows no loop any
        # more, and asyncio's own abort would fail on it.
        if not self._gone.done():
            self._transport.abort()

    async def gone(self) -> None:
        """Wait until the socket is closed, after `cut`; a second at most, for it may have gone
        unseen.
        """
        await asyncio.wait([self._gone], timeout=1)

    async def _wait(self, late: str, deadline: float) -> None:
        """Wait until something happens here; BackendDown when the wire is broken or becomes so.

        `late` is what broke it when nothing has happened by `deadline` (the loop's time).
        """
        if self.broken:
            raise self._down(f" ({late.partition(' within ')[0]})")
        self._waiter = self._loop.create_future()
        self._watch(deadline, late)
        try:
            await self._waiter
        finally:
            self._waiter = self._deadline = None
        if self._trouble and self._trouble == self._late:
            raise self._down("")

    def _watch(self, deadline: float, late: str) -> None:
        self._deadline, self._late = deadline, late
        if self._timer is not None:
            if self._timer.when() <= deadline:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._look_at_clock)

    def _look_at_clock(self) -> None:
        self._timer = None
        if self._deadline is None or self._waiter is None or self._waiter.done():
            return  # what was waited for has come, perhaps while this process was paused
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._look_at_clock)
        else:
            self.cut(self._late)

    def _down(self, context: str) -> BackendDown:
        return BackendDown(f"{self.name}: {self.trouble}{context}")

    def _fail(self, why: str) -> None:
        self._trouble = self._trouble or why
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to put what the server says next."""
        return self._received

    def buffer_updated(self, nbytes: int) -> None:
        """Parse replies; anything else breaks the wire."""
        if self._trouble:
            return
        try:
            self._parser.feed(bytes(self._received[:nbytes]))
        except BadReply as error:
            self.cut(f"it sent {error}")
        self._wake()

    def eof_received(self) -> None:
        """Note that the server hung up; the transport closes itself."""
        self._fail("it closed the connection")

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the socket is gone."""
        self._fail("the connection was lost" if exc else "it closed the connection")
        if not self._gone.done():
            self._gone.set_result(None)

    def pause_writing(self) -> None:
        """Note that the kernel takes no more for now."""
        self._paused = True

    def resume_writing(self) -> None:
        """Go on: everything written so far has left."""
        self._paused = False
        self._wake()

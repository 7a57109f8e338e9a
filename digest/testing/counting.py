"""A fast SMTP server on loopback that only counts what it took responsibility for, and can be
unkind at the final dot.

A copy counts at the instant the server has decided to answer 250: whatever becomes of the answer,
the reader has it.
"""

import asyncio
import random
import threading
import time
from collections import Counter
from typing import Self, cast

END_OF_BODY = b"\r\n.\r\n"
GREETING = b"250-counting.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n"


class CountingServer:
    """Listens on 127.0.0.1 in a thread of its own and keeps no message; a context manager.

    `copies` is how many each address got; read it while `quiet`. `drop` is the share of dots at
    which the connection breaks: one half before the copy counts, one half after it. Answers to a
    dot take `delay` seconds on average, from none to twice that; meanwhile their copies are
    `unanswered`, by address.
    """

    def __init__(
        self, *, delay: float = 0.0, drop: float = 0.0, chance: random.Random | None = None
    ) -> None:
        """Set up; nothing listens before ``with``. `chance` decides which dots, and how long."""
        self.copies = Counter[str]()
        self.unanswered = Counter[str]()
        self.accepted = 0  # in all, for whoever waits for progress
        self.drops = 0
        self.port = 0
        self.delay, self.drop = delay, drop
        self.chance = chance or random.Random(0)  # noqa: S311 - guards nothing
        self.conversations: set[asyncio.Transport] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="counting server")

    def __enter__(self) -> Self:
        """Listen on a free port."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_error: object) -> None:
        """Hang up on everybody and stop."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def quiet(self) -> bool:
        """Whether nobody is connected, so that nothing can be accepted now."""
        return not self.conversations

    def wait_until_quiet(self, seconds: float) -> None:
        """Wait until nobody is connected; TimeoutError when that takes longer than `seconds`."""
        deadline = time.monotonic() + seconds
        while not self.quiet:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self.conversations)} connections are still open")
            time.sleep(0.01)

    def forget(self) -> None:
        """Count from nothing again, for the next issue; call while `quiet`."""
        self.copies.clear()

    def note(self, address: str) -> None:
        """Take responsibility for one copy."""
        self.copies[address] += 1
        self.accepted += 1

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(
            lambda: _Conversation(self), "127.0.0.1", 0, backlog=200
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _hang_up(self) -> None:
        self._server.close()
        for transport in list(self.conversations):
            transport.abort()
        await asyncio.sleep(0)


class _Conversation(asyncio.Protocol):
    def __init__(self, server: CountingServer) -> None:
        self._server = server
        self._heard = bytearray()
        self._address = ""
        self._in_body = False
        self._owes_answer = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.conversations.add(self._transport)
        self._transport.write(b"220 counting.test ESMTP\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.conversations.discard(self._transport)
        self._note_end()

    def data_received(self, data: bytes) -> None:
        self._heard += data
        self._go_on()

    def _go_on(self) -> None:
        """Do all that was heard, up to a dot whose answer takes its time."""
        while not (self._owes_answer or self._transport.is_closing()):
            if not (self._take_body() if self._in_body else self._take_command()):
                return

    def _take_command(self) -> bool:
        end = self._heard.find(b"\n")
        if end < 0:
            return False
        line = bytes(self._heard[: end + 1])
        verb = line[:4].upper()
        # The end of the DATA line begins the body: a dot may be all there is.
        del self._heard[: end - 1 if verb == b"DATA" else end + 1]
        self._answer(verb, line)
        return True

    def _answer(self, verb: bytes, line: bytes) -> None:
        if verb == b"DATA":
            self._in_body = True
            self._transport.write(b"354 Go ahead\r\n")
        elif verb == b"QUIT":
            self._transport.write(b"221 2.0.0 Bye\r\n")
            self._transport.close()
        elif verb == b"EHLO":
            self._transport.write(GREETING)
        else:
            if verb == b"RCPT":
                self._address = line.partition(b"<")[2].partition(b">")[0].decode()
            self._transport.write(b"250 2.0.0 Ok\r\n")

    def _take_body(self) -> bool:
        end = self._heard.find(END_OF_BODY)
        if end < 0:
            del self._heard[: 1 - len(END_OF_BODY)]
            return False
        del self._heard[: end + len(END_OF_BODY)]
        self._in_body = False
        self._decide()
        return True

    def _decide(self) -> None:
        """Accept the copy or not, and say so or not."""
        server = self._server
        luck = server.chance.random()
        if luck >= server.drop / 2:
            server.note(self._address)
        if luck < server.drop:
            server.drops += 1
            self._transport.abort()
        elif server.delay:
            self._owes_answer = True
            server.unanswered[self._address] += 1
            pause = server.chance.uniform(0, 2 * server.delay)
            asyncio.get_running_loop().call_later(pause, self._answer_dot)
        else:
            self._answer_dot()

    def _note_end(self) -> None:
        if self._owes_answer:
            self._server.unanswered[self._address] -= 1
        self._owes_answer = False

    def _answer_dot(self) -> None:
        self._note_end()
        if not self._transport.is_closing():
            self._transport.write(b"250 2.0.0 Ok: queued as C0\r\n")
            self._go_on()

"""A mail server on loopback that takes every copy, keeps sums of it, and forgets it at once.

No address is kept: of each copy there is a keyed sum of its body and of each header, by its
Message-ID. Nothing is written to the disk.
"""

import asyncio
import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from digest.keyed import KeyedHash

EHLO = b"250-sink.invalid\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 0\r\n"
MOST_LINE = 1 << 20
CHANGING = frozenset({"date", "dkim-signature"})  # say when a copy was made, not what is in it
END = b"\r\n.\r\n"
SUM_BYTES = 8


@dataclass(slots=True)
class Received:
    """Copies by Message-ID: edition, sum of the body, and sums of the headers by their names."""

    copies: dict[str, "CopySums"] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)  # by edition


@dataclass(frozen=True, slots=True)
class CopySums:
    """What is kept of one copy."""

    edition: str
    body: str
    headers: dict[str, str]


class Sink:
    """Listens on 127.0.0.1 for as long as the context lasts, in the loop it is entered in."""

    def __init__(self, secret: bytes) -> None:
        self.received = Received()
        self._hash = KeyedHash(secret, b"replay ")
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=MOST_LINE)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink.invalid\r\n")
        try:
            while line := await reader.readline():
                if not await self._answer(line[:4].upper().strip(), reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, verb: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one command; False when it was the last."""
        if verb == b"DATA":
            writer.write(b"354 go on\r\n")
            await writer.drain()
            # The dot may be all there is.
            text = await _read_text(reader)
            self.keep(text)
            writer.write(b"250 2.0.0 kept nothing\r\n")
        elif verb == b"EHLO":
            writer.write(EHLO)
        elif verb == b"QUIT":
            writer.write(b"221 bye\r\n")
        else:
            writer.write(b"250 ok\r\n")
        return verb != b"QUIT"

    def keep(self, text: bytes) -> None:
        """Keep the sums of one copy."""
        head, _, body = text.partition(b"\r\n\r\n")
        headers: dict[str, bytes] = {}
        for line in re.split(rb"\r\n(?![ \t])", head):
            name, _, value = line.partition(b":")
            key = name.decode("ascii", "replace").lower()
            headers[key] = headers.get(key, b"") + value
        message_id = headers.get("message-id", b"").decode("ascii", "replace").strip()
        edition = _edition_of(headers.get("feedback-id", b""))
        kept = {n: self._sum(value) for n, value in headers.items() if n not in CHANGING}
        self.received.copies[message_id] = CopySums(edition, self._sum(body), kept)
        self.received.times[message_id] += 1
        self.received.bytes[edition] += len(text)

    def _sum(self, text: bytes) -> str:
        return self._hash.digest(hashlib.sha256(text).digest())[:SUM_BYTES].hex()


async def _read_text(reader: asyncio.StreamReader) -> bytes:
    """Return a message up to its final dot, the doubled dots single again (RFC 5321, 4.5.2)."""
    lines = []
    while (line := await reader.readline()) != b".\r\n":
        if not line.endswith(b"\n"):
            raise asyncio.IncompleteReadError(line, None)
        lines.append(line[1:] if line.startswith(b".") else line)
    return b"".join(lines)


def _edition_of(feedback_id: bytes) -> str:
    parts = feedback_id.decode("ascii", "replace").strip().split(":")
    return parts[2] if len(parts) > 2 else "?"

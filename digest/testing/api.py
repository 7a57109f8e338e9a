"""A provider's HTTP API on loopback for tests: a real server in a thread that answers, or fails, as
told.
"""

import asyncio
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Self

Fault = Literal["hang", "close", "reset", "garbage", "partial", "endless"]


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request as it was read: header names in lower case, the whole body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON says it."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer: a status and a JSON value, or bytes as they stand."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def on_the_wire(self) -> bytes:
        """Return the response's bytes."""
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        lines = [f"HTTP/1.1 {self.status} As Told", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body


Answer = Callable[[ApiRequest], Reply | Fault]


class ApiServer:
    """An HTTP/1.1 server on 127.0.0.1; a context manager.

    `answer` says what each request gets: a Reply, or one of the faults, which all happen after the
    request was read. `requests` holds every request read in full, `connections` counts sockets.
    """

    def __init__(self, answer: Answer, *, tls: ssl.SSLContext | None = None) -> None:
        """Set up; nothing listens before ``with``."""
        self.answer = answer
        self.requests: list[ApiRequest] = []
        self.connections = 0
        self.port = 0
        self._tls = tls
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="api server")

    @property
    def url(self) -> str:
        """Return the address of the API's root."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        """Listen on a free port."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_error: object) -> None:
        """Hang up on everybody and stop."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def hang_up(self) -> None:
        """Close every connection there is, and go on listening."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _hang_up(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _stop(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while request := await _read(reader):
                self.requests.append(request)
                answer = self.answer(request)
                if isinstance(answer, Reply):
                    writer.write(answer.on_the_wire())
                else:
                    await _fail(answer, writer)
        except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            pass  # The client is gone, or the test is over.
        finally:
            self._writers.discard(writer)
            writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> ApiRequest | None:
    """Return the next request, or None when the client has hung up."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").splitlines()
    method, path, _version = first.split(" ")
    fields = (line.partition(":") for line in lines if line)
    headers = {name.lower(): value.strip() for name, _, value in fields}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return ApiRequest(method, path, headers, body)


async def _fail(fault: Fault, writer: asyncio.StreamWriter) -> None:
    if fault == "hang":
        await asyncio.Event().wait()
    elif fault == "garbage":
        writer.write(b"\x00\xff once upon a time\r\n\r\n")
    elif fault == "partial":
        writer.write(Reply().on_the_wire().replace(b"Length: 2", b"Length: 200"))
    elif fault == "endless":
        writer.write(Reply(body=b"x" * 1_000_000).on_the_wire())
    elif fault == "reset":
        linger = struct.pack("ii", 1, 0)  # for no time at all: closing sends a TCP reset
        socket_ = writer.get_extra_info("socket")
        socket_.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        raise ConnectionResetError
    if not writer.is_closing():
        await writer.drain()
    writer.close()
    raise ConnectionAbortedError

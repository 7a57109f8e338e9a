"""One HTTP connection to a provider's API, which knows what may have been read at the other end.

That is all a backend needs beyond HTTP itself: a request of which nothing was written is provably
not accepted, one that was written and got no answer may have been. So nothing here retries, follows
a redirect or keeps a second connection. Certificates are verified; the API's address is the
operator's own (for addresses from outside there is digest.fetch).
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpcore

from digest.errors import DigestError
from digest.logs import redact

LARGEST_ANSWER = 65_536  # bytes; an API's answer to one message is far shorter
# Younger than any server's patience with a silent connection, so that we close first: a request
# that crosses with the server's closing is one of which nobody knows.
IDLE_SECONDS = 15.0


class NotSent(DigestError):
    """Nothing of the request was written, so it cannot have been accepted."""


class NoAnswer(DigestError):
    """The request may have been read, and no usable answer came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the whole body, and the seconds of Retry-After (0: not given)."""

    status: int
    body: bytes
    retry_after: int = 0


class HttpWire:
    """A connection to one API, opened by its first request; one request at a time. Broken is for
    ever.
    """

    def __init__(
        self, url: str, *, headers: Mapping[str, str], tls: ssl.SSLContext, timeout: float
    ) -> None:
        """Speak to `url` (https, or http on loopback), `headers` on each request, `timeout` seconds
        for each.
        """
        self._url = httpcore.URL(url.rstrip("/"))
        self._headers = [("Accept-Encoding", "identity"), ("User-Agent", "Friday")]
        self._headers += headers.items()
        self._timeout = timeout
        self._connection = httpcore.AsyncHTTPConnection(
            self._url.origin, ssl_context=tls, keepalive_expiry=IDLE_SECONDS
        )
        self._asked = self._broken = False

    @property
    def name(self) -> str:
        """Return what messages call the other end: host, and port where it is not the usual one."""
        port = f":{self._url.port}" if self._url.port else ""
        return f"{self._url.host.decode('ascii')}{port}"

    @property
    def usable(self) -> bool:
        """Whether a request may be written here: not broken, hung up on or silent for too long."""
        if self._broken or not self._asked:
            return not self._broken
        return self._connection.is_idle() and not self._connection.has_expired()

    async def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        """Return the answer to one request.

        Raises NotSent when nothing was written, NoAnswer when something was; the wire is closed
        after either.
        """
        if not self.usable:
            await self.close()
            raise NotSent(f"{self.name}: the connection is closed")
        self._asked = True
        try:
            async with asyncio.timeout(self._timeout), self._exchange(method, path, body) as said:
                return await _whole(said)
        except _UNWRITTEN as error:
            await self.close()
            raise NotSent(f"{self.name}: {_in_words(error)}") from error
        except TimeoutError as error:
            await self.close()
            raise NoAnswer(f"{self.name}: no answer within {self._timeout:g} s") from error
        except (*_UNANSWERED, _TooLong) as error:
            await self.close()
            raise NoAnswer(f"{self.name}: {_in_words(error)}") from error
        except BaseException:
            await self.close()
            raise

    @asynccontextmanager
    async def _exchange(
        self, method: str, path: str, body: bytes
    ) -> AsyncIterator[httpcore.Response]:
        target = self._url.target.decode("ascii").rstrip("/") + path
        url = httpcore.URL(
            scheme=self._url.scheme, host=self._url.host, port=self._url.port, target=target
        )
        limits = dict.fromkeys(("connect", "read", "write"), self._timeout)
        async with self._connection.stream(
            method, url, headers=self._headers, content=body, extensions={"timeout": limits}
        ) as response:
            yield response

    async def close(self) -> None:
        """Close at once; harmless when already closed."""
        if not self._broken:
            self._broken = True
            await self._connection.aclose()


class _TooLong(Exception):
    """The answer goes on and on."""


# Raised while connecting, or for a connection that was found closed. A request that breaks any
# other way may have been read.
_UNWRITTEN = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.ConnectionNotAvailable)
_UNANSWERED = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError)


async def _whole(response: httpcore.Response) -> Answer:
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise _TooLong(f"an answer of more than {LARGEST_ANSWER} bytes")
    waits = [value for name, value in response.headers if name.lower() == b"retry-after"]
    seconds = int(waits[0]) if waits and waits[0].isdigit() and len(waits[0]) < 6 else 0
    return Answer(response.status, bytes(body), seconds)


def _in_words(error: Exception) -> str:
    return redact(" ".join(str(error).split()))[:200] or type(error).__name__

"""Connections to checked addresses only, with one deadline over everything that happens on them.

httpcore asks for a host; what it gets is a socket to an address that was checked before. Host
header, SNI and the certificate check keep the host's name. A server that sends a byte now and then
meets the deadline all the same.
"""

import queue
import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import httpcore

from digest.clock import Clock
from digest.fetch.addresses import Address

T = TypeVar("T")


class Deadline:
    """The moment by which a whole request, redirects included, must be over."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._ends = clock.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left; httpcore.ReadTimeout when there are none."""
        left = self._ends - self._clock.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline has passed")
        return left

    def run(self, work: Callable[[], T]) -> T:
        """Return `work()`, or raise httpcore.ConnectTimeout when it outlasts the deadline.

        For calls that know no time limit, such as the system's resolver: a late one ends alone,
        unheard.
        """
        answers: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()
        worker = threading.Thread(target=_answer, args=(work, answers), daemon=True)
        worker.start()
        try:
            value, error = answers.get(timeout=self.remaining())
        except queue.Empty:
            raise httpcore.ConnectTimeout("the resolver did not answer in time") from None
        if error is not None:
            raise error
        return value  # type: ignore[return-value]  # no error: it is what `work` returned


def _answer(work: Callable[[], T], answers: "queue.SimpleQueue[tuple[T | None, Any]]") -> None:
    try:
        answers.put((work(), None))
    except BaseException as error:  # carried over to the thread that asked
        answers.put((None, error))


class CheckedBackend(httpcore.NetworkBackend):
    """Opens sockets to the given addresses, in order, whatever host is asked for."""

    def __init__(self, addresses: Sequence[Address], deadline: Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a stream to the first address that answers; each gets its share of the time."""
        failure: Exception = httpcore.ConnectError("no address to connect to")
        for number, address in enumerate(self._addresses):
            share = self._deadline.remaining() / (len(self._addresses) - number)
            try:
                return TimedStream(
                    self._sockets.connect_tcp(str(address), port, timeout=share), self._deadline
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class TimedStream(httpcore.NetworkStream):
    """A stream whose every step gets only the time that is left of the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return the next bytes, empty at the end."""
        return self._stream.read(max_bytes, self._deadline.remaining())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        self._stream.write(buffer, self._deadline.remaining())

    def close(self) -> None:
        """Close the socket."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Return the stream under TLS, the certificate checked against the host's name."""
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.remaining())
        return TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Return what the stream knows of itself, such as ``ssl_object``."""
        return self._stream.get_extra_info(info)

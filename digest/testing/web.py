"""A web server on loopback for tests of whatever fetches, and a `Fetcher` that may speak to it."""

import ssl
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from digest.clock import SystemClock
from digest.config import FetchConfig
from digest.fetch.client import Fetcher

Answer = Callable[[BaseHTTPRequestHandler], None]


class WebServer:
    """Answers GET requests as `answers` says, path by path, and remembers what it was asked.

    Listens on 127.0.0.1 at `port` from construction until `close`.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[BaseHTTPRequestHandler] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked.append(self)
                web.answers.get(self.path, answer(404))(self)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        return Handler

    def url(self, path: str, host: str = "127.0.0.1", scheme: str = "http") -> str:
        """Return the URL of a path here, under whatever host name."""
        return f"{scheme}://{host}:{self.port}{path}"

    def close(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def answer(status: int = 200, body: bytes = b"hello", **headers: str) -> Answer:
    """Return what answers a request with these; underscores in header names become hyphens."""

    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return respond


def loopback_fetcher(
    resolve: Callable[[str], Iterable[str]] = lambda _host: ["127.0.0.1"],
    tls: ssl.SSLContext | None = None,
    **config: Any,
) -> Fetcher:
    """Return a fetcher that may speak to 127.0.0.0/8, where every name leads by default."""
    settings = FetchConfig(**{"allow_networks": ["127.0.0.0/8"], **config})
    return Fetcher(settings, SystemClock(), resolve, tls)

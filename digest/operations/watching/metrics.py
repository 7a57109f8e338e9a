"""``/metrics`` for Prometheus, on a listener of its own: a proxy that serves the reader pages
cannot reach it by mistake, whatever paths it passes on.

Where it is not on loopback it wants a token (RFC 6750). Only what is asked for is done: without a
scrape nothing is counted.
"""

import hmac
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from digest.app import App
from digest.config import WatchingConfig, read_secret
from digest.errors import ConfigError, DigestError
from digest.operations.watching.costly import Costly
from digest.operations.watching.figures import CHEAP, gauge

log = logging.getLogger(__name__)

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
ASK_SECONDS = 10  # for a whole request: one that dawdles must not keep a thread


class FridayCollector(Collector):
    """Reads every figure once for each scrape, one scrape at a time."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._costly = Costly(app)
        self._turn = threading.Lock()

    def close(self) -> None:
        """End what counts in the background."""
        self._costly.close()

    def collect(self) -> Iterable[Metric]:
        """Return every family; where the store cannot be read, only that."""
        began = self._app.clock.monotonic()
        usable = gauge("store_usable", "1: the store answered this scrape")
        with self._turn:
            families = self._read_store()
        usable.add_metric([], families is not None)
        took = gauge("scrape_seconds", "What this scrape took")
        took.add_metric([], self._app.clock.monotonic() - began)
        return [usable, took, *(families or [])]

    def _read_store(self) -> list[Metric] | None:
        now = self._app.clock.now()
        try:
            with self._app.db.read() as session:
                return list(self._read(session, now))
        except (DigestError, SQLAlchemyError, OSError) as error:
            log.error("metrics are not complete: %s", type(error).__name__)
            return None

    def _read(self, session: Session, now: datetime) -> Iterator[Metric]:
        for figures in CHEAP:
            yield from figures(self._app, session, now)
        yield from self._costly.collect()


def metrics_app(collector: Collector, token_file: Path | None) -> Wsgi:
    """Return the WSGI application that answers ``GET /metrics`` and nothing else."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    inner: Wsgi = make_wsgi_app(registry, disable_compression=True)

    def guarded(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/metrics" or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _refuse(start, "404 Not Found")
        if token_file is not None and not _may(environ, token_file):
            return _refuse(start, "401 Unauthorized", ("WWW-Authenticate", "Bearer"))
        return inner(environ, start)

    return guarded


def _may(environ: dict[str, Any], token_file: Path) -> bool:
    """Whether a request brings the token, which is read anew each time: it may be changed."""
    said = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1", "replace")
    token = read_secret(None, token_file, None)
    return bool(token) and hmac.compare_digest(said, f"Bearer {token}".encode())


def _refuse(start: Callable[..., Any], status: str, *headers: tuple[str, str]) -> Iterable[bytes]:
    start(status, [("Content-Type", "text/plain"), ("Content-Length", "0"), *headers])
    return [b""]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        # Not as the base class does, which asks the name service what we are called.
        TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.warning("a scrape broke off")


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Silent(WSGIRequestHandler):
    timeout = ASK_SECONDS

    def log_message(self, format: str, *args: Any) -> None:
        """Write no access log."""


@contextmanager
def serving_metrics(app: App) -> Iterator[int | None]:
    """Serve metrics while the block runs, where the configuration wants that; yields the port.

    ConfigError when the socket or the token cannot be had.
    """
    settings = app.config.watching
    if settings.metrics_port is None:
        yield None
        return
    if settings.metrics_token_file is not None and not read_secret(
        None, settings.metrics_token_file, None
    ):
        raise ConfigError(f"{settings.metrics_token_file}: the token is empty")
    collector = FridayCollector(app)
    server = _listen(settings, metrics_app(collector, settings.metrics_token_file))
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    log.info("metrics at http://%s:%s/metrics", *server.server_address[:2])
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        collector.close()


def _listen(settings: WatchingConfig, wsgi: Wsgi) -> WSGIServer:
    host, port = settings.metrics_host, settings.metrics_port or 0
    where = f"{host} port {port}"
    try:
        return make_server(host, port, wsgi, _Server6 if ":" in host else _Server, _Silent)
    except OSError as error:
        raise ConfigError(f"watching: cannot listen on {where}: {error.strerror}") from error

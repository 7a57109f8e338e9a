"""What the framework itself takes: ``python -m benchmarks.hello FILE`` serves two posts.

``/hello`` answers with a word; ``/insert`` first writes what was posted into a table of its own in
the SQLite database FILE, durably. Both are plain functions, as the handlers of the reader pages
are, and the server has the settings of ``digest web``. Prints its port and runs until killed.
"""

import socket
import sqlite3
import sys
import threading
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse

INSERT = "INSERT INTO posts (body) VALUES (?)"


async def _body(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_body)]


class Store:
    """A table in a file, with a connection for each thread."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._local = threading.local()
        self._open().execute("CREATE TABLE posts (id INTEGER PRIMARY KEY, body BLOB)")

    def insert(self, body: bytes) -> None:
        """Write one row; it is on the disk when this returns."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open()
        connection.execute(INSERT, (body,))

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=60, isolation_level=None)
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("PRAGMA synchronous = full")
        return connection


def create(store: Store) -> FastAPI:
    """Return the application."""
    web = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @web.post("/hello", response_class=PlainTextResponse)
    def hello(_body: Body) -> str:
        return "hello"

    @web.post("/insert", response_class=PlainTextResponse)
    def insert(body: Body) -> str:
        store.insert(body)
        return "hello"

    return web


def main(path: str) -> None:
    """Serve until killed."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as door:
        door.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            create(Store(path)),
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
        )
        door.listen()
        sys.stdout.write(f"{door.getsockname()[1]}\n")
        sys.stdout.flush()
        uvicorn.Server(config).run(sockets=[door])


if __name__ == "__main__":
    main(sys.argv[1])

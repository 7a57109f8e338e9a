"""How a web server ends although pages are open that would never end by themselves.

A server closes its doors, and then waits for what it is answering; a stream of events is an answer
without an end. So streams are told first.
"""

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI


class Ending:
    """Tells those who asked for it that the server is about to stop, once."""

    def __init__(self) -> None:
        self._told: list[Callable[[], None]] = []

    def tell(self, what: Callable[[], None]) -> None:
        """Have something called when the server stops, in its event loop."""
        self._told.append(what)

    def begin(self) -> None:
        """Tell everybody."""
        for what in self._told:
            what()


class Server(uvicorn.Server):
    """uvicorn, serving an application of `create_web`, whose streams end when it does."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, and then as uvicorn does: finish what is under way."""
        app = self.config.app
        if isinstance(app, FastAPI):
            app.state.ending.begin()
        await super().shutdown(sockets)

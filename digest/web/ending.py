"""How a web server ends although pages are open that would never end by themselves.

A server closes its doors, and then waits for what it is answering; a stream of events is an answer
without an end. So streams are told first.
"""

import asyncio
import socket
from collections.abc import Callable

import anyio.to_thread
import uvicorn
from fastapi import FastAPI

from digest.operations.watching.notifier import Notifier


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
    """uvicorn, serving an application of `create_web`, whose streams end when it does; `notifier`
    hears when it listens, and from then on that pages are answered.
    """

    def __init__(self, config: uvicorn.Config, notifier: Notifier | None = None) -> None:
        super().__init__(config)
        self._notifier = notifier or Notifier(None)

    async def main_loop(self) -> None:
        """Serve until the end is asked for."""
        signs = asyncio.create_task(self._say_signs())
        try:
            await super().main_loop()
        finally:
            signs.cancel()
            self._notifier.stopping()

    async def _say_signs(self) -> None:
        self._notifier.ready()
        while True:
            # Where all threads that make pages hang, this one is not had either.
            await anyio.to_thread.run_sync(_do_nothing)
            self._notifier.alive()
            await asyncio.sleep(self._notifier.interval)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, and then as uvicorn does: finish what is under way."""
        app = self.config.app
        if isinstance(app, FastAPI):
            app.state.ending.begin()
        await super().shutdown(sockets)


def _do_nothing() -> None:
    """Take a thread and give it back."""

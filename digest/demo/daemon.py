"""The daemon beside the demo's pages, so that whoever signs up there gets a letter."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from digest.app import App
from digest.scheduler import run_scheduler


@contextmanager
def daemon_of(app: App) -> Iterator[None]:
    """Have the daemon at work on a thread of its own for as long as the context lasts."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    def work() -> None:
        loop.run_until_complete(run_scheduler(app, stop))

    thread = threading.Thread(target=work, name="daemon")
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()

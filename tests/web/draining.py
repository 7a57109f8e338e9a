"""A sender that works in a thread of its own while a test does something else."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from digest.app import App


@contextmanager
def draining(app: App) -> Iterator[None]:
    """Drain in a thread for the length of the block."""
    loop_and_stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def drain() -> None:
        stop = asyncio.Event()
        loop_and_stop.append((asyncio.get_running_loop(), stop))
        await app.sender.drain(stop)

    thread = threading.Thread(target=asyncio.run, args=(drain(),))
    thread.start()
    try:
        yield
    finally:
        loop, stop = loop_and_stop[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join()

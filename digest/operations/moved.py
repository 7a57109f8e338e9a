"""Ends a long-running program once the database was migrated under it, before it comes to grief in
the middle of something.

A program asks for the schema's revision when it starts, and these ask again every second, which is
one row. Nothing new is begun after that; what is on its way ends as on SIGTERM.
"""

import asyncio
import logging
import threading
from collections.abc import Callable

from digest.app import App
from digest.errors import SchemaUnfit
from digest.revisions import why_moved

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class SchemaWatch:
    """Looks at the schema of one store while a program runs."""

    def __init__(self, app: App) -> None:
        self._db = app.db
        self._found: SchemaUnfit | None = None

    async def watch(self, stop: asyncio.Event) -> None:
        """Look until `stop` is set; set it when the schema is not this program's any more."""
        while not stop.is_set():
            self._found = await asyncio.to_thread(why_moved, self._db)
            if self._found is not None:
                log.error("nothing new is begun: %s", self._found)
                stop.set()
                return
            try:
                await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
            except TimeoutError:
                continue

    def watch_beside(self, end: Callable[[], None]) -> None:
        """Look from a thread of its own for as long as the process lives; call `end` when the
        schema is not this program's any more.
        """

        def look() -> None:
            while not beat.wait(LOOK_SECONDS):
                self._found = why_moved(self._db)
                if self._found is not None:
                    log.error("ending: %s", self._found)
                    end()
                    return

        beat = threading.Event()
        threading.Thread(target=look, name="schema-watch", daemon=True).start()

    def complain(self) -> None:
        """Raise what was found; SchemaUnfit says what to do."""
        if self._found is not None:
            raise self._found

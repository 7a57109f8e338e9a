"""Group commit: outcomes of the last copies and dots of the next ones in one transaction, one at a
time.

Connections that come while a transaction runs wait together for the next, so the number of durable
commits adapts to the disk by itself. All writing happens on the ledger's one thread, never on the
event loop.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from digest.clock import Clock
from digest.db import Database
from digest.delivery.ledger.rows import Dot, Settlement, commit_dots, settle


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit said: whether the dot may be written, and when (monotonic seconds) that was
    known.
    """

    dotted: bool
    at: float


@dataclass(slots=True)
class _Request:
    settlements: Sequence[Settlement]
    dot: Dot | None
    done: asyncio.Future[Committed]


class Committer:
    """The barrier in front of the dots; owns the order of commits, not the thread it runs them
    on.
    """

    def __init__(self, db: Database, clock: Clock, thread: ThreadPoolExecutor) -> None:
        self._db = db
        self._clock = clock
        self._thread = thread
        self._waiting: list[_Request] = []
        self._worker: asyncio.Task[None] | None = None

    async def commit(self, settlements: Sequence[Settlement], dot: Dot | None = None) -> Committed:
        """Make outcomes durable and, with them, ask for a dot; raises what the database raised.

        After an exception nothing of this call is known to be written: no dot may follow.
        """
        request = _Request(settlements, dot, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await request.done

    async def _work(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # let every connection that is ready join this transaction
            batch, self._waiting = self._waiting, []
            try:
                hit = await asyncio.get_running_loop().run_in_executor(
                    self._thread, self._write, batch
                )
            except Exception as error:
                for request in batch:
                    if not request.done.done():
                        request.done.set_exception(error)
                continue
            at = self._clock.monotonic()
            for request in batch:
                if not request.done.done():
                    dotted = request.dot is not None and request.dot.delivery_id in hit
                    request.done.set_result(Committed(dotted, at))

    def _write(self, batch: Sequence[_Request]) -> set[int]:
        with self._db.write() as session:
            now = self._clock.now()  # not before it is our turn: leases are judged by it
            settle(session, [s for request in batch for s in request.settlements], now)
            return commit_dots(session, [r.dot for r in batch if r.dot is not None], now)

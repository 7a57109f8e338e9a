"""Group commit: outcomes of the last copies and dots of the next ones in one transaction, one at a
time.

Connections that come while a transaction runs wait together for the next, so the number of durable
commits adapts to the disk by itself. All writing happens on the ledger's one thread, never on the
event loop. docs/decisions/0008 says why it is done this way.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from digest.clock import Clock
from digest.db import Database
from digest.delivery.crash import crash_point
from digest.delivery.ledger.rows import Dot, NotAllDotted, Settlement, commit_dots, settle

GATHER_SECONDS = 0.002  # the longest that connections which are ready wait for others


@dataclass(slots=True)
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

    def __init__(
        self,
        db: Database,
        clock: Clock,
        thread: ThreadPoolExecutor,
        witness: Callable[[Dot], None] = lambda _dot: None,
    ) -> None:
        """`witness` hears of one of the dots of each commit before any of them is written."""
        self._witness = witness
        self._store = db.transactor()
        self._clock = clock
        self._thread = thread
        self._waiting: list[_Request] = []
        self._owed: list[Settlement] = []  # known, and not written yet
        self.busy = 0  # connections with a copy under way, which may soon wait here
        self._complete: asyncio.Event | None = None  # while those who are ready wait for others
        self._worker: asyncio.Task[None] | None = None

    def submit(
        self, settlements: Sequence[Settlement], dot: Dot | None = None
    ) -> asyncio.Future[Committed]:
        """Ask for outcomes to be made durable and, with them, for a dot; the answer raises what the
        database raised.

        After an exception nothing of this call is known to be written: no dot may follow.
        """
        done: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Request(settlements, dot, done))
        if self._complete is not None and self._are_all_there():
            self._complete.set()
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return done

    def owe(self, settlements: Sequence[Settlement]) -> None:
        """Keep outcomes of dots that could not be written; the next commit carries them, however
        late: they answer to their own lease alone.
        """
        self._owed += [s for s in settlements if s.epoch is not None]

    async def settle_owed(self) -> None:
        """Write what is owed; raises what the database raised, and keeps it then."""
        if self._owed:
            await self.submit([])

    def close(self) -> None:
        """Close the connection to the store; nothing may be under way."""
        self._store.close()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            await self._gather()
            batch, self._waiting = self._waiting, []
            owed, self._owed = self._owed, []
            try:
                hit = await loop.run_in_executor(self._thread, self._write, batch, owed)
            except Exception as error:
                self._owed = [*owed, *self._owed]
                for request in batch:
                    if not request.done.done():
                        request.done.set_exception(error)
                continue
            at = self._clock.monotonic()
            for request in batch:
                if not request.done.done():
                    dotted = request.dot is not None and request.dot.delivery_id in hit
                    request.done.set_result(Committed(dotted, at))

    async def _gather(self) -> None:
        """Let connections that are about to be ready join this transaction: fewer and larger ones
        cost each copy less.
        """
        await asyncio.sleep(0)
        if self._are_all_there():
            return
        self._complete = asyncio.Event()
        too_late = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._complete.set)
        await self._complete.wait()
        too_late.cancel()
        self._complete = None

    def _are_all_there(self) -> bool:
        return len(self._waiting) >= self.busy

    def _write(self, batch: Sequence[_Request], owed: Sequence[Settlement]) -> set[int]:
        settlements = [*owed, *(s for request in batch for s in request.settlements)]
        dots = [request.dot for request in batch if request.dot is not None]
        try:
            hit = self._transact(settlements, dots, all_of_them=True)
        except NotAllDotted:
            hit = self._transact(settlements, dots, all_of_them=False)
        if hit:
            crash_point("after_dot_commit")
            self._witness(next(dot for dot in dots if dot.delivery_id in hit))
        if settlements:
            crash_point("after_sent")
        return hit

    def _transact(
        self, settlements: Sequence[Settlement], dots: Sequence[Dot], *, all_of_them: bool
    ) -> set[int]:
        with self._store.transact() as connection:
            now = self._clock.now()  # not before it is our turn: leases are judged by it
            settle(connection, settlements, now)
            hit = commit_dots(connection, dots, now, all_of_them=all_of_them)
            crash_point("before_dot_commit")
        return hit

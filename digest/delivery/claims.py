"""The chunks this process works on: leased when rows run short, renewed while they last, given back
when settled.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.db import Database
from digest.delivery.ledger.leases import Lease, finish_chunk, lease_chunk, renew_leases
from digest.delivery.ledger.rows import list_pending
from digest.errors import DigestError

log = logging.getLogger(__name__)

SET_ASIDE_SECONDS = 300.0  # before an issue that could not be prepared is tried again
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Claim:
    """A leased chunk and how many of its rows are still in our hands."""

    lease: Lease
    left: int


@dataclass(frozen=True, slots=True)
class Task:
    """One ledger row to try, as list_pending returned it."""

    row: Any
    claim: Claim


class Claims:
    """Hands out rows one by one. A chunk is given back when its last row is settled or let go
    of.
    """

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        thread: ThreadPoolExecutor,
        owner: str,
        newsletter_ids: Sequence[int],
        lease: timedelta,
        prepare: Callable[[Session, int], None],
    ) -> None:
        self._db = db
        self._clock = clock
        self._thread = thread
        self._owner = owner
        self._newsletter_ids = newsletter_ids
        self._lease = lease
        # Called with (session, issue id) before rows of an issue are handed out.
        self._prepare = prepare
        self._feeding = asyncio.Lock()
        self._ready: deque[Task] = deque()
        self._claims: dict[int, Claim] = {}
        self._set_aside_until: dict[int, float] = {}
        self._renewal: asyncio.Task[None] | None = None

    async def next_task(self) -> Task | None:
        """Return a row to try, leasing the next chunk when the last one is used up; None when
        nothing is due.
        """
        async with self._feeding:
            while not self._ready:
                leased = await self._in_thread(self._lease_chunk)
                if leased is None:
                    return None
                await self._take(*leased)
            return self._ready.popleft()

    async def _take(self, lease: Lease, rows: Sequence[Any]) -> None:
        # On the event loop, where renewal drops lost chunks from the same collections.
        claim = self._claims[lease.chunk_id] = Claim(lease, len(rows))
        self._ready.extend(Task(row, claim) for row in rows)
        if not rows:
            await self._finish(claim)

    def _lease_chunk(self) -> tuple[Lease, Sequence[Any]] | None:
        with self._db.write() as session:
            now = self._clock.now()
            lease = lease_chunk(
                session,
                self._owner,
                newsletter_ids=self._newsletter_ids,
                except_issues=self._unfit(),
                lease=self._lease,
                now=now,
            )
            if lease is None:
                return None
            try:
                self._prepare(session, lease.issue_id)
            except DigestError as error:
                self._set_aside(lease.issue_id, error)
                return lease, []
            return lease, list_pending(session, lease, now)

    def _unfit(self) -> list[int]:
        """Return the issues that could not be prepared a moment ago; others need not wait."""
        now = self._clock.monotonic()
        return [issue for issue, until in self._set_aside_until.items() if until > now]

    def _set_aside(self, issue_id: int, error: DigestError) -> None:
        log.error("issue cannot be sent: %s", error, extra={"fields": {"issue": issue_id}})
        self._set_aside_until[issue_id] = self._clock.monotonic() + SET_ASIDE_SECONDS

    def put_back(self, task: Task) -> None:
        """Return a row that was not tried; it comes out next."""
        self._ready.appendleft(task)

    async def let_go(self, claim: Claim) -> None:
        """Count one row of a chunk as out of our hands: its outcome is durable, or it is no longer
        ours.
        """
        claim.left -= 1
        if claim.left == 0:
            await self._finish(claim)

    async def _finish(self, claim: Claim) -> None:
        if self._claims.get(claim.lease.chunk_id) is claim:  # it may be leased anew by now
            del self._claims[claim.lease.chunk_id]
        await self._in_thread(self._finish_chunks, [claim])

    def _finish_chunks(self, claims: Sequence[Claim]) -> None:
        with self._db.write() as session:
            for claim in claims:
                finish_chunk(session, claim.lease)

    async def hand_back(self) -> None:
        """Give every chunk back, so that another process may go on at once. Call when nothing is in
        flight.
        """
        self._ready.clear()
        claims = list(self._claims.values())
        self._claims.clear()
        if claims:
            await self._in_thread(self._finish_chunks, claims)

    def keep_alive(self) -> None:
        """Start renewing leases in the background; `rest` ends it."""
        self._renewal = asyncio.create_task(self._renew_for_ever())

    async def rest(self) -> None:
        """Stop renewing leases."""
        if self._renewal is not None:
            self._renewal.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._renewal

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            claims = list(self._claims.values())
            if not claims:
                continue
            try:
                kept = await self._in_thread(self._renew, claims)
            except Exception as error:
                log.error("leases are not renewed: %s", error)
                continue
            self._drop([claim for claim in claims if claim.lease.chunk_id not in kept])

    def _renew(self, claims: Sequence[Claim]) -> set[int]:
        leases = [claim.lease for claim in claims]
        with self._db.write() as session:
            return renew_leases(
                session, self._owner, leases, lease=self._lease, now=self._clock.now()
            )

    def _drop(self, lost: Sequence[Claim]) -> None:
        """Forget chunks that are another's now; a row in flight is stopped by the fence of its
        dot.
        """
        for claim in lost:
            if self._claims.get(claim.lease.chunk_id) is claim:
                del self._claims[claim.lease.chunk_id]
        self._ready = deque(task for task in self._ready if task.claim not in lost)

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

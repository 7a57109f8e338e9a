"""The chunks this process works on: leased before rows run short, renewed while they last, given
back when settled.
"""

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.db import Database
from digest.delivery.crash import crash_point
from digest.delivery.gate import Gate
from digest.delivery.ledger.leases import Lease, finish_chunk, lease_chunk, renew_leases, stands
from digest.delivery.ledger.rows import list_pending
from digest.delivery.pacing.limits import Allowance
from digest.delivery.pacing.seats import free_seats
from digest.errors import DigestError

log = logging.getLogger(__name__)

ENDLESS = 1_000_000  # more connections than anybody allows
LOOK_SECONDS = 1.0  # between looks at what other processes found out about the relay
MOST_UNDER_LIMIT = 200  # rows asked for at once where a limit is, which lets few of them go
SET_ASIDE_SECONDS = 300.0  # before an issue that could not be prepared is tried again
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Claim:
    """A leased chunk and how many of its rows are still in our hands."""

    lease: Lease
    left: int
    later: datetime | None = None  # a limit lets none of its rows go before
    allowance: Allowance | None = None  # what a limit let through of its rows


@dataclass(frozen=True, slots=True)
class Task:
    """One ledger row to try, as list_pending returned it, not before `at` (monotonic seconds)."""

    row: Any
    claim: Claim
    at: float = 0.0


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
        gate: Gate,
        lease: timedelta,
        prepare: Callable[[Session, int], None],
        low_water: int = 1,
    ) -> None:
        self._db = db
        self._clock = clock
        self._thread = thread
        self._owner = owner
        self._gate = gate
        self._lease = lease
        # Called with (session, issue id) before rows of an issue are handed out.
        self._prepare = prepare
        self._low_water = low_water  # rows at hand below which the next chunk is leased ahead
        self._ready: deque[Task] = deque()
        self._claims: dict[int, Claim] = {}
        self._done: list[Claim] = []
        self._feed: asyncio.Task[None] | None = None
        self._in_flight = Counter[str]()  # by domain group
        self._dry = False  # whether the last try to lease found nothing
        self._set_aside_until: dict[int, float] = {}
        self._upkeep: list[asyncio.Task[None]] = []
        self.seats = 0  # how many connections this process may use now

    def take(self) -> Task | None:
        """Return a row that is at hand, or None; has more fetched before they run out."""
        if len(self._ready) < self._low_water and self._feed is None and not self._dry:
            self._feed = asyncio.create_task(self._lease_next())
        if not self._gate.caps:
            return self._taken(0) if self._ready else None
        for place, task in enumerate(self._ready):
            if self._has_room(task.claim.lease.domain_group):
                return self._taken(place)
        return None

    def _taken(self, place: int) -> Task:
        task = self._ready[place]
        del self._ready[place]
        self._in_flight[task.claim.lease.domain_group] += 1
        return task

    def _has_room(self, group: str) -> bool:
        """Whether one more copy may be on its way to this domain group."""
        return self._in_flight[group] < self._gate.caps.get(group, ENDLESS)

    async def next_task(self) -> Task | None:
        """Return a row to try, waiting for the next chunk where none is at hand; None when nothing
        is due.
        """
        while (task := self.take()) is None:
            if self._feed is None:
                self._feed = asyncio.create_task(self._lease_next())
            feed = self._feed
            try:
                await feed
            finally:
                if self._feed is feed:
                    self._feed = None
            if self._dry:
                return self.take()
        return task

    async def _lease_next(self) -> None:
        done, self._done = self._done, []
        leased = await self.in_thread(self._lease_chunk, done)
        # What was finished meanwhile may have work again.
        self._dry = leased is None and not self._done
        if leased is not None:
            # On the event loop, where renewal drops lost chunks from the same collections.
            claim, tasks = leased
            self._ready.extend(tasks)
            if tasks:
                self._claims[claim.lease.chunk_id] = claim
            else:
                self._done.append(claim)
            crash_point("after_claim")

    def _lease_chunk(self, done: Sequence[Claim]) -> tuple[Claim, list[Task]] | None:
        with self._db.write() as session:
            for claim in done:
                finish_chunk(session, claim.lease, later=claim.later)
            now = self._clock.now()
            sight = self._gate.look(session, now)
            lease = lease_chunk(
                session,
                self._owner,
                newsletter_ids=sight.newsletter_ids,
                except_issues=self._unfit(),
                except_groups=sight.closed_groups | self._full_groups(),
                relay=self._gate.relay,
                lease=self._lease,
                now=now,
            )
            if lease is None:
                return None
            try:
                self._prepare(session, lease.issue_id)
            except DigestError as error:
                self._set_aside(lease.issue_id, error)
                return Claim(lease, 0), []
            self._gate.note_turn(session, lease.newsletter_id, now)
            return self._tasks(session, lease)

    def _tasks(self, session: Session, lease: Lease) -> tuple[Claim, list[Task]]:
        """Return a leased chunk with those of its rows that the limits allow now."""
        now = self._clock.now()
        group = lease.domain_group
        if not self._gate.is_limited(group, now):
            rows = list_pending(session, lease, now)
            claim = Claim(lease, len(rows))
            return claim, [Task(row, claim) for row in rows]
        rows = list_pending(session, lease, now, most=MOST_UNDER_LIMIT)
        allowed = self._gate.allow(session, group, len(rows), now)
        claim = Claim(lease, len(allowed.waits), allowed.later, allowed.allowance)
        start = self._clock.monotonic()
        return claim, [
            Task(row, claim, start + wait) for row, wait in zip(rows, allowed.waits, strict=False)
        ]

    def _full_groups(self) -> set[str]:
        """Return the domain groups that have as many copies on their way as they may."""
        return {group for group in self._gate.caps if not self._has_room(group)}

    def _unfit(self) -> list[int]:
        """Return the issues that could not be prepared a moment ago; others need not wait."""
        now = self._clock.monotonic()
        return [issue for issue, until in self._set_aside_until.items() if until > now]

    def _set_aside(self, issue_id: int, error: DigestError) -> None:
        log.error("issue cannot be sent: %s", error, extra={"fields": {"issue": issue_id}})
        self._set_aside_until[issue_id] = self._clock.monotonic() + SET_ASIDE_SECONDS

    def put_back(self, task: Task) -> None:
        """Return a row that was not tried; others come first, for it may be what breaks
        connections.
        """
        self._in_flight[task.claim.lease.domain_group] -= 1
        self._ready.append(task)

    def let_go(self, claim: Claim) -> None:
        """Count one row of a chunk as out of our hands: its outcome is durable, or it is no longer
        ours.
        """
        self._in_flight[claim.lease.domain_group] -= 1
        self._count_down(claim)

    def shed(self, closed: Callable[[str], bool]) -> None:
        """Let go of rows at hand of `closed` domain groups; a spare relay may want them."""
        ready, self._ready = self._ready, deque()
        for task in ready:
            if closed(task.claim.lease.domain_group):
                self._count_down(task.claim)
            else:
                self._ready.append(task)

    async def doubt(self, claim: Claim) -> None:
        """Let go of a chunk's rows at hand unless its lease and its issue still stand: a dot was
        refused, and it need not have been about one reader.
        """
        if not await self.in_thread(self._stands, claim):
            lost, self._ready = self._ready, deque()
            for task in lost:
                if task.claim is claim:
                    self._count_down(claim)
                else:
                    self._ready.append(task)

    def _stands(self, claim: Claim) -> bool:
        with self._db.read() as session:
            return stands(session, claim.lease, self._clock.now())

    def _count_down(self, claim: Claim) -> None:
        claim.left -= 1
        if claim.left == 0:
            if self._claims.get(claim.lease.chunk_id) is claim:  # it may be leased anew by now
                del self._claims[claim.lease.chunk_id]
            self._done.append(claim)
            self._dry = False  # its retries may be due, and others wait for its group

    async def flush(self) -> None:
        """Give back the chunks whose rows are all out of our hands."""
        done, self._done = self._done, []
        if done:
            await self.in_thread(self._finish_chunks, done)

    def _finish_chunks(self, claims: Sequence[Claim]) -> None:
        with self._db.write() as session:
            for claim in claims:
                finish_chunk(session, claim.lease, later=claim.later)

    async def hand_back(self) -> None:
        """Give every chunk back, so that another process may go on at once. Call when nothing is in
        flight.
        """
        await self._end_feed()
        await self._give_back_allowances()
        self._ready.clear()
        claims = [*self._done, *self._claims.values()]
        self._done = []
        self._claims.clear()
        if claims or self.seats:
            await self.in_thread(self._finish_chunks, claims)
            await self.in_thread(self._stand_up)
        self.seats = 0

    async def _give_back_allowances(self) -> None:
        """Take back what limits allowed and nobody used, so that others may."""
        unused = Counter(task.claim for task in self._ready if task.claim.allowance is not None)
        if unused:
            await self.in_thread(self._write_back, dict(unused))

    def _write_back(self, unused: Mapping[Claim, int]) -> None:
        with self._db.write() as session:
            for claim, copies in unused.items():
                if claim.allowance is not None:
                    self._gate.give_back(session, claim.lease.domain_group, claim.allowance, copies)

    def _stand_up(self) -> None:
        with self._db.write() as session:
            free_seats(session, self._gate.relay, self._owner)

    async def _end_feed(self) -> None:
        """Wait for a chunk that is on its way; what failed there has nobody left to tell."""
        feed, self._feed = self._feed, None
        if feed is not None:
            try:
                await feed
            except Exception as error:
                log.error("no further chunk was leased: %s", error)

    def keep_alive(self) -> None:
        """Start renewing leases, and looking at the gate, in the background; `rest` ends it."""
        self._upkeep = [
            asyncio.create_task(self._renew_for_ever()),
            asyncio.create_task(self._look_for_ever()),
        ]

    async def rest(self) -> None:
        """Stop what `keep_alive` started."""
        for task in self._upkeep:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Exception as error:
                log.error("how the relay stands is not known: %s", error)

    async def look(self) -> None:
        """See how the relay stands, and how many of its connections are this process's."""
        self.seats = await self.in_thread(self._look)

    def _look(self) -> int:
        with self._db.write() as session:
            self._gate.refresh(session)
            now = self._clock.now()
            return self._gate.share(session, self._owner, now + self._lease, now)

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            claims = list(self._claims.values())
            if not claims:
                continue
            try:
                kept = await self.in_thread(self._renew, claims)
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

    async def in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        """Return what `work` returns, called on the ledger's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

"""The chunks this process works on: leased before rows run short, renewed while they last, given
back when settled.
"""

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from digest.delivery.pacing.seating import Asking, Seats
from digest.errors import DigestError

log = logging.getLogger(__name__)

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
        self._looking = asyncio.Lock()  # each look builds on the one before
        self._open: Callable[[], int] = int  # how many seats open connections take
        self.seats = 0  # how many connections this process may use now
        self._shares: Mapping[str, int] = {}  # the same by domain group, of those with a cap

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
        cap = self._gate.caps.get(group)
        return cap is None or self._in_flight[group] < min(cap, self._shares.get(group, 0))

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
            if self._dry and not self._has_new_caps():
                return self.take()
        return task

    async def _lease_next(self) -> None:
        if self._has_new_caps():
            await self.look()
        done, self._done = self._done, []
        leased = await self.in_thread(self._lease_chunk, done)
        # What was finished meanwhile may have work again, and so may groups we have no share of.
        self._dry = leased is None and not self._done and not self._has_new_caps()
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

    def _has_new_caps(self) -> bool:
        """Whether domain groups have a cap since a moment ago, and we no share of it yet."""
        return bool(self._gate.caps) and not self._gate.caps.keys() <= self._shares.keys()

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
        await self._give_back_allowances(self._ready)
        self._ready.clear()
        claims = [*self._done, *self._claims.values()]
        self._done = []
        self._claims.clear()
        if claims or self._gate.is_seated:
            await self.in_thread(self._finish_chunks, claims)
            await self.in_thread(self._stand_up)
        self.seats, self._shares = 0, {}

    async def _give_back_allowances(self, tasks: Iterable[Task]) -> None:
        """Take back what limits allowed to rows that were not tried, so that others may use it."""
        unused = Counter(task.claim for task in tasks if task.claim.allowance is not None)
        if unused:
            await self.in_thread(self._write_back, dict(unused))

    def _write_back(self, unused: Mapping[Claim, int]) -> None:
        with self._db.write() as session:
            for claim, copies in unused.items():
                if claim.allowance is not None:
                    self._gate.give_back(session, claim.lease.domain_group, claim.allowance, copies)

    def _stand_up(self) -> None:
        with self._db.write() as session:
            self._gate.stand_up(session, self._owner, self._clock.now())

    async def _end_feed(self) -> None:
        """Wait for a chunk that is on its way; what failed there has nobody left to tell."""
        feed, self._feed = self._feed, None
        if feed is not None:
            try:
                await feed
            except Exception as error:
                log.error("no further chunk was leased: %s", error)

    def keep_alive(self, seats_in_use: Callable[[], int]) -> None:
        """Start renewing leases, and looking at the gate, in the background; `rest` ends it.

        `seats_in_use` returns the highest number, from 1 on, of a connection that is open now.
        """
        self._open = seats_in_use
        self._upkeep = [
            asyncio.create_task(self._renew_for_ever()),
            asyncio.create_task(self._look_for_ever()),
        ]

    async def rest(self) -> None:
        """Stop what `keep_alive` started."""
        async with self._looking:  # never in the middle of a look
            for task in self._upkeep:
                task.cancel()
        for task in self._upkeep:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _look_for_ever(self) -> None:
        # Seats are renewed by looking, and must not run out in between.
        pause = min(LOOK_SECONDS, self._lease.total_seconds() / 3)
        while True:
            await asyncio.sleep(pause)
            try:
                await self.look()
            except Exception as error:
                log.error("how the relay stands is not known: %s", error)

    async def look(self) -> None:
        """See how the relay stands, and how many of its connections are this process's, in all and
        to each domain group that has a cap.
        """
        async with self._looking:
            if await self._look_once():
                await self._look_once()  # fewer than before: the others are given away at once
            await self._leave_to_others()

    async def _look_once(self) -> bool:
        """Take over what the store says; whether this process may use less than before."""
        before = Seats(self.seats, self._shares)
        seats = await self.in_thread(self._look, self._asking())
        self.seats, self._shares = seats.relay, seats.groups
        fewer = any(seats.groups.get(group, 0) < most for group, most in before.groups.items())
        return fewer or seats.relay < before.relay

    def _asking(self) -> Asking:
        """Return what is in use, or may be until the answer is there."""
        in_flight = {
            group: max(self._in_flight[group], self._shares.get(group, 0))
            for group in {*self._gate.caps, *self._shares}
        }
        at_hand = {claim.lease.domain_group for claim in self._claims.values()} if in_flight else ()
        in_use = Seats(max(self.seats, self._open()), in_flight)
        return Asking(self._owner, in_use, at_hand, self._lease)

    def _look(self, asking: Asking) -> Seats:
        with self._db.write() as session:
            self._gate.refresh(session)
            return self._gate.share(session, asking, self._clock.now())

    async def _leave_to_others(self) -> None:
        """Give back the chunks of domain groups to which other processes have all connections; all
        chunks where they have all of the relay's.
        """
        without = {group for group, most in self._shares.items() if most == 0}
        seated = self.seats > 0
        left = [t for t in self._ready if not seated or t.claim.lease.domain_group in without]
        if left:
            self.shed(lambda group: not seated or group in without)
            await self._give_back_allowances(left)
            await self.flush()

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

"""Drains the ledger through one relay: rows in, copies out, outcomes back, at most one dot per
copy.

Each connection goes round: take a row → may we still mail? → stage the copy → commit its dot
together with the outcome of the one before → release. No dot is written whose commit did not say
so, or said so too long ago. Nothing here is ever cancelled: stopping means that no new row is
taken.
"""

import asyncio
import logging
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from digest.clock import Clock
from digest.config import DeliveryConfig
from digest.delivery.backends.base import Backend, Channel
from digest.delivery.claims import Claim, Claims, Task
from digest.delivery.committer import Committed, Committer
from digest.delivery.copies import Copies, Copy
from digest.delivery.judgement import blames_setup, settle_outcome
from digest.delivery.ledger.rows import Dot, Settlement
from digest.delivery.outcome import Deferred, Outcome, Rejected
from digest.errors import BackendDown, DigestError
from digest.models import DeliveryState
from digest.subscribers.audience import may_mail

log = logging.getLogger(__name__)

DOT_WITHIN_SECONDS = 5.0  # a dot is written this soon after its commit, or not at all
IDLE_SECONDS = 0.5
PATIENCE_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)  # pauses while the relay is down
POISON_BREAKS = 3  # connections one copy may break before it waits like a deferred one
HELD_MOST = 50  # outcomes a connection may hold back for the next commit


@dataclass(slots=True)
class Hand:
    """What one connection holds: its channel, and outcomes that the next commit carries along."""

    channel: Channel | None = None
    held: list[tuple[Settlement, Claim]] = field(default_factory=list)


class Drain:
    """One relay's connections; see the module's text for their rules."""

    def __init__(
        self,
        *,
        clock: Clock,
        settings: DeliveryConfig,
        backend: Backend,
        connections: int,
        claims: Claims,
        committer: Committer,
        copies: Copies,
        jitter: random.Random,
    ) -> None:
        self._clock = clock
        self._window = timedelta(hours=settings.retry_window_hours)
        self._backend = backend
        self._connections = connections
        self._claims = claims
        self._committer = committer
        self._copies = copies
        self._jitter = jitter
        self._failures = 0
        self._staged = 0
        self._breaks = Counter[int]()  # by delivery id
        self._failed: BaseException | None = None
        self._stop = asyncio.Event()
        self._until_idle = False

    async def run(self, stop: asyncio.Event, *, until_idle: bool = False) -> None:
        """Work until `stop` is set, or with `until_idle` until nothing is due.

        With `until_idle`, raises BackendDown when the relay cannot be used; otherwise waits for it.
        Raises what the database raised. Claims are handed back before it returns or raises.
        """
        self._stop, self._until_idle, self._failed = stop, until_idle, None
        self._claims.keep_alive()
        try:
            await asyncio.gather(*(self._connection() for _ in range(self._connections)))
        finally:
            await self._claims.rest()
            await self._claims.hand_back()
        if self._failed is not None:
            raise self._failed

    async def _connection(self) -> None:
        """Go round until it is over; a failure is kept for `run`, so that the others end their
        round in peace.
        """
        hand = Hand()
        try:
            while not self._over_at_once():
                task = await self._claims.next_task()
                if task is not None:
                    await self._try(hand, task)
                elif hand.held:
                    await self._commit(hand)
                elif self._until_idle:
                    break
                else:
                    await _close(hand)
                    await self._pause(IDLE_SECONDS)
            if hand.held:
                await self._commit(hand)
        except Exception as error:
            self._failed = self._failed or error
        finally:
            await _close(hand)

    def _over_at_once(self) -> bool:
        return self._stop.is_set() or self._failed is not None

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return

    async def _try(self, hand: Hand, task: Task) -> None:
        row = task.row
        reason = may_mail(row.state, bool(row.suppressed), row.paused_until, self._clock.now())
        if reason is not None:
            await self._hold(
                hand, task, Settlement(row.id, DeliveryState.SKIPPED, None, reason=reason)
            )
            return
        try:
            copy = self._copies.make(task.claim.lease.issue_id, row)
        except DigestError as error:
            refused = Rejected(0, str(error), "cannot be addressed")
            await self._hold(hand, task, self._settlement(task, refused, epoch=None))
            return
        try:
            outcome = await self._stage(hand, copy, row.id)
        except BackendDown as error:
            await _close(hand)
            self._claims.put_back(task)
            await self._wait_for_relay(error)
            return
        if outcome is not None:
            await self._hold(hand, task, self._settlement(task, outcome, epoch=None))
        elif hand.channel is not None:
            await self._dot(hand, hand.channel, task)

    async def _stage(self, hand: Hand, copy: Copy, delivery_id: int) -> Deferred | Rejected | None:
        if hand.channel is None or not hand.channel.usable:
            await _close(hand)
            hand.channel = await self._backend.open()
        try:
            outcome = await hand.channel.stage(copy.envelope, copy.message)
        except BackendDown as error:
            if not self._is_poison(delivery_id):
                raise
            return Deferred(0, str(error))
        if blames_setup(outcome):
            raise BackendDown(f"the relay refuses our set-up: {outcome.text if outcome else ''}")
        self._failures = 0
        self._staged += 1
        return outcome

    def _is_poison(self, delivery_id: int) -> bool:
        """Whether a copy broke its connection again and again on a relay that takes others."""
        self._breaks[delivery_id] += 1
        return self._breaks[delivery_id] >= POISON_BREAKS and self._staged > 0

    async def _wait_for_relay(self, error: BackendDown) -> None:
        """The relay is down: rows stay pending, nobody is blamed, the pause grows."""
        self._failures += 1
        # One broken connection is everyday life; a try of every connection that failed is a relay
        # that is down.
        if self._until_idle and self._failures > self._connections:
            raise error
        seconds = PATIENCE_SECONDS[
            min(self._failures // self._connections, len(PATIENCE_SECONDS) - 1)
        ]
        log.warning("relay down: %s", error, extra={"fields": {"pause_seconds": seconds}})
        await self._pause(seconds if not self._until_idle else 0.1)

    async def _dot(self, hand: Hand, channel: Channel, task: Task) -> None:
        lease = task.claim.lease
        try:
            said = await self._commit(hand, Dot(task.row.id, lease))
        except BaseException:
            await channel.discard()
            raise
        if not said.dotted:
            await channel.discard()
            await self._claims.let_go(task.claim)
            return
        if self._clock.monotonic() - said.at > DOT_WITHIN_SECONDS:
            await channel.discard()
            outcome: Outcome = Deferred(0, "the dot was not written: too long after its commit")
        else:
            outcome = await channel.release()
        hand.held.append((self._settlement(task, outcome, epoch=lease.epoch), task.claim))

    def _settlement(self, task: Task, outcome: Outcome, *, epoch: int | None) -> Settlement:
        return settle_outcome(
            task.row.id,
            outcome,
            epoch=epoch,
            attempt=task.row.attempt + 1,
            not_before=task.row.not_before,
            now=self._clock.now(),
            window=self._window,
            jitter=self._jitter,
        )

    async def _hold(self, hand: Hand, task: Task, settlement: Settlement) -> None:
        hand.held.append((settlement, task.claim))
        if len(hand.held) >= HELD_MOST:
            await self._commit(hand)

    async def _commit(self, hand: Hand, dot: Dot | None = None) -> Committed:
        """Make what the hand holds durable, with the wish for a dot; then the chunks may be
        finished.
        """
        said = await self._committer.commit([settlement for settlement, _ in hand.held], dot)
        done, hand.held = hand.held, []
        for _, claim in done:
            await self._claims.let_go(claim)
        return said


async def _close(hand: Hand) -> None:
    channel, hand.channel = hand.channel, None
    if channel is not None:
        await channel.close()

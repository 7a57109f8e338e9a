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
from dataclasses import dataclass, field
from datetime import timedelta

from digest.clock import Clock
from digest.config import DeliveryConfig
from digest.delivery.backends.base import Backend, Channel
from digest.delivery.claims import Claim, Claims, Task
from digest.delivery.committer import Committed, Committer
from digest.delivery.copies import Copies, Copy
from digest.delivery.health import RelayHealth
from digest.delivery.judgement import blames_setup, settle_outcome
from digest.delivery.ledger.rows import Dot, Settlement
from digest.delivery.outcome import Deferred, Outcome, Rejected
from digest.errors import BackendDown, BadInput, DigestError
from digest.models import DeliveryState
from digest.rendering.headers import NeedsSmtpUtf8
from digest.subscribers.audience import may_mail

log = logging.getLogger(__name__)

DOT_WITHIN_SECONDS = 5.0  # a dot is written this soon after its commit, or not at all
IDLE_SECONDS = 0.5
TICK_PAUSE_SECONDS = 0.1  # before the next try of a round that somebody waits for
SAVE_PAUSES_SECONDS = (0.0, 0.5, 2.0)  # before each try to write the last outcomes
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
        self._health = RelayHealth(connections)
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
        """Work until it is over; a failure is kept for `run`, so that the others end in peace."""
        hand = Hand()
        try:
            await self._go_round(hand)
        except Exception as error:
            self._failed = self._failed or error
        finally:
            await self._save(hand)
            await _close(hand)

    async def _go_round(self, hand: Hand) -> None:
        while not self._over_at_once():
            task = await self._claims.next_task()
            if task is not None:
                await self._try(hand, task)
            elif hand.held:
                await self._commit(hand)
            elif self._until_idle:
                return
            else:
                await _close(hand)
                await self._pause(IDLE_SECONDS)

    async def _save(self, hand: Hand) -> None:
        """Write what is known of the last copies, whatever ended the round.

        What cannot be written stays dotted, and the next lease finds it in doubt.
        """
        for pause in SAVE_PAUSES_SECONDS:
            if not hand.held:
                return
            await asyncio.sleep(pause)
            try:
                await self._commit(hand)
            except Exception as error:
                self._failed = self._failed or error
                log.error("outcomes are not written yet: %s", error)

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
        except (BadInput, NeedsSmtpUtf8) as error:
            refused = Rejected(0, str(error), "cannot be addressed")
            await self._hold(hand, task, self._settlement(task, refused, epoch=None))
            return
        except DigestError as error:
            # A key that is missing, a value that was altered: one copy waits, no other does.
            log.error("copy not made: %s", error, extra={"fields": {"delivery": row.id}})
            later = Deferred(0, str(error))
            await self._hold(hand, task, self._settlement(task, later, epoch=None))
            return
        try:
            outcome = await self._stage(hand, copy, row.id)
        except BackendDown as error:
            await _close(hand)
            self._claims.put_back(task)
            await self._wait_for_relay(hand, error)
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
            if not self._health.blames_copy(delivery_id, refused=False):
                raise
            return Deferred(0, str(error))
        if outcome is not None and blames_setup(outcome):
            if not self._health.blames_copy(delivery_id, refused=True):
                raise BackendDown(f"the relay refuses our set-up: {outcome.text}")
            return Deferred(outcome.code, outcome.text)
        self._health.went_well(delivery_id)
        return outcome

    async def _wait_for_relay(self, hand: Hand, error: BackendDown) -> None:
        """The relay is down: rows stay pending, nobody is blamed, the pause grows."""
        if hand.held:
            await self._commit(hand)
        seconds = self._health.pause_seconds()
        if self._until_idle and self._health.looks_dead:
            raise error
        log.warning("relay down: %s", error, extra={"fields": {"pause_seconds": seconds}})
        await self._pause(TICK_PAUSE_SECONDS if self._until_idle else seconds)

    async def _dot(self, hand: Hand, channel: Channel, task: Task) -> None:
        lease = task.claim.lease
        try:
            said = await self._commit(hand, Dot(task.row.id, lease))
        except BaseException:
            await channel.discard()
            hand.held.append((self._undotted(task), task.claim))
            raise
        if not said.dotted:
            await channel.discard()
            await self._let_go(task.claim)
            return
        if self._clock.monotonic() - said.at > DOT_WITHIN_SECONDS:
            await channel.discard()
            outcome: Outcome = Deferred(0, "the dot was not written: too long after its commit")
        else:
            outcome = await channel.release()
        hand.held.append((self._settlement(task, outcome, epoch=lease.epoch), task.claim))

    def _undotted(self, task: Task) -> Settlement:
        """Take back a dot that may have been committed and was surely not written."""
        now, epoch = self._clock.now(), task.claim.lease.epoch
        return Settlement(task.row.id, DeliveryState.PENDING, epoch, next_at=now)

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
            await self._let_go(claim)
        return said

    async def _let_go(self, claim: Claim) -> None:
        try:
            await self._claims.let_go(claim)
        except Exception as error:
            # Its rows are settled; the lease runs out and the next owner finds nothing to do.
            log.error("a chunk was not given back: %s", error)


async def _close(hand: Hand) -> None:
    channel, hand.channel = hand.channel, None
    if channel is not None:
        await channel.close()

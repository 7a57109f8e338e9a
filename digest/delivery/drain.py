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
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.config import DeliveryConfig
from digest.db import Database
from digest.delivery.backends.base import Ahead, Backend, Channel
from digest.delivery.claims import Claims, Task
from digest.delivery.committer import Committer
from digest.delivery.copies import Copies, Copy
from digest.delivery.crash import crash_point
from digest.delivery.gate import Gate, News
from digest.delivery.health import RelayHealth
from digest.delivery.judgement import blames_setup, settle_outcome
from digest.delivery.ledger.rows import Dot, Settlement
from digest.delivery.made_ahead import HELD_MOST, Held, MadeAhead, Prepared
from digest.delivery.outcome import Deferred, Outcome, Rejected, Uncertain, unnamed
from digest.errors import BackendDown
from digest.models import DeliveryState

log = logging.getLogger(__name__)

T = TypeVar("T")

DOT_WITHIN_SECONDS = 5.0  # a dot is written this soon after its commit, or not at all
IDLE_SECONDS = 0.5
CHANCES = 3  # in a row that a relay gets at once from a round that somebody waits for
SHORT_REST_SECONDS = 5.0
WAIT_SECONDS = 0.1  # between looks whether a relay may be tried again
SAVE_PAUSES_SECONDS = (0.0, 0.5, 2.0)  # before each try to write the last outcomes
LONGEST_TURN_SECONDS = 1.0  # so that stopping is noticed


@dataclass(slots=True)
class Hand:
    """What one connection holds: its channel, the copy it does next, and outcomes that the next
    commit carries along.
    """

    number: int
    connected: bool = False  # from before its channel opens until that is closed
    channel: Channel | None = None
    next: Prepared | None = None
    held: Held = field(default_factory=list)


class Drain:
    """One relay's connections; see the module's text for their rules."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        gate: Gate,
        settings: DeliveryConfig,
        backend: Backend,
        connections: int,
        claims: Claims,
        committer: Committer,
        copies: Copies,
        jitter: random.Random,
    ) -> None:
        self._db = db
        self._clock = clock
        self._gate = gate
        self._window = timedelta(hours=settings.retry_window_hours)
        self._backend = backend
        self._connections = connections
        self._claims = claims
        self._committer = committer
        self._jitter = jitter
        self._health = RelayHealth()
        self._made = MadeAhead(
            clock=clock, gate=gate, claims=claims, copies=copies, settle=self._without_dot
        )
        self._hands: dict[int, Hand] = {}
        self._prober: Hand | None = None  # of a relay that is not well, the one that tries
        self._failed_chances = 0
        self._failed: BaseException | None = None
        self._stop = asyncio.Event()
        self._until_idle = False
        self._beat: Callable[[], None] = _unheard

    async def run(
        self,
        stop: asyncio.Event,
        *,
        until_idle: bool = False,
        beat: Callable[[], None] | None = None,
    ) -> None:
        """Work until `stop` is set, or with `until_idle` until nothing is due.

        With `until_idle`, raises BackendDown when the relay cannot be used; otherwise waits for it.
        Raises what the database raised. Claims are handed back before it returns or raises. `beat`
        is called at every turn of a connection: a sign that it goes on.
        """
        self._beat = beat or _unheard
        self._stop, self._until_idle, self._failed = stop, until_idle, None
        self._failed_chances = 0
        try:
            await self._committer.settle_owed()
            await self._claims.look()
            if until_idle:
                await self._wait_out_short_rest()
            self._claims.keep_alive(self._seats_in_use)
            await asyncio.gather(*(self._connection(n) for n in range(self._connections)))
        finally:
            self._made.put_back()
            await self._claims.rest()
            await self._claims.hand_back()
        if self._failed is not None:
            raise self._failed

    async def _wait_out_short_rest(self) -> None:
        """A round that somebody waits for need not fail for a relay's few seconds of rest."""
        until = self._gate.whole.open_until
        seconds = (until - self._clock.now()).total_seconds() if until else 0.0
        if 0 < seconds <= SHORT_REST_SECONDS:
            await self._pause(seconds)

    async def _connection(self, number: int) -> None:
        """Work until it is over; a failure is kept for `run`, so that the others end in peace."""
        hand = self._hands[number] = Hand(number)
        try:
            await self._go_round(hand)
        except Exception as error:
            self._failed = self._failed or error
        finally:
            self._unprepare(hand)
            if self._prober is hand:
                self._prober = None
            await self._save(hand)
            await _close(hand)

    async def _go_round(self, hand: Hand) -> None:
        while not self._over_at_once():
            self._beat()
            if not self._is_seated(hand):
                if self._until_idle:
                    return  # other processes have the other connections
                if not self._claims.seats:
                    self._made.put_back()  # they have them all, and may want these rows
                await self._stand_by(hand, IDLE_SECONDS)
            elif not self._gate.is_well and await self._held_up(hand):
                continue
            elif not await self._go_on(hand):
                return

    def _is_seated(self, hand: Hand) -> bool:
        return hand.number < self._claims.seats

    def _seats_in_use(self) -> int:
        """Return how many seats the open connections take: those up to the highest of them."""
        return max((hand.number + 1 for hand in self._hands.values() if hand.connected), default=0)

    async def _go_on(self, hand: Hand) -> bool:
        """Do the next thing there is to do; False when there is none and nobody waits for more."""
        if hand.next is None:
            hand.next = self._made.take(hand.held)
        if hand.next is not None:
            await self._try(hand, hand.next)
        elif len(hand.held) >= HELD_MOST:
            await self._commit(hand)
        elif (task := await self._claims.next_task()) is not None:
            self._made.start_with(task, hand.held)
        elif hand.held:
            await self._commit(hand)
        elif await self._wait_for_room():
            return True
        elif self._until_idle:
            if self._gate.rests(self._clock.now()):
                await self._give_up_round()
            return False
        else:
            await self._claims.flush()
            await _close(hand)
            await self._pause(IDLE_SECONDS)
        return True

    async def _wait_for_room(self) -> bool:
        """Wait where a limit lets more copies go within seconds; False when none does, or the clock
        stands still.
        """
        before = self._clock.now()
        seconds = self._gate.seconds_to_room(before)
        if seconds is None or seconds > SHORT_REST_SECONDS:
            return False
        await self._claims.flush()
        await self._pause(seconds)
        return self._clock.now() > before

    async def _held_up(self, hand: Hand) -> bool:
        """Wait while the relay rests, or while another connection finds out whether it is well.

        A round that somebody waits for gives a relay its next chances at once.
        """
        rests = self._gate.rests(self._clock.now())
        at_once = self._until_idle and self._gate.whole.failures <= 1
        if self._until_idle and rests and not at_once:
            await self._give_up_round()
            return False
        if self._prober is None and (at_once or not rests):
            self._prober = hand
        if self._prober is hand and (at_once or not rests):
            return False
        if rests and not at_once:
            self._made.put_back()
            self._claims.shed(lambda _group: True)
            await self._claims.flush()
        await self._stand_by(hand, WAIT_SECONDS)
        return True

    async def _stand_by(self, hand: Hand, seconds: float) -> None:
        """Wait with empty hands."""
        if self._prober is hand:
            self._prober = None
        self._unprepare(hand)
        await _close(hand)
        if hand.held:
            await self._commit(hand)
        await self._pause(seconds)

    async def _give_up_round(self) -> None:
        """Raise BackendDown when copies wait for this relay; without any, its trouble is none."""
        now = self._clock.now()
        if await self._claims.in_thread(self._reading, self._gate.has_work, now):
            raise BackendDown(f"relay {self._gate.relay} rests: {self._gate.whole.reason}")

    def _reading(self, ask: Callable[[Session, datetime], T], now: datetime) -> T:
        with self._db.read() as session:
            return ask(session, now)

    def _unprepare(self, hand: Hand) -> None:
        if hand.next is not None:
            self._claims.put_back(hand.next.task)
            hand.next = None

    async def _save(self, hand: Hand) -> None:
        """Write what is known of the last copies, whatever ended the round.

        What cannot be written is owed: the next round writes it first.
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
        self._committer.owe([settlement for settlement, _ in hand.held])

    def _over_at_once(self) -> bool:
        return self._stop.is_set() or self._failed is not None

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return

    async def _try(self, hand: Hand, prepared: Prepared) -> None:
        task = prepared.task
        if (wait := task.at - self._clock.monotonic()) > 0:
            await self._wait_for_turn(hand, wait)
            return
        if not self._gate.is_spotless and self._gate.is_closed(
            task.claim.lease.domain_group, self._clock.now()
        ):
            self._unprepare(hand)
            await _close(hand)  # its envelope may have been said ahead
            self._shed_closed()
            return
        hand.next = None
        self._committer.busy += 1
        try:
            await self._hand_over(hand, prepared)
        finally:
            self._committer.busy -= 1

    async def _hand_over(self, hand: Hand, prepared: Prepared) -> None:
        """Stage a copy, and where the relay takes it, ask for its dot and write it."""
        task = prepared.task
        began = self._clock.now()
        try:
            outcome = await self._stage(hand, prepared.copy, task.row.id)
        except BackendDown as error:
            await _close(hand)
            self._claims.put_back(task)
            await self._note_down(hand, error, began)
            return
        except BaseException:
            self._claims.put_back(task)
            raise
        if outcome is not None:
            hand.held.append((self._without_dot(task, outcome), task.claim))
            await self._note(hand, task, outcome)
        elif hand.channel is not None:
            await self._dot(hand, hand.channel, task, prepared.copy.envelope.rcpt_to)

    def _shed_closed(self) -> None:
        now = self._clock.now()
        self._made.put_back()
        self._claims.shed(lambda group: self._gate.is_closed(group, now))

    async def _wait_for_turn(self, hand: Hand, seconds: float) -> None:
        """A limit says when the next copy may leave; meanwhile nothing known stays unwritten."""
        if hand.held:
            await self._commit(hand)
        await self._pause(min(seconds, LONGEST_TURN_SECONDS))

    async def _stage(self, hand: Hand, copy: Copy, delivery_id: int) -> Deferred | Rejected | None:
        used = hand.channel is not None and hand.channel.usable
        if hand.channel is None or not used:
            await _close(hand)
            hand.connected = True
            hand.channel = await self._backend.open()
        try:
            said = await hand.channel.stage(copy.envelope, copy.message)
        except BackendDown as error:
            if used:
                # Servers end a connection after so many copies, some without a word. Only a fresh
                # one tells whether the relay is down.
                await _close(hand)
                return await self._stage(hand, copy, delivery_id)
            if not self._health.blames_copy(delivery_id, refused=False):
                raise
            return Deferred(0, str(error))
        outcome = None if said is None else unnamed(said, copy.envelope.rcpt_to)
        if outcome is not None and blames_setup(outcome):
            if not self._health.blames_copy(delivery_id, refused=True):
                raise BackendDown(
                    f"the relay refuses our set-up: {outcome.text}", code=outcome.code
                )
            return Deferred(outcome.code, outcome.text)
        self._health.went_well(delivery_id)
        return outcome

    async def _note_down(self, hand: Hand, error: BackendDown, began: datetime) -> None:
        """The relay is down: rows stay pending, nobody is blamed, it rests longer each time."""
        if hand.held:
            await self._commit(hand)
        now = self._clock.now()
        after = await self._claims.in_thread(self._writing, self._gate.note_down, error, began, now)
        self._failed_chances += hand is self._prober
        if self._until_idle and (after.failures > 1 or self._failed_chances >= CHANCES):
            raise error
        if self._until_idle:
            await self._pause(WAIT_SECONDS)
        log.warning("relay down: %s", error, extra={"fields": {"relay": self._gate.relay}})

    async def _note(self, hand: Hand, task: Task, outcome: Outcome) -> None:
        """Tell what an outcome means beyond its own row, once the row is settled."""
        lease = task.claim.lease
        if self._gate.is_news(lease.domain_group, outcome):
            await self._commit(hand)
            news = News(lease.domain_group, outcome, lease.issue_id)
            now = self._clock.now()
            await self._claims.in_thread(self._writing, self._gate.note_outcome, news, now)
            self._shed_closed()

    def _writing(self, verb: Callable[..., T], *arguments: object) -> T:
        with self._db.write() as session:
            return verb(session, *arguments)

    async def _dot(self, hand: Hand, channel: Channel, task: Task, to: str) -> None:
        """Ask for the dot of a copy to an address; while the commit runs, make the next copy."""
        lease, began = task.claim.lease, self._clock.now()
        held, hand.held = hand.held, []
        asked = self._committer.submit([s for s, _ in held], Dot(task.row.id, lease))
        if not self._over_at_once():
            hand.next = self._made.take(hand.held)
        try:
            said = await asked
        except BaseException:
            hand.held = [*held, *hand.held, (self._undotted(task), task.claim)]
            await channel.discard()
            raise
        for _, claim in held:
            self._claims.let_go(claim)
        if not said.dotted:
            await channel.discard()
            self._claims.let_go(task.claim)
            self._made.put_back()
            await self._claims.doubt(task.claim)
            return
        if self._clock.monotonic() - said.at > DOT_WITHIN_SECONDS:
            await channel.discard()
            outcome: Outcome = Deferred(0, "the dot was not written: too long after its commit")
        else:
            outcome = unnamed(await channel.release(self._ahead(hand)), to)
            crash_point("after_250")
        hand.held.append((self._settlement(task, outcome, epoch=lease.epoch), task.claim))
        await self._note(hand, task, outcome)
        if isinstance(outcome, Uncertain):
            await self._note_doubt(hand, outcome, began)
        else:
            self._health.answered()

    async def _note_doubt(self, hand: Hand, outcome: Uncertain, began: datetime) -> None:
        """A relay that answers no dot puts a reader in doubt with every try, so it has to rest."""
        if self._health.blames_relay() or not self._gate.is_well:
            said = f"relay {self._gate.relay}: dots in a row without an answer: {outcome.text}"
            await self._note_down(hand, BackendDown(said, in_doubt=True), began)

    def _ahead(self, hand: Hand) -> Ahead | None:
        """Return the envelope to say with the dot: of the next copy, where its turn has come."""
        if hand.next is None or self._over_at_once() or hand.next.task.at > self._clock.monotonic():
            return None
        return Ahead(hand.next.copy.envelope, hand.next.copy.size)

    def _undotted(self, task: Task) -> Settlement:
        """Take back a dot that may have been committed and was surely not written."""
        now, epoch = self._clock.now(), task.claim.lease.epoch
        return Settlement(task.row.id, DeliveryState.PENDING, epoch, next_at=now)

    def _without_dot(self, task: Task, outcome: Outcome) -> Settlement:
        return self._settlement(task, outcome, epoch=None)

    def _settlement(self, task: Task, outcome: Outcome, *, epoch: int | None) -> Settlement:
        return settle_outcome(
            task.row.id,
            outcome,
            epoch=epoch,
            attempt=task.row.attempt + 1,
            now=self._clock.now(),
            window=self._window,
            jitter=self._jitter,
        )

    async def _commit(self, hand: Hand) -> None:
        """Make what the hand holds durable; then its chunks may be finished."""
        held = list(hand.held)
        await self._committer.submit([settlement for settlement, _ in held])
        del hand.held[: len(held)]
        for _, claim in held:
            self._claims.let_go(claim)


async def _close(hand: Hand) -> None:
    channel, hand.channel = hand.channel, None
    if channel is not None:
        await channel.close()
    hand.connected = False


def _unheard() -> None:
    """Stand in for a beat where nobody listens."""

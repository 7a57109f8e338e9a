"""Copies made before a connection is free for them, a few at once.

Between two copies made apart, 70 kB have gone through the processor's cache, and the second takes
three times as long. Nothing here is committed or sent: a copy whose reader leaves meanwhile is
refused its dot like any other, and rows that were not tried are put back.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from digest.clock import Clock
from digest.delivery.claims import Claim, Claims, Task
from digest.delivery.copies import Copies, Copy
from digest.delivery.gate import Gate
from digest.delivery.ledger.rows import Settlement
from digest.delivery.outcome import Deferred, Outcome, Rejected
from digest.errors import BadInput, DigestError
from digest.models import DeliveryState
from digest.subscribers.audience import may_mail

log = logging.getLogger(__name__)

AT_ONCE = 32  # copies, ...
MAKING_SECONDS = 0.002  # ... and fewer where they take long: meanwhile no dot is written
FRESH_SECONDS = 60.0  # that a copy may wait: it has a Date
HELD_MOST = 50  # outcomes a connection may hold back for the next commit

Held = list[tuple[Settlement, Claim]]


@dataclass(slots=True)
class Prepared:
    """A row that may still be mailed, and its copy."""

    task: Task
    copy: Copy


class MadeAhead:
    """The copies of one relay that wait for a connection, in the order of their rows."""

    def __init__(
        self,
        *,
        clock: Clock,
        gate: Gate,
        claims: Claims,
        copies: Copies,
        settle: Callable[[Task, Outcome], Settlement],
    ) -> None:
        """Take rows from `claims`; `settle` says how one goes on that has no copy."""
        self._clock = clock
        self._gate = gate
        self._claims = claims
        self._copies = copies
        self._settle = settle
        self._made: deque[Prepared] = deque()
        self._made_at = 0.0  # monotonic seconds

    def take(self, held: Held) -> Prepared | None:
        """Return the next copy, None where no row is at hand; outcomes of rows that may not be
        mailed go to `held`.
        """
        if self._made and self._clock.monotonic() - self._made_at > FRESH_SECONDS:
            self.put_back()
        if not self._made and (task := self._claims.take()) is not None:
            self.start_with(task, held)
        return self._made.popleft() if self._made else None

    def start_with(self, task: Task, held: Held) -> None:
        """Make the copies of `task` and of rows after it."""
        now = self._made_at = self._clock.monotonic()
        # Where a limit says when each may leave, or how many at once, others may be sooner.
        most = 1 if self._gate.caps else AT_ONCE
        following: Task | None = task
        while following is not None:
            made = self._make(following)
            if isinstance(made, Settlement):
                held.append((made, following.claim))
            else:
                self._made.append(Prepared(following, made))
            if len(self._made) >= most or len(held) >= HELD_MOST or following.at > now:
                return
            if self._clock.monotonic() - now > MAKING_SECONDS:
                return
            following = self._claims.take()

    def put_back(self) -> None:
        """Put rows back whose copies nobody took."""
        while self._made:
            self._claims.put_back(self._made.pop().task)

    def _make(self, task: Task) -> Copy | Settlement:
        """Return the copy of a row, or how the row goes on without one."""
        row = task.row
        reason = may_mail(row.state, bool(row.suppressed), row.paused_until, self._clock.now())
        if reason is not None:
            return Settlement(row.id, DeliveryState.SKIPPED, None, reason=reason)
        try:
            return self._copies.make(task.claim.lease.issue_id, row)
        except BadInput as error:
            return self._settle(task, Rejected(0, str(error), "cannot be addressed"))
        except DigestError as error:
            # A key that is missing, a value that was altered: one copy waits, no other does.
            log.error("copy not made: %s", error, extra={"fields": {"delivery": row.id}})
            return self._settle(task, Deferred(0, str(error)))

"""The rows of ``relay_standings``: read as values, changed as one step each; decides nothing.

Every change reads the row anew under its lock, so several processes that report at once count every
report. Locks are taken in the order of the groups, the relay as a whole first.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from digest.delivery.breaker.judgement import (
    Down,
    Limits,
    after_answer,
    after_down,
    after_outcome,
    is_answer,
)
from digest.delivery.breaker.standing import PRISTINE, WHOLE, Standing
from digest.delivery.outcome import Outcome
from digest.inserts import insert_new
from digest.models import RelayStanding

_COLUMNS = (
    RelayStanding.open_until,
    RelayStanding.reason,
    RelayStanding.failures,
    RelayStanding.refusals,
    RelayStanding.connections,
    RelayStanding.down_since,
    RelayStanding.changed_at,
)


@dataclass(frozen=True, slots=True)
class Change:
    """How a report left one standing; both are the same when it was no news."""

    relay: str
    group: str
    before: Standing
    after: Standing

    @property
    def opened(self) -> bool:
        """Whether this very report opened it, or keeps it open for longer."""
        return self.after.open_until is not None and self.after.open_until != self.before.open_until

    @property
    def ended(self) -> bool:
        """Whether this very report ended a trouble."""
        return self.before.down_since is not None and self.after.down_since is None


def load_standings(session: Session, relay: str) -> dict[str, Standing]:
    """Return one relay's standings by domain group; a group that is not there is pristine."""
    rows = session.execute(
        select(*_COLUMNS, RelayStanding.domain_group).where(RelayStanding.relay == relay)
    )
    return {row.domain_group: Standing(*row[:-1]) for row in rows}


def load_relays(session: Session) -> dict[str, Standing]:
    """Return how each relay stands as a whole, by name; one that is not there is pristine."""
    rows = session.execute(
        select(*_COLUMNS, RelayStanding.relay).where(RelayStanding.domain_group == WHOLE)
    )
    return {row.relay: Standing(*row[:-1]) for row in rows}


def record_down(session: Session, relay: str, down: Down, now: datetime) -> Change:
    """Write that a relay could not be used."""
    return _change(session, relay, WHOLE, lambda standing: after_down(standing, down, now), now)


def record_outcomes(
    session: Session,
    relay: str,
    outcomes: Sequence[tuple[str, Outcome]],
    limits: Callable[[str], Limits],
    now: datetime,
) -> list[Change]:
    """Write what copies' outcomes, each with its domain group and in their order, say of a relay.

    `limits` returns what is configured for a group.
    """
    changes = []
    if any(is_answer(outcome) for _, outcome in outcomes):
        changes.append(
            _change(session, relay, WHOLE, lambda standing: after_answer(standing, now), now)
        )
    for group in sorted({group for group, _ in outcomes}):
        own = [outcome for of, outcome in outcomes if of == group]
        allowed = limits(group)

        def step(
            standing: Standing, own: Sequence[Outcome] = own, allowed: Limits = allowed
        ) -> Standing:
            for outcome in own:
                standing = after_outcome(standing, outcome, now, limits=allowed)
            return standing

        changes.append(_change(session, relay, group, step, now))
    return changes


def _change(
    session: Session,
    relay: str,
    group: str,
    step: Callable[[Standing], Standing],
    now: datetime,
) -> Change:
    """Take one step from the newest row, which nobody else changes meanwhile."""
    before = _lock(session, relay, group)
    if before is None and step(PRISTINE) != PRISTINE:
        # Somebody else's insert of the same row is waited for, and then found by the lock.
        key = {"relay": relay, "domain_group": group}
        empty = {**asdict(PRISTINE), "changed_at": now}
        session.execute(insert_new(session, RelayStanding).values({**key, **empty}))
        before = _lock(session, relay, group)
    before = before or PRISTINE
    after = step(before)
    if after != before:
        session.execute(
            update(RelayStanding)
            .where(RelayStanding.relay == relay, RelayStanding.domain_group == group)
            .values(asdict(after))
            .execution_options(synchronize_session=False)
        )
    return Change(relay, group, before, after)


def _lock(session: Session, relay: str, group: str) -> Standing | None:
    row = session.execute(
        select(*_COLUMNS)
        .where(RelayStanding.relay == relay, RelayStanding.domain_group == group)
        .with_for_update()
    ).first()
    return None if row is None else Standing(*row)

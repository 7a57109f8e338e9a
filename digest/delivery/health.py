"""How a relay behaves in this run: how long to wait for it, and when one copy is to blame instead.

Kept in memory on purpose: a restart may find the relay well again, and rows carry what must last.
"""

from dataclasses import dataclass

PATIENCE_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)  # pauses while the relay is down
POISON_FAILURES = 3  # of one copy, before it waits like a deferred one and lets others pass


@dataclass(slots=True)
class _Trouble:
    """One copy's failures, and how many copies were staged before its first."""

    failures: int
    staged_before: int


class RelayHealth:
    """Counts what went well and what failed on one relay; decides nothing else."""

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._failures = 0  # in a row, of any copy
        self._staged = 0
        self._troubles: dict[int, _Trouble] = {}  # by delivery id

    def went_well(self, delivery_id: int) -> None:
        """Note a copy that the relay answered for, whatever the answer."""
        self._failures = 0
        self._staged += 1
        self._troubles.pop(delivery_id, None)

    def pause_seconds(self) -> float:
        """Note a failure; return how long to leave the relay alone."""
        self._failures += 1
        return PATIENCE_SECONDS[min(self._failures // self._connections, len(PATIENCE_SECONDS) - 1)]

    @property
    def looks_dead(self) -> bool:
        """Whether more tries failed in a row than there are connections: one broken connection is
        everyday life.
        """
        return self._failures > self._connections

    def blames_copy(self, delivery_id: int, *, refused: bool) -> bool:
        """Note that a copy failed; return whether the copy is to blame and not the relay.

        A copy that breaks its connection (not `refused`) is, on a relay that has taken others. A
        refusal that sounds like our set-up is, when others got through between two of them.
        """
        trouble = self._troubles.setdefault(delivery_id, _Trouble(0, self._staged))
        trouble.failures += 1
        progress = self._staged > (trouble.staged_before if refused else 0)
        return trouble.failures >= POISON_FAILURES and progress

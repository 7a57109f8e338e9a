"""Tells a copy that breaks its connections from a relay that is down.

Kept in memory on purpose: after a restart the copy gets its three tries anew, and everything that
must last is in rows.
"""

from dataclasses import dataclass

DOUBTS_IN_A_ROW = 3  # dots without an answer, before the relay is to blame
POISON_FAILURES = 3  # of one copy, before it waits like a deferred one and lets others pass


@dataclass(slots=True)
class _Trouble:
    """One copy's failures, and how many copies were staged before its first."""

    failures: int
    staged_before: int


class RelayHealth:
    """Counts what went well and what failed on one relay; decides nothing else."""

    def __init__(self) -> None:
        self._staged = 0
        self._doubts = 0  # dots without an answer since the last with one
        self._troubles: dict[int, _Trouble] = {}  # by delivery id

    def went_well(self, delivery_id: int) -> None:
        """Note a copy that the relay answered for, whatever the answer."""
        self._staged += 1
        if self._troubles:
            self._troubles.pop(delivery_id, None)

    def answered(self) -> None:
        """Note that the relay answered for a copy, whatever it said."""
        self._doubts = 0

    def blames_relay(self) -> bool:
        """Note that a dot got no answer; return whether the relay is to blame and not chance."""
        self._doubts += 1
        return self._doubts >= DOUBTS_IN_A_ROW

    def blames_copy(self, delivery_id: int, *, refused: bool) -> bool:
        """Note that a copy failed; return whether the copy is to blame and not the relay.

        A copy that breaks its connection (not `refused`) is, on a relay that has taken others. A
        refusal that sounds like our set-up is, when others got through between two of them.
        """
        trouble = self._troubles.setdefault(delivery_id, _Trouble(0, self._staged))
        trouble.failures += 1
        progress = self._staged > (trouble.staged_before if refused else 0)
        return trouble.failures >= POISON_FAILURES and progress

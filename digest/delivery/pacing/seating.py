"""One process's seats with one relay, and with the domain groups through it that have a cap.

It knows which it may have, so that a process without any costs the store nothing. Works on the
ledger's thread.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from digest.delivery.pacing.limits import WHOLE
from digest.delivery.pacing.sharing import leave_seats, share_seats


@dataclass(frozen=True, slots=True)
class Seats:
    """How many connections of a relay, and how many copies at once to each domain group that has a
    cap.
    """

    relay: int = 0
    groups: Mapping[str, int] = field(default_factory=dict)

    def of(self, group: str) -> int:
        """Return how many of a group; WHOLE stands for the relay."""
        return self.relay if group == WHOLE else self.groups.get(group, 0)


@dataclass(frozen=True, slots=True)
class Asking:
    """What a process that asks for seats has already: those it may be using while it asks, and the
    domain groups of the chunks in its hands. `lease` is how long it gets them for.
    """

    owner: str
    in_use: Seats
    at_hand: Collection[str]
    lease: timedelta


class Seating:
    """Asks for seats and gives them up."""

    def __init__(self, relay: str) -> None:
        self._relay = relay
        self._taken: set[str] = set()  # groups of which this process may have seats

    @property
    def taken(self) -> frozenset[str]:
        """Return the groups of which this process may have seats; WHOLE stands for the relay."""
        return frozenset(self._taken)

    def share(self, session: Session, group: str, most: int, asking: Asking, now: datetime) -> int:
        """Take a share of a group's `most` seats, or with 0 give up all that are not in use; return
        how many may be used from now on.
        """
        name, until, in_use = self._name(group), now + asking.lease, asking.in_use.of(group)
        if most:
            self._taken.add(group)
            seats = share_seats(
                session,
                name,
                asking.owner,
                most=most,
                in_use=in_use,
                turns=group != WHOLE,
                until=until,
                now=now,
            )
            return len(seats)
        if group in self._taken:
            leave_seats(session, name, asking.owner, in_use=in_use, until=until, now=now)
            if not in_use:
                self._taken.discard(group)
        return 0

    def stand_up(self, session: Session, owner: str, now: datetime) -> None:
        """Give up all seats, for a clean stop: nothing is in flight."""
        for group in sorted(self._taken):
            leave_seats(session, self._name(group), owner, until=now, now=now)
        self._taken.clear()

    def _name(self, group: str) -> str:
        """Return the name under which seats are kept; no relay's own has a stroke in it."""
        return self._relay if group == WHOLE else f"{self._relay}/{group}"

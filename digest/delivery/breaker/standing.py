"""How a relay stands towards one domain group, as a value, and what may be asked of it: pure.

A standing is *clean* (nothing speaks against it), *counting* refusals, *open* (nothing is tried
before `open_until`) or *half-open* (that moment is past, and few connections try). Group ``""`` is
the relay as a whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

WHOLE = ""  # the domain group under which a relay as a whole is kept
RELAY_FORGOTTEN = timedelta(hours=1)  # one in trouble is tried every half hour while there is work


@dataclass(frozen=True, slots=True)
class Standing:
    """The columns of one row of ``relay_standings``; the key is the caller's.

    `refusals` is a run: refusals in a row, or below zero accepted copies in a row while a domain
    group recovers. Of a relay as a whole it counts refusals of our set-up, `failures` all openings.
    """

    open_until: datetime | None = None
    reason: str = ""
    failures: int = 0
    refusals: int = 0
    connections: int | None = None
    down_since: datetime | None = None
    changed_at: datetime | None = None


PRISTINE = Standing()


def is_clean(standing: Standing) -> bool:
    """Whether nothing speaks against it, so that one more accepted copy is no news."""
    return (
        standing.open_until is None
        and standing.connections is None
        and standing.refusals == 0
        and standing.failures == 0
    )


def may_try(standing: Standing, now: datetime) -> bool:
    """Whether a copy may be tried now."""
    return standing.open_until is None or standing.open_until <= now


def wait_until(standing: Standing, now: datetime) -> datetime | None:
    """Return the moment before which nothing is tried, or None when nothing waits."""
    return None if may_try(standing, now) else standing.open_until


def is_half_open(standing: Standing, now: datetime) -> bool:
    """Whether it was open, may be tried again, and has not yet shown that it is well."""
    return standing.open_until is not None and standing.open_until <= now


def is_forgotten(standing: Standing, now: datetime, after: timedelta) -> bool:
    """Whether nobody has met the trouble again for so long: what comes next is a new one."""
    moments = [moment for moment in (standing.open_until, standing.changed_at) if moment]
    return bool(moments) and now - max(moments) > after


def connections_for(standings: Mapping[str, Standing], group: str, configured: int) -> int:
    """Return how many connections may serve a group at once; `standings` are one relay's, by
    group.
    """
    caps = [standings.get(name, PRISTINE).connections for name in {WHOLE, group}]
    return min([configured, *(cap for cap in caps if cap is not None)])


def list_closed_groups(standings: Mapping[str, Standing], now: datetime) -> list[str]:
    """Return the domain groups of one relay whose chunks are to be left alone now, in order."""
    return sorted(
        group
        for group, standing in standings.items()
        if group != WHOLE and not may_try(standing, now)
    )


def find_next_try(standings: Mapping[str, Standing], now: datetime) -> datetime | None:
    """Return when the first of these may be tried again, or None when none is open."""
    waits = [wait_until(standing, now) for standing in standings.values()]
    return min((moment for moment in waits if moment is not None), default=None)

"""What a relay's limits allow right now: pure, and for one scope at a time.

A scope is a relay as a whole (``""``) or one domain group through it; a copy needs room in both.
What counts is the moment a copy may leave, which lies at most `AHEAD` after the asking:

* per_second: copies of a scope are evenly spaced. A group that is slower than its relay is spread
  over moments the relay had booked closer together, so a relay may see at most one second's worth
  more than its rate; time that nobody used is never made up for.
* per_hour: at most so many in any 61 minutes of the clock, and so in any sliding hour.
* warm_up: at most `per_day` of the day (UTC). Before its first day nothing leaves: an address that
  is not meant to be used yet is not. After the last there is no such limit.

What is booked for later counts as well. A clock that is set back therefore allows nothing twice.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from digest.config import RelayConfig, WarmUpConfig

WHOLE = ""  # the scope of a relay as a whole
AHEAD = timedelta(seconds=1)  # how far into the future copies are allowed: one second's worth
MINUTE = timedelta(minutes=1)
WINDOW = 60 * MINUTE  # before the running minute; both ends count whole
# Clocks of machines that work together are not further apart; one that seems so was set back.
APART = timedelta(minutes=5)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Limit:
    """What one scope allows; None: no limit of that kind. At least one is given."""

    scope: str
    per_second: float | None
    per_hour: int | None
    warm_up: WarmUpConfig | None

    @property
    def counts(self) -> bool:
        """Whether copies have to be counted by minute."""
        return self.per_hour is not None or self.warm_up is not None


@dataclass(frozen=True, slots=True)
class Use:
    """Copies to one domain group (``""``: to all) that were allowed to leave in one minute."""

    domain_group: str
    minute: datetime
    copies: int


@dataclass(frozen=True, slots=True)
class Used:
    """What a scope has used up: (minute, copies) from `WINDOW` before the first departure on,
    oldest first, and all copies since that day began.
    """

    limit: Limit
    minutes: Sequence[tuple[datetime, int]] = ()
    today: int = 0


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many copies may leave: the first at `not_before`, each `spacing` seconds after the one
    before, all in one minute of the clock. `next_at` says when to ask for what was not granted.
    """

    granted: int
    not_before: datetime
    spacing: float = 0.0
    next_at: datetime | None = None


def is_limited(relay: RelayConfig, group: str, now: datetime) -> bool:
    """Whether copies to a domain group have to be asked for at all; costs no query."""
    return bool(limits_in_force(relay, group, now))


def limits_in_force(relay: RelayConfig, group: str, now: datetime) -> list[Limit]:
    """Return what limits a domain group through a relay, the relay as a whole first."""
    warm_up = relay.warm_up
    if warm_up is not None and allowed_on(warm_up, day_of(now)) is None:
        warm_up = None
    limits = [Limit(WHOLE, relay.per_second, relay.per_hour, warm_up)]
    if (own := relay.groups.get(group)) is not None:
        limits.append(Limit(group, own.per_second, own.per_hour, None))
    return [limit for limit in limits if limit.per_second is not None or limit.counts]


def allowed_on(warm_up: WarmUpConfig, day: date) -> int | None:
    """Return how many copies a warm-up allows on a day (UTC): 0 before its first, None after its
    last.
    """
    number = (day - warm_up.start).days
    if number < 0:
        return 0
    return warm_up.per_day[number] if number < len(warm_up.per_day) else None


def day_of(at: datetime) -> date:
    """Return the day, in UTC, that an instant counts for."""
    return at.astimezone(UTC).date()


def minute_of(at: datetime) -> datetime:
    """Return the beginning of the minute that an instant counts for."""
    return at.replace(second=0, microsecond=0)


def was_set_back(booked: datetime, now: datetime) -> bool:
    """Whether something is booked for so late that the clock must have been set back since."""
    return booked > now + APART


def pace_of(limit: Limit, free_at: datetime, now: datetime) -> datetime:
    """Return when a scope's pace is free, whatever the clock has been through since it was written.

    Nothing leaves later than `AHEAD` after it was booked: a moment far beyond that was written by a
    clock that has been set back, and its copies are gone.
    """
    latest = now + AHEAD + _pause(limit, 1)
    return max(latest if was_set_back(free_at, latest) else free_at, now)


def first_departure(paces: Sequence[tuple[Limit, datetime]], now: datetime) -> datetime:
    """Return when the next copy may leave as far as the paces (limit, free at) go."""
    return max([now, *(free for limit, free in paces if limit.per_second is not None)])


def pace_after(limit: Limit, free_at: datetime, allowance: Allowance) -> datetime:
    """Return when a scope's pace is free once an allowance is booked.

    A relay books moments of its own for a slow group's copies, so that other groups may use those
    between; a group has its moments for itself and waits for the relay's.
    """
    begins = free_at if limit.scope == WHOLE else allowance.not_before
    return begins + _pause(limit, allowance.granted)


def _pause(limit: Limit, copies: int) -> timedelta:
    if limit.per_second is None:
        return timedelta()
    return timedelta(microseconds=math.ceil(copies * 1_000_000 / limit.per_second))


def judge(used: Sequence[Used], wanted: int, *, first: datetime, now: datetime) -> Allowance:
    """Return how many of `wanted` (at least one) copies may leave from `first` on; see the module
    for the rules.
    """
    rates = [use.limit.per_second for use in used if use.limit.per_second is not None]
    spacing = 1 / min(rates) if rates else 0.0
    rooms = [min(_hour_room(use), _day_room(use, first)) for use in used]
    granted = int(max(0, min(wanted, _pace_room(spacing, first, now), *rooms)))
    if granted == wanted:
        return Allowance(granted, first, spacing)
    again = [now]
    if spacing:
        again.append(first + timedelta(seconds=granted * spacing) - AHEAD / 2)
    for use in used:
        again += [_hour_frees(use, granted, first), _day_frees(use, granted, first)]
    return Allowance(granted, first, spacing, max(again))


def _pace_room(spacing: float, first: datetime, now: datetime) -> float:
    """Return how many copies leave within `AHEAD` and within the minute, evenly spaced."""
    if not spacing:
        return math.inf
    end = min(now + AHEAD, minute_of(first) + MINUTE)
    return math.ceil((end - first).total_seconds() / spacing - 1e-9)


def _hour_room(use: Used) -> float:
    if use.limit.per_hour is None:
        return math.inf
    return use.limit.per_hour - sum(copies for _, copies in use.minutes)


def _hour_frees(use: Used, granted: int, first: datetime) -> datetime:
    """Return when the hour has room for one copy more than `granted`; long ago when it has now."""
    frees, full = LONG_AGO, granted - _hour_room(use)
    for minute, copies in sorted([*use.minutes, (minute_of(first), granted)]):
        if full < 0:
            break
        full -= copies
        frees = minute + WINDOW + MINUTE
    return frees


def _day_room(use: Used, first: datetime) -> float:
    if use.limit.warm_up is None:
        return math.inf
    allowed = allowed_on(use.limit.warm_up, day_of(first))
    return math.inf if allowed is None else allowed - use.today


def _day_frees(use: Used, granted: int, first: datetime) -> datetime:
    """Return when a day has room for one copy more than `granted`; long ago when this one has."""
    if use.limit.warm_up is None or _day_room(use, first) > granted:
        return LONG_AGO
    day = max(day_of(first) + timedelta(days=1), use.limit.warm_up.start)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)

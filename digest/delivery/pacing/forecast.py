"""When the last copy will leave: the rules of limits.py played forward, pure.

Groups go in parallel. Each minute the relay's room is dealt out to them copy by copy in turn, so
that what a group cannot use is left to the others. Minutes in which nothing may leave are jumped
over. It knows nothing of refusals, retries or other newsletters on the same relay.
"""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from digest.config import GroupLimits, RelayConfig
from digest.delivery.pacing.budget import MINUTE, Budget, Terms
from digest.delivery.pacing.limits import WHOLE, Use, minute_of

# What one connection is assumed to hand over in a second where nothing limits it: a relay some
# 30 ms away that needs three round trips for a copy.
COPIES_PER_CONNECTION = 10.0
HORIZON = timedelta(days=120)  # a forecast looks no further; a warm-up has at most 90 days
MORNINGS = "schedule.readers_morning"


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many copies to one domain group that may leave from `not_before` on."""

    not_before: datetime
    domain_group: str
    copies: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the last copy leaves, of all and of each domain group; None: not within `HORIZON`.

    `limited_by` is the key of the configuration that the last group waits for longest; empty when
    there are no copies.
    """

    last_at: datetime | None
    by_group: Mapping[str, datetime | None]
    limited_by: str


def forecast(
    audience: Iterable[Waiting],
    relay: str,
    limits: RelayConfig,
    *,
    start: datetime,
    used: Sequence[Use] = (),
    copies_per_connection: float = COPIES_PER_CONNECTION,
) -> Forecast:
    """Return when the copies of an audience leave through a relay, none before `start`.

    `used` is what the relay was given in the hour and the day (UTC) before. Where nothing else
    limits it, each of its connections is assumed to take `copies_per_connection` a second.
    """
    base = minute_of(start.astimezone(UTC))
    whole = Terms(
        f"relays.{relay}",
        limits.per_second,
        limits.connections * copies_per_connection,
        limits.per_hour,
        limits.warm_up,
    )
    queues = _queues(audience, (start - base).total_seconds(), base)
    for queue in queues:
        own = limits.groups.get(queue.group, GroupLimits())
        terms = _group_terms(f"{whole.prefix}.groups.{queue.group}", own, copies_per_connection)
        queue.budget = Budget(terms, _uses_of(queue.group, used), base)
    _play(Budget(whole, _uses_of(WHOLE, used), base), queues)
    return _told(queues, base, start)


def overruns(forecast: Forecast, next_due: datetime) -> bool:
    """Whether copies would still leave when the next issue is due."""
    return forecast.last_at is None or forecast.last_at >= next_due


def _group_terms(prefix: str, own: GroupLimits, copies_per_connection: float) -> Terms:
    capacity = None if own.connections is None else own.connections * copies_per_connection
    return Terms(prefix, own.per_second, capacity, own.per_hour)


def _uses_of(scope: str, used: Sequence[Use]) -> list[Use]:
    return [use for use in used if use.domain_group == scope]


@dataclass(slots=True)
class _Queue:
    """One domain group's copies; times are seconds since the forecast's first minute."""

    group: str
    start: float
    arrivals: deque[tuple[float, int]]  # (not before, copies), earliest first
    budget: Budget = field(init=False)
    waiting: int = 0
    began: float = 0.0  # when copies began to wait that have not all left since
    left: float = 0.0  # when the last of them did
    held_up: defaultdict[str, float] = field(  # seconds since `began`, by key
        default_factory=lambda: defaultdict(float)
    )

    @property
    def is_open(self) -> bool:
        """Whether copies have not left."""
        return bool(self.waiting or self.arrivals)

    def admit(self, at: float) -> None:
        """Take in what may leave from `at` on."""
        while self.arrivals and self.arrivals[0][0] <= at:
            if not self.waiting:
                self.began = at
                self.held_up.clear()
            self.waiting += self.arrivals.popleft()[1]

    @property
    def limited_by(self) -> str:
        """Return what its last copies waited for longest."""
        if not self.held_up or self.began - self.start > sum(self.held_up.values()):
            return MORNINGS
        return max(self.held_up, key=self.held_up.__getitem__)


def _queues(audience: Iterable[Waiting], start: float, base: datetime) -> list[_Queue]:
    copies = Counter[tuple[str, float]]()
    for part in audience:
        at = max((part.not_before - base).total_seconds(), start)
        copies[part.domain_group, at] += part.copies
    arrivals: dict[str, deque[tuple[float, int]]] = {}
    for (group, at), count in sorted(copies.items()):
        if count > 0:
            arrivals.setdefault(group, deque()).append((at, count))
    return [_Queue(group, start, waiting) for group, waiting in arrivals.items()]


def _play(whole: Budget, queues: Sequence[_Queue]) -> None:
    """Let copies leave until none is left, or `HORIZON` is reached."""
    at = _next_arrival(queues)
    while at < HORIZON.total_seconds():
        for queue in queues:
            queue.admit(at)
        active = [queue for queue in queues if queue.waiting]
        later = _next_arrival(queues)
        if not active:
            at = later
            continue
        end = min((at // MINUTE + 1) * MINUTE, later)
        if not _let_leave(whole, active, at, end):
            end = max(end, min(_wait(whole, active, at), later))
        at = end


def _next_arrival(queues: Iterable[_Queue]) -> float:
    return min((queue.arrivals[0][0] for queue in queues if queue.arrivals), default=math.inf)


def _let_leave(whole: Budget, active: Sequence[_Queue], at: float, end: float) -> int:
    """Deal out the room in [at, end), which lies in one minute; return how many copies left."""
    rooms = [queue.budget.room(at, end) for queue in active]
    wishes = [min(room, queue.waiting) for (room, _), queue in zip(rooms, active, strict=True)]
    total, whole_key = whole.room(at, end)
    shares = deal(wishes, total)
    if not any(shares):
        return 0
    whole_begins = max(at, whole.free)
    for place, (queue, share) in enumerate(zip(active, shares, strict=True)):
        own, key = max(at, queue.budget.free), rooms[place][1]
        if share:
            slot = whole_begins + _turn(shares, place) * whole.spacing
            own += (share - 1) * queue.budget.spacing
            queue.left = max(own, slot)
            queue.budget.book(share, at)
            queue.waiting -= share
            if not queue.waiting:
                key = whole.pace if slot >= own else queue.budget.pace
        queue.held_up[whole_key if share < wishes[place] else key] += end - at
    whole.book(sum(shares), at)
    return sum(shares)


def deal(wishes: Sequence[int], total: int) -> list[int]:
    """Return what each gets when `total` things are dealt out one by one in turn, to nobody more
    than they wish.
    """
    shares = [0] * len(wishes)
    hungry = [place for place, wish in enumerate(wishes) if wish]
    while hungry and total:
        each = min(total // len(hungry), min(wishes[place] - shares[place] for place in hungry))
        for place in hungry if each else hungry[:total]:
            shares[place] += each or 1
            total -= each or 1
        hungry = [place for place in hungry if shares[place] < wishes[place]]
    return shares


def _turn(shares: Sequence[int], place: int) -> int:
    """Return how many things were dealt out before the last one of `place`."""
    last = shares[place]
    before = sum(min(share, last) for share in shares[:place])
    return before + last - 1 + sum(min(share, last - 1) for share in shares[place + 1 :])


def _wait(whole: Budget, active: Sequence[_Queue], at: float) -> float:
    """Return when the first of these groups may go on, nothing being possible before."""
    opens, key = whole.opens(at)
    moments = [max(queue.budget.opens(at), (opens, key)) for queue in active]
    until = min(moment for moment, _ in moments)
    for queue, (_, what) in zip(active, moments, strict=True):
        queue.held_up[what] += until - at
    return until


def _told(queues: Sequence[_Queue], base: datetime, start: datetime) -> Forecast:
    if not queues:
        return Forecast(start, {}, "")
    by_group = {
        queue.group: None if queue.is_open else base + timedelta(seconds=queue.left)
        for queue in queues
    }
    last = max(queues, key=lambda queue: (queue.is_open, queue.left))
    return Forecast(by_group[last.group], by_group, last.limited_by)

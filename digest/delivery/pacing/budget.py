"""One scope's limits in a forecast, and what is used of them so far: limits.py for many copies at a
time.

Times are seconds since `base`, the whole minute (UTC) a forecast begins in. Pure.
"""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from digest.config import WarmUpConfig
from digest.delivery.pacing.limits import WINDOW, Use, allowed_on

ENDLESS = 1 << 62  # more room than anybody needs
MINUTE = 60
DAY = 86_400
WINDOW_MINUTES = WINDOW // timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """What one scope allows, each kind under its key in the configuration after `prefix`.

    `capacity` is what its connections take in a second; None: no limit of that kind.
    """

    prefix: str
    per_second: float | None = None
    capacity: float | None = None
    per_hour: int | None = None
    warm_up: WarmUpConfig | None = None


class Budget:
    """How much room a scope has when, and which limit leaves it no more."""

    def __init__(self, terms: Terms, used: Iterable[Use], base: datetime) -> None:
        self._terms = terms
        paces = [(terms.per_second, "per_second"), (terms.capacity, "connections")]
        rates = [(rate, f"{terms.prefix}.{key}") for rate, key in paces if rate is not None]
        rate, self.pace = min(rates, default=(math.inf, ""))
        self.spacing = 1 / rate
        self.free = 0.0  # when the pace is
        self._minutes = deque[tuple[int, int]]()  # (minute, copies), oldest first
        self._in_hour = 0
        self._first_day = base.date()
        self._midnight = (datetime.combine(base, time(), base.tzinfo) - base).total_seconds()
        self._day = 0
        self._today = 0
        for use in sorted(used, key=lambda use: use.minute):
            # What a clock ahead of ours has booked counts as of now.
            self._count(use.copies, min((use.minute - base).total_seconds(), 0.0))

    def room(self, at: float, end: float) -> tuple[int, str]:
        """Return how many copies may leave in [at, end), which lies in one minute, and the key of
        what allows no more.
        """
        self._let_pass(at)
        rooms = [(ENDLESS, self.pace)]
        if self.spacing:
            rooms.append((self._pace_room(at, end), self.pace))
        if self._terms.per_hour is not None:
            rooms.append((self._terms.per_hour - self._in_hour, f"{self._terms.prefix}.per_hour"))
        if (allowed := self._allowed()) is not None:
            rooms.append((allowed - self._today, f"{self._terms.prefix}.warm_up"))
        room, key = min(rooms, key=lambda room: room[0])
        return max(room, 0), key

    def opens(self, at: float) -> tuple[float, str]:
        """Return when there is room for a copy, from `at` on, and the key of what it waits for."""
        self._let_pass(at)
        moments = [
            (max(at, self.free), self.pace),
            (self._hour_opens(at), f"{self._terms.prefix}.per_hour"),
            (self._day_opens(at), f"{self._terms.prefix}.warm_up"),
        ]
        return max(moments, key=lambda moment: moment[0])

    def book(self, copies: int, at: float) -> None:
        """Use room for copies that leave from `at` on, in its minute."""
        self.free = max(at, self.free) + copies * self.spacing
        self._count(copies, at)

    def _pace_room(self, at: float, end: float) -> int:
        return math.ceil((end - max(at, self.free)) / self.spacing - 1e-9)

    def _count(self, copies: int, at: float) -> None:
        minute = int(at // MINUTE)
        self._in_hour += copies
        if at >= self._midnight + self._day * DAY:
            self._today += copies
        if self._minutes and self._minutes[-1][0] == minute:
            copies += self._minutes.pop()[1]
        self._minutes.append((minute, copies))

    def _let_pass(self, at: float) -> None:
        """Forget what no longer counts at `at`."""
        oldest = int(at // MINUTE) - WINDOW_MINUTES
        while self._minutes and self._minutes[0][0] < oldest:
            self._in_hour -= self._minutes.popleft()[1]
        day = int((at - self._midnight) // DAY)
        if day > self._day:
            self._day, self._today = day, 0

    def _allowed(self) -> int | None:
        if self._terms.warm_up is None:
            return None
        return allowed_on(self._terms.warm_up, self._first_day + timedelta(days=self._day))

    def _hour_opens(self, at: float) -> float:
        if self._terms.per_hour is None:
            return at
        full = self._in_hour - self._terms.per_hour
        for minute, copies in self._minutes:
            if full < 0:
                break
            full -= copies
            at = float((minute + WINDOW_MINUTES + 1) * MINUTE)
        return at

    def _day_opens(self, at: float) -> float:
        allowed = self._allowed()
        if self._terms.warm_up is None or allowed is None or allowed > self._today:
            return at
        first = (self._terms.warm_up.start - self._first_day).days
        return self._midnight + max(self._day + 1, first) * DAY

"""One round of watching: look, tell what began and what is over, and notice where we were away.

A round that was not made for long is itself news: the mark of the last one says since when.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from digest.app import App
from digest.models import InstanceValue
from digest.operations.watching.looking import look_over
from digest.operations.watching.marks import SEEN
from digest.operations.watching.pulses import Pulses
from digest.operations.watching.troubles import Key, Plan, Seen, Teller, list_troubles

log = logging.getLogger(__name__)

AWAY = timedelta(minutes=15)  # longer than a restart, an upgrade, or a cron entry's pause
JUMP = timedelta(minutes=2)  # what NTP slews is far below


@dataclass(frozen=True, slots=True)
class Reading:
    """Both clocks at one moment: the wall's, and one that cannot be set."""

    wall: datetime
    steady: float


def jumped_by(before: Reading, after: Reading) -> timedelta:
    """Return how much further the wall clock went than time did; zero where that is little."""
    gone = timedelta(seconds=after.steady - before.steady)
    jump = (after.wall - before.wall) - gone
    return jump if abs(jump) > JUMP else timedelta(0)


class Watcher:
    """Owns what is remembered from one round to the next; `pulses` are of the process it is in."""

    def __init__(self, app: App, pulses: Pulses | None = None) -> None:
        self._app = app
        self._pulses = pulses
        self._teller = Teller(app.config, app.sealer)
        self._last: Reading | None = None

    def look(self) -> Plan:
        """Do one round; returns what it found and told."""
        clock = self._app.clock
        reading = Reading(clock.now(), clock.monotonic())
        jump = jumped_by(self._last, reading) if self._last else timedelta(0)
        self._last = reading
        with self._app.db.read() as session:
            known = frozenset(list_troubles(session))
        found = [*look_over(self._app, known), *self._look_at_parts()]
        with self._app.db.write() as session:
            mark = session.get(InstanceValue, SEEN, with_for_update=True)
            last = mark.at if mark else reading.wall
            if reading.wall - last > AWAY:
                self._say_away(session, last, reading.wall)
            elif jump:  # one forward by more than that looks like a machine that slept
                self._say_jump(session, jump, reading.wall)
            session.merge(InstanceValue(name=SEEN, value="", at=reading.wall))
            plan = self._teller.write(session, found, reading.wall)
        _log(plan)
        return plan

    def _look_at_parts(self) -> list[Seen]:
        return [
            Seen("part-hangs", name) for name in (self._pulses.silent() if self._pulses else [])
        ]

    def _say_away(self, session: Session, since: datetime, until: datetime) -> None:
        what = f"from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC"
        log.warning("the scheduler was away %s", what)
        self._teller.happened(session, "scheduler-away", what, "", until)

    def _say_jump(self, session: Session, jump: timedelta, now: datetime) -> None:
        seconds = round(jump.total_seconds())
        what = f"{'forward' if seconds > 0 else 'back'} by {abs(seconds)} seconds"
        log.warning("the clock jumped %s", what)
        self._teller.happened(session, "clock-jumped", what, "", now)


def _log(plan: Plan) -> None:
    for key in plan.began:
        log.warning("trouble: %s", plan.seen[key][1] or "it lasts", extra=_fields(key))
    for key in plan.over:
        log.info("trouble is over", extra=_fields(key))


def _fields(key: Key) -> dict[str, object]:
    return {"fields": {"trouble": key[0], "subject": key[1]}}

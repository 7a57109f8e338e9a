"""The guard at the one gate that all sending passes: is this the database's home, and is the
database as far as it was?

A look costs one small query and one small file; it is taken with every lease of a chunk, every
second of a run, every tick and every round of notices. Nothing else decides whether something may
be sent.
"""

import contextlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.delivery.home import rows
from digest.delivery.home.judgement import (
    ABOUT_THE_DATABASE,
    Here,
    Hold,
    Said,
    Why,
    is_silent,
    judge_home,
)
from digest.delivery.home.machine import Machine, read_machine
from digest.delivery.home.marker import LastDot, MarkerFile
from digest.errors import ConfigError

log = logging.getLogger(__name__)

SAY_EVERY = timedelta(minutes=10)
WHAT_TO_DO = "nothing is sent; digest takeover shows what is held and lets it go"


@dataclass(frozen=True, slots=True)
class _Seen:
    said: Said
    here: Here
    hold: Hold | None


class Home:
    """One process's guard. Without a file (a store in memory) everything is at home."""

    def __init__(
        self,
        file: Path | None,
        clock: Clock,
        *,
        silence: timedelta = timedelta(0),
        machine: Machine | None = None,
    ) -> None:
        self.file = MarkerFile(file) if file is not None else None
        self._clock = clock
        self._silence = silence
        self._machine = machine if machine is not None else read_machine()
        self._heard = False  # whether this process has looked before: it has not been asleep
        self._writes = False  # whether dots are worth writing down: the database knows this home
        self._said_at: datetime | None = None

    def hold(self, session: Session) -> Hold | None:
        """Return why nothing may be sent from here, and since when; None when it may. Changes
        nothing.
        """
        return self._see(session).hold if self.file is not None else None

    def admit(self, session: Session, *, tick: bool = False) -> bool:
        """Whether something may be sent now. Writes down a home that is the first, a hold that is
        new and, with `tick`, how far the database has come; what a tick before has committed is
        taken into the file.
        """
        if self.file is None:
            return True
        seen, now = self._see(session), self._clock.now()
        if seen.hold is not None:
            self._keep(session, seen.hold, seen.here.name, now)
            self._say(seen.hold, now)
            return False
        home = seen.said.homes.get(seen.here.name)
        if home is None:
            self._settle_in(session, now)
        elif tick:
            self._count(session, seen, home.count, now)
        self._heard = self._writes = True
        return True

    def witness(self, issue_id: int, delivery_id: int, epoch: int) -> None:
        """Write a dot down that was just committed, before it is written to the relay."""
        if self.file is not None and self._writes:
            with contextlib.suppress(ConfigError):  # it is gone: the next look sees that
                self.file.witness(LastDot(issue_id, delivery_id, epoch))

    def settle(self, session: Session, *, alone: bool) -> None:
        """Make this place a home of the database, from now on: the only one, or one more. Call
        `settled` once that is committed.
        """
        if self.file is None:
            return
        marker, now = self.file.make(), self._clock.now()
        here = self._here(session)
        homes = rows.read_said(session, here.name).homes
        count = max([marker.count, *(each.count for each in homes.values())]) + 1
        if alone:
            rows.clear_homes(session)
            rows.clear_holds(session)
        else:
            rows.clear_hold_of(session, here.name)
        rows.instance_id(session, now)
        rows.write_home(session, here.name, count, here.machine, now)

    def settled(self) -> None:
        """Forget what the file knows of before: somebody has decided what becomes of that."""
        if self.file is not None:
            self.file.forget()
        self._heard = True

    def _see(self, session: Session) -> _Seen:
        # The file first: what it knows is committed, and so in whatever is read of the database
        # afterwards. Callers ask before they have read anything else in their transaction.
        here = self._here(session)
        said = rows.read_said(session, here.name)
        if said.holds:
            return _Seen(said, here, said.holds[0])
        why = judge_home(said, here) or self._judge_time(session, said, here)
        if why is None:
            return _Seen(said, here, None)
        return _Seen(said, here, Hold(why, self._clock.now(), why in ABOUT_THE_DATABASE))

    def _here(self, session: Session) -> Here:
        marker = self.file.read() if self.file is not None else None
        if marker is None:
            return Here(None, "", Machine())
        name = marker.home_in(rows.database_name(session))
        return Here(marker, name, self._machine.keyed(marker.secret))

    def _judge_time(self, session: Session, said: Said, here: Here) -> Why | None:
        home = said.homes.get(here.name)
        if home is None or here.marker is None:
            return None
        if not rows.knows_dots(session, here.marker.dots):
            return Why.OLDER
        last = max(each.at for each in said.homes.values())
        asleep = not self._heard and is_silent(last, self._clock.now(), self._silence)
        return Why.SILENT if asleep and rows.has_open_work(session) else None

    def _settle_in(self, session: Session, now: datetime) -> None:
        """Take the first place that a database is sent from as its home."""
        assert self.file is not None  # noqa: S101 - narrows the type
        self.file.make()
        here = self._here(session)
        if here.marker is not None and here.marker.is_used:
            self.file.forget()  # of a database that was here before
        rows.instance_id(session, now)
        count = here.marker.count + 1 if here.marker else 1
        rows.write_home(session, here.name, count, here.machine, now)
        log.info("the database is at home here", extra={"fields": {"home": str(self.file.path)}})

    def _count(self, session: Session, seen: _Seen, committed: int, now: datetime) -> None:
        """Count one more, and have in the file what was committed before: never more than that."""
        marker = seen.here.marker
        if self.file is not None and marker is not None and committed > marker.count:
            self.file.advance(marker, count=committed, instance=seen.said.instance)
        rows.write_home(session, seen.here.name, committed + 1, seen.here.machine, now)

    def _keep(self, session: Session, hold: Hold, home: str, now: datetime) -> None:
        """Write a hold down that is new, so that everybody sees it, and since when it is."""
        if hold.everywhere:
            rows.write_hold(session, hold.why, now, detail=hold.detail)
            return
        if not home and self.file is not None:
            self.file.make()  # or this place had no name to be held by
            home = self._here(session).name
        rows.write_hold(session, hold.why, now, home=home, detail=hold.detail)

    def _say(self, hold: Hold, now: datetime) -> None:
        if self._said_at is None or now - self._said_at >= SAY_EVERY or now < self._said_at:
            self._said_at = now
            log.error("held: %s: %s", hold, WHAT_TO_DO)

"""The dead man's ping: an address somewhere else is fetched while all goes well. Whoever misses it
knows that Friday is not well, whatever Friday itself can still say.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from digest.app import App
from digest.config import read_secret
from digest.delivery.home.rows import list_holds
from digest.errors import ConfigError, FetchFailed
from digest.models import Newsletter, Notice, NoticeState, Slot, SlotState
from digest.operations.watching.pulses import Pulses

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
LATE = timedelta(minutes=5)  # for a slot that nobody opened
ALERT_WAITS = timedelta(hours=1)  # an alert that cannot leave: then this is the only voice


@dataclass(slots=True)
class Ticks:
    """How the last tick ended: when, by a clock that cannot be set, and whether it did its work."""

    ended: float | None = None
    good: bool = False

    def end(self, at: float, *, good: bool) -> None:
        """Note that a tick ended."""
        self.ended, self.good = at, good


class Ping:
    """Asks for the address at most once a minute, after a tick; owns when it did so last."""

    def __init__(self, app: App, ticks: Ticks, pulses: Pulses) -> None:
        self._app = app
        self._ticks = ticks
        self._pulses = pulses
        self._sent: float | None = None

    def send(self) -> None:
        """Fetch the one address or the other if a tick ended since the last time; waits for the
        network, at most as long as the configuration lets it.
        """
        settings = self._app.config.watching
        if not self._is_time():
            return
        self._sent = self._app.clock.monotonic()
        troubles = self._list_troubles()
        if troubles:
            log.warning("no ping: %s", "; ".join(troubles))
        try:
            url = (
                read_secret(settings.fail_url, settings.fail_url_file, None)
                if troubles
                else read_secret(settings.ping_url, settings.ping_url_file, None)
            )
            if url is not None:
                self._app.fetcher.get(url)
        except FetchFailed as error:  # its words hold the address, which is a secret
            log.warning(
                "the ping was not answered well", extra={"fields": {"status": error.status}}
            )
        except ConfigError as error:
            log.error("no ping: %s", error)

    def _is_time(self) -> bool:
        ended = self._ticks.ended
        if self._sent is None:
            return ended is not None
        waited = self._app.clock.monotonic() - self._sent
        return waited >= EVERY_SECONDS and ended is not None and ended > self._sent

    def _list_troubles(self) -> list[str]:
        troubles = [f"the loop {name} hangs" for name in self._pulses.silent()]
        if not self._ticks.good:
            troubles.append("the last tick failed")
        with self._app.db.read() as session:
            return troubles + list_open_work(self._app, session, self._app.clock.now())


def list_open_work(app: App, session: Session, now: datetime) -> list[str]:
    """Return what a healthy tick would not have left, in words: slots that are not planned, or due
    and not opened; a hold; alerts that cannot leave.
    """
    troubles = []
    for newsletter in app.config.newsletters:
        of_it = (
            select(func.count())
            .select_from(Slot)
            .join(Newsletter, Newsletter.id == Slot.newsletter_id)
            .where(Newsletter.slug == newsletter.slug)
        )
        if not session.scalar(of_it.where(Slot.due_at > now)):
            troubles.append(f"the next slot of {newsletter.slug} is not planned")
        late = of_it.where(Slot.state == SlotState.PLANNED, Slot.due_at < now - LATE)
        if session.scalar(late):
            troubles.append(f"a due slot of {newsletter.slug} was not opened")
    if list_holds(session, now):
        troubles.append("nothing is sent before digest takeover")
    waiting = select(func.count()).where(
        Notice.kind == "alert",
        Notice.state == NoticeState.WAITING,
        Notice.created_at < now - ALERT_WAITS,
    )
    if session.scalar(waiting):
        troubles.append("an alert cannot leave")
    return troubles


def wants_ping(app: App) -> bool:
    """Tell whether any address was given."""
    settings = app.config.watching
    return any(
        (settings.ping_url, settings.ping_url_file, settings.fail_url, settings.fail_url_file)
    )

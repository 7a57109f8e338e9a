"""What one relay may do right now: which newsletters, which domain groups, how many copies at once.

Everything it says comes from rows (standings, limits); what it keeps is a snapshot, renewed with
every lease and every second, so that the common case costs a copy nothing. Methods that take a
session run on the ledger's thread, the others on the event loop.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.config import Config
from digest.delivery.breaker.bad_message import is_about_message
from digest.delivery.breaker.judgement import is_news
from digest.delivery.breaker.rows import load_relays, load_standings
from digest.delivery.breaker.standing import (
    PRISTINE,
    WHOLE,
    Standing,
    connections_for,
    is_clean,
    list_closed_groups,
    may_try,
)
from digest.delivery.breaker.watch import Watch
from digest.delivery.failover import list_relays, newsletters_for
from digest.delivery.ledger.leases import has_due_chunk, list_waiting_groups
from digest.delivery.outcome import Outcome
from digest.delivery.pacing.allowances import give_back, reserve
from digest.delivery.pacing.limits import Allowance, is_limited
from digest.delivery.pacing.seating import Asking, Seating, Seats
from digest.errors import BackendDown
from digest.models import Newsletter

SOON = timedelta(seconds=5)  # work that is due so soon is worth keeping seats for


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose chunks may be leased now, and which domain groups are left alone."""

    newsletter_ids: Sequence[int]
    closed_groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class News:
    """An outcome that may change how the relay stands."""

    group: str
    outcome: Outcome
    issue_id: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """For each copy that may leave, how many seconds from now; and when to ask for the others."""

    waits: Sequence[float]
    later: datetime | None = None
    allowance: Allowance | None = None


class Gate:
    """One relay's gate in one process."""

    def __init__(
        self,
        relay: str,
        config: Config,
        watch: Watch,
        may_send: Callable[[Session], bool] = lambda _session: True,
    ) -> None:
        """`may_send` is asked whenever the gate is looked at, in a transaction that may write."""
        self.relay = relay
        self._config = config
        self._may_send = may_send
        self._is_open = True  # as was said last
        self._watch = watch
        self._standings: Mapping[str, Standing] = {}
        configured = config.relays[relay]
        self._configured = {
            group: limits.connections
            for group, limits in configured.groups.items()
            if limits.connections is not None
        }
        self._connections = configured.connections
        self._full_until: dict[str, datetime] = {}  # spares asking for every chunk of a group
        self._seating = Seating(relay)
        self.caps: Mapping[str, int] = self._configured  # by domain group, where there is one

    @property
    def whole(self) -> Standing:
        """Return how the relay as a whole stands."""
        return self._standings.get(WHOLE, PRISTINE)

    @property
    def is_spotless(self) -> bool:
        """Whether nothing speaks against the relay nor any domain group."""
        return not self._standings

    @property
    def is_well(self) -> bool:
        """Whether nothing speaks against the relay; otherwise one connection at a time tries it."""
        return not self._standings or is_clean(self.whole)

    def rests(self, now: datetime) -> bool:
        """Whether nothing at all is tried through the relay now."""
        return not may_try(self.whole, now)

    def is_closed(self, group: str, now: datetime) -> bool:
        """Whether copies to this domain group are left alone now."""
        standing = self._standings.get(group)
        return standing is not None and not may_try(standing, now)

    def is_news(self, group: str, outcome: Outcome) -> bool:
        """Whether an outcome is worth `note_outcome`; accepted copies of a relay that is well are
        not.
        """
        return is_news(self._standings, group, outcome) or is_about_message(outcome)

    def look(self, session: Session, now: datetime) -> Sight:
        """Read how things stand."""
        self.refresh(session)
        newsletters = newsletters_for(self.relay, self._config, load_relays(session), now)
        if not self._is_open:
            newsletters = []
        full = {group for group, until in self._full_until.items() if until > now}
        return Sight(
            _ids(session, [newsletter.slug for newsletter in newsletters]),
            frozenset(list_closed_groups(self._standings, now)) | full,
        )

    def refresh(self, session: Session) -> None:
        """Read how the relay stands, and whether anything may be sent at all, without leasing
        anything.
        """
        self._is_open = self._may_send(session)
        self._keep(load_standings(session, self.relay))

    def has_work(self, session: Session, now: datetime) -> bool:
        """Whether copies are due that this relay could send if it were well."""
        return has_due_chunk(session, self._newsletters(session), now)

    def _newsletters(self, session: Session) -> list[int]:
        if not self._is_open:
            return []
        slugs = [n.slug for n in self._config.newsletters if self.relay in list_relays(n)]
        return _ids(session, slugs)

    def share(self, session: Session, asking: Asking, now: datetime) -> Seats:
        """Take this process's share of the relay's connections, and of the capped groups', while it
        has work for them; return how many it may use from now on.

        What it uses meanwhile is given to nobody else, so that the limits hold over all processes.
        """
        newsletters, due = self._newsletters(session), now + SOON
        most = self._connections if has_due_chunk(session, newsletters, due) else 0
        relay = self._seating.share(session, WHOLE, most, asking, now)
        wanted: set[str] = set()
        if relay and self.caps:
            wanted = list_waiting_groups(
                session, newsletters, self.caps, due=due, lease=asking.lease, now=now
            ).union(asking.at_hand)
        groups = {}
        for group in sorted({*self.caps, *self._seating.taken} - {WHOLE}):  # all in one order
            most = self.caps.get(group, 0) if group in wanted else 0
            groups[group] = self._seating.share(session, group, most, asking, now)
        return Seats(relay, {group: groups[group] for group in self.caps})

    @property
    def is_seated(self) -> bool:
        """Whether this process may have seats."""
        return bool(self._seating.taken)

    def stand_up(self, session: Session, owner: str, now: datetime) -> None:
        """Give up all seats of this process, for a clean stop: nothing is in flight."""
        self._seating.stand_up(session, owner, now)

    def is_limited(self, group: str, now: datetime) -> bool:
        """Whether copies to a domain group have to be asked for."""
        return is_limited(self._config.relays[self.relay], group, now)

    def allow(self, session: Session, group: str, rows: int, now: datetime) -> Allowed:
        """Reserve what the limits let through of `rows` copies to a domain group."""
        limits = self._config.relays[self.relay]
        allowance = reserve(session, self.relay, group, limits, rows, now)
        first = max((allowance.not_before - now).total_seconds(), 0.0)
        waits = [first + n * allowance.spacing for n in range(allowance.granted)]
        if allowance.granted or allowance.next_at is None:
            return Allowed(waits, allowance=allowance)
        self._full_until[group] = allowance.next_at
        return Allowed(waits, later=allowance.next_at)

    def seconds_to_room(self, now: datetime) -> float | None:
        """Return in how many seconds a limit that was met lets more copies go; None: none was."""
        waits = [until for until in self._full_until.values() if until > now]
        return (min(waits) - now).total_seconds() if waits else None

    def give_back(self, session: Session, group: str, allowance: Allowance, unused: int) -> None:
        """Take back what was reserved and not used."""
        limits = self._config.relays[self.relay]
        give_back(session, self.relay, group, limits, allowance, unused)

    def note_turn(self, session: Session, newsletter_id: int, now: datetime) -> None:
        """Tell the desk, once, when this relay stands in for another."""
        slug = session.get_one(Newsletter, newsletter_id).slug
        self._watch.note_turn(session, self.relay, slug, load_relays(session), now)

    def note_down(
        self, session: Session, error: BackendDown, began: datetime, now: datetime
    ) -> Standing:
        """Write that the relay could not be used by a try begun then; return how it stands."""
        change = self._watch.note_down(session, self.relay, error, began=began, now=now)
        self._keep({**self._standings, WHOLE: change.after})
        return change.after

    def note_outcome(self, session: Session, news: News, now: datetime) -> None:
        """Write what an outcome says about the relay, a domain group or an issue."""
        changes = self._watch.note_outcomes(session, self.relay, [(news.group, news.outcome)], now)
        self._keep({**self._standings, **{change.group: change.after for change in changes}})
        if is_about_message(news.outcome):
            self._watch.note_refused_message(session, news.issue_id, now)

    def _keep(self, standings: Mapping[str, Standing]) -> None:
        self._standings = {
            group: standing for group, standing in standings.items() if not is_clean(standing)
        }
        groups = {*self._configured, *self._standings} - {WHOLE}
        self.caps = {
            group: connections_for(
                self._standings, group, self._configured.get(group, self._connections)
            )
            for group in groups
        }


def _ids(session: Session, slugs: Sequence[str]) -> list[int]:
    return list(session.scalars(select(Newsletter.id).where(Newsletter.slug.in_(slugs))))

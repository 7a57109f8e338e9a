"""What the drain reports, written down with what follows: rows, alerts, paused issues.

All of it happens in the caller's transaction, and none of it talks to a relay.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from digest.config import Config
from digest.delivery.breaker.alarms import RelayAlarms
from digest.delivery.breaker.bad_message import pause_refused_issue
from digest.delivery.breaker.judgement import down_of, limits_of
from digest.delivery.breaker.rows import Change, record_down, record_outcomes
from digest.delivery.breaker.standing import PRISTINE, Standing
from digest.delivery.failover import active_relay, fail_over_after, list_relays
from digest.delivery.outcome import Outcome
from digest.errors import BackendDown
from digest.sealed import Sealer


class Watch:
    """Owns no state; a report that is no news changes nothing."""

    def __init__(self, config: Config, sealer: Sealer) -> None:
        self._config = config
        self._alarms = RelayAlarms(config, sealer)

    def note_down(
        self, session: Session, relay: str, error: BackendDown, *, began: datetime, now: datetime
    ) -> Change:
        """Write that a relay could not be used by a try that `began` then; return how it stands."""
        change = record_down(session, relay, down_of(error, began), now)
        self._alarms.standing_changed(session, change, now)
        return change

    def note_outcomes(
        self, session: Session, relay: str, outcomes: Sequence[tuple[str, Outcome]], now: datetime
    ) -> list[Change]:
        """Write what outcomes say, each with its copy's domain group, in their order.

        Worth a call where `judgement.is_news` says so of one of them. Returns the relay's change
        and each group's.
        """
        changes = record_outcomes(
            session, relay, outcomes, lambda group: limits_of(self._config, relay, group), now
        )
        for change in changes:
            self._alarms.standing_changed(session, change, now)
        return changes

    def note_refused_message(self, session: Session, issue_id: int, now: datetime) -> str | None:
        """Pause an issue that is refused as a message from its first copies on; return why, or
        None.

        Call once the refusal that `bad_message.is_about_message` is settled.
        """
        why = pause_refused_issue(session, issue_id)
        if why is not None:
            self._alarms.issue_paused(session, issue_id, why, now)
        return why

    def note_turn(
        self,
        session: Session,
        relay: str,
        slug: str,
        standings: Mapping[str, Standing],
        now: datetime,
    ) -> None:
        """Say, once for each trouble, that a relay sends a newsletter as a spare.

        `standings` are those of whole relays, by name.
        """
        newsletter = self._config.newsletter(slug)
        names = list_relays(newsletter)
        active = active_relay(names, standings, now, fail_over_after(self._config))
        if relay == active != newsletter.relay:
            own = standings.get(newsletter.relay, PRISTINE)
            self._alarms.spare_took_over(session, slug, relay, own, now)

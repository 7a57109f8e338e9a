"""How a standing changes: pure, values in and values out.

===================================  ============================================================
what was met                         what follows
===================================  ============================================================
no connection, TLS, banner, 421      the relay rests 1, 2, 5, 15, 30, then always 60 seconds
3 dots in a row without an answer    the relay rests 1, 2, 5, 10, 20, then always 30 minutes
5xx to us (MAIL, AUTH, banner)       the relay rests 1, 2, 5, 10, 20, then always 30 minutes
any answer about one copy            the relay as a whole is well again
N policy refusals (x.7.x) in a row   the domain group rests, twice as long each time, up to 4 hours
x.7.28, a flood (4.7.28, 5.7.28)     the domain group rests at once, 10 minutes at least
an accepted copy                     ends a count of refusals; 20 in a row add one connection
===================================  ============================================================

Refusals about a reader or a message change nothing here: they say nothing about us.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from digest.config import Config
from digest.delivery.breaker.standing import (
    PRISTINE,
    RELAY_FORGOTTEN,
    WHOLE,
    Standing,
    is_clean,
    is_forgotten,
    may_try,
)
from digest.delivery.outcome import (
    Accepted,
    Outcome,
    Scope,
    Uncertain,
    enhanced_status,
    scope_of,
    short_reply,
)
from digest.errors import BackendDown

TRANSPORT_RESTS = tuple(timedelta(seconds=n) for n in (1, 2, 5, 15, 30, 60))
SETUP_RESTS = tuple(timedelta(minutes=n) for n in (1, 2, 5, 10, 20, 30))
DOUBT_RESTS = SETUP_RESTS  # each try may cost a reader's copy, so there are few
FLOOD_REST = timedelta(minutes=10)  # after x.7.28, whatever is configured
LONGEST_REST = timedelta(hours=4)  # of a domain group, unless more is configured
ACCEPTED_FOR_ONE_MORE = 20  # copies in a row, before a recovering group gets another connection
GROUP_FORGOTTEN = timedelta(days=1)
CLOSING = 421  # RFC 5321 section 3.8: about the connection, no answer about the copy


@dataclass(frozen=True, slots=True)
class Limits:
    """What is configured for one domain group of one relay."""

    refusals: int  # in a row, before the group rests
    rest: timedelta  # the first time
    connections: int  # when nothing speaks against it


@dataclass(frozen=True, slots=True)
class Down:
    """A relay could not be used: what it said, when that try began, its reply code (0: none)."""

    reason: str
    began: datetime
    code: int = 0
    in_doubt: bool = False  # it answers no dot

    @property
    def blames_setup(self) -> bool:
        """Whether a person has to act: the relay knows us and refuses us for good."""
        return 500 <= self.code < 600


def limits_of(config: Config, relay: str, group: str) -> Limits:
    """Return what the configuration says of one domain group of one relay."""
    configured = config.relays[relay]
    own = configured.groups.get(group)
    connections = configured.connections
    if own is not None and own.connections is not None:
        connections = min(connections, own.connections)
    delivery = config.delivery
    rest = timedelta(minutes=delivery.breaker_minutes)
    return Limits(delivery.breaker_refusals, rest, connections)


def down_of(error: BackendDown, began: datetime) -> Down:
    """Return what a failure of the backend says about its relay."""
    return Down(str(error), began, error.code, error.in_doubt)


def after_down(standing: Standing, down: Down, now: datetime) -> Standing:
    """Return a relay's standing after it could not be used.

    Tries that began before it was opened say nothing new: eight connections that break at once are
    one failure.
    """
    if is_forgotten(standing, now, RELAY_FORGOTTEN):
        standing = PRISTINE
    if standing.open_until is not None and (
        not may_try(standing, now)
        or (standing.changed_at is not None and down.began < standing.changed_at)
    ):
        return standing
    if down.blames_setup:
        rests, earlier = SETUP_RESTS, standing.refusals
    else:
        rests = DOUBT_RESTS if down.in_doubt else TRANSPORT_RESTS
        earlier = standing.failures - standing.refusals
    return Standing(
        open_until=now + rests[min(earlier, len(rests) - 1)],
        reason=short_reply(down.reason),
        failures=standing.failures + 1,
        refusals=standing.refusals + down.blames_setup,
        connections=1,
        down_since=standing.down_since or now,
        changed_at=now,
    )


def is_answer(outcome: Outcome) -> bool:
    """Whether an outcome shows that the relay works: it spoke about one copy, and not about us."""
    if isinstance(outcome, Uncertain) or outcome.code in {0, CLOSING}:
        return False
    return isinstance(outcome, Accepted) or _scope(outcome) is not Scope.SETUP


def after_answer(standing: Standing, now: datetime) -> Standing:
    """Return a relay's standing after it answered for a copy: clean, whatever the answer was."""
    return standing if is_clean(standing) else Standing(changed_at=now)


def after_outcome(
    standing: Standing, outcome: Outcome, now: datetime, *, limits: Limits
) -> Standing:
    """Return a domain group's standing after one copy's outcome."""
    if not may_try(standing, now):
        return _while_open(standing, outcome, now)
    forgotten = is_forgotten(standing, now, GROUP_FORGOTTEN)
    if isinstance(outcome, Accepted):
        return _after_accepted(standing, now, limits, forgotten=forgotten)
    if not is_about_policy(outcome):
        return standing
    standing = PRISTINE if forgotten else standing
    refusals = max(standing.refusals, 0) + 1
    recovering = standing.connections is not None
    if recovering or refusals >= limits.refusals or _is_flood(outcome):
        return _opened(replace(standing, refusals=refusals), outcome, now, limits)
    return replace(standing, refusals=refusals, changed_at=now)


def is_about_policy(outcome: Outcome) -> bool:
    """Whether an outcome is a refusal, for good or for now, that speaks of our reputation."""
    return not isinstance(outcome, Accepted | Uncertain) and _scope(outcome) is Scope.POLICY


def is_news(standings: Mapping[str, Standing], group: str, outcome: Outcome) -> bool:
    """Whether an outcome may change one relay's standings (by group); False costs no transaction.

    Made for the hot path: accepted copies of a relay that is well are no news.
    """
    if not is_clean(standings.get(WHOLE, PRISTINE)) and is_answer(outcome):
        return True
    if isinstance(outcome, Accepted):
        return not is_clean(standings.get(group, PRISTINE))
    return is_about_policy(outcome)


def _while_open(standing: Standing, outcome: Outcome, now: datetime) -> Standing:
    """Copies under way when it was opened say nothing new, except that we are a flood."""
    if not (is_about_policy(outcome) and _is_flood(outcome)):
        return standing
    until = max(standing.open_until or now, now + FLOOD_REST)
    return replace(standing, open_until=until)


def _after_accepted(
    standing: Standing, now: datetime, limits: Limits, *, forgotten: bool
) -> Standing:
    if is_clean(standing):
        return standing
    if standing.connections is None or forgotten:
        return Standing(changed_at=now)
    accepted = max(-standing.refusals, 0) + 1
    if accepted < ACCEPTED_FOR_ONE_MORE:
        return replace(standing, refusals=-accepted, changed_at=now)
    if standing.connections + 1 >= limits.connections:
        return Standing(changed_at=now)
    return replace(standing, connections=standing.connections + 1, refusals=0, changed_at=now)


def _opened(standing: Standing, outcome: Outcome, now: datetime, limits: Limits) -> Standing:
    first = max(limits.rest, FLOOD_REST) if _is_flood(outcome) else limits.rest
    rest = max(first, min(limits.rest * 2 ** min(standing.failures, 20), LONGEST_REST))
    code = "" if isinstance(outcome, Uncertain) else outcome.code
    return Standing(
        open_until=now + rest,
        reason=short_reply(f"{code} {outcome.text}"),
        failures=standing.failures + 1,
        refusals=standing.refusals,
        connections=1,
        down_since=standing.down_since or now,
        changed_at=now,
    )


def _is_flood(outcome: Outcome) -> bool:
    return enhanced_status(outcome.text).endswith(".7.28")


def _scope(outcome: Outcome) -> Scope | None:
    return None if isinstance(outcome, Uncertain) else scope_of(outcome.code, outcome.text)

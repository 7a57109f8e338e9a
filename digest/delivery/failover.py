"""Which relay sends which newsletter now, from how the relays stand: pure.

A newsletter names its relay and spare ones, in order. A relay is *down* when its trouble lasts
longer than `delivery.fail_over_minutes`. Each newsletter is sent by the first that is not down; the
relays before it may try too, whenever their rest is over, and so a relay that is well again shows
it by a real copy and gets its newsletters back. While all are down, each one tries.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from digest.config import Config, NewsletterConfig
from digest.delivery.breaker.standing import (
    PRISTINE,
    RELAY_FORGOTTEN,
    Standing,
    is_forgotten,
    may_try,
)


def fail_over_after(config: Config) -> timedelta:
    """Return how long a relay's trouble may last before a spare takes over."""
    return timedelta(minutes=config.delivery.fail_over_minutes)


def list_relays(newsletter: NewsletterConfig) -> list[str]:
    """Return a newsletter's relays in the order in which they are used, its own first."""
    return list(dict.fromkeys([newsletter.relay, *newsletter.spare_relays]))


def is_down(standing: Standing, now: datetime, after: timedelta) -> bool:
    """Whether a relay's trouble lasts at least so long, and was met again lately.

    One that nobody tried since last Friday gets its newsletters, and one connection, first.
    """
    return (
        standing.down_since is not None
        and now - standing.down_since >= after
        and not is_forgotten(standing, now, RELAY_FORGOTTEN)
    )


def active_relay(
    names: Sequence[str], standings: Mapping[str, Standing], now: datetime, after: timedelta
) -> str:
    """Return the first of these relays that is not down, or the first when all are.

    `standings` are those of whole relays, by name.
    """
    for name in names:
        if not is_down(standings.get(name, PRISTINE), now, after):
            return name
    return names[0]


def may_take(
    name: str,
    names: Sequence[str],
    standings: Mapping[str, Standing],
    now: datetime,
    after: timedelta,
) -> bool:
    """Whether a relay may lease chunks now of a newsletter with these relays.

    It may when every relay before it is down and it does not rest itself: as the active one, or, if
    it is down, to show with one connection whether it is well again.
    """
    if name not in names or not may_try(standings.get(name, PRISTINE), now):
        return False
    earlier = names[: names.index(name)]
    return all(is_down(standings.get(other, PRISTINE), now, after) for other in earlier)


def newsletters_for(
    relay: str, config: Config, standings: Mapping[str, Standing], now: datetime
) -> list[NewsletterConfig]:
    """Return the newsletters of whose chunks a relay may lease some now."""
    after = fail_over_after(config)
    return [
        newsletter
        for newsletter in config.newsletters
        if may_take(relay, list_relays(newsletter), standings, now, after)
    ]

"""How the relays of a newsletter are, in words for people; reads only."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from digest.config import NewsletterConfig
from digest.delivery.breaker.rows import load_standings
from digest.delivery.breaker.standing import (
    PRISTINE,
    WHOLE,
    Standing,
    is_half_open,
    list_closed_groups,
    may_try,
)
from digest.delivery.failover import list_relays


@dataclass(frozen=True, slots=True)
class Health:
    """One sentence about a relay, and whether it is good news."""

    well: bool
    words: str


def describe_relays(session: Session, newsletter: NewsletterConfig, now: datetime) -> list[Health]:
    """Return what is to be said of a newsletter's relays, its own first, at least a sentence for
    each.
    """
    zone = ZoneInfo(newsletter.schedule.timezone)
    told = []
    for name in list_relays(newsletter):
        standings = load_standings(session, name)
        told.append(_whole(name, standings.get(WHOLE, PRISTINE), now, zone))
        told += [
            _closed(f"{name} takes nothing for {group}", standings[group], zone)
            for group in list_closed_groups(standings, now)
        ]
    return told


def _whole(name: str, standing: Standing, now: datetime, zone: ZoneInfo) -> Health:
    if not may_try(standing, now):
        return _closed(f"{name} is out of order", standing, zone)
    if is_half_open(standing, now):
        return Health(False, f"{name} was out of order and is being tried again.")
    return Health(True, f"{name} takes copies.")


def _closed(what: str, standing: Standing, zone: ZoneInfo) -> Health:
    until = standing.open_until.astimezone(zone) if standing.open_until else None
    again = f", tried again at {until:%H:%M}" if until else ""
    return Health(False, f"{what}{again}: {standing.reason or 'no reason given'}")

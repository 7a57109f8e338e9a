"""How often something may be asked for: counted in the database, so that restarts and further
processes change nothing.

Windows move: at most so many in any hour, day or month. Only what was allowed is counted, so that
rows stay few and a flood cannot keep a door shut. Keys are keyed hashes (sealed.py), never an
address or a network.
"""

import ipaddress
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from digest.models import PublicHit

LONGEST = timedelta(days=30)
NETWORK_BITS = {4: 24, 6: 64}


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` of a `scope` within a span of time, for each key."""

    scope: str
    most: int
    within: timedelta


def allow(session: Session, wanted: Sequence[tuple[Limit, bytes]], now: datetime) -> Limit | None:
    """Count one more towards every limit, each with its key, or, where one of them is reached,
    towards none; return that one.

    Limits of one scope and key count the same things over different spans. On PostgreSQL two at
    once may both be the last that is allowed.
    """
    for limit, key in wanted:
        if _count(session, limit, key, now) >= limit.most:
            return limit
    kept = {(limit.scope, key) for limit, key in wanted}
    rows = [{"scope": scope, "key": key, "at": now} for scope, key in sorted(kept)]
    session.execute(insert(PublicHit), rows)
    return None


def _count(session: Session, limit: Limit, key: bytes, now: datetime) -> int:
    hits = select(PublicHit.id).where(
        PublicHit.scope == limit.scope, PublicHit.key == key, PublicHit.at > now - limit.within
    )
    found = hits.limit(limit.most).subquery()  # no more than it takes to say no
    return session.scalar(select(func.count()).select_from(found)) or 0


def forget_hits(session: Session, now: datetime) -> None:
    """Forget what counts towards no limit any more."""
    session.execute(delete(PublicHit).where(PublicHit.at <= now - LONGEST))


def forget_keys(session: Session, keys: Collection[bytes]) -> None:
    """Forget everything that was counted under these keys."""
    session.execute(delete(PublicHit).where(PublicHit.key.in_(keys)))


def network_of(host: str) -> str:
    """Return the network a visitor's address counts as: an IPv4 /24, an IPv6 /64, or nothing for
    what is no address.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = NETWORK_BITS[address.version]
    return str(ipaddress.ip_network((address, bits), strict=False))

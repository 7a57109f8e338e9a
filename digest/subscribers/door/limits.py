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
from functools import cache
from typing import cast

from sqlalchemy import ScalarSelect, Select, Table, bindparam, delete, func, insert, select
from sqlalchemy.orm import Session

from digest.models import PublicHit

LONGEST = timedelta(days=30)
NETWORK_BITS = {4: 24, 6: 64}
# Of the table and not the class: a form waits for it, and most of that is Python.
_HITS = cast(Table, PublicHit.__table__)
_HIT = insert(_HITS)


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
    counts = _count(session, wanted, now)
    for (limit, _), count in zip(wanted, counts, strict=True):
        if count >= limit.most:
            return limit
    kept = {(limit.scope, key) for limit, key in wanted}
    rows = [{"scope": scope, "key": key, "at": now} for scope, key in sorted(kept)]
    session.execute(_HIT, rows)
    return None


def _count(session: Session, wanted: Sequence[tuple[Limit, bytes]], now: datetime) -> Sequence[int]:
    """Return how often each was counted, in one statement."""
    values = dict[str, object]()
    for place, (limit, key) in enumerate(wanted):
        since = now - limit.within
        more = {"scope": limit.scope, "key": key, "since": since, "most": limit.most}
        values |= {f"{name}{place}": value for name, value in more.items()}
    return session.execute(_counting(len(wanted)), values).one()


@cache
def _counting(limits: int) -> Select[*tuple[int, ...]]:
    """Return the select of as many counts; built once, for to build it takes longer."""
    return select(*map(_counted, range(limits)))


def _counted(place: int) -> ScalarSelect[int]:
    hits = (
        select(_HITS.c.id)
        .where(
            _HITS.c.scope == bindparam(f"scope{place}"),
            _HITS.c.key == bindparam(f"key{place}"),
            _HITS.c.at > bindparam(f"since{place}"),
        )
        .limit(bindparam(f"most{place}"))  # no more than it takes to say no
        .subquery()
    )
    return select(func.count()).select_from(hits).scalar_subquery()


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

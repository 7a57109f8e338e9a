"""Books what a relay's limits allow: the sole writer of ``relay_uses`` and ``relay_paces``.

A booking is one short transaction of the caller's. On PostgreSQL it holds the rows of the scopes it
books in, the relay's before the group's, so that no two processes judge the same room; SQLite has
one writer. Never waits for a limit and never sends.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from digest.config import RelayConfig
from digest.delivery.pacing.limits import (
    WINDOW,
    Allowance,
    Limit,
    Use,
    Used,
    day_of,
    first_departure,
    judge,
    limits_in_force,
    minute_of,
    pace_after,
    pace_of,
    was_set_back,
)
from digest.inserts import insert_new
from digest.models import RelayPace, RelayUse

KEPT = timedelta(days=2)  # a day's warm-up and an hour, with room for a clock that is set back


def reserve(
    session: Session, relay: str, group: str, limits: RelayConfig, wanted: int, now: datetime
) -> Allowance:
    """Book up to `wanted` copies to a domain group and return how many may leave, and when.

    `limits` is the relay's configuration. Where it limits nothing all are granted, without a query.
    Otherwise at most what may leave within a second is granted, and `next_at` says when to ask
    again.
    """
    in_force = limits_in_force(limits, group, now)
    if not in_force or wanted < 1:
        return Allowance(max(wanted, 0), now)
    paces = [(limit, _lock_pace(session, relay, limit, now)) for limit in in_force]
    first = first_departure(paces, now)
    used = [_read(session, relay, limit, first, now) for limit in in_force]
    allowance = judge(used, wanted, first=first, now=now)
    if allowance.granted:
        for limit, free_at in paces:
            _book(session, relay, limit, pace_after(limit, free_at, allowance), allowance)
    return allowance


def give_back(
    session: Session, relay: str, group: str, limits: RelayConfig, allowance: Allowance, unused: int
) -> None:
    """Take back `unused` copies of an allowance, for a clean stop; its moments pass unused.

    ValueError when it never had so many.
    """
    if not 0 <= unused <= allowance.granted:
        raise ValueError(f"{unused} copies cannot be given back of {allowance.granted}")
    minute = minute_of(allowance.not_before)
    for limit in limits_in_force(limits, group, allowance.not_before):
        _lock(session, relay, limit, allowance.not_before)
        session.execute(
            update(RelayUse)
            # Fewer are there when the clock was set back since; then they stay counted.
            .where(*_scope(relay, limit), RelayUse.minute == minute, RelayUse.copies >= unused)
            .values(copies=RelayUse.copies - unused)
        )


def list_uses(session: Session, relay: str, since: datetime) -> list[Use]:
    """Return what was allowed through a relay, by scope and minute, from the minute of `since`."""
    rows = session.execute(
        select(RelayUse.domain_group, RelayUse.minute, RelayUse.copies)
        .where(RelayUse.relay == relay, RelayUse.minute >= minute_of(since), RelayUse.copies > 0)
        .order_by(RelayUse.minute, RelayUse.domain_group)
    )
    return [Use(*row) for row in rows]


def _scope(relay: str, limit: Limit) -> tuple[ColumnElement[bool], ...]:
    return RelayUse.relay == relay, RelayUse.domain_group == limit.scope


def _lock_pace(session: Session, relay: str, limit: Limit, now: datetime) -> datetime:
    """Lock a scope and return when its pace is free."""
    written = _lock(session, relay, limit, now)
    free_at = pace_of(limit, written, now)
    if free_at < written:
        # The clock was set back; unwritten, the moment would move away with every asking.
        _set_pace(session, relay, limit, free_at)
    return free_at


def _lock(session: Session, relay: str, limit: Limit, now: datetime) -> datetime:
    """Keep other processes from booking in a scope until this transaction ends; return its pace as
    it is written.
    """
    # Scopes without a pace have such a row too: it is what is locked.
    row = (
        select(RelayPace.free_at)
        .where(RelayPace.relay == relay, RelayPace.domain_group == limit.scope)
        .with_for_update()
    )
    free_at = session.scalar(row)
    if free_at is None:
        new = {"relay": relay, "domain_group": limit.scope, "free_at": now}
        session.execute(insert_new(session, RelayPace), new)
        free_at = session.scalars(row).one()
    return free_at


def _read(session: Session, relay: str, limit: Limit, first: datetime, now: datetime) -> Used:
    if not limit.counts:
        return Used(limit)
    minutes = _list_minutes(session, relay, limit, first)
    if any(was_set_back(minute, now) for minute, _ in minutes):
        _bring_back(session, relay, limit, now)
        minutes = _list_minutes(session, relay, limit, first)
    midnight = datetime.combine(day_of(first), time(), UTC)
    since_midnight = select(func.sum(RelayUse.copies)).where(
        *_scope(relay, limit), RelayUse.minute >= midnight
    )
    today = session.scalar(since_midnight) if limit.warm_up is not None else None
    return Used(limit, minutes, today or 0)


def _list_minutes(
    session: Session, relay: str, limit: Limit, first: datetime
) -> Sequence[tuple[datetime, int]]:
    rows = session.execute(
        select(RelayUse.minute, RelayUse.copies)
        .where(*_scope(relay, limit), RelayUse.minute >= minute_of(first) - WINDOW)
        .order_by(RelayUse.minute)
    )
    return [(minute, copies) for minute, copies in rows]


def _bring_back(session: Session, relay: str, limit: Limit, now: datetime) -> None:
    """Count what a clock booked that has been set back since as of this minute.

    It left before now, whatever its minute says, and must neither be forgotten nor block the scope
    until that minute comes again.
    """
    copies = session.scalars(
        delete(RelayUse)
        .where(*_scope(relay, limit), RelayUse.minute > minute_of(now))
        .returning(RelayUse.copies)
    ).all()
    _count(session, relay, limit, now, sum(copies))


def _book(
    session: Session, relay: str, limit: Limit, free_at: datetime, allowance: Allowance
) -> None:
    if limit.per_second is not None:
        _set_pace(session, relay, limit, free_at)
    if limit.counts:
        _count(session, relay, limit, allowance.not_before, allowance.granted)


def _set_pace(session: Session, relay: str, limit: Limit, free_at: datetime) -> None:
    session.execute(
        update(RelayPace)
        .where(RelayPace.relay == relay, RelayPace.domain_group == limit.scope)
        .values(free_at=free_at)
    )


def _count(session: Session, relay: str, limit: Limit, at: datetime, copies: int) -> None:
    minute = minute_of(at)
    counted = session.scalar(
        update(RelayUse)
        .where(*_scope(relay, limit), RelayUse.minute == minute)
        .values(copies=RelayUse.copies + copies)
        .returning(RelayUse.copies)
    )
    if counted is None:
        new = {"relay": relay, "domain_group": limit.scope, "minute": minute, "copies": copies}
        session.execute(insert_new(session, RelayUse), new)
        session.execute(
            delete(RelayUse).where(*_scope(relay, limit), RelayUse.minute < minute - KEPT)
        )

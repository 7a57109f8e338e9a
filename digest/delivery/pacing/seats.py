"""Connections a relay allows, shared out over all processes: the sole writer of ``relay_seats``.

A seat is a number from 1 on, and its primary key lets nobody sit there twice. Whoever has one
renews it before it runs out; then others may take it. On PostgreSQL seats run by the database's
clock, which several machines share.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, delete, literal, or_, select, update
from sqlalchemy.orm import Session

from digest.db import UtcDateTime
from digest.delivery.ledger.leases import ABSURD, lease_clock
from digest.inserts import insert_new
from digest.models import RelaySeat


def take_seats(
    session: Session,
    relay: str,
    owner: str,
    *,
    wanted: int,
    most: int,
    in_use: int = 0,
    until: datetime,
    now: datetime,
) -> list[int]:
    """Return the seats an owner has now: those it had, renewed, and more of 1 to `most` until they
    are `wanted`.

    Fewer when others have the rest. A seat above `most`, from when more were allowed, is given up;
    not among the first `in_use`, whose connections are still open.
    """
    seats = renew_seats(session, relay, owner, until=until, now=now)
    if beyond := [number for number in seats[in_use:] if number > most]:
        free_seats(session, relay, owner, beyond)
        seats = [number for number in seats if number not in beyond]
    if len(seats) < wanted:
        seats += _take_lapsed(session, relay, owner, wanted - len(seats), most, until, now)
    if len(seats) < wanted:
        seats += _take_new(session, relay, owner, wanted - len(seats), most, until, now)
    return sorted(seats)


def renew_seats(
    session: Session, relay: str, owner: str, *, until: datetime, now: datetime
) -> list[int]:
    """Prolong an owner's seats and return them; the others of those it had are lost.

    One that has run out and that nobody took is still its own.
    """
    renewed = session.scalars(
        update(RelaySeat)
        .where(RelaySeat.relay == relay, RelaySeat.owner == owner)
        .values(until=seats_end(session, until, now))
        .returning(RelaySeat.number)
    )
    return sorted(number for number in renewed if number > 0)  # its card is no seat


def free_seats(
    session: Session, relay: str, owner: str, numbers: Collection[int] | None = None
) -> None:
    """Give up an owner's seats, or those of `numbers` among them."""
    chosen = literal(True) if numbers is None else RelaySeat.number.in_(numbers)
    _free(session, relay, owner, chosen)


def _free(session: Session, relay: str, owner: str, which: ColumnElement[bool]) -> None:
    session.execute(
        delete(RelaySeat).where(RelaySeat.relay == relay, RelaySeat.owner == owner, which)
    )


def seats_end(session: Session, until: datetime, now: datetime) -> ColumnElement[datetime]:
    """Return the end of a seat's time by the clock that seats run by."""
    dialect = session.get_bind().dialect.name
    if dialect == "sqlite":
        return literal(until, UtcDateTime())
    return lease_clock(dialect, now) + literal(until - now)


def has_lapsed(session: Session, until: datetime, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a seat's time is over, or so far from it that a clock that was
    ahead gave it; its owner may be gone.
    """
    clock = lease_clock(session.get_bind().dialect.name, now)
    absurd = seats_end(session, now + ABSURD * (until - now), now)
    return or_(RelaySeat.until <= clock, RelaySeat.until > absurd)


def _take_lapsed(
    session: Session,
    relay: str,
    owner: str,
    wanted: int,
    most: int,
    until: datetime,
    now: datetime,
) -> list[int]:
    free = has_lapsed(session, until, now)
    # A statement of its own: inside the update PostgreSQL may run it, and count its limit, twice.
    lapsed = session.scalars(
        select(RelaySeat.number)
        .where(RelaySeat.relay == relay, free, RelaySeat.number.between(1, most))
        .order_by(RelaySeat.number)
        .limit(wanted)
        .with_for_update(skip_locked=True)
    ).all()
    session.execute(
        update(RelaySeat)
        .where(RelaySeat.relay == relay, RelaySeat.number.in_(lapsed))
        .values(owner=owner, until=seats_end(session, until, now))
    )
    return list(lapsed)


def _take_new(
    session: Session,
    relay: str,
    owner: str,
    wanted: int,
    most: int,
    until: datetime,
    now: datetime,
) -> list[int]:
    there = set(session.scalars(select(RelaySeat.number).where(RelaySeat.relay == relay)))
    taken: list[int] = []
    for number in range(1, most + 1):
        if len(taken) == wanted:
            break
        if number in there:
            continue
        new = insert_new(session, RelaySeat).values(
            relay=relay, number=number, owner=owner, until=seats_end(session, until, now)
        )
        taken += session.scalars(new.returning(RelaySeat.number))
    return taken

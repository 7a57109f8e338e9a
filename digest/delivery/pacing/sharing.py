"""Connections shared out evenly among the processes that have work for them: a relay's, and those
of a domain group through it, which are one more such relay by name.

Each such process keeps a *card* beside its seats: a row with a number below zero. As many cards as
are alive, so many share; whoever has more than its share gives seats up when it next asks. A seat
whose connection is still open is kept until it is closed.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, not_, select
from sqlalchemy.orm import Session

from digest.delivery.ledger.leases import lease_clock
from digest.delivery.pacing.seats import free_seats, has_lapsed, renew_seats, seats_end, take_seats
from digest.inserts import insert_new
from digest.models import RelaySeat

TRIES = 5  # to get a card, when others take the same number at the same moment
TURN_SECONDS = 30.0


def share_seats(
    session: Session,
    relay: str,
    owner: str,
    *,
    most: int,
    in_use: int = 0,
    turns: bool = False,
    until: datetime,
    now: datetime,
) -> list[int]:
    """Return the seats that an owner may use now, of 1 to `most`, each for itself until `until`.

    Two owners never have the same one. With n owners that ask, each comes to have `most` / n of
    them, rounded up, as soon as the others have given theirs up; with `turns`, where there are more
    owners than seats, those who have none get one for a while. `in_use` is how many seats the
    owner's open connections take, and those it may still open before it knows the answer: so many
    are given to nobody else.
    """
    _show_card(session, relay, owner, until, now)
    cards, others = _look_around(session, relay, owner, until, now)
    turn = _turn(session, now) if turns and len(cards) > most else None
    share = share_of(most, len(cards), cards.index(owner), turn)
    seats = take_seats(
        session, relay, owner, wanted=share, most=most, in_use=in_use, until=until, now=now
    )
    if surplus := seats[max(share, in_use) :]:
        free_seats(session, relay, owner, surplus)
    # Others may still use seats from when more were allowed.
    room = max(min(share, most - others), 0)
    return [number for number in seats[:room] if number <= most]


def share_of(most: int, owners: int, rank: int, turn: int | None = None) -> int:
    """Return how many of `most` seats are for one of `owners`, the one with this rank from 0 on.

    With a turn, given where there are more owners than seats, `most` of them have one each, and
    others with every turn.
    """
    if turn is None:
        return -(-most // owners)
    return int((rank - turn) % owners < most)


def leave_seats(
    session: Session, relay: str, owner: str, *, in_use: int = 0, until: datetime, now: datetime
) -> None:
    """Ask for no seats any more: give up an owner's card and all its seats but those in use."""
    kept = renew_seats(session, relay, owner, until=until, now=now)[:in_use] if in_use else []
    session.execute(
        delete(RelaySeat).where(
            RelaySeat.relay == relay, RelaySeat.owner == owner, RelaySeat.number.not_in(kept)
        )
    )


def _look_around(
    session: Session, relay: str, owner: str, until: datetime, now: datetime
) -> tuple[Sequence[str], int]:
    """Return the owners that ask for seats, in the order of their cards, and how many seats others
    have.
    """
    living = session.execute(
        select(RelaySeat.number, RelaySeat.owner)
        .where(RelaySeat.relay == relay, not_(has_lapsed(session, until, now)))
        .order_by(RelaySeat.number.desc())
    ).all()
    cards = [row.owner for row in living if row.number < 0]
    if owner not in cards:  # others were quicker, each time
        cards.append(owner)
    return cards, sum(row.number > 0 and row.owner != owner for row in living)


def _turn(session: Session, now: datetime) -> int:
    """Return the number of the turn by the clock that seats run by, which all owners share."""
    dialect = session.get_bind().dialect.name
    clock = now if dialect == "sqlite" else session.scalar(select(lease_clock(dialect, now)))
    return int((clock or now).timestamp() // TURN_SECONDS)


def _show_card(session: Session, relay: str, owner: str, until: datetime, now: datetime) -> None:
    """Keep the owner's card; those of processes that are gone are taken away."""
    cards = (RelaySeat.relay == relay, RelaySeat.number < 0)
    session.execute(delete(RelaySeat).where(*cards, has_lapsed(session, until, now)))
    for _ in range(TRIES):
        numbers = session.execute(select(RelaySeat.number, RelaySeat.owner).where(*cards)).all()
        if owner in {row.owner for row in numbers}:
            return
        number = min((row.number for row in numbers), default=0) - 1
        session.execute(
            insert_new(session, RelaySeat).values(
                relay=relay, number=number, owner=owner, until=seats_end(session, until, now)
            )
        )

"""A relay's connections shared out evenly among the processes that have work for it.

Each such process keeps a *card* beside its seats: a row with a number below zero. As many cards as
are alive, so many share; whoever has more than its share gives seats up when it next asks.
"""

from datetime import datetime

from sqlalchemy import delete, func, not_, select
from sqlalchemy.orm import Session

from digest.delivery.pacing.seats import free_seats, has_lapsed, seats_end, take_seats
from digest.inserts import insert_new
from digest.models import RelaySeat

TRIES = 5  # to get a card, when others take the same number at the same moment


def share_seats(
    session: Session, relay: str, owner: str, *, most: int, until: datetime, now: datetime
) -> list[int]:
    """Return the seats that an owner has now, of 1 to `most`, each for itself until `until`.

    Two owners never have the same one. With n owners that ask, each comes to have `most` / n of
    them, rounded up, as soon as the others have given theirs up.
    """
    _show_card(session, relay, owner, until, now)
    owners = session.scalar(
        select(func.count(RelaySeat.owner.distinct())).where(
            RelaySeat.relay == relay, not_(has_lapsed(session, until, now))
        )
    )
    share = -(-most // max(owners or 1, 1))
    seats = take_seats(session, relay, owner, wanted=share, most=most, until=until, now=now)
    if len(seats) > share:
        free_seats(session, relay, owner, seats[share:])
    return seats[:share]


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

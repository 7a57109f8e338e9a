"""What became of an issue's copies, counted by relay, reason and time in one look at all its rows;
and one reader's row. Reads only.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, func, literal_column, select
from sqlalchemy.orm import Session

from digest.models import Delivery, DeliveryEvent, DeliveryState

STEPS = tuple(
    timedelta(seconds=seconds) for seconds in (1, 5, 15, 60, 300, 900, 3600, 6 * 3600, 86_400)
)
MOST_BARS = 120


@dataclass(frozen=True, slots=True)
class Tally:
    """An issue's copies by what became of them.

    `relays`: by relay ("" for those that none got) and state. `reasons`: by state and reason, of
    all but the accepted. `times`: how many were accepted from each moment on, for the length of
    `step`.
    """

    relays: dict[str, Counter[DeliveryState]]
    reasons: Counter[tuple[DeliveryState, str]]
    times: list[tuple[datetime, int]]
    step: timedelta


def tally_rows(session: Session, issue_id: int, began: datetime, ended: datetime) -> Tally:
    """Count an issue's rows; `began` and `ended` say how long it took, and so how fine the times
    are.
    """
    step = step_for(ended - began)
    width = int(step.total_seconds())
    # No parameter: PostgreSQL would not take what is grouped for what is selected.
    at = _seconds(session, Delivery.done_at) // literal_column(str(width), Integer)
    rows = session.execute(
        select(Delivery.relay, Delivery.state, Delivery.reason, at, func.count())
        .where(Delivery.issue_id == issue_id)
        .group_by(Delivery.relay, Delivery.state, Delivery.reason, at)
    )
    relays: dict[str, Counter[DeliveryState]] = {}
    reasons: Counter[tuple[DeliveryState, str]] = Counter()
    times: Counter[int] = Counter()
    for relay, state, reason, place, count in rows:
        relays.setdefault(relay, Counter())[state] += count
        if state is not DeliveryState.ACCEPTED:
            reasons[state, reason] += count
        elif place is not None:
            times[int(place)] += count
    return Tally(relays, reasons, _in_order(times, width), step)


def step_for(length: timedelta) -> timedelta:
    """Return how long the parts are that a time is cut into, at most MOST_BARS of them where a day
    is not too short.
    """
    return next((step for step in STEPS if length / step <= MOST_BARS), STEPS[-1])


def _seconds(session: Session, column: Any) -> ColumnElement[int]:
    """Return an instant as whole seconds since 1970."""
    if session.get_bind().dialect.name == "sqlite":
        return cast(func.strftime("%s", column), Integer)
    return cast(func.floor(func.extract("epoch", column)), Integer)


def _in_order(times: Counter[int], width: int) -> list[tuple[datetime, int]]:
    """Return the parts from the first to the last, those in which nothing left as well."""
    if not times:
        return []
    places = range(min(times), max(times) + 1)
    if len(places) > 10 * MOST_BARS:  # a doubt settled weeks later: leave the nothing out
        return [(_moment(place, width), times[place]) for place in sorted(times)]
    return [(_moment(place, width), times[place]) for place in places]


def _moment(place: int, width: int) -> datetime:
    return datetime.fromtimestamp(place * width, UTC)


def find_delivery(session: Session, issue_id: int, subscriber_id: int) -> Delivery | None:
    """Return the one row of an issue and a reader; None: the issue does not go to them."""
    return session.scalar(
        select(Delivery).where(
            Delivery.issue_id == issue_id, Delivery.subscriber_id == subscriber_id
        )
    )


def list_events(session: Session, delivery_id: int) -> Sequence[DeliveryEvent]:
    """Return a row's story beyond its ordinary path, oldest first."""
    return session.scalars(
        select(DeliveryEvent)
        .where(DeliveryEvent.delivery_id == delivery_id)
        .order_by(DeliveryEvent.id)
    ).all()

"""Copies made ahead: in the order of rows, fresh, one at a time under limits, put back untried."""

from collections import deque
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from digest.clock import FixedClock
from digest.delivery.backends.base import Envelope
from digest.delivery.copies import Copy
from digest.delivery.ledger.rows import Settlement
from digest.delivery.made_ahead import (
    AT_ONCE,
    FRESH_SECONDS,
    HELD_MOST,
    MAKING_SECONDS,
    MadeAhead,
)
from digest.errors import BadInput, ConfigError
from digest.models import DeliveryState, SubscriptionState

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)


class Rows:
    """The rows at hand, as Claims hands them out and takes them back."""

    def __init__(self, *tasks: SimpleNamespace) -> None:
        self.ready = deque(tasks)

    def take(self) -> SimpleNamespace | None:
        return self.ready.popleft() if self.ready else None

    def put_back(self, task: SimpleNamespace) -> None:
        self.ready.append(task)


class Press:
    """Makes copies that say when they were made; refuses the rows it is told to."""

    def __init__(self, clock: FixedClock, seconds: float, **refused: Exception) -> None:
        self._clock = clock
        self._each = timedelta(seconds=seconds)
        self._refused = {int(name[1:]): error for name, error in refused.items()}

    def make(self, _issue_id: int, row: SimpleNamespace) -> Copy:
        if row.id in self._refused:
            raise self._refused[row.id]
        self._clock.advance(self._each)
        return Copy(
            Envelope("a@b.example", f"{row.id}@c.example"), [str(self._clock.now()).encode()], 1
        )


def task(id: int, *, state: SubscriptionState = SubscriptionState.ACTIVE, at: float = 0.0):
    row = SimpleNamespace(id=id, state=state, suppressed=False, paused_until=None)
    claim = SimpleNamespace(lease=SimpleNamespace(issue_id=1))
    return SimpleNamespace(row=row, claim=claim, at=at)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


def ahead(
    clock: FixedClock, rows: Rows, *, caps: bool = False, seconds: float = 0, **refused: Exception
) -> MadeAhead:
    def settle(task, outcome) -> Settlement:
        return Settlement(task.row.id, DeliveryState.REJECTED, None, reply=outcome.text)

    gate = SimpleNamespace(caps={"google": 1} if caps else {})
    press = Press(clock, seconds, **refused)
    return MadeAhead(clock=clock, gate=gate, claims=rows, copies=press, settle=settle)


def ids(made: MadeAhead, held: list) -> list[int]:
    return [prepared.task.row.id for prepared in iter(lambda: made.take(held), None)]


def test_copies_come_in_the_order_of_rows(clock: FixedClock) -> None:
    made = ahead(clock, Rows(*map(task, range(100))))

    assert ids(made, []) == list(range(100))


def test_some_are_made_at_once(clock: FixedClock) -> None:
    rows = Rows(*map(task, range(100)))

    ahead(clock, rows).take([])

    assert len(rows.ready) == 100 - AT_ONCE


def test_fewer_are_made_at_once_where_they_take_long(clock: FixedClock) -> None:
    rows = Rows(*map(task, range(100)))

    ahead(clock, rows, seconds=0.4 * MAKING_SECONDS).take([])

    assert len(rows.ready) == 97


def test_only_one_is_made_where_connections_to_a_group_are_limited(clock: FixedClock) -> None:
    rows = Rows(*map(task, range(100)))

    ahead(clock, rows, caps=True).take([])

    assert len(rows.ready) == 99


def test_none_is_made_beyond_the_first_whose_turn_has_not_come(clock: FixedClock) -> None:
    soon = clock.monotonic() + 5
    rows = Rows(task(1), task(2, at=soon), task(3, at=soon + 5))

    ahead(clock, rows).take([])

    assert [left.row.id for left in rows.ready] == [3]


def test_readers_who_left_are_held_as_skipped(clock: FixedClock) -> None:
    held: list = []
    made = ahead(clock, Rows(task(1, state=SubscriptionState.UNSUBSCRIBED), task(2)))

    assert ids(made, held) == [2]
    assert [(s.delivery_id, s.state, s.reason) for s, _ in held] == [
        (1, DeliveryState.SKIPPED, "left")
    ]


@pytest.mark.parametrize("error", [BadInput("no address"), ConfigError("no key")])
def test_copy_that_cannot_be_made_stops_no_other(clock: FixedClock, error: Exception) -> None:
    held: list = []
    made = ahead(clock, Rows(task(1), task(2)), _1=error)

    assert ids(made, held) == [2]
    assert [(s.delivery_id, s.reply) for s, _ in held] == [(1, str(error))]


def test_outcomes_held_are_bounded(clock: FixedClock) -> None:
    held: list = []
    gone = [task(id, state=SubscriptionState.UNSUBSCRIBED) for id in range(3 * HELD_MOST)]

    assert ahead(clock, Rows(*gone)).take(held) is None
    assert len(held) == HELD_MOST


def test_rows_not_tried_are_put_back(clock: FixedClock) -> None:
    rows = Rows(*map(task, range(10)))
    made = ahead(clock, rows)
    made.take([])

    made.put_back()

    assert sorted(left.row.id for left in rows.ready) == list(range(1, 10))


def test_copy_that_waited_too_long_is_made_anew(clock: FixedClock) -> None:
    made = ahead(clock, Rows(task(1), task(2)))
    made.take([])

    clock.advance(timedelta(seconds=FRESH_SECONDS + 1))
    later = made.take([])

    assert later is not None
    assert later.copy.message == str(clock.now()).encode()

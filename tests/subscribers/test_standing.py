"""How many there are in each state: the same from the index alone and from the rows."""

from collections.abc import Callable

import pytest
from sqlalchemy import event, text

from digest.clock import FixedClock
from digest.db import Database
from digest.models import ImportState, SubscriptionState
from digest.subscribers.standing import count_readers, count_states
from digest.subscribers.transfer.merge import merge_import
from tests.subscribers.conftest import Reader
from tests.subscribers.transfer.conftest import Stage, folder, stage

__all__ = ["folder", "stage"]

HALF = "email\n" + "".join(f"n{number}@example.net\n" for number in range(2000))


def fill(db: Database, newsletter_id: int, reader: Reader) -> None:
    with db.write() as session:
        for number, state in enumerate(("active", "active", "paused", "pending", "left")):
            reader(session, newsletter_id, f"r{number}@example.org", state)


def test_states_are_counted_for_each_newsletter(
    any_db: Database, newsletter_in: Callable[..., int], reader: Reader
) -> None:
    fill(any_db, newsletter_in(any_db, "weekly"), reader)
    fill(any_db, newsletter_in(any_db, "daily"), reader)
    with any_db.read() as session:
        counts, readers = count_states(session), count_readers(session)

    each = [("active", 2), ("paused", 1), ("pending", 1), ("unsubscribed", 1)]
    assert counts == [
        (slug, SubscriptionState(state), number)
        for slug in ("daily", "weekly")
        for state, number in each
    ]
    assert readers == {"daily": 3, "weekly": 3}


def test_half_imported_are_nobody_s_yet(
    any_db: Database,
    newsletter_in: Callable[..., int],
    reader: Reader,
    stage: Stage,
    clock: FixedClock,
) -> None:
    newsletter_id = newsletter_in(any_db)
    fill(any_db, newsletter_id, reader)
    staged = stage(any_db, newsletter_id, HALF)

    def halt(done: int, _total: int) -> None:
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        merge_import(any_db, staged, clock=clock, progress=halt)
    with any_db.read() as session:
        assert count_readers(session) == {"weekly": 3}
    merge_import(any_db, staged, clock=clock)
    with any_db.read() as session:
        assert count_readers(session) == {"weekly": 2003}


def test_counting_reads_the_index_alone(db: Database, newsletter_id: int, reader: Reader) -> None:
    fill(db, newsletter_id, reader)
    asked: list[str] = []
    with db.read() as session:
        event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        count_states(session)
        [counting] = [each for each in asked if "GROUP BY" in each]
        plan = session.execute(text(f"EXPLAIN QUERY PLAN {counting}")).all()

    assert [row[-1] for row in plan] == [
        "SCAN subscriptions USING COVERING INDEX ix_subscriptions_audience"
    ]
    assert ImportState.MERGING.value not in counting

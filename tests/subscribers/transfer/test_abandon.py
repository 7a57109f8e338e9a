"""An abandoned import leaves the store as it was, except for what readers did themselves."""

from typing import Any

import pytest
from sqlalchemy import func, select

from digest.clock import FixedClock
from digest.db import Database
from digest.errors import Refused
from digest.models import (
    ConsentEvent,
    Import,
    ImportState,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from digest.subscribers.lifecycle import leave
from digest.subscribers.transfer.abandon import abandon_import
from digest.subscribers.transfer.merge import merge_import

MANY = "email\n" + "".join(f"reader{number}@example.org\n" for number in range(1000))


class Killed(Exception):
    """Stands for a kill between two steps."""


def half_merged(db: Database, staged: Any, clock: FixedClock) -> None:
    def progress(done: int, _total: int) -> None:
        if done >= 600:
            raise Killed

    with pytest.raises(Killed):
        merge_import(db, staged, clock=clock, progress=progress)


def rows(db: Database) -> list[int | None]:
    with db.read() as session:
        return [
            session.scalar(select(func.count()).select_from(table))
            for table in (Subscriber, Subscription, ConsentEvent)
        ]


def test_abandoning_removes_all_that_was_merged(
    any_db: Database, clock: FixedClock, newsletter_in: Any, stage: Any
) -> None:
    staged = stage(any_db, newsletter_in(any_db), MANY)
    half_merged(any_db, staged, clock)
    assert rows(any_db)[0] != 0
    abandon_import(any_db, staged, clock=clock)

    assert rows(any_db) == [0, 0, 0]
    assert not staged.staging_path.exists()


def test_abandoning_keeps_readers_who_were_there_before(
    db: Database, clock: FixedClock, newsletter_id: int, newsletter_in: Any, reader: Any, stage: Any
) -> None:
    other = newsletter_in(db, "other")
    with db.write() as session:
        reader(session, other, "reader1@example.org")
        reader(session, newsletter_id, "reader2@example.org", "left")
    before = rows(db)
    staged = stage(db, newsletter_id, MANY)
    half_merged(db, staged, clock)
    abandon_import(db, staged, clock=clock)

    assert rows(db) == before


def test_abandoning_keeps_who_left_meanwhile(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    half_merged(db, staged, clock)
    with db.write() as session:
        public_id = session.scalars(select(Subscription.public_id)).first() or ""
        leave(session, public_id, now=clock.now(), origin="one-click")
    abandon_import(db, staged, clock=clock)
    with db.read() as session:
        assert session.scalars(select(Subscription.state)).all() == [SubscriptionState.UNSUBSCRIBED]


def test_killed_abandoning_goes_on(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    def killed(_done: int, _total: int) -> None:
        raise Killed

    staged = stage(db, newsletter_id, MANY)
    half_merged(db, staged, clock)
    with pytest.raises(Killed):
        abandon_import(db, staged, clock=clock, progress=killed)
    with pytest.raises(Refused, match="abandoned"):
        merge_import(db, staged, clock=clock)
    abandon_import(db, staged, clock=clock)

    assert rows(db) == [0, 0, 0]


def test_abandoned_file_can_be_imported_anew(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    half_merged(db, staged, clock)
    abandon_import(db, staged, clock=clock)
    anew = stage(db, newsletter_id, MANY)

    assert anew.import_id != staged.import_id
    assert merge_import(db, anew, clock=clock).added == 1000


def test_finished_import_cannot_be_abandoned(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    merge_import(db, staged, clock=clock)

    with pytest.raises(Refused, match="done"):
        abandon_import(db, staged, clock=clock)


def test_import_knows_that_it_was_abandoned(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    abandon_import(db, staged, clock=clock)
    with db.read() as session:
        row = session.get_one(Import, staged.import_id)

    assert (row.state, row.finished_at) == (ImportState.ABANDONED, clock.now())

"""A merge may be killed anywhere and goes on; its readers appear all at once, and nobody comes
back.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from digest.clock import FixedClock
from digest.db import Database
from digest.errors import Conflict, NotFound, Refused
from digest.keys import KeyRing, new_key_ring
from digest.models import (
    ConsentEvent,
    Import,
    ImportState,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from digest.sealed import Sealer
from digest.subscribers.audience import audience_count
from digest.subscribers.consent import list_events
from digest.subscribers.lifecycle import erase, find_by_address, join, leave
from digest.subscribers.suppression import suppress
from digest.subscribers.transfer.merge import merge_import, next_step_rows
from digest.subscribers.transfer.staging_file import StagingFile, remove_staging_file

COUNT = 3000  # three steps of a clock that stands still: each may be twice as long as the last
MANY = "email\n" + "".join(f"reader{number}@example.org\n" for number in range(COUNT))


class Killed(Exception):
    """Stands for a kill between two steps."""


def kill_after(steps: int) -> Callable[[int, int], None]:
    calls: list[int] = []

    def progress(done: int, _total: int) -> None:
        calls.append(done)
        if len(calls) == steps:
            raise Killed

    return progress


def audience(db: Database, newsletter_id: int, clock: FixedClock) -> int:
    with db.read() as session:
        return audience_count(session, newsletter_id, clock.now())


def half_merged(db: Database, staged: Any, clock: FixedClock, steps: int = 2) -> None:
    with pytest.raises(Killed):
        merge_import(db, staged, clock=clock, progress=kill_after(steps))


def test_merge_adds_the_new_readers(
    any_db: Database, clock: FixedClock, newsletter_in: Any, stage: Any
) -> None:
    newsletter_id = newsletter_in(any_db)
    staged = stage(any_db, newsletter_id, MANY)
    report = merge_import(any_db, staged, clock=clock)

    assert (report.added, report.already, report.withdrawn) == (COUNT, 0, 0)
    assert audience(any_db, newsletter_id, clock) == COUNT
    assert not staged.staging_path.exists()


def test_merged_reader_is_all_the_row_said(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    header = "email,name,language,timezone,joined,confirmed\n"
    row = "Anna@Gmail.com,Anna Ķirse,lv,Europe/Riga,2019-05-02,2019-05-01 08:00:00\n"
    merge_import(db, stage(db, newsletter_id, header + row), clock=clock)
    with db.read() as session:
        subscriber = session.scalars(select(Subscriber)).one()
        subscription = session.scalars(select(Subscription)).one()

    assert sealer.open(subscriber.address_sealed) == "Anna@gmail.com"
    assert sealer.open(subscriber.name_sealed or b"") == "Anna Ķirse"
    assert (subscription.language, subscription.timezone) == ("lv", "Europe/Riga")
    assert (subscription.state, subscription.domain_group) == (SubscriptionState.ACTIVE, "google")
    assert subscription.joined_at == datetime(2019, 5, 1, 8, tzinfo=UTC)


def test_merge_keeps_the_evidence_of_consent(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, "email,confirmed\nanna@x.org,5/1/2019 8:00 AM\n")
    merge_import(db, staged, clock=clock)
    with db.read() as session:
        subscriber_id = session.scalars(select(Subscriber.id)).one()
        (event,) = list_events(session, subscriber_id)

    assert (event.kind, event.origin) == ("imported", f"import {staged.import_id}")
    assert event.evidence == {
        "file": staged.file_digest,
        "row": 2,
        "confirmed": "5/1/2019 8:00 AM",
    }


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_half_merged_file_is_in_no_audience(
    any_db: Database, clock: FixedClock, newsletter_in: Any, stage: Any, steps: int
) -> None:
    newsletter_id = newsletter_in(any_db)
    half_merged(any_db, stage(any_db, newsletter_id, MANY), clock, steps)
    with any_db.read() as session:
        merged = session.scalar(select(func.count()).select_from(Subscription))

    assert merged is not None
    assert merged > 0
    assert audience(any_db, newsletter_id, clock) == 0


@pytest.mark.parametrize("is_staged_again", [False, True])
def test_killed_merge_goes_on_where_it_was(
    any_db: Database, clock: FixedClock, newsletter_in: Any, stage: Any, is_staged_again: bool
) -> None:
    newsletter_id = newsletter_in(any_db)
    staged = stage(any_db, newsletter_id, MANY)
    half_merged(any_db, staged, clock)
    if is_staged_again:
        staged = stage(any_db, newsletter_id, MANY)
    told: list[tuple[int, int]] = []
    report = merge_import(any_db, staged, clock=clock, progress=lambda *done: told.append(done))

    assert told[0][0] > 600
    assert told[-1] == (COUNT, COUNT)
    assert (report.added, report.already) == (COUNT, 0)
    assert audience(any_db, newsletter_id, clock) == COUNT


def test_killed_merge_goes_on_without_its_staging_file_once_staged_again(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    half_merged(db, staged, clock)
    remove_staging_file(staged.staging_path)
    with pytest.raises(NotFound, match="stage the file again"):
        merge_import(db, staged, clock=clock)
    report = merge_import(db, stage(db, newsletter_id, MANY), clock=clock)

    assert (report.added, audience(db, newsletter_id, clock)) == (COUNT, COUNT)


def test_every_merged_reader_has_one_event_however_often_killed(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    for _ in range(4):
        half_merged(db, staged, clock, steps=1)
    merge_import(db, staged, clock=clock)
    with db.read() as session:
        events = session.scalar(select(func.count()).select_from(ConsentEvent))

    assert events == COUNT


def test_merging_again_reports_the_same(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)

    assert merge_import(db, staged, clock=clock) == merge_import(db, staged, clock=clock)


def test_importing_the_same_file_twice_does_no_harm(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    first = merge_import(db, stage(db, newsletter_id, MANY), clock=clock)
    second = merge_import(db, stage(db, newsletter_id, MANY), clock=clock)

    assert (first.added, second.added, second.already) == (COUNT, 0, COUNT)
    assert audience(db, newsletter_id, clock) == COUNT


def test_nobody_who_left_or_is_suppressed_comes_back(
    any_db: Database, sealer: Sealer, clock: FixedClock, newsletter_in: Any, reader: Any, stage: Any
) -> None:
    newsletter_id = newsletter_in(any_db)
    with any_db.write() as session:
        reader(session, newsletter_id, "left@x.org", "left")
        suppress(session, sealer, "bad@x.org", SuppressionReason.COMPLAINED, now=clock.now())
        erased = reader(session, newsletter_id, "erased@x.org")
        erase(session, sealer, erased.subscriber_id, clock.now())
    content = "email\nleft@x.org\nbad@x.org\nerased@x.org\n"
    report = merge_import(any_db, stage(any_db, newsletter_id, content), clock=clock)

    assert (report.added, report.left, report.suppressed) == (0, 1, 2)
    assert audience(any_db, newsletter_id, clock) == 0


def test_reader_who_leaves_between_staging_and_merge_stays_away(
    db: Database, clock: FixedClock, newsletter_id: int, reader: Any, stage: Any
) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@x.org")
    staged = stage(db, newsletter_id, "email\nANNA@x.org\n")
    with db.write() as session:
        leave(session, made.public_id, now=clock.now(), origin="one-click")
    report = merge_import(db, staged, clock=clock)

    assert (staged.counts.already, report.left) == (1, 1)
    assert audience(db, newsletter_id, clock) == 0


def test_reader_who_asks_during_the_merge_must_still_confirm(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    half_merged(db, staged, clock, steps=3)
    asked = {"name": None, "language": None, "timezone": None, "policy_version": None}
    with db.write() as session:
        made = join(
            session,
            sealer,
            newsletter_id=newsletter_id,
            address="reader0@example.org",
            now=clock.now(),
            origin="form",
            wording="Yes.",
            **asked,
        )
    report = merge_import(db, staged, clock=clock)

    assert made.state is SubscriptionState.PENDING
    assert (report.added, report.withdrawn) == (COUNT - 1, 1)
    assert audience(db, newsletter_id, clock) == COUNT - 1


def test_known_reader_keeps_their_name_and_gets_the_second_newsletter(
    db: Database,
    sealer: Sealer,
    clock: FixedClock,
    newsletter_id: int,
    newsletter_in: Any,
    reader: Any,
    stage: Any,
) -> None:
    with db.write() as session:
        reader(session, newsletter_id, "anna@x.org")
    other = newsletter_in(db, "other")
    merge_import(db, stage(db, other, "email,name\nanna@x.org,Mallory\n"), clock=clock)
    with db.read() as session:
        subscriber = find_by_address(session, sealer, "anna@x.org")

    assert subscriber is not None
    assert sealer.open(subscriber.name_sealed or b"") == "Anna"
    assert [audience(db, each, clock) for each in (newsletter_id, other)] == [1, 1]


def test_second_import_waits_for_the_first(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    half_merged(db, stage(db, newsletter_id, MANY), clock)
    other = stage(db, newsletter_id, MANY + "eva@x.org\n")

    with pytest.raises(Refused, match="finish or abandon it first"):
        merge_import(db, other, clock=clock)


def test_merge_that_lost_its_place_is_a_conflict(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)

    def other_process(_done: int, _total: int) -> None:
        with db.write() as session:
            session.get_one(Import, staged.import_id).merged_rows += 1

    with pytest.raises(Conflict, match="somebody else"):
        merge_import(db, staged, clock=clock, progress=other_process)


def test_import_knows_how_it_ended(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    merge_import(db, staged, clock=clock)
    with db.read() as session:
        row = session.get_one(Import, staged.import_id)

    assert (row.state, row.finished_at) == (ImportState.DONE, clock.now())
    assert (row.counts["staged"]["rows"], row.counts["added"]) == (COUNT, COUNT)


def test_time_to_come_is_not_taken_for_the_joining(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    later = (clock.now() + timedelta(days=9)).isoformat()
    merge_import(db, stage(db, newsletter_id, f"email,joined\na@x.org,{later}\n"), clock=clock)
    with db.read() as session:
        assert session.scalars(select(Subscription.joined_at)).one() == clock.now()


@pytest.mark.parametrize(
    ("rows", "working", "committing", "following"),
    [
        (1000, 0.016, 0.002, 1000),
        (1000, 0.020, 0.002, 800),
        (2000, 0.099, 0.002, 1000),
        (1000, 0.004, 0.002, 2000),
        (1000, 0.009, 0.400, 1000),
        (600, 9.9, 9.9, 512),
        (3000, 0.0, 0.0, 4096),
    ],
)
def test_next_step_makes_others_wait_about_as_long_as_wanted(
    rows: int, working: float, committing: float, following: int
) -> None:
    assert next_step_rows(rows, working, committing) == following


def test_flip_is_one_row_however_many_readers(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    half_merged(db, staged, clock, steps=3)
    with db.read() as session:
        before = session.execute(select(Subscription.__table__)).all()
    merge_import(db, staged, clock=clock)
    with db.read() as session:
        after = session.execute(select(Subscription.__table__)).all()

    assert (len(before), after) == (COUNT, before)


def test_reader_erased_before_the_flip_is_counted_as_withdrawn(
    any_db: Database, sealer: Sealer, clock: FixedClock, newsletter_in: Any, stage: Any
) -> None:
    newsletter_id = newsletter_in(any_db)
    staged = stage(any_db, newsletter_id, MANY)
    half_merged(any_db, staged, clock)
    with any_db.write() as session:
        subscriber_id = session.scalars(select(Subscriber.id)).first() or 0
        erase(session, sealer, subscriber_id, clock.now())
    report = merge_import(any_db, staged, clock=clock)

    assert (report.added, report.withdrawn) == (COUNT - 1, 1)
    assert audience(any_db, newsletter_id, clock) == COUNT - 1


def test_reader_who_leaves_after_the_flip_is_not_withdrawn(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    merge_import(db, staged, clock=clock)
    with db.write() as session:
        public_id = session.scalars(select(Subscription.public_id)).first() or ""
        leave(session, public_id, now=clock.now(), origin="one-click")

    assert merge_import(db, staged, clock=clock).withdrawn == 0
    assert audience(db, newsletter_id, clock) == COUNT - 1


def test_file_staged_anew_under_another_index_key_loses_and_doubles_nobody(
    db: Database, sealer: Sealer, keys: KeyRing, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    half_merged(db, staged, clock)
    with db.write() as session:
        public_id = session.scalars(select(Subscription.public_id)).first() or ""
        leave(session, public_id, now=clock.now(), origin="one-click")
    remove_staging_file(staged.staging_path)
    rotated = Sealer(replace(keys, index=(*new_key_ring().index, *keys.index)))
    report = merge_import(db, stage(db, newsletter_id, MANY, sealer=rotated), clock=clock)
    with db.read() as session:
        counted = [
            session.scalar(select(func.count()).select_from(table))
            for table in (Subscriber, Subscription)
        ]

    assert counted == [COUNT, COUNT]
    assert (report.added, report.left, report.withdrawn) == (COUNT - 1, 1, 0)
    assert audience(db, newsletter_id, clock) == COUNT - 1


def test_reader_known_by_a_retired_index_key_is_not_made_twice(
    any_db: Database, keys: KeyRing, clock: FixedClock, newsletter_in: Any, reader: Any, stage: Any
) -> None:
    newsletter_id, other = newsletter_in(any_db), newsletter_in(any_db, "other")
    with any_db.write() as session:
        reader(session, newsletter_id, "anna@x.org")
    rotated = Sealer(replace(keys, index=(*new_key_ring().index, *keys.index)))
    staged = stage(any_db, other, "email\nanna@x.org\neva@x.org\n", sealer=rotated)
    report = merge_import(any_db, staged, clock=clock)
    with any_db.read() as session:
        subscribers = session.scalar(select(func.count()).select_from(Subscriber))

    assert (report.added, subscribers) == (2, 2)


def test_public_ids_of_imported_readers_are_like_all_others(
    any_db: Database, clock: FixedClock, newsletter_in: Any, stage: Any
) -> None:
    merge_import(any_db, stage(any_db, newsletter_in(any_db), MANY), clock=clock)
    with any_db.read() as session:
        ids = [*session.scalars(select(Subscription.public_id))]
        ids += session.scalars(select(Subscriber.public_id))

    assert len(set(ids)) == 2 * COUNT
    assert all(re.fullmatch("[a-z2-7]{16}", public_id) for public_id in ids)


def test_merge_of_a_file_in_use_is_a_conflict(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)

    with (
        StagingFile(staged.staging_path),
        pytest.raises(Conflict, match="another process"),
    ):
        merge_import(db, staged, clock=clock)


def test_file_being_merged_cannot_be_staged(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    refused = []

    def staged_meanwhile(_done: int, _total: int) -> None:
        with pytest.raises(Conflict, match="another process"):
            stage(db, newsletter_id, MANY)
        refused.append(True)

    merge_import(db, staged, clock=clock, progress=staged_meanwhile)

    assert refused


def test_writers_get_in_between_two_steps(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    other = Database(str(db.engine.url), write_patience=0)  # as another program would

    def write(_done: int, _total: int) -> None:
        with other.write() as session:
            session.execute(update(Import).values(file_digest=Import.file_digest))

    merge_import(db, staged, clock=clock, progress=write)
    other.close()

    assert audience(db, newsletter_id, clock) == COUNT

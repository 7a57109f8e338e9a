"""A merge may be killed anywhere and goes on; its readers appear all at once, and nobody comes
back.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from digest.clock import FixedClock
from digest.db import Database
from digest.errors import Conflict, NotFound, Refused
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
from digest.subscribers.transfer.staging_file import remove_staging_file

MANY = "email\n" + "".join(f"reader{number}@example.org\n" for number in range(500))


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

    assert (report.added, report.already, report.withdrawn) == (500, 0, 0)
    assert audience(any_db, newsletter_id, clock) == 500
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


@pytest.mark.parametrize("steps", [1, 2, 4])
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

    assert told[0][0] > 100
    assert told[-1] == (500, 500)
    assert (report.added, report.already) == (500, 0)
    assert audience(any_db, newsletter_id, clock) == 500


def test_killed_merge_goes_on_without_its_staging_file_once_staged_again(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    half_merged(db, staged, clock)
    remove_staging_file(staged.staging_path)
    with pytest.raises(NotFound, match="stage the file again"):
        merge_import(db, staged, clock=clock)
    report = merge_import(db, stage(db, newsletter_id, MANY), clock=clock)

    assert (report.added, audience(db, newsletter_id, clock)) == (500, 500)


def test_every_merged_reader_has_one_event_however_often_killed(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    for _ in range(3):
        half_merged(db, staged, clock, steps=1)
    merge_import(db, staged, clock=clock)
    with db.read() as session:
        events = session.scalar(select(func.count()).select_from(ConsentEvent))

    assert events == 500


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

    assert (first.added, second.added, second.already) == (500, 0, 500)
    assert audience(db, newsletter_id, clock) == 500


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
    half_merged(db, staged, clock)
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
    assert (report.added, report.withdrawn) == (499, 1)
    assert audience(db, newsletter_id, clock) == 499


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
    assert (row.counts["staged"]["rows"], row.counts["added"]) == (500, 500)


def test_time_to_come_is_not_taken_for_the_joining(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    later = (clock.now() + timedelta(days=9)).isoformat()
    merge_import(db, stage(db, newsletter_id, f"email,joined\na@x.org,{later}\n"), clock=clock)
    with db.read() as session:
        assert session.scalars(select(Subscription.joined_at)).one() == clock.now()


@pytest.mark.parametrize(
    ("rows", "seconds", "following"),
    [(64, 0.021, 32), (64, 0.015, 64), (64, 0.009, 128), (8, 9.9, 8), (1024, 0.0, 1024)],
)
def test_next_step_is_half_as_long_or_twice(rows: int, seconds: float, following: int) -> None:
    assert next_step_rows(rows, seconds) == following

"""Whom the old provider must not mail is mailed by nobody, unless they have asked us since."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from digest.clock import FixedClock
from digest.db import Database
from digest.models import ConsentEvent, Subscriber, Subscription, Suppression, SuppressionReason
from digest.sealed import Sealer
from digest.subscribers.audience import audience_count
from digest.subscribers.lifecycle import confirm, erase, find_by_address, join
from digest.subscribers.suppression import find_reason, is_suppressed
from digest.subscribers.tally import tally_days
from digest.subscribers.transfer.abandon import abandon_import
from digest.subscribers.transfer.bundle import Asked
from digest.subscribers.transfer.merge import ImportReport, merge_import
from digest.subscribers.transfer.restraining import Consent, outweighs

THEN = datetime(2024, 1, 1, tzinfo=UTC)
BEFORE, AFTER = THEN - timedelta(days=1), THEN + timedelta(days=1)
LEAVES = Asked(only_leaves=True)

Bring = Callable[..., ImportReport]


@pytest.mark.parametrize(
    ("left_at", "consent", "stays"),
    [
        (THEN, Consent(AFTER), True),
        (THEN, Consent(BEFORE), False),
        (THEN, Consent(THEN), False),
        (None, Consent(BEFORE), True),  # leaving them, whenever it was, was not leaving us
        (THEN, Consent(None, AFTER), True),
        (THEN, Consent(None, BEFORE), False),
        (None, Consent(None, AFTER), False),
        (THEN, Consent(None), False),
    ],
)
def test_newer_own_consent_outweighs(
    left_at: datetime | None, consent: Consent, stays: bool
) -> None:
    assert outweighs(left_at, [consent]) is stays


@given(
    st.lists(st.builds(Consent, st.none() | st.datetimes(timezones=st.just(UTC)), st.none())),
    st.datetimes(timezones=st.just(UTC)),
)
def test_who_stays_has_given_a_consent_after_they_left(
    consents: list[Consent], left_at: datetime
) -> None:
    given_since = any(each.given is not None and each.given > left_at for each in consents)

    assert outweighs(left_at, consents) is given_since


@pytest.fixture
def bring(clock: FixedClock, stage: Any) -> Bring:
    """Import a text as a file: ``bring(db, newsletter_id, "email\\n…", asked)``."""

    def go(db: Database, newsletter_id: int, content: str, asked: Asked | None = None) -> Any:
        options = {"asked": asked} if asked else {}
        return merge_import(db, stage(db, newsletter_id, content, **options), clock=clock)

    return go


def state(db: Database, sealer: Sealer, address: str) -> str | None:
    with db.read() as session:
        subscriber = find_by_address(session, sealer, address)
        if subscriber is None:
            return None
        theirs = select(Subscription.state).where(Subscription.subscriber_id == subscriber.id)
        return session.scalars(theirs).one().value


def test_older_list_revives_nobody_who_left(
    any_db: Database, sealer: Sealer, newsletter_in: Any, bring: Bring
) -> None:
    newsletter_id = newsletter_in(any_db)
    bring(any_db, newsletter_id, "email,status\nanna@x.org,unsubscribed\nivo@x.org,cleaned\n")
    report = bring(any_db, newsletter_id, "email\nanna@x.org\nivo@x.org\n")

    assert (report.added, report.left, report.suppressed) == (0, 1, 1)
    assert state(any_db, sealer, "anna@x.org") == "unsubscribed"
    assert state(any_db, sealer, "ivo@x.org") is None


def test_leaving_one_newsletter_there_bars_from_no_other_here(
    any_db: Database, sealer: Sealer, newsletter_in: Any, bring: Bring
) -> None:
    weekly, daily = newsletter_in(any_db), newsletter_in(any_db, "daily")
    bring(any_db, weekly, "email,status\nanna@x.org,unsubscribed\n")

    assert bring(any_db, daily, "email\nanna@x.org\n").added == 1
    with any_db.read() as session:
        assert not is_suppressed(session, sealer, "anna@x.org")


def test_severest_row_of_an_address_counts_wherever_it_stands(
    any_db: Database, sealer: Sealer, newsletter_in: Any, bring: Bring
) -> None:
    newsletter_id = newsletter_in(any_db)
    rows = "a@x.org,active\nA@x.org,unsubscribed\na@x.org,\nb@x.org,complained\nb@x.org,active\n"
    filler = "".join(f"r{number}@x.org,active\n" for number in range(10_000))
    report = bring(any_db, newsletter_id, f"email,status\n{rows}{filler}b@x.org,\nc@x.org,left\n")

    assert state(any_db, sealer, "a@x.org") == "unsubscribed"
    assert state(any_db, sealer, "b@x.org") is None
    assert (report.added, report.gone, report.barred) == (10_000, 2, 1)


def test_late_leaving_takes_a_reader_out_and_says_why(
    any_db: Database, sealer: Sealer, clock: FixedClock, newsletter_in: Any, bring: Bring
) -> None:
    newsletter_id = newsletter_in(any_db)
    bring(any_db, newsletter_id, "email,confirmed\nanna@x.org,2019-05-01\nivo@x.org,2019-05-01\n")
    clock.advance(timedelta(days=7))
    content = "email,unsubscribed_at\nanna@x.org,2026-11-30 10:00:00\nnew@x.org,\n"
    report = bring(any_db, newsletter_id, content, LEAVES)
    with any_db.read() as session:
        event = session.scalars(select(ConsentEvent).where(ConsentEvent.kind == "left")).one()
        readers = audience_count(session, newsletter_id, clock.now())

    assert (report.added, report.ended, readers) == (0, 1, 1)
    assert state(any_db, sealer, "anna@x.org") == "unsubscribed"
    assert (event.evidence["left"], event.evidence["row"]) == ("2026-11-30 10:00:00", 2)
    assert event.origin == f"import {report.import_id}"


def test_leaves_may_be_brought_again_and_again(
    any_db: Database, clock: FixedClock, newsletter_in: Any, bring: Bring
) -> None:
    newsletter_id = newsletter_in(any_db)
    bring(any_db, newsletter_id, "email\nanna@x.org\nivo@x.org\n")
    leaves = "email,status\nanna@x.org,unsubscribed\nold@x.org,unsubscribed\ndead@x.org,cleaned\n"
    first = bring(any_db, newsletter_id, leaves, LEAVES)
    tables = (Subscriber, Subscription, ConsentEvent, Suppression)
    with any_db.read() as session:
        before = [session.scalar(select(func.count()).select_from(each)) for each in tables]
    again = bring(any_db, newsletter_id, leaves, LEAVES)
    with any_db.read() as session:
        after = [session.scalar(select(func.count()).select_from(each)) for each in tables]

    assert (first.ended, again.ended, again.gone, again.barred) == (1, 0, 2, 1)
    assert after == before


@pytest.mark.parametrize(
    ("left", "stays"),
    [("2026-11-20 00:00:00", True), ("2026-12-20 00:00:00", False), ("", True)],
)
@pytest.mark.parametrize("status", ["unsubscribed", "bounced", "complained"])
def test_reader_who_joined_us_since_stays(
    db: Database,
    sealer: Sealer,
    clock: FixedClock,
    newsletter_id: int,
    reader: Any,
    bring: Bring,
    left: str,
    stays: bool,
    status: str,
) -> None:
    with db.write() as session:
        reader(session, newsletter_id, "anna@x.org")
    clock.advance(timedelta(days=60))
    content = f"email,status,unsubscribed_at\nanna@x.org,{status},{left}\n"
    report = bring(db, newsletter_id, content)
    with db.read() as session:
        readers = audience_count(session, newsletter_id, clock.now())

    assert (report.spared, report.ended, readers) == ((1, 0, 1) if stays else (0, 1, 0))


def test_dry_run_tells_who_would_be_taken_out_and_who_stays(
    db: Database, clock: FixedClock, newsletter_id: int, reader: Any, stage: Any, bring: Bring
) -> None:
    bring(db, newsletter_id, "email\nivo@x.org\n")
    with db.write() as session:
        reader(session, newsletter_id, "anna@x.org")
    counts = stage(db, newsletter_id, "email,status\nanna@x.org,left\nivo@x.org,left\n").counts

    assert (counts.gone, counts.spared, counts.ended, counts.new) == (2, 1, 1, 0)


def test_pending_reader_may_still_confirm(
    db: Database, sealer: Sealer, newsletter_id: int, reader: Any, bring: Bring
) -> None:
    with db.write() as session:
        reader(session, newsletter_id, "anna@x.org", "pending")
    bring(db, newsletter_id, "email,status\nanna@x.org,unsubscribed\n")

    assert state(db, sealer, "anna@x.org") == "pending"


def test_who_left_there_joins_here_by_confirming(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, bring: Bring
) -> None:
    bring(db, newsletter_id, "email,status\nanna@x.org,unsubscribed\n")
    now = clock.now()
    with db.write() as session:
        words = {"language": None, "timezone": None, "origin": "form", "policy_version": None}
        asked = join(
            *(session, sealer),
            newsletter_id=newsletter_id,
            address="anna@x.org",
            name="Anna",
            now=now,
            wording="Yes.",
            **words,
        )
        confirm(session, asked.public_id, now=now, origin="link")

    assert state(db, sealer, "anna@x.org") == "active"


def test_erased_reader_is_not_written_down_again_because_they_left_elsewhere(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, reader: Any, bring: Bring
) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@x.org")
        erase(session, sealer, made.subscriber_id, clock.now())
    bring(db, newsletter_id, "email,status\nanna@x.org,unsubscribed\n")
    with db.read() as session:
        reason = find_reason(session, sealer, "anna@x.org")

        assert find_by_address(session, sealer, "anna@x.org") is None
        assert reason is SuppressionReason.ERASED


def test_barred_stay_barred_when_the_import_is_taken_back(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    content = "email,status\ndead@x.org,cleaned\ngone@x.org,left\nanna@x.org,active\n"
    staged = stage(db, newsletter_id, content)

    def stop_at_the_second_pass(done: int, _total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        merge_import(db, staged, clock=clock, progress=stop_at_the_second_pass)
    abandon_import(db, staged, clock=clock)
    with db.read() as session:
        assert is_suppressed(session, sealer, "dead@x.org")
    assert state(db, sealer, "gone@x.org") == "unsubscribed"
    assert state(db, sealer, "anna@x.org") is None


def test_nobody_joins_before_everybody_barred_is_barred(
    any_db: Database, clock: FixedClock, newsletter_in: Any, stage: Any
) -> None:
    newsletter_id = newsletter_in(any_db)
    rows = "".join(f"a{n}@x.org,active\nb{n}@x.org,cleaned\n" for n in range(1500))
    staged = stage(any_db, newsletter_id, f"email,status\n{rows}")
    seen: list[tuple[int, int]] = []

    def look(_done: int, _total: int) -> None:
        with any_db.read() as session:
            counts = [
                session.scalar(select(func.count()).select_from(table)) or 0
                for table in (Suppression, Subscription)
            ]
        seen.append((counts[0], counts[1]))

    merge_import(any_db, staged, clock=clock, progress=look)

    assert all(barred == 1500 for barred, joined in seen if joined)
    assert seen[-1] == (1500, 1500)


def test_those_who_left_elsewhere_are_no_leavings_of_ours(
    db: Database, clock: FixedClock, newsletter_id: int, bring: Bring
) -> None:
    bring(db, newsletter_id, "email,status\nanna@x.org,unsubscribed\nivo@x.org,active\n")
    tally_days(db, clock.now() + timedelta(days=2))
    with db.read() as session:
        left = select(func.count()).where(ConsentEvent.kind == "left")

        assert session.scalar(left) == 0


@pytest.mark.parametrize("status", ["", "active"])
def test_leaves_take_nobody_in(
    db: Database, newsletter_id: int, bring: Bring, sealer: Sealer, status: str
) -> None:
    report = bring(db, newsletter_id, f"email,status\nanna@x.org,{status}\n", LEAVES)

    assert (report.added, report.gone) == (0, 0)
    assert state(db, sealer, "anna@x.org") is None


def test_list_that_says_nothing_is_all_leaves_when_that_is_said(
    db: Database, sealer: Sealer, newsletter_id: int, bring: Bring
) -> None:
    bring(db, newsletter_id, "email\nanna@x.org\n")
    report = bring(db, newsletter_id, "email\nanna@x.org\n", LEAVES)

    assert report.ended == 1
    assert state(db, sealer, "anna@x.org") == "unsubscribed"

"""When an issue leaves as people decide it: moments by hand, dates left out, now, not at all."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from digest.clock import FixedClock, Schedule
from digest.curation.issues import approve_issue, new_issue
from digest.db import Database
from digest.delivery.appointing import (
    appoint,
    give_up,
    list_coming,
    read_moment,
    send_now,
    skip,
    take_back,
    unskip,
)
from digest.delivery.slots import find_slot, plan_slots, set_due_by_hand, settle_slot
from digest.errors import BadInput, Conflict, Refused
from digest.models import Issue, IssueState, Newsletter, SlotState

FRIDAY = date(2026, 11, 27)
NEXT = date(2026, 12, 4)
FAR = date(2026, 12, 25)
SCHEDULE = Schedule(4, time(7), ZoneInfo("UTC"))
HASH = "a" * 64


@pytest.fixture
def newsletter_id(any_db: Database, clock: FixedClock) -> int:
    now = clock.now()
    with any_db.write() as session:
        newsletter = Newsletter(
            slug="weekly", furniture={}, skip_dates=[], created_at=now - timedelta(days=30)
        )
        session.add(newsletter)
        session.flush()
        plan_slots(session, newsletter, SCHEDULE, now)
        return newsletter.id


def newsletter(session: Session, id: int) -> Newsletter:
    return session.get_one(Newsletter, id)


def issue(session: Session, newsletter_id: int, day: date | None, clock: FixedClock) -> Issue:
    return new_issue(session, newsletter(session, newsletter_id), slot_date=day, now=clock.now())


def state(session: Session, id: int, day: date) -> SlotState | None:
    slot = find_slot(session, id, day)
    return slot.state if slot else None


def test_moment_is_read_on_the_clock_of_the_zone(clock) -> None:
    moment = read_moment("2026-12-04 07:00", "Europe/Berlin", clock.now())
    assert moment == datetime(2026, 12, 4, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-13-01 07:00", "2026-11-27 06:00", "9999-12-31 23:59", "\0"]
)
def test_moment_that_is_none_is_refused(clock, text: str) -> None:
    zone = "Pacific/Pago_Pago" if text.startswith("9999") else "UTC"
    with pytest.raises(BadInput, match=r"write|over"):
        read_moment(text, zone, clock.now())


def test_next_dates_are_listed_with_what_is_planned(any_db, newsletter_id, clock) -> None:
    with any_db.write() as session:
        own = issue(session, newsletter_id, NEXT, clock)
        thursday = datetime(2026, 12, 10, 9, tzinfo=UTC)
        set_due_by_hand(session, newsletter_id, thursday.date(), due_at=thursday)
        newsletter(session, newsletter_id).skip_dates = [FAR.isoformat()]
    with any_db.read() as session:
        coming = list_coming(session, newsletter(session, newsletter_id), SCHEDULE, clock.now())

    assert [each.day for each in coming][:3] == [FRIDAY, NEXT, thursday.date()]
    assert len(coming) == 9
    assert [each.day for each in coming if each.skipped] == [FAR]
    assert [each.day for each in coming if not each.scheduled] == [thursday.date()]
    assert [each.issue.id for each in coming if each.issue] == [own.id]


def test_date_that_is_left_out_fires_no_slot(any_db, newsletter_id, clock) -> None:
    """At once: the slot is due in a minute, and a tick may come before anything else."""
    with any_db.write() as session:
        draft = issue(session, newsletter_id, FRIDAY, clock)
        kept = skip(session, newsletter(session, newsletter_id), SCHEDULE, FRIDAY, clock.now())

        assert kept is not None
        assert (kept.id, kept.state) == (draft.id, IssueState.DRAFT)
        assert state(session, newsletter_id, FRIDAY) is SlotState.SKIPPED


def test_moment_by_hand_does_not_outlast_a_skip(any_db, newsletter_id, clock) -> None:
    with any_db.write() as session:
        appoint(session, issue(session, newsletter_id, FRIDAY, clock), clock.now())
        skip(session, newsletter(session, newsletter_id), SCHEDULE, FRIDAY, clock.now())

        slot = find_slot(session, newsletter_id, FRIDAY)
        assert slot is None or slot.state is SlotState.SKIPPED


def test_date_is_planned_again(any_db, newsletter_id, clock) -> None:
    with any_db.write() as session:
        row = newsletter(session, newsletter_id)
        for day in (FRIDAY, FAR):
            skip(session, row, SCHEDULE, day, clock.now())
            unskip(session, row, SCHEDULE, day, clock.now())

        assert row.skip_dates == []
        assert state(session, newsletter_id, FRIDAY) is SlotState.PLANNED
        assert state(session, newsletter_id, FAR) is None


@pytest.mark.parametrize("day", [date(2026, 11, 20), date(2026, 11, 28), date(2030, 1, 4)])
def test_only_dates_to_come_are_left_out(any_db, newsletter_id, clock, day: date) -> None:
    with any_db.write() as session:
        row = newsletter(session, newsletter_id)
        for verb in (skip, unskip):
            with pytest.raises(BadInput, match="none of the dates"):
                verb(session, row, SCHEDULE, day, clock.now())


def test_only_the_approved_bytes_are_sent_now(any_db, newsletter_id, clock) -> None:
    with any_db.write() as session:
        draft = issue(session, newsletter_id, FRIDAY, clock)
        with pytest.raises(Refused, match="not approved"):
            send_now(session, draft, HASH, clock.now())
        approve_issue(session, draft.id, version=1, content_hash=HASH, by="ada", now=clock.now())
        with pytest.raises(Conflict, match="approved anew"):
            send_now(session, draft, "b" * 64, clock.now())

        send_now(session, draft, HASH, clock.now())

        slot = find_slot(session, newsletter_id, FRIDAY)
        assert slot is not None
        assert (slot.due_at, slot.by_hand) == (clock.now(), True)


def test_slot_that_fired_is_not_sent_now_again(any_db, newsletter_id, clock) -> None:
    with any_db.write() as session:
        draft = issue(session, newsletter_id, FRIDAY, clock)
        approve_issue(session, draft.id, version=1, content_hash=HASH, by="ada", now=clock.now())
        send_now(session, draft, HASH, clock.now())
        slot = find_slot(session, newsletter_id, FRIDAY)
        assert slot is not None
        assert settle_slot(session, slot, SlotState.FIRED, clock.now())
        session.expire_all()
        with pytest.raises(Refused, match="fired already"):
            send_now(session, draft, HASH, clock.now())


def test_moment_is_taken_back(any_db, newsletter_id, clock) -> None:
    with any_db.write() as session:
        planned = issue(session, newsletter_id, FRIDAY, clock)
        extra = issue(session, newsletter_id, None, clock)
        later = clock.now() + timedelta(hours=5)
        for each in (planned, extra):
            appoint(session, each, later)
        for each in (planned, extra):
            take_back(session, each, SCHEDULE, clock.now())
        session.expire_all()

        slot = find_slot(session, newsletter_id, FRIDAY)
        assert slot is not None
        assert (slot.by_hand, slot.due_at) == (False, datetime(2026, 11, 27, 7, tzinfo=UTC))
        assert extra.send_at is None


def test_issue_that_is_given_up_frees_its_date(any_db, newsletter_id, clock) -> None:
    with any_db.write() as session:
        draft = issue(session, newsletter_id, FRIDAY, clock)
        appoint(session, draft, clock.now() + timedelta(hours=1))
        give_up(session, draft)

        assert draft.state is IssueState.CANCELLED
        assert state(session, newsletter_id, FRIDAY) is None
        assert issue(session, newsletter_id, FRIDAY, clock).number == 2
        with pytest.raises(Refused, match="cannot be scheduled"):
            appoint(session, draft, clock.now())


def test_those_who_plan_at_once_wait_for_each_other_and_none_fails(
    any_db: Database, clock: FixedClock, newsletter_id: int
) -> None:
    now = clock.now()
    with any_db.write() as session:
        issue_id = issue(session, newsletter_id, NEXT, clock).id

    def tick(session: Session) -> None:
        plan_slots(session, newsletter(session, newsletter_id), SCHEDULE, now)

    def leave_out(session: Session) -> None:
        skip(session, newsletter(session, newsletter_id), SCHEDULE, NEXT, now)

    def move(session: Session) -> None:
        appoint(session, session.get_one(Issue, issue_id), now + timedelta(hours=9))

    def back(session: Session) -> None:
        take_back(session, session.get_one(Issue, issue_id), SCHEDULE, now)

    def often(act: Callable[[Session], None]) -> None:
        for _ in range(60):
            with any_db.write() as session:
                act(session)

    with ThreadPoolExecutor(4) as hands:
        for ended in [hands.submit(often, act) for act in (tick, leave_out, move, back)]:
            ended.result()
    with any_db.read() as session:
        assert find_slot(session, newsletter_id, NEXT) is not None

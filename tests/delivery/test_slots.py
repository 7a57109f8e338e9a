"""Slots are planned once, follow the schedule while they may, and fire once."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.clock import Schedule
from digest.db import Database
from digest.delivery.slots import (
    Verdict,
    judge_slot,
    list_due_slots,
    list_slots_to_warn,
    mark_warned,
    plan_slots,
    set_due_by_hand,
    settle_slot,
)
from digest.errors import Refused
from digest.models import Newsletter, Slot, SlotState

FRIDAY = date(2026, 11, 27)
DUE = datetime(2026, 11, 27, 7, tzinfo=UTC)
SCHEDULE = Schedule(4, time(7), ZoneInfo("UTC"))
LATENESS = timedelta(hours=36)


@pytest.fixture
def newsletter(any_db: Database) -> Newsletter:
    with any_db.write() as session:
        row = Newsletter(
            slug="weekly", furniture={}, skip_dates=[], created_at=DUE - timedelta(days=30)
        )
        session.add(row)
    return row


def slots(session: Session) -> dict[date, Slot]:
    return {slot.local_date: slot for slot in session.scalars(select(Slot))}


@pytest.mark.parametrize(
    ("late", "approved", "verdict"),
    [
        (timedelta(0), True, Verdict.FIRE),
        (timedelta(hours=36), True, Verdict.FIRE),
        (timedelta(hours=36, seconds=1), True, Verdict.MISS),
        (timedelta(hours=36, seconds=1), False, Verdict.MISS),
        (timedelta(0), False, Verdict.HOLD),
    ],
)
def test_due_slot_is_judged(late: timedelta, approved: bool, verdict: Verdict) -> None:
    judged = judge_slot(DUE, now=DUE + late, max_lateness=LATENESS, approved=approved)

    assert judged is verdict


def test_planning_twice_adds_nothing(any_db, newsletter) -> None:
    with any_db.write() as session:
        plan_slots(session, newsletter, SCHEDULE, DUE)
        plan_slots(session, newsletter, SCHEDULE, DUE)

    with any_db.read() as session:
        assert sorted(slots(session)) == [date(2026, 11, 20), FRIDAY, date(2026, 12, 4)]


def test_slot_from_before_the_newsletter_is_not_planned(any_db, newsletter) -> None:
    with any_db.write() as session:
        row = session.merge(newsletter)
        row.created_at = DUE - timedelta(days=1)
        plan_slots(session, row, SCHEDULE, DUE)

        assert date(2026, 11, 20) not in slots(session)


def test_planned_slot_follows_the_schedule(any_db, newsletter) -> None:
    with any_db.write() as session:
        plan_slots(session, newsletter, SCHEDULE, DUE)
        tokyo = Schedule(4, time(7), ZoneInfo("Asia/Tokyo"))
        plan_slots(session, newsletter, tokyo, DUE)

    with any_db.read() as session:
        assert slots(session)[FRIDAY].due_at == DUE - timedelta(hours=9)


def test_fired_slot_stays_where_it_was(any_db, newsletter) -> None:
    with any_db.write() as session:
        plan_slots(session, newsletter, SCHEDULE, DUE)
        settle_slot(session, slots(session)[FRIDAY], SlotState.FIRED, DUE)
        plan_slots(session, newsletter, Schedule(4, time(9), ZoneInfo("UTC")), DUE)

    with any_db.read() as session:
        assert slots(session)[FRIDAY].due_at == DUE


def test_skip_date_plans_no_issue_and_can_be_taken_back(any_db, newsletter) -> None:
    with any_db.write() as session:
        row = session.merge(newsletter)
        row.skip_dates = [FRIDAY.isoformat()]
        plan_slots(session, row, SCHEDULE, DUE)
        session.expire_all()
        assert slots(session)[FRIDAY].state is SlotState.SKIPPED
        row.skip_dates = []
        plan_slots(session, row, SCHEDULE, DUE)
        session.expire_all()

        assert slots(session)[FRIDAY].state is SlotState.PLANNED


def test_slot_is_settled_by_one_only(any_db, newsletter) -> None:
    with any_db.write() as session:
        plan_slots(session, newsletter, SCHEDULE, DUE)
        slot = slots(session)[FRIDAY]

        assert settle_slot(session, slot, SlotState.FIRED, DUE)
        assert not settle_slot(session, slot, SlotState.FIRED, DUE)


def test_due_slots_are_those_whose_moment_has_come(any_db, newsletter) -> None:
    with any_db.write() as session:
        plan_slots(session, newsletter, SCHEDULE, DUE)

        due = [slot.local_date for slot in list_due_slots(session, [newsletter.id], DUE)]

    assert due == [date(2026, 11, 20), FRIDAY]


def test_each_warning_is_given_once(any_db, newsletter) -> None:
    with any_db.write() as session:
        plan_slots(session, newsletter, SCHEDULE, DUE)
        given = []
        for hours in (23, 22, 0.5, 0.4):
            for slot, name in list_slots_to_warn(
                session, [newsletter.id], DUE - timedelta(hours=hours)
            ):
                mark_warned(session, slot, name)
                given.append(name)

    assert given == ["24h", "1h"]


def test_slot_set_by_hand_does_not_follow_the_schedule(any_db, newsletter) -> None:
    moment = DUE - timedelta(days=2)
    with any_db.write() as session:
        set_due_by_hand(session, newsletter.id, FRIDAY, due_at=moment)
        plan_slots(session, newsletter, SCHEDULE, DUE)

    with any_db.read() as session:
        assert slots(session)[FRIDAY].due_at == moment


def test_held_slot_is_opened_again_by_hand(any_db, newsletter) -> None:
    with any_db.write() as session:
        plan_slots(session, newsletter, SCHEDULE, DUE)
        settle_slot(session, slots(session)[FRIDAY], SlotState.HELD, DUE)
        session.expire_all()
        set_due_by_hand(session, newsletter.id, FRIDAY, due_at=DUE + timedelta(hours=2))

    with any_db.read() as session:
        assert slots(session)[FRIDAY].state is SlotState.PLANNED


def test_fired_slot_is_not_opened_again(any_db, newsletter) -> None:
    with any_db.write() as session:
        plan_slots(session, newsletter, SCHEDULE, DUE)
        settle_slot(session, slots(session)[FRIDAY], SlotState.FIRED, DUE)
        session.expire_all()

        with pytest.raises(Refused, match="fired already"):
            set_due_by_hand(session, newsletter.id, FRIDAY, due_at=DUE)

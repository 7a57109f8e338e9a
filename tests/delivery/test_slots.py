"""Slots are planned once, follow the schedule while they may, and fire once."""

from dataclasses import replace
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
from digest.models import Issue, IssueState, Newsletter, Slot, SlotState

FRIDAY = date(2026, 11, 27)
DUE = datetime(2026, 11, 27, 7, tzinfo=UTC)
SCHEDULE = Schedule(4, time(7), ZoneInfo("UTC"))
THURSDAYS = replace(SCHEDULE, weekday=3)
LATENESS = timedelta(hours=36)
DAY = timedelta(days=1)


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


def issue_on(day: date, newsletter: Newsletter, state: IssueState) -> Issue:
    return Issue(
        public_id="issue",
        newsletter_id=newsletter.id,
        number=1,
        slot_date=day,
        state=state,
        topper={},
        quote={},
        numbers=[],
        created_at=DUE,
    )


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
        plan_slots(session, newsletter, SCHEDULE, DUE - DAY)
        tokyo = Schedule(4, time(7), ZoneInfo("Asia/Tokyo"))
        plan_slots(session, newsletter, tokyo, DUE - DAY)

    with any_db.read() as session:
        assert slots(session)[FRIDAY].due_at == DUE - timedelta(hours=9)


def test_schedule_makes_no_slot_due_at_once_that_was_to_come(any_db, newsletter) -> None:
    before = DUE - timedelta(hours=1)
    with any_db.write() as session:
        plan_slots(session, newsletter, SCHEDULE, before)
        tokyo = Schedule(4, time(7), ZoneInfo("Asia/Tokyo"))
        plan_slots(session, newsletter, tokyo, before)

    with any_db.read() as session:
        assert slots(session)[FRIDAY].due_at == DUE


def test_readers_morning_is_due_when_the_first_of_them_wakes(any_db, newsletter) -> None:
    mornings = replace(SCHEDULE, readers_morning=True)
    with any_db.write() as session:
        plan_slots(session, newsletter, mornings, DUE - 2 * DAY)

    with any_db.read() as session:
        assert slots(session)[FRIDAY].due_at == DUE - timedelta(hours=14)


def test_weekday_the_schedule_gave_up_is_skipped(any_db, newsletter) -> None:
    with any_db.write() as session:
        plan_slots(session, newsletter, SCHEDULE, DUE - 2 * DAY)
        plan_slots(session, newsletter, THURSDAYS, DUE - 2 * DAY)

    with any_db.read() as session:
        found = slots(session)
        assert found[FRIDAY].state is SlotState.SKIPPED
        assert found[FRIDAY - DAY].state is SlotState.PLANNED


def test_weekday_that_comes_back_is_planned_again(any_db, newsletter) -> None:
    with any_db.write() as session:
        for schedule in (SCHEDULE, THURSDAYS, SCHEDULE):
            plan_slots(session, newsletter, schedule, DUE - 2 * DAY)

    with any_db.read() as session:
        found = slots(session)
        assert found[FRIDAY].state is SlotState.PLANNED
        assert found[FRIDAY - DAY].state is SlotState.SKIPPED


@pytest.mark.parametrize(
    ("issue_state", "slot_state"),
    [
        (IssueState.DRAFT, SlotState.PLANNED),
        (IssueState.APPROVED, SlotState.PLANNED),
        (IssueState.CANCELLED, SlotState.SKIPPED),
    ],
)
def test_slot_with_an_issue_outlives_its_weekday(
    any_db, newsletter, issue_state: IssueState, slot_state: SlotState
) -> None:
    with any_db.write() as session:
        plan_slots(session, newsletter, SCHEDULE, DUE - 2 * DAY)
        session.add(issue_on(FRIDAY, newsletter, issue_state))
        session.flush()
        plan_slots(session, newsletter, THURSDAYS, DUE - 2 * DAY)

    with any_db.read() as session:
        assert slots(session)[FRIDAY].state is slot_state


def test_slot_set_by_hand_outlives_its_weekday(any_db, newsletter) -> None:
    with any_db.write() as session:
        set_due_by_hand(session, newsletter.id, FRIDAY, due_at=DUE)
        plan_slots(session, newsletter, THURSDAYS, DUE - 2 * DAY)

    with any_db.read() as session:
        assert slots(session)[FRIDAY].state is SlotState.PLANNED


def test_slot_whose_moment_has_come_outlives_its_weekday(any_db, newsletter) -> None:
    """It is due, and gets its verdict like any other."""
    with any_db.write() as session:
        plan_slots(session, newsletter, SCHEDULE, DUE - 2 * DAY)
        plan_slots(session, newsletter, THURSDAYS, DUE)

    with any_db.read() as session:
        assert slots(session)[FRIDAY].state is SlotState.PLANNED


def test_new_weekday_has_not_been_missed(any_db, newsletter) -> None:
    """Yesterday was no slot yet when it was Thursday."""
    with any_db.write() as session:
        plan_slots(session, newsletter, SCHEDULE, DUE - 2 * DAY)
        plan_slots(session, newsletter, THURSDAYS, DUE)

    with any_db.read() as session:
        assert FRIDAY - DAY not in slots(session)


def test_slot_that_nobody_planned_in_time_is_planned_late(any_db, newsletter) -> None:
    with any_db.write() as session:
        plan_slots(session, newsletter, SCHEDULE, DUE - 21 * DAY)
        plan_slots(session, newsletter, SCHEDULE, DUE + DAY)

    with any_db.read() as session:
        assert slots(session)[FRIDAY].state is SlotState.PLANNED


def test_slot_beyond_the_horizon_is_left_alone(any_db, newsletter) -> None:
    """A clock that was set back looks less far ahead than the plan reaches."""
    with any_db.write() as session:
        plan_slots(session, newsletter, SCHEDULE, DUE)
        plan_slots(session, newsletter, SCHEDULE, DUE - 14 * DAY)

    with any_db.read() as session:
        assert {slot.state for slot in slots(session).values()} == {SlotState.PLANNED}


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

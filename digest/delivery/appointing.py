"""When an issue leaves, as people decide it: another moment, now, not at all, or not on that date.

Whatever is decided here holds before the transaction ends; nothing waits for the next tick.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.clock import Due, Schedule, due_at, slots_between
from digest.curation.issues import cancel_issue, find_issue_on, plan_extra, refuse_closed
from digest.curation.newsletters import skip_date, unskip_date
from digest.delivery.slots import (
    find_slot,
    forget_hand,
    hold_planning,
    plan_slots,
    set_due_by_hand,
)
from digest.errors import BadInput, Conflict, Refused
from digest.models import Issue, IssueState, Newsletter, Slot, SlotState


def read_moment(text: str, zone: str, now: datetime, named: str = "") -> datetime:
    """Return the instant that ``YYYY-MM-DD HH:MM`` is on the wall clock of a zone; BadInput when it
    is not written so, or over. `named` is put before what is wrong.
    """
    try:
        wall = datetime.strptime(text, "%Y-%m-%d %H:%M")  # noqa: DTZ007 - the next line has a zone
        moment = due_at(wall.date(), wall.time(), ZoneInfo(zone))
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{named}{text!r}: write 'YYYY-MM-DD HH:MM'") from error
    if moment < now:
        raise BadInput(f"{named}{text!r}: this moment is over in {zone}")
    return moment


def appoint(session: Session, issue: Issue, moment: datetime) -> None:
    """Let an issue leave at a moment, once it is approved; Refused when it is on its way, or when
    its slot has fired.
    """
    refuse_closed(session, issue, "be scheduled")
    if issue.slot_date is None:
        plan_extra(session, issue, moment)
    else:
        set_due_by_hand(session, issue.newsletter_id, issue.slot_date, due_at=moment)


def send_now(session: Session, issue: Issue, seen_hash: str, now: datetime) -> None:
    """Let an approved issue leave at the next tick; Refused when it is not approved, Conflict when
    other bytes are than those of `seen_hash`.
    """
    session.refresh(issue, with_for_update=True)
    refuse_closed(session, issue, "be sent")
    if issue.state is not IssueState.APPROVED:
        raise Refused(f"number {issue.number} is not approved: only what is approved is sent")
    if issue.approved_hash != seen_hash:
        raise Conflict(f"number {issue.number} was approved anew meanwhile: look at it once more")
    appoint(session, issue, now)


def take_back(session: Session, issue: Issue, schedule: Schedule, now: datetime) -> None:
    """Forget the moment that somebody set by hand: the schedule says when the issue leaves again,
    and an extra has no moment.
    """
    refuse_closed(session, issue, "be scheduled")
    if issue.slot_date is None:
        plan_extra(session, issue, None)
        return
    forget_hand(session, issue.newsletter_id, issue.slot_date)
    newsletter = session.get_one(Newsletter, issue.newsletter_id)
    plan_slots(session, newsletter, schedule, now)


def give_up(session: Session, issue: Issue) -> None:
    """Cancel a draft or approved issue, with the moment that was set for it; its date is free."""
    cancel_issue(session, issue)
    if issue.slot_date is not None:
        forget_hand(session, issue.newsletter_id, issue.slot_date)


@dataclass(frozen=True, slots=True)
class Coming:
    """A date to come: when it is due (UTC), its slot and its issue where there are any."""

    day: date
    due_at: datetime
    skipped: bool
    scheduled: bool  # False: only somebody's hand put it there
    slot: Slot | None
    issue: Issue | None


def list_coming(
    session: Session, newsletter: Newsletter, schedule: Schedule, now: datetime, count: int = 8
) -> list[Coming]:
    """Return the next dates of a newsletter's schedule, and what was put between them by hand."""
    dues = _next_dues(schedule, now, count)
    days = {due.local_date: due for due in dues}
    planned = session.scalars(
        select(Slot).where(
            Slot.newsletter_id == newsletter.id,
            Slot.state == SlotState.PLANNED,
            Slot.by_hand.is_(True),
            Slot.due_at > now,
            Slot.due_at <= dues[-1].due_at,
        )
    )
    hands = {slot.local_date for slot in planned} - set(days)
    coming = [_coming(session, newsletter, day, days.get(day)) for day in {*days, *hands}]
    return sorted(coming, key=lambda each: each.due_at)


def _next_dues(schedule: Schedule, now: datetime, count: int) -> Sequence[Due]:
    until = now + timedelta(weeks=count + 2)
    ahead = (due for due in slots_between(schedule, now, until) if due.due_at > now)
    return list(islice(ahead, count))


def _coming(session: Session, newsletter: Newsletter, day: date, due: Due | None) -> Coming:
    slot = find_slot(session, newsletter.id, day)
    moved = slot is not None and slot.by_hand and slot.state is SlotState.PLANNED
    return Coming(
        day,
        due.due_at if due is not None and not moved else _set_by_hand(slot),
        day.isoformat() in newsletter.skip_dates and not moved,
        due is not None,
        slot,
        find_issue_on(session, newsletter.id, day),
    )


def _set_by_hand(slot: Slot | None) -> datetime:
    if slot is None:
        raise ValueError("a date is in the schedule, or somebody's hand put it there")
    return slot.due_at


def skip(
    session: Session, newsletter: Newsletter, schedule: Schedule, day: date, now: datetime
) -> Issue | None:
    """Let no issue leave by itself on a date to come, not even at a moment set by hand; return the
    one that is planned for it, which stays as it is. BadInput for another date.
    """
    _refuse_other(schedule, day, now)
    hold_planning(session, newsletter.id)
    session.refresh(newsletter, with_for_update=True)
    skip_date(session, newsletter, day)
    forget_hand(session, newsletter.id, day)
    plan_slots(session, newsletter, schedule, now)
    return find_issue_on(session, newsletter.id, day)


def unskip(
    session: Session, newsletter: Newsletter, schedule: Schedule, day: date, now: datetime
) -> None:
    """Plan a date to come again; BadInput for another date."""
    _refuse_other(schedule, day, now)
    hold_planning(session, newsletter.id)
    session.refresh(newsletter, with_for_update=True)
    unskip_date(session, newsletter, day)
    plan_slots(session, newsletter, schedule, now)


def _refuse_other(schedule: Schedule, day: date, now: datetime) -> None:
    if day not in {due.local_date for due in _next_dues(schedule, now, 60)}:
        raise BadInput(f"{day} is none of the dates to come")

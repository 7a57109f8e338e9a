"""When an issue is due, as rows: at most one slot per newsletter and local date, whoever plans it
how often.

A slot fires once: taking it is a conditional UPDATE, and the row count is the answer.
"""

import enum
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Integer, cast, delete, exists, func, select, update
from sqlalchemy.orm import Session

from digest.clock import Due, Schedule, slots_between
from digest.errors import Refused
from digest.inserts import insert_new
from digest.models import Issue, IssueState, Newsletter, Slot, SlotState

HORIZON = timedelta(days=8)
PLANNING = 0x510  # the class of PostgreSQL's advisory locks that stand for planning
WARN_BEFORE = {"24h": timedelta(hours=24), "1h": timedelta(hours=1)}


class Verdict(enum.StrEnum):
    """What becomes of a slot whose moment has come."""

    FIRE = "fire"
    HOLD = "hold"
    MISS = "miss"


def judge_slot(
    due_at: datetime, *, now: datetime, max_lateness: timedelta, approved: bool
) -> Verdict:
    """Decide about a due slot: too late is missed, even when approved; nothing approved is held."""
    if now - due_at > max_lateness:
        return Verdict.MISS
    return Verdict.FIRE if approved else Verdict.HOLD


def hold_planning(session: Session, newsletter_id: int) -> None:
    """Let nobody else plan or move slots of a newsletter before the transaction ends.

    The rows alone do not do it: two who write several of them, some of which are not there yet,
    wait for each other. SQLite has one writer.
    """
    if session.get_bind().dialect.name == "postgresql":
        ours = cast(PLANNING, Integer), cast(newsletter_id, Integer)
        session.execute(select(func.pg_advisory_xact_lock(*ours)))


def plan_slots(session: Session, newsletter: Newsletter, schedule: Schedule, now: datetime) -> None:
    """Write the slots of last week to next week that are not there yet, move those the schedule
    moved, and skip those it does not have any more.

    Slots from before the newsletter existed are not planned, nor past ones of a weekday that is new
    in the schedule. Ones an editor set by hand stay where they are.
    """
    hold_planning(session, newsletter.id)
    start, end = now - HORIZON, now + HORIZON
    planned_to = session.scalar(
        select(func.max(Slot.local_date)).where(
            Slot.newsletter_id == newsletter.id, Slot.by_hand.is_(False)
        )
    )
    dues = list(slots_between(schedule, start, end))
    for due in dues:
        if due.due_at < newsletter.created_at:
            continue
        skipped = due.local_date.isoformat() in newsletter.skip_dates
        state = SlotState.SKIPPED if skipped else SlotState.PLANNED
        # What planning had reached before and left out was no slot then; its moment was not missed.
        if due.due_at > now or planned_to is None or due.local_date > planned_to:
            row = {
                "newsletter_id": newsletter.id,
                "local_date": due.local_date,
                "due_at": due.due_at,
                "state": state,
                "by_hand": False,
                "alerted": [],
            }
            session.execute(insert_new(session, Slot), row)
        _follow_schedule(session, newsletter.id, due, state, now)
    dates = [due.local_date for due in dues]
    last = end.astimezone(schedule.zone).date()
    _skip_dropped(session, newsletter.id, dates, last, now)


def _follow_schedule(
    session: Session, newsletter_id: int, due: Due, state: SlotState, now: datetime
) -> None:
    values: dict[str, object] = {"state": state}
    if due.due_at > now:  # a new schedule makes nothing due at once that was to come later
        values["due_at"] = due.due_at
    session.execute(
        update(Slot)
        .where(
            Slot.newsletter_id == newsletter_id,
            Slot.local_date == due.local_date,
            Slot.state.in_([SlotState.PLANNED, SlotState.SKIPPED]),
            Slot.by_hand.is_(False),
        )
        .values(values)
    )


def _skip_dropped(
    session: Session, newsletter_id: int, dates: Sequence[date], last: date, now: datetime
) -> None:
    """Skip coming slots on none of the schedule's `dates`, unless an issue is planned for them.

    They are not deleted: a later slot might be given the id, and with it the alerts already told.
    """
    issue = exists().where(
        Issue.newsletter_id == newsletter_id,
        Issue.slot_date == Slot.local_date,
        Issue.state != IssueState.CANCELLED,
    )
    session.execute(
        update(Slot)
        .where(
            Slot.newsletter_id == newsletter_id,
            Slot.state == SlotState.PLANNED,
            Slot.by_hand.is_(False),
            Slot.due_at > now,
            Slot.local_date <= last,
            Slot.local_date.not_in(dates),
            ~issue,
        )
        .values(state=SlotState.SKIPPED)
    )


def list_due_slots(
    session: Session, newsletter_ids: Sequence[int], now: datetime
) -> Sequence[Slot]:
    """Return the planned slots whose moment has come, oldest first."""
    return session.scalars(
        select(Slot)
        .where(
            Slot.newsletter_id.in_(newsletter_ids),
            Slot.state == SlotState.PLANNED,
            Slot.due_at <= now,
        )
        .order_by(Slot.due_at)
    ).all()


def find_next_slot(session: Session, newsletter_id: int, now: datetime) -> Slot | None:
    """Return the next planned slot after `now`, wherever the schedule or an editor put it."""
    return session.scalars(
        select(Slot)
        .where(
            Slot.newsletter_id == newsletter_id,
            Slot.state == SlotState.PLANNED,
            Slot.due_at > now,
        )
        .order_by(Slot.due_at)
        .limit(1)
    ).first()


def settle_slot(session: Session, slot: Slot, state: SlotState, now: datetime) -> bool:
    """Give a due slot its final state; False when another process was faster, or it was moved."""
    hit = session.execute(
        update(Slot)
        .where(Slot.id == slot.id, Slot.state == SlotState.PLANNED, Slot.due_at <= now)
        .values(state=state, settled_at=now)
        .returning(Slot.id)
    ).first()
    return hit is not None


def list_slots_to_warn(
    session: Session, newsletter_ids: Sequence[int], now: datetime
) -> list[tuple[Slot, str]]:
    """Return planned slots due within 24 h or 1 h, each with the warning it has not had yet."""
    soon = session.scalars(
        select(Slot).where(
            Slot.newsletter_id.in_(newsletter_ids),
            Slot.state == SlotState.PLANNED,
            Slot.due_at > now,
            Slot.due_at <= now + WARN_BEFORE["24h"],
        )
    )
    due = []
    for slot in soon:
        name = "1h" if slot.due_at - now <= WARN_BEFORE["1h"] else "24h"
        if name not in slot.alerted:
            due.append((slot, name))
    return due


def mark_warned(session: Session, slot: Slot, name: str) -> None:
    """Remember that a slot's warning went out."""
    slot.alerted = [*slot.alerted, name]
    session.flush()


def find_slot(session: Session, newsletter_id: int, local_date: date) -> Slot | None:
    """Return the slot of a local date where one was planned."""
    return session.scalar(
        select(Slot).where(Slot.newsletter_id == newsletter_id, Slot.local_date == local_date)
    )


def forget_hand(session: Session, newsletter_id: int, local_date: date) -> None:
    """Take back a moment set by hand that has not come; the schedule plans the date anew."""
    hold_planning(session, newsletter_id)
    session.execute(
        delete(Slot).where(
            Slot.newsletter_id == newsletter_id,
            Slot.local_date == local_date,
            Slot.state == SlotState.PLANNED,
            Slot.by_hand.is_(True),
        )
    )


def set_due_by_hand(
    session: Session, newsletter_id: int, local_date: date, *, due_at: datetime
) -> Slot:
    """Plan, move or reopen the slot of a local date; Refused when that slot has fired."""
    hold_planning(session, newsletter_id)
    slot = session.scalar(
        select(Slot)
        .where(Slot.newsletter_id == newsletter_id, Slot.local_date == local_date)
        .with_for_update()
    )
    if slot is None:
        slot = Slot(
            newsletter_id=newsletter_id, local_date=local_date, state=SlotState.PLANNED, alerted=[]
        )
        session.add(slot)
    if slot.state is SlotState.FIRED:
        raise Refused(f"the slot of {local_date} has fired already")
    slot.due_at, slot.state, slot.by_hand, slot.settled_at = due_at, SlotState.PLANNED, True, None
    session.flush()
    return slot

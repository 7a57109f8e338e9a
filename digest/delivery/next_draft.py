"""The next draft: for which day it is, and how it opens by itself with what stands from week to
week.

A draft is opened once a day that is its own; where an editor cancelled it, it stays cancelled. Two
daemons at once make one: the newsletter's row is locked, and the date is unique.
"""

from datetime import date, datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from digest.clock import Due, next_slot
from digest.config import NewsletterConfig
from digest.curation.issues import OPEN_TO_EDITS, find_issue_on, new_issue
from digest.curation.newsletters import find_newsletter, next_issue_slot
from digest.curation.standing import standing_words
from digest.delivery.slots import find_next_slot, find_slot
from digest.errors import Refused
from digest.models import Issue, IssueState, Newsletter, Slot, SlotState

SETTLED = (SlotState.FIRED, SlotState.HELD, SlotState.MISSED)
FURTHEST = 60  # slots that are looked at for one that is not skipped


def next_due(
    session: Session, newsletter: Newsletter, configured: NewsletterConfig, now: datetime
) -> Due:
    """Return the next slot's local date and moment, as an editor moved it or the schedule says."""
    slot = find_next_slot(session, newsletter.id, now)
    if slot is not None:
        return Due(slot.local_date, slot.due_at)
    schedule = configured.schedule.as_schedule()
    due = next_issue_slot(newsletter, schedule, now)
    # What was sent before its time is not what is made next.
    while (slot := find_slot(session, newsletter.id, due.local_date)) and slot.settled_at:
        due = next_issue_slot(newsletter, schedule, due.due_at)
    return due


def open_draft(session: Session, newsletter: Newsletter, day: date, now: datetime) -> Issue:
    """Open the draft of a day with the standing words; Conflict when the day is taken."""
    words = standing_words(session, newsletter)
    return new_issue(session, newsletter, slot_date=day, now=now, words=words)


def day_to_follow(session: Session, configured: NewsletterConfig, now: datetime) -> date | None:
    """Return the day whose draft is to be opened by itself; None when there is none to open.

    That is the next slot's, once the slot before it is settled: its issue is on its way, or was
    held or missed. Not where an editor opened or cancelled one for that day, and not after a draft
    that nobody touched: a newsletter that rests does not pile up drafts.
    """
    newsletter = find_newsletter(session, configured.slug)
    last = last_settled(session, newsletter.id, now)
    if last is None or not _was_touched(session, last):
        return None
    day = next_due(session, newsletter, configured, now).local_date
    of_the_day = (Issue.newsletter_id == newsletter.id) & (Issue.slot_date == day)
    return None if session.scalar(select(exists().where(of_the_day))) else day


def last_settled(session: Session, newsletter_id: int, now: datetime) -> Slot | None:
    """Return the last slot that was fired, held or missed."""
    return session.scalar(
        select(Slot)
        .where(Slot.newsletter_id == newsletter_id, Slot.state.in_(SETTLED), Slot.settled_at <= now)
        .order_by(Slot.local_date.desc())
        .limit(1)
    )


def _was_touched(session: Session, slot: Slot) -> bool:
    """Return whether there was an issue for a slot, and somebody did something about it."""
    touched = exists().where(
        Issue.newsletter_id == slot.newsletter_id,
        Issue.slot_date == slot.local_date,
        (Issue.state != IssueState.DRAFT) | (Issue.version > 1),
    )
    return bool(session.scalar(select(touched)))


def follow_up(session: Session, configured: NewsletterConfig, now: datetime) -> Issue | None:
    """Open the draft that is to be opened by itself, and return it; Conflict when another process
    was faster.
    """
    newsletter = find_newsletter(session, configured.slug)
    # Locked before it is asked, so that whoever comes second finds the first one's draft.
    session.refresh(newsletter, with_for_update=True)
    day = day_to_follow(session, configured, now)
    return None if day is None else open_draft(session, newsletter, day, now)


def draft_after(
    session: Session, issue: Issue, configured: NewsletterConfig, now: datetime
) -> Issue:
    """Return the open issue of the first slot after an issue's own, opened if there is none; after
    an extra that of the newsletter's next slot.

    Refused when every slot in sight is skipped.
    """
    newsletter = session.get_one(Newsletter, issue.newsletter_id)
    day = issue.slot_date
    for _ in range(FURTHEST):
        day = _slot_day_after(session, newsletter, configured, day, now)
        found = find_issue_on(session, newsletter.id, day, lock=True)
        if found is None:
            return open_draft(session, newsletter, day, now)
        if found.state in OPEN_TO_EDITS:
            return found
    raise Refused("There is no slot to come that could take it.")


def _slot_day_after(
    session: Session,
    newsletter: Newsletter,
    configured: NewsletterConfig,
    day: date | None,
    now: datetime,
) -> date:
    """Return the first day after `day` (None: from now on) that has a slot to come, or an issue."""
    today = now.astimezone(configured.schedule.as_schedule().zone).date()
    planned = select(Slot.local_date).where(
        Slot.newsletter_id == newsletter.id, Slot.state == SlotState.PLANNED, Slot.due_at > now
    )
    opened = select(Issue.slot_date).where(
        Issue.newsletter_id == newsletter.id,
        Issue.state.in_(OPEN_TO_EDITS),
        Issue.slot_date >= today,
    )
    days: list[date | None] = [*session.scalars(planned), *session.scalars(opened)]
    days.append(_scheduled_after(session, newsletter, configured, day, now))
    return min(each for each in days if each is not None and (day is None or each > day))


def _scheduled_after(
    session: Session,
    newsletter: Newsletter,
    configured: NewsletterConfig,
    day: date | None,
    now: datetime,
) -> date:
    """Return the schedule's first day after `day` that is neither skipped nor settled."""
    taken = set(
        session.scalars(
            select(Slot.local_date).where(
                Slot.newsletter_id == newsletter.id, Slot.state != SlotState.PLANNED
            )
        )
    )
    schedule = configured.schedule.as_schedule()
    due = next_slot(schedule, now)
    for _ in range(FURTHEST):
        skipped = due.local_date.isoformat() in newsletter.skip_dates or due.local_date in taken
        if not skipped and (day is None or due.local_date > day):
            return due.local_date
        due = next_slot(schedule, due.due_at)
    raise Refused("Every slot in sight is skipped: there is none that could take it.")

"""FRIDAY: that the next issue will be, when exactly, and whether the last one was."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from datetime import time as TimeOfDay
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.config import NewsletterConfig
from digest.curation.issues import find_issue_on
from digest.curation.newsletters import find_newsletter
from digest.models import IssueState, Newsletter, Slot, SlotState
from digest.operations.doctor.case import Case
from digest.operations.doctor.findings import Said, note, warn, well
from digest.operations.doctor.plans import next_two, plan_of, when

DAY = timedelta(days=1)
LATELY = timedelta(days=8)
READY = (IssueState.APPROVED, IssueState.SENDING, IssueState.SENT)


def check_next(case: Case) -> Iterator[Said]:
    """FRIDAY-1: when the next issue of each newsletter is due in its zone, and that it is ready."""
    now = case.app.clock.now()
    for configured in case.app.config.newsletters:
        with case.app.db.read() as session:
            newsletter = find_newsletter(session, configured.slug)
            due, _ = next_two(session, newsletter, configured, now)
            state = _state_on(session, newsletter, due.local_date)
            last = plan_of(session, case, configured, newsletter, due).last_at
        schedule = configured.schedule
        text = (
            f"{configured.slug}: {moment(due.due_at, schedule.timezone)}"
            f"{_mornings(schedule.readers_morning)}; {_readiness(state)}; "
            f"the last copy leaves {when(last, schedule.timezone)}"
        )
        if state not in READY and due.due_at - now < DAY:
            yield warn(text, "approve it: digest issue preflight, then digest issue approve")
        else:
            yield well(text)
        yield from remarks(configured, due.local_date, due.due_at, now)
        yield from _skipped(configured.slug, newsletter.skip_dates, now.date())


def _state_on(session: Session, newsletter: Newsletter, day: date) -> IssueState | None:
    issue = find_issue_on(session, newsletter.id, day)
    return issue.state if issue else None


def _readiness(state: IssueState | None) -> str:
    if state is None:
        return "there is no draft yet"
    return "approved" if state in READY else f"not approved yet ({state.value})"


def _mornings(readers_morning: bool) -> str:
    return ", the first of the readers' own mornings" if readers_morning else ""


def moment(at: datetime, zone: str) -> str:
    """Return an instant with its zone and in UTC: ``Friday 2026-12-04 07:00 GMT (Europe/London),
    07:00 UTC``.
    """
    local = at.astimezone(ZoneInfo(zone))
    day = "" if local.date() == at.date() else f"{at:%A} "
    if zone == "UTC":
        return f"{local:%A %Y-%m-%d %H:%M} UTC"
    return f"{local:%A %Y-%m-%d %H:%M %Z} ({zone}), {day}{at:%H:%M} UTC"


def remarks(
    configured: NewsletterConfig, day: date, due_at: datetime, now: datetime
) -> Iterator[Said]:
    """Say what the clocks of the zone do to an issue: that they change before it, or that its time
    of day is not there, or there twice, on that day.
    """
    schedule = configured.schedule
    zone = ZoneInfo(schedule.timezone)
    before, then = now.astimezone(zone).utcoffset(), due_at.astimezone(zone).utcoffset()
    hint = "nothing to do; tell those who come in early"
    if before != then and before is not None and then is not None:
        hours = (then - before) / timedelta(hours=1)
        yield note(
            f"{configured.slug}: the clocks of {schedule.timezone} change by {hours:+g} h before "
            "it, so in UTC it is another time than now",
            hint,
        )
    if odd := _oddity(day, schedule.time, zone):
        yield note(f"{configured.slug}: {schedule.time:%H:%M} {odd} on {day}", hint)


def _oddity(day: date, at: TimeOfDay, zone: ZoneInfo) -> str:
    wall = datetime.combine(day, at)
    first, second = wall.replace(tzinfo=zone, fold=0), wall.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return ""
    back = first.astimezone(ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None)
    if back != wall:
        return "is skipped by the clocks, and the issue leaves as they jump,"
    return "comes twice, and the issue leaves the first time,"


def _skipped(slug: str, dates: list[str], today: date) -> Iterator[Said]:
    coming = [day for day in dates if day >= today.isoformat()]
    if coming:
        yield well(f"{slug}: no issue on {', '.join(coming[:4])}")


def check_last(case: Case) -> Iterator[Said]:
    """FRIDAY-2: the slots of the last days were not held or missed."""
    now = case.app.clock.now()
    for configured in case.app.config.newsletters:
        with case.app.db.read() as session:
            newsletter = find_newsletter(session, configured.slug)
            lost = session.scalars(
                select(Slot)
                .where(
                    Slot.newsletter_id == newsletter.id,
                    Slot.state.in_((SlotState.HELD, SlotState.MISSED)),
                    Slot.due_at > now - LATELY,
                )
                .order_by(Slot.due_at)
            ).all()
        for slot in lost:
            yield warn(
                f"{configured.slug}: the issue of {slot.local_date} was {slot.state.value}: "
                "nothing was sent",
                "to send it after all: approve it, then digest issue schedule … --now",
            )
        if not lost:
            yield well(f"{configured.slug}: no issue was held or missed lately")

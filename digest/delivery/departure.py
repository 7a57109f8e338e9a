"""When an issue goes out by itself, and when its last copy would leave. Never writes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from digest.clock import due_at, first_morning
from digest.config import Config, NewsletterConfig
from digest.delivery.pacing.in_words import limit_in_words
from digest.delivery.pacing.plan import audience_by_group, forecast_issue
from digest.delivery.slots import find_slot
from digest.models import Issue, Newsletter, Slot, SlotState

# What the scheduler does not look at again.
NOT_BY_ITSELF = (SlotState.HELD, SlotState.MISSED, SlotState.SKIPPED)


@dataclass(frozen=True, slots=True)
class Departure:
    """When the first and the last copy would leave (UTC), to how many readers of now, and what
    limits it. `last_at` is None where it is not within the forecast's horizon.
    """

    start: datetime
    last_at: datetime | None
    limited_by: str  # a key of the configuration
    readers: int

    @property
    def limit(self) -> str:
        """What limits it, in people's words."""
        return limit_in_words(self.limited_by)


def slot_of(session: Session, issue: Issue) -> Slot | None:
    """Return an issue's slot; None for an extra, and before the slot was planned."""
    if issue.slot_date is None:
        return None
    return find_slot(session, issue.newsletter_id, issue.slot_date)


def when_due(session: Session, issue: Issue, configured: NewsletterConfig) -> datetime | None:
    """Return when an issue goes out by itself once it is approved; None: it does not."""
    if issue.slot_date is None:
        return issue.send_at
    slot = slot_of(session, issue)
    if slot is not None:
        return None if slot.state in NOT_BY_ITSELF else slot.due_at
    newsletter = session.get_one(Newsletter, issue.newsletter_id)
    if issue.slot_date.isoformat() in newsletter.skip_dates:
        return None
    schedule = configured.schedule.as_schedule()
    if schedule.readers_morning:
        return first_morning(issue.slot_date, schedule.at)
    return due_at(issue.slot_date, schedule.at, schedule.zone)


def foresee_departure(
    session: Session, config: Config, configured: NewsletterConfig, issue: Issue, now: datetime
) -> Departure | None:
    """Return when an issue would leave; None when it has no moment, or no readers."""
    due = when_due(session, issue, configured)
    if due is None:
        return None
    readers = audience_by_group(session, issue.newsletter_id, now, corrects=issue.corrects_id)
    if not readers:
        return None
    start = max(due, now)
    plan = forecast_issue(
        session, config, configured, readers, start=start, local_date=issue.slot_date
    )
    return Departure(start, plan.last_at, plan.limited_by, sum(each.count for each in readers))

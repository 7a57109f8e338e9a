"""What the board says of its cards beside their words: that they ran before, and that they drifted;
and of its issue: whether its content should be there by now.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from digest.config import NewsletterConfig
from digest.curation.picks import list_picks
from digest.curation.reruns import Rerun, read_radar
from digest.curation.watches import Watched, find_watched
from digest.delivery.departure import when_due
from digest.models import Issue
from digest.web.desk.ages import age


@dataclass(frozen=True, slots=True)
class Notes:
    """What is to be said of one card."""

    reruns: tuple[Rerun, ...] = ()
    allowed: str = ""  # why it may run again
    watched: Watched | None = None

    @property
    def is_loud(self) -> bool:
        """Whether somebody should look at it."""
        ran = any(each.is_own for each in self.reruns) and not self.allowed
        return ran or bool(self.watched and self.watched.drifts)


@dataclass(frozen=True, slots=True)
class Remarks:
    """What a board says beside its words. `cutoff_at` is on the newsletter's own clock."""

    age: Callable[[datetime], str]
    notes: dict[int, Notes] = field(default_factory=dict)  # by article
    cutoff_at: datetime | None = None
    is_late: bool = False

    @property
    def drifted(self) -> int:
        """How many articles are not as they were."""
        watched = [each.watched for each in self.notes.values() if each.watched]
        return sum(bool(each.drifts) for each in watched)

    @property
    def last_read(self) -> datetime | None:
        """When the article was read whose reading is the oldest; None while one was not."""
        times = [each.watched.read_at if each.watched else None for each in self.notes.values()]
        known = [at for at in times if at is not None]
        return min(known) if known and len(known) == len(times) else None


def read_remarks(
    session: Session, issue: Issue, configured: NewsletterConfig, now: datetime
) -> Remarks:
    """Return what the board of an issue says beside its words."""
    picks = list_picks(session, issue.id)
    radar = read_radar(session, issue.newsletter_id, issue.id)
    watched = find_watched(session, [article.id for _, _, article in picks])
    notes = {
        article.id: Notes(
            tuple(radar.find(article.id, {article.title, pick.headline})),
            pick.ran_before_allowed,
            watched.get(article.id),
        )
        for _, pick, article in picks
    }
    cutoff_at = find_cutoff(session, issue, configured)
    is_late = cutoff_at is not None and cutoff_at <= now
    return Remarks(partial(age, now=now), notes, cutoff_at, is_late)


def find_cutoff(session: Session, issue: Issue, configured: NewsletterConfig) -> datetime | None:
    """Return when an issue's content should be there, on the newsletter's own clock."""
    due = when_due(session, issue, configured)
    return None if due is None else cutoff_of(due, configured)


def cutoff_of(due_at: datetime, configured: NewsletterConfig) -> datetime:
    """Return the cut-off of an issue that is due at a moment, on the newsletter's own clock."""
    schedule = configured.schedule
    return (due_at - timedelta(hours=schedule.cutoff_hours)).astimezone(schedule.as_schedule().zone)

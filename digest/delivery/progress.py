"""How far an issue under way is, how fast its copies leave, and when it is expected to end.

Reads only; the judgements are pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from digest.config import NewsletterConfig
from digest.delivery.breaker.wording import Health, describe_relays
from digest.delivery.ledger.sums import Sums, count_sums
from digest.models import Chunk, Issue, IssueState

MINUTE = timedelta(minutes=1)
SOON = timedelta(seconds=3)  # two readings closer together tell nothing of the pace
FARTHEST = timedelta(days=30)  # an end further away is no forecast


@dataclass(frozen=True, slots=True)
class Progress:
    """How an issue stood at a moment."""

    at: datetime
    state: IssueState
    paused: bool
    paused_why: str
    stopped: bool
    began_at: datetime | None
    sent_at: datetime | None
    sums: Sums
    last_due: datetime | None  # when the last of the waiting copies may leave at the earliest
    relays: tuple[Health, ...]

    @property
    def settled(self) -> int:
        """How many copies nothing has to be decided about by sending."""
        return self.sums.audience - self.sums.open

    @property
    def percent(self) -> int:
        """How far it is; 100 only once nothing is open."""
        if not self.sums.audience:
            return 100
        return self.settled * 100 // self.sums.audience

    @property
    def mood(self) -> str:
        """Return in one word what goes on: sending, paused, stopped, sent and so on."""
        if self.state is not IssueState.SENDING:
            return self.state.value
        return "stopped" if self.stopped else "paused" if self.paused else "sending"

    def is_of(self, issue: Issue) -> bool:
        """Whether an issue is still in the state that this was read in."""
        stopped = issue.stopped_at is not None
        return (self.state, self.paused, self.stopped) == (issue.state, issue.paused, stopped)


def read_progress(
    session: Session, newsletter: NewsletterConfig, issue_id: int, now: datetime
) -> Progress:
    """Return how an issue stands: adds up its rows, so do it no oftener than needed."""
    issue = session.get_one(Issue, issue_id)
    sums = count_sums(session, issue_id)
    due = select(func.max(Chunk.next_at)).where(Chunk.issue_id == issue_id)
    return Progress(
        now,
        issue.state,
        issue.paused,
        issue.paused_why,
        issue.stopped_at is not None,
        issue.sending_at,
        issue.sent_at,
        sums,
        session.scalar(due) if sums.open else None,
        tuple(describe_relays(session, newsletter, now)),
    )


def copies_per_minute(points: Sequence[tuple[datetime, int]]) -> float | None:
    """Return the pace of the last minute, from moments and how many copies were settled by then,
    oldest first; None when they tell nothing yet.
    """
    if not points:
        return None
    last, done = points[-1]
    first, before = next(point for point in points if last - point[0] <= MINUTE)
    if last - first < SOON:
        return None
    return max(0, done - before) / ((last - first) / MINUTE)


def expected_end(progress: Progress, pace: float | None) -> datetime | None:
    """Return when the last copy leaves if it goes on like this; None when nobody can tell."""
    if progress.mood != "sending" or not progress.sums.open:
        return None
    by_pace = progress.at
    if pace is None or pace <= 0:
        # Nothing leaves now: what waits for its hour says something of the end, nothing else does.
        if progress.last_due is None or progress.last_due <= progress.at:
            return None
    else:
        by_pace += min(progress.sums.open / pace * MINUTE, FARTHEST)
    end = max(by_pace, progress.last_due or by_pace)
    return end if end - progress.at < FARTHEST else None

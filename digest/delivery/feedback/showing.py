"""What came back, to be read by people: of one reader, and altogether. Reads only; no address."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from digest.models import FeedbackEvent, FeedbackVerdict, Issue, Newsletter, Suspension

MOST = 12
FOLLOWED: Mapping[FeedbackVerdict, str] = {
    FeedbackVerdict.UNATTRIBUTED: "nobody’s, as far as can be proved",
    FeedbackVerdict.NOTED: "nothing",
    FeedbackVerdict.SCORED: "counted",
    FeedbackVerdict.SUSPENDED: "suspended for a while",
    FeedbackVerdict.SUPPRESSED: "suppressed everywhere",
    FeedbackVerdict.LEFT: "unsubscribed",
}
CLASSES: Mapping[str, str] = {
    "hard": "the address is dead",
    "no-domain": "its domain is gone",
    "disabled": "the mailbox is disabled",
    "soft": "not now",
    "policy": "about us",
    "message": "about the message",
    "setup": "about our set-up",
    "transport": "no connection",
}


@dataclass(frozen=True, slots=True)
class CameBack:
    """One thing that came back, in words. `issue` is what it is called, or empty."""

    at: datetime
    issue: str
    kind: str
    meaning: str
    followed: str
    said: str
    provider: str


@dataclass(frozen=True, slots=True)
class OnTrial:
    """A suspension: since when, and when the reader is tried once more (`opened`: they are)."""

    since: datetime
    probe_at: datetime
    opened: bool


def list_of_reader(
    session: Session,
    subscriber_id: int,
    *,
    except_slugs: Sequence[str] = (),
    most: int | None = MOST,
) -> list[CameBack]:
    """Return what came back of a reader's copies, the newest first; nothing of some newsletters."""
    rows = session.execute(
        select(FeedbackEvent, Issue.number, Newsletter.slug)
        .outerjoin(Issue, Issue.id == FeedbackEvent.issue_id)
        .outerjoin(Newsletter, Newsletter.id == Issue.newsletter_id)
        .where(FeedbackEvent.subscriber_id == subscriber_id)
        .order_by(FeedbackEvent.at.desc(), FeedbackEvent.id.desc())
        .limit(most)
    )
    return [
        _in_words(event, f"{slug}/{number}" if slug else "")
        for event, number, slug in rows
        if slug not in except_slugs
    ]


def _in_words(event: FeedbackEvent, issue: str) -> CameBack:
    status = event.status if event.status and event.status not in event.detail else ""
    return CameBack(
        at=event.at,
        issue=issue,
        kind=event.kind,
        meaning=CLASSES.get(event.class_, ""),
        followed=FOLLOWED[event.verdict],
        said=f"{status} {event.detail}".strip(),
        provider=event.provider,
    )


def find_suspension(session: Session, subscriber_id: int) -> OnTrial | None:
    """Return a reader's suspension, or None."""
    found = session.get(Suspension, subscriber_id)
    if found is None:
        return None
    return OnTrial(found.since, found.probe_at, found.opened_at is not None)


def count_since(session: Session, since: datetime) -> list[tuple[str, str, int]]:
    """Return (who told it, what followed, how often) since then, the most frequent first."""
    counts = Counter[tuple[str, str]]()
    rows = session.execute(
        select(FeedbackEvent.provider, FeedbackEvent.verdict, func.count())
        .where(FeedbackEvent.received_at >= since)
        .group_by(FeedbackEvent.provider, FeedbackEvent.verdict)
    )
    for provider, verdict, count in rows:
        counts[provider, FOLLOWED[verdict]] += count
    return [(provider, what, count) for (provider, what), count in counts.most_common()]

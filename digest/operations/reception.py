"""How an issue was received: complaints and bounces, held against its accepted copies.

What was told of a copy of the issue counts for it, whatever became of its reader since. A complaint
or bounce that only suppressed an address counts for the issue that was the newsletter's newest when
it came, unless its reader is known and did not get that issue. Reads only.
"""

import enum
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from digest.delivery.feedback.events import FeedbackKind
from digest.delivery.feedback.taking import SESSION
from digest.delivery.ledger.sums import Sums
from digest.models import (
    Delivery,
    DeliveryState,
    FeedbackEvent,
    Issue,
    LedgerSum,
    Subscriber,
    Suppression,
    SuppressionReason,
)
from digest.subscribers.transfer.step import IMPORTED

# Complaints in a thousand accepted copies. Gmail asks bulk senders to stay below the first and
# never to reach the second, at which Yahoo draws its line too.
UNEASY_PER_MILLE = 1
GRAVE_PER_MILLE = 3


COMPLAINED, BOUNCED = FeedbackKind.COMPLAINED.value, FeedbackKind.BOUNCED.value


class Mood(enum.Enum):
    """What mailbox providers think of so many complaints; the value is its mark."""

    CALM = ""
    UNEASY = "!"
    GRAVE = "!!"


@dataclass(frozen=True, slots=True)
class Reception:
    """What came back of an issue's accepted copies. Bounces include copies that were rejected."""

    accepted: int
    complaints: int
    bounces: int

    @property
    def mood(self) -> Mood:
        """Return on which side of the two lines the complaints are; none are always calm."""
        if not self.complaints:
            return Mood.CALM
        thousandfold = 1_000 * self.complaints
        if thousandfold >= GRAVE_PER_MILLE * self.accepted:
            return Mood.GRAVE
        return Mood.UNEASY if thousandfold > UNEASY_PER_MILLE * self.accepted else Mood.CALM

    def in_words(self, count: int) -> str:
        """Return a count with its per cent of the accepted copies, such as ``3 (0.12 %)``."""
        return f"{count:,} ({100 * count / self.accepted:.2f} %)" if self.accepted else f"{count:,}"


def count_reception(session: Session, issue: Issue, sums: Sums) -> Reception:
    """Add up how an issue was received; `sums` is how it stands. ValueError when its sending has
    not begun.
    """
    if issue.sending_at is None:
        raise ValueError("an issue whose sending has not begun was not received")
    kept = session.get(LedgerSum, issue.id)
    if kept is not None:  # nobody can tell any more who got it
        came_back = kept.sums.get("came_back", {})  # of one that was given up before it began: none
        return Reception(sums.accepted, came_back.get("complaints", 0), came_back.get("bounces", 0))
    until = _next_began(session, issue.newsletter_id, issue.sending_at)
    # What another system heard of its own mails, and an import brought, says nothing of this issue.
    is_ours = ~Suppression.detail.startswith(IMPORTED)
    window = [Suppression.at >= issue.sending_at, is_ours, _may_be_about(issue.id)]
    window.append(Suppression.address_index.not_in(_told_readers(issue.id)))
    if until is not None:
        window.append(Suppression.at < until)
    wanted = [SuppressionReason.COMPLAINED, SuppressionReason.BOUNCED]
    rows = session.execute(
        select(Suppression.reason, func.count())
        .where(*window, Suppression.reason.in_(wanted))
        .group_by(Suppression.reason)
    )
    counts = dict(rows.all())
    told = _count_told(session, issue.id)
    complaints = counts.get(SuppressionReason.COMPLAINED, 0) + told.get(COMPLAINED, 0)
    bounces = counts.get(SuppressionReason.BOUNCED, 0) + told.get(BOUNCED, 0) + sums.rejected
    return Reception(sums.accepted, complaints, bounces)


def _count_told(session: Session, issue_id: int) -> dict[str, int]:
    """Return how many readers complained of an issue, and how many copies of it came back, by what
    was told of this very issue. Erased readers are left to their suppressions.
    """
    rows = session.execute(
        select(FeedbackEvent.kind, func.count(FeedbackEvent.subscriber_id.distinct()))
        .where(_told_of(issue_id))
        .group_by(FeedbackEvent.kind)
    )
    return dict(rows.all())


def _told_of(issue_id: int) -> ColumnElement[bool]:
    return and_(
        FeedbackEvent.issue_id == issue_id,
        FeedbackEvent.kind.in_([COMPLAINED, BOUNCED]),
        FeedbackEvent.provider != SESSION,  # those are among the rejected
    )


def _told_readers(issue_id: int) -> Select[bytes]:
    """Return who is counted already by what was told of the issue. A list that is made once: asked
    for each suppression anew, the databases go through all that came back each time.
    """
    return (
        select(Subscriber.address_index)
        .join(FeedbackEvent, FeedbackEvent.subscriber_id == Subscriber.id)
        .where(_told_of(issue_id))
    )


def _next_began(session: Session, newsletter_id: int, after: datetime) -> datetime | None:
    """Return when the sending of a newsletter's next issue began, or None."""
    return session.scalar(
        select(func.min(Issue.sending_at)).where(
            Issue.newsletter_id == newsletter_id, Issue.sending_at > after
        )
    )


def _may_be_about(issue_id: int) -> ColumnElement[bool]:
    """Return the condition that the suppressed reader got the issue, or was erased since."""
    known = exists().where(Subscriber.address_index == Suppression.address_index)
    got_it = exists().where(
        and_(
            Subscriber.address_index == Suppression.address_index,
            Delivery.issue_id == issue_id,
            Delivery.subscriber_id == Subscriber.id,
            Delivery.state == DeliveryState.ACCEPTED,
        )
    )
    return or_(~known, got_it)

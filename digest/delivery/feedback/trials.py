"""What became of a reader's issues, from the ledger and from what came back. Only reads."""

from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from digest.delivery.feedback.classes import BounceClass
from digest.delivery.feedback.deciding import Trial, Trouble
from digest.delivery.feedback.events import FeedbackKind
from digest.models import (
    Delivery,
    DeliveryState,
    FeedbackEvent,
    Issue,
    Subscriber,
    Suppression,
    Suspension,
)

MOST_ISSUES = 200  # that are looked at for one reader


def list_trials(
    session: Session, subscriber_id: int, latest: Trial, *, remembered: timedelta
) -> list[Trial]:
    """Return the issues of a reader as `deciding` weighs them: `latest`, which has just come back,
    and those before it, newest first.
    """
    bounced = _bounced_before(session, subscriber_id, latest, latest.at - remembered)
    if not bounced:
        return [latest]  # nearly always: nothing before it can matter
    oldest = min(trial.at for trial in bounced.values())
    issues = session.execute(
        select(Issue.id, Issue.sending_at)
        .where(
            Issue.sending_at >= oldest, Issue.sending_at <= latest.at, Issue.id != latest.issue_id
        )
        .order_by(Issue.sending_at.desc(), Issue.id.desc())
        .limit(MOST_ISSUES)
    ).all()
    arrived = set(
        session.scalars(
            select(Delivery.issue_id).where(
                Delivery.issue_id.in_([issue_id for issue_id, _ in issues]),
                Delivery.subscriber_id == subscriber_id,
                Delivery.state == DeliveryState.ACCEPTED,
            )
        )
    )
    good = [
        Trial(issue_id, began, None)
        for issue_id, began in issues
        if began is not None and issue_id in arrived and issue_id not in bounced
    ]
    earlier = sorted([*bounced.values(), *good], key=lambda trial: trial.at, reverse=True)
    return [latest, *earlier]


def _bounced_before(
    session: Session, subscriber_id: int, latest: Trial, since: datetime
) -> dict[int, Trial]:
    """Return the reader's earlier issues that came back, by id; of several bounces of one issue,
    the last that was heard.
    """
    rows = session.execute(
        select(FeedbackEvent.issue_id, Issue.sending_at, FeedbackEvent.class_)
        .join(Issue, Issue.id == FeedbackEvent.issue_id)
        .where(
            FeedbackEvent.subscriber_id == subscriber_id,
            FeedbackEvent.kind == FeedbackKind.BOUNCED.value,
            FeedbackEvent.at >= since,
            FeedbackEvent.issue_id != latest.issue_id,
            Issue.sending_at <= latest.at,
        )
        .order_by(FeedbackEvent.id)
    )
    return {
        id: Trial(id, began, BounceClass(word)) for id, began, word in rows if id and began and word
    }


def is_counted(session: Session, subscriber_id: int, issue_id: int) -> bool:
    """Tell whether an issue counts against a reader already: one copy may be told of twice."""
    words = select(FeedbackEvent.class_).where(
        FeedbackEvent.subscriber_id == subscriber_id,
        FeedbackEvent.issue_id == issue_id,
        FeedbackEvent.kind == FeedbackKind.BOUNCED.value,
    )
    return any(BounceClass(word).is_about_reader for word in session.scalars(words) if word)


def find_trouble(session: Session, subscriber_id: int) -> Trouble:
    """Return whether a reader is suspended; not where somebody has lifted that, or the reader has
    confirmed anew.
    """
    suppressed = exists().where(Suppression.address_index == Subscriber.address_index)
    found = session.execute(
        select(Suspension.opened_at)
        .join(Subscriber, Subscriber.id == Suspension.subscriber_id)
        .where(
            Suspension.subscriber_id == subscriber_id,
            or_(Suspension.opened_at.is_not(None), suppressed),
        )
    ).first()
    return Trouble() if found is None else Trouble(True, found[0])

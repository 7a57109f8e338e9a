"""Whether an issue itself is refused (too big, not taken as it is), counted from its rows."""

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from digest.curation.issues import pause_issue
from digest.delivery.outcome import Outcome, Rejected, Scope, scope_of
from digest.models import Delivery, DeliveryState

REFUSALS_OF_MESSAGE = 10  # with no copy accepted, before an issue is paused


def is_about_message(outcome: Outcome) -> bool:
    """Whether a refusal is about the message: every other copy of the issue may meet it."""
    return isinstance(outcome, Rejected) and scope_of(outcome.code, outcome.text) is Scope.MESSAGE


def judge_issue(*, accepted: bool, refusals: int, reply: str) -> str | None:
    """Return why an issue must be paused, or None: its first outcomes are refusals of the message.

    Refusals of readers stand between them as they like: those are given before a word is read.
    """
    if accepted or refusals < REFUSALS_OF_MESSAGE:
        return None
    return f"the first {refusals} copies were refused because of the message itself: {reply}"[:300]


def pause_refused_issue(session: Session, issue_id: int) -> str | None:
    """Pause an issue that is refused as a message; return why when this call did it, else None.

    Call after the refusal's own row is settled, and only for one that `is_about_message`: without
    an accepted copy it looks at every row of the issue.
    """
    refused = (Delivery.state == DeliveryState.REJECTED, Delivery.reason == Scope.MESSAGE.value)
    first = (
        select(Delivery.id)
        .where(Delivery.issue_id == issue_id, *refused)
        .limit(REFUSALS_OF_MESSAGE)
        .subquery()
    )
    why = judge_issue(
        accepted=_find(session, issue_id, Delivery.state == DeliveryState.ACCEPTED) is not None,
        refusals=session.scalar(select(func.count()).select_from(first)) or 0,
        reply=_find(session, issue_id, *refused) or "",
    )
    return why if why is not None and pause_issue(session, issue_id, why=why) else None


def _find(session: Session, issue_id: int, *conditions: ColumnElement[bool]) -> str | None:
    return session.scalar(
        select(Delivery.reply).where(Delivery.issue_id == issue_id, *conditions).limit(1)
    )

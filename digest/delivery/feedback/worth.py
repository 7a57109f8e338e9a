"""What is worth a write of all that a provider tells. Only reads, before the transaction.

That a copy was delivered or is late matters only while nobody knows what became of it. A provider
may tell it of every copy, while an issue is being sent: a million of them must not stand in the
way of the sender's own commits, so many are looked at in few statements.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.delivery.feedback.events import Feedback, FeedbackKind
from digest.delivery.ledger.sums import IN_DOUBT
from digest.errors import BadInput
from digest.models import Delivery, DeliveryState, Issue, IssueState, Subscriber
from digest.sealed import Sealer
from digest.subscribers.addresses import parse_address

EVIDENCE = frozenset({FeedbackKind.DELIVERED, FeedbackKind.DEFERRED})
OPEN = (DeliveryState.DOTTED, DeliveryState.UNCERTAIN)
STEP = 500  # addresses in one statement


def worth_taking(session: Session, sealer: Sealer, events: Sequence[Feedback]) -> list[Feedback]:
    """Return the events without those that are evidence about readers of whom every copy is
    settled.
    """
    evidence = [event for event in events if event.kind in EVIDENCE]
    issues = _open_issues(session) if evidence else []
    recipients = {event.recipient for event in evidence} if issues else set()
    waiting = _with_open_copy(session, sealer, sorted(recipients), issues)
    return [event for event in events if event.kind not in EVIDENCE or event.recipient in waiting]


def _open_issues(session: Session) -> list[int]:
    """Return the issues that have, or may have, a copy whose answer nobody knows yet."""
    sending = select(Issue.id).where(Issue.state == IssueState.SENDING)
    in_doubt = select(Delivery.issue_id).where(IN_DOUBT).distinct()
    return sorted({*session.scalars(sending), *session.scalars(in_doubt)})


def _with_open_copy(
    session: Session, sealer: Sealer, recipients: Sequence[str], issues: Iterable[int]
) -> set[str]:
    """Return those of some addresses whose reader has an open copy of these issues."""
    found = set[str]()
    for first in range(0, len(recipients), STEP):
        by_index = _by_index(sealer, recipients[first : first + STEP])
        rows = session.scalars(
            select(Subscriber.address_index)
            .join(Delivery, Delivery.subscriber_id == Subscriber.id)
            .where(
                Subscriber.address_index.in_(by_index),
                Delivery.issue_id.in_(issues),
                Delivery.state.in_(OPEN),
            )
        )
        found.update(address for index in rows for address in by_index[index])
    return found


def _by_index(sealer: Sealer, recipients: Sequence[str]) -> dict[bytes, list[str]]:
    """Return addresses by what the store knows them by; what is no address is left out."""
    found: dict[bytes, list[str]] = {}
    for recipient in recipients:
        try:
            key = parse_address(recipient).key
        except BadInput:
            continue
        for index in sealer.indexes(key):
            found.setdefault(index, []).append(recipient)
    return found

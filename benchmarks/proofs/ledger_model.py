"""What the ledger's state machine remembers: rows as the model sees them, senders' memories, and a
newsroom of few readers to begin with.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from digest.delivery.ledger.leases import Lease
from digest.delivery.ledger.rows import Settlement
from digest.models import (
    DeliveryState,
    Issue,
    IssueState,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionState,
)


@dataclass
class Row:
    """What the model believes of a row, and what the mail server knows about its copy."""

    state: DeliveryState = DeliveryState.PENDING
    epoch: int = 0
    arrived: int = 0  # copies that the server took responsibility for
    excused: int = 0  # times that a person or the policy had it sent again without knowing
    trusted: bool = True  # whether "accepted" was said by somebody who knew


@dataclass
class Flight:
    """One dot that was allowed: not yet written, or written and answered, or not answered."""

    id: int
    lease: Lease
    allowed_at: datetime
    answer: Settlement | None = None


@dataclass
class Owner:
    """A sender's memory, lost when it crashes."""

    claims: list[tuple[Lease, list[int]]] = field(default_factory=list)  # with rows at hand
    flights: list[Flight] = field(default_factory=list)


def choose(things: list[Any], pick: int) -> Any:
    """Return one of them, or None when there is none."""
    return things[pick % len(things)] if things else None


def make_issue(session: Session, readers: int, groups: int, now: datetime) -> tuple[int, int]:
    """Add a newsletter, its readers and an issue of it that is being sent."""
    newsletter = Newsletter(slug="weekly", furniture={}, skip_dates=[], created_at=now)
    session.add(newsletter)
    session.flush()
    for number in range(readers):
        name = f"p{number}"
        sealed = name.encode()
        subscriber = Subscriber(
            public_id=name, address_index=sealed, address_sealed=sealed, created_at=now
        )
        session.add(subscriber)
        session.flush()
        session.add(
            Subscription(
                public_id=name,
                subscriber_id=subscriber.id,
                newsletter_id=newsletter.id,
                state=SubscriptionState.ACTIVE,
                domain_group=("gmail", "other")[number % groups],
                joined_at=now,
                changed_at=now,
            )
        )
    words: dict[str, Any] = {"topper": {}, "quote": {}, "numbers": []}
    issue = Issue(
        public_id="issue",
        newsletter_id=newsletter.id,
        number=1,
        state=IssueState.SENDING,
        sending_at=now,
        created_at=now,
        **words,
    )
    session.add(issue)
    session.flush()
    return newsletter.id, issue.id

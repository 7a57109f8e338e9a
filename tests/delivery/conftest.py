"""A sending issue with its audience, on each database, without any rendering."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy.orm import Session

from digest.clock import FixedClock
from digest.db import Database
from digest.delivery.ledger.freeze import freeze
from digest.models import (
    Issue,
    IssueState,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from digest.sealed import Sealer


@pytest.fixture
def frozen(any_db: Database, sealer: Sealer, clock: FixedClock) -> Callable[..., int]:
    """Freeze an issue for so many readers, in chunks of so many rows; returns the issue's id."""

    def make(readers: int = 5, chunk_rows: int = 2, groups: tuple[str, ...] = ("other",)) -> int:
        now = clock.now()
        with any_db.write() as session:
            newsletter = Newsletter(slug="weekly", furniture={}, skip_dates=[], created_at=now)
            session.add(newsletter)
            session.flush()
            for number in range(readers):
                group = groups[number % len(groups)]
                add_reader(session, sealer, newsletter.id, number, group, now)
            issue = add_issue(session, newsletter.id, now)
            issue.audience_count = freeze(
                session,
                issue.id,
                newsletter.id,
                not_before=now,
                now=now,
                chunk_rows=chunk_rows,
            )
            return issue.id

    return make


def add_issue(session: Session, newsletter_id: int, now: datetime) -> Issue:
    issue = Issue(
        public_id="issue",
        newsletter_id=newsletter_id,
        number=1,
        state=IssueState.SENDING,
        topper={},
        quote={},
        numbers=[],
        created_at=now,
    )
    session.add(issue)
    session.flush()
    return issue


def add_reader(
    session: Session, sealer: Sealer, newsletter_id: int, number: int, group: str, now: datetime
) -> None:
    address = f"reader{number}@example.org"
    subscriber = Subscriber(
        public_id=f"p{number}",
        address_index=sealer.index(address),
        address_sealed=sealer.seal(address),
        created_at=now,
    )
    session.add(subscriber)
    session.flush()
    session.add(
        Subscription(
            public_id=f"s{number}",
            subscriber_id=subscriber.id,
            newsletter_id=newsletter_id,
            state=SubscriptionState.ACTIVE,
            domain_group=group,
            joined_at=now,
            changed_at=now,
        )
    )

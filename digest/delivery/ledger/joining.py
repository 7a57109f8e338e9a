"""The latest issue for somebody who has just joined: one more ledger row, in a chunk of its own.

The row is drained, retried and settled like any other, and its window counts from its own
`not_before`. A sent issue is one without open rows, so it is being sent again until this one is
settled, and the next tick closes it: nothing that looks for work has to know of late joiners.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, insert, select
from sqlalchemy.orm import Session

from digest.curation.issues import reopen_issue
from digest.inserts import insert_new
from digest.models import (
    Chunk,
    Delivery,
    DeliveryState,
    Issue,
    IssueState,
    LedgerSum,
    Newsletter,
    Origin,
    Subscription,
    Tombstone,
)

MAX_AGE = timedelta(days=14)
BEGUN = (IssueState.SENDING, IssueState.SENT)


@dataclass(frozen=True, slots=True)
class Joiner:
    """Who joins: the subscription, and every index its address ever had."""

    subscription: Subscription
    address_indexes: Sequence[bytes]


def await_freeze(session: Session, newsletter_id: int, *, freezing: bool = False) -> None:
    """Let nobody become a reader of a newsletter while its audience is frozen, nor the reverse.

    To be called by both before they read: whoever comes second sees what the first has written, so
    a new reader is either in the next issue's audience or joins that issue. It needs PostgreSQL to
    lock; SQLite has one writer.
    """
    # Not FOR UPDATE: a new row of another table that refers to the newsletter need not wait.
    row = select(Newsletter.id).where(Newsletter.id == newsletter_id)
    session.execute(row.with_for_update(read=not freezing, key_share=freezing))


def send_latest(
    session: Session, joiner: Joiner, *, now: datetime, max_age: timedelta = MAX_AGE
) -> int | None:
    """Put the newest issue whose sending began within `max_age` on its way to a new reader; return
    its id, or None when there is none or this reader, or an erased one of this address, has had it.

    Stopped issues are passed over; in a paused one the row waits with all others.
    """
    issue_id = _newest(session, joiner.subscription.newsletter_id, now - max_age)
    if issue_id is None or _is_buried(session, issue_id, joiner.address_indexes):
        return None
    row = _insert_row(session, issue_id, joiner.subscription, now)
    if row is None:
        return None
    session.execute(
        insert(Chunk).values(
            issue_id=issue_id,
            first_id=row,
            last_id=row,
            domain_group=joiner.subscription.domain_group,
            next_at=now,
        )
    )
    reopen_issue(session, issue_id)
    return issue_id


def _newest(session: Session, newsletter_id: int, since: datetime) -> int | None:
    """Return the issue, locked, so that it is not found finished before our row is there."""
    return session.scalar(
        select(Issue.id)
        .where(
            Issue.newsletter_id == newsletter_id,
            Issue.state.in_(BEGUN),
            Issue.stopped_at.is_(None),
            Issue.corrects_id.is_(None),  # they never had what it corrects
            Issue.sending_at > since,
            ~exists().where(LedgerSum.issue_id == Issue.id),
        )
        .order_by(Issue.sending_at.desc(), Issue.id.desc())
        .limit(1)
        .with_for_update(of=Issue)
    )


def _is_buried(session: Session, issue_id: int, indexes: Sequence[bytes]) -> bool:
    buried = exists().where(Tombstone.issue_id == issue_id, Tombstone.address_index.in_(indexes))
    return bool(session.scalar(select(buried)))


def _insert_row(
    session: Session, issue_id: int, subscription: Subscription, now: datetime
) -> int | None:
    return session.scalar(
        insert_new(session, Delivery)
        .values(
            issue_id=issue_id,
            subscriber_id=subscription.subscriber_id,
            state=DeliveryState.PENDING,
            origin=Origin.JOINED,
            edition=subscription.edition,
            domain_group=subscription.domain_group,
            not_before=now,
        )
        .returning(Delivery.id)
    )

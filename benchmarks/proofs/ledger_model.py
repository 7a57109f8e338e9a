"""What the ledger's state machine believes: rows as the model sees them, senders' memories, and a
newsroom of few readers to begin with.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.clock import FixedClock
from digest.db import Database
from digest.delivery.ledger.leases import Lease
from digest.delivery.ledger.rows import Settlement
from digest.models import (
    Chunk,
    Delivery,
    DeliveryState,
    Issue,
    IssueState,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionState,
)

PENDING, DOTTED = DeliveryState.PENDING, DeliveryState.DOTTED
UNCERTAIN = DeliveryState.UNCERTAIN
START = datetime(2026, 11, 27, 7, tzinfo=UTC)


@dataclass
class Row:
    """What the model believes of a row, and what the mail server knows about its copy."""

    state: DeliveryState = PENDING
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


class Beliefs:
    """What the model holds of rows, chunks and senders, and how it looks at the real ones."""

    def __init__(self, db: Database) -> None:
        super().__init__()
        self.db = db
        self.clock = FixedClock(START)
        self.owners = {"one": Owner(), "two": Owner()}
        self.rows: dict[int, Row] = {}
        self.readers: dict[int, int] = {}  # subscription by row
        self.away: set[int] = set()  # rows whose reader has left
        self.holders: dict[int, tuple[str, int, datetime]] = {}  # of chunks: owner, epoch, until
        self.policy: Any = "hold"
        self.late: list[tuple[Flight, datetime]] = []  # dots still in the network, and until when
        self.looks = 0

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def _moved(self, id: int, to: DeliveryState) -> None:
        """A row was moved by somebody who does not know whether its copy arrived."""
        row = self.rows[id]
        if row.state is UNCERTAIN and to is PENDING:
            row.excused += 1
            self._wake(id)
        row.state, row.trusted = to, False

    def _wake(self, id: int) -> None:
        """Its chunk has no owner any more."""
        self.holders.pop(self._chunk_of(id), None)

    def _follow(self, allowed: set[tuple[DeliveryState, DeliveryState]]) -> None:
        """Take over what one verb did to several rows, where each may have done that."""
        for id, state in self._states().items():
            row = self.rows[id]
            if state is row.state:
                continue
            assert (row.state, state) in allowed
            if (row.state, state) == (UNCERTAIN, PENDING):
                assert self._is_idle(id)
            if row.state is DOTTED:
                assert self._is_idle(id)
            self._moved(id, state)

    def _runs(self) -> bool:
        issue = self._issue()
        return issue.state is IssueState.SENDING and not issue.paused

    def _is_free(self, chunk_id: int) -> bool:
        return chunk_id not in self.holders or self.holders[chunk_id][2] <= self.now

    def _holds(self, lease: Lease) -> bool:
        holder = self.holders.get(lease.chunk_id)
        return (
            holder is not None
            and holder[:2] == (lease.owner, lease.epoch)
            and (holder[2] > self.now)
        )

    def _is_idle(self, id: int) -> bool:
        return self._is_free(self._chunk_of(id))

    def _chunk_of(self, id: int) -> int:
        with self.db.read() as session:
            return session.scalars(
                select(Chunk.id).where(Chunk.first_id <= id, Chunk.last_id >= id)
            ).one()

    def _rows_of(self, lease: Lease) -> list[int]:
        return [id for id in self.rows if lease.first_id <= id <= lease.last_id]

    def _issue(self) -> Issue:
        with self.db.read() as session:
            return session.get_one(Issue, self.issue_id)

    def _states(self) -> dict[int, DeliveryState]:
        with self.db.read() as session:
            found = session.execute(select(Delivery.id, Delivery.state))
            return {row[0]: row[1] for row in found}


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

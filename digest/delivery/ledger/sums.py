"""How an issue stands, added up from its rows and never from counters."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from digest.models import Chunk, Delivery, DeliveryState, Issue, IssueState, Origin


@dataclass(frozen=True, slots=True)
class Sums:
    """How an issue stands, added up from its rows."""

    frozen: int
    pending: int
    dotted: int
    accepted: int
    rejected: int
    skipped: int
    expired: int
    uncertain: int

    @property
    def open(self) -> int:
        """Return how many copies are still to be decided by sending."""
        return self.pending + self.dotted

    @property
    def balanced(self) -> bool:
        """Whether every subscriber of the frozen audience has a row, and nobody has two."""
        settled = self.accepted + self.rejected + self.skipped + self.expired + self.uncertain
        return self.frozen == settled + self.open

    def __str__(self) -> str:
        """Return the one line that summaries end in."""
        line = (
            f"accepted={self.accepted} rejected={self.rejected} skipped={self.skipped} "
            f"expired={self.expired} uncertain={self.uncertain} audience={self.frozen}"
        )
        return line if not self.open else f"pending={self.pending} dotted={self.dotted} {line}"


def count_sums(session: Session, issue_id: int) -> Sums:
    """Add an issue up from its rows; only the frozen count is taken from the issue itself."""
    counts = dict(
        session.execute(
            select(Delivery.state, func.count())
            .where(Delivery.issue_id == issue_id)
            .group_by(Delivery.state)
        ).all()
    )
    frozen = session.scalars(select(Issue.audience_count).where(Issue.id == issue_id)).one()
    return Sums(frozen, **{state.value: counts.get(state, 0) for state in DeliveryState})


def count_doubts_since(session: Session, issue_id: int, since: datetime) -> int:
    """Return how many uncertain rows became so after `since`."""
    return (
        session.scalar(
            select(func.count()).where(
                Delivery.issue_id == issue_id,
                Delivery.state == DeliveryState.UNCERTAIN,
                Delivery.done_at > since,
            )
        )
        or 0
    )


def verify_issue(session: Session, issue_id: int) -> list[str]:
    """Return what is wrong with an issue's ledger, in words; nothing when every row is accounted
    for.
    """
    issue = session.get_one(Issue, issue_id)
    sums = count_sums(session, issue_id)
    problems = []
    rows = _count(session, Delivery.issue_id == issue_id, Delivery.origin == Origin.AUDIENCE)
    if rows != issue.audience_count:
        problems.append(f"{issue.audience_count} subscribers were frozen and {rows} rows are there")
    if not sums.balanced:
        problems.append(f"the sums do not add up: {sums}")
    if issue.state is IssueState.SENT and sums.open:
        problems.append(f"the issue is sent and {sums.open} rows are open")
    stranded = _count(
        session,
        Delivery.issue_id == issue_id,
        Delivery.state.in_([DeliveryState.PENDING, DeliveryState.DOTTED]),
        ~_working_chunk().exists(),
    )
    if stranded:
        problems.append(f"{stranded} open rows are in no chunk that will be worked on")
    return problems


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Delivery).where(*conditions)) or 0


def _working_chunk() -> Select[int]:
    return (
        select(Chunk.id)
        .where(
            Chunk.issue_id == Delivery.issue_id,
            Chunk.domain_group == Delivery.domain_group,
            Delivery.id.between(Chunk.first_id, Chunk.last_id),
            Chunk.next_at.is_not(None),
        )
        .correlate(Delivery)
    )

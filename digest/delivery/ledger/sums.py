"""How an issue stands, added up from its rows and never from counters; of an issue sent long ago,
from the signed sums that are left of them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Row, and_, exists, func, literal_column, select
from sqlalchemy.orm import Session

from digest.delivery.ledger.signed import StateCounts, counts_from_json, is_genuine
from digest.keys import KeyRing
from digest.models import Chunk, Delivery, DeliveryState, Issue, IssueState, LedgerSum, Origin

# Not a parameter: SQLite takes the index over rows in doubt only where it reads the word itself.
IN_DOUBT = Delivery.state == literal_column(f"'{DeliveryState.UNCERTAIN.value}'")


@dataclass(frozen=True, slots=True)
class Sums:
    """How an issue stands, added up from its rows.

    `frozen` is how many the issue says were frozen; `joined` counts the rows of those who came
    later.
    """

    frozen: int
    pending: int
    dotted: int
    accepted: int
    rejected: int
    skipped: int
    expired: int
    uncertain: int
    joined: int = 0
    genuine: bool = True  # False: somebody has changed the signed sums that are left of it

    @property
    def audience(self) -> int:
        """Return how many readers the issue goes to."""
        return self.frozen + self.joined

    @property
    def open(self) -> int:
        """Return how many copies are still to be decided by sending."""
        return self.pending + self.dotted

    @property
    def balanced(self) -> bool:
        """Whether every subscriber of the audience has a row, and nobody has two."""
        settled = self.accepted + self.rejected + self.skipped + self.expired + self.uncertain
        return self.audience == settled + self.open

    def __str__(self) -> str:
        """Return the one line that summaries end in."""
        line = (
            f"accepted={self.accepted} rejected={self.rejected} skipped={self.skipped} "
            f"expired={self.expired} uncertain={self.uncertain} audience={self.audience}"
        )
        return line if not self.open else f"pending={self.pending} dotted={self.dotted} {line}"


def has_work(session: Session, issue_id: int) -> bool:
    """Tell whether a chunk of the issue has work left, waiting or under way; reads none of its
    rows.
    """
    busy = exists().where(Chunk.issue_id == issue_id, Chunk.next_at.is_not(None))
    return bool(session.scalar(select(busy)))


def count_sums(session: Session, issue_id: int, keys: KeyRing | None = None) -> Sums:
    """Add an issue up from its rows, all of them; only the frozen count is taken from the issue
    itself.

    Of a shrunk issue the signed sums are returned, and, given `keys`, looked at whether they are
    genuine.
    """
    frozen = session.scalars(select(Issue.audience_count).where(Issue.id == issue_id)).one()
    kept = session.get(LedgerSum, issue_id)
    if kept is None:
        return _add_up(frozen, count_rows(session, issue_id))
    sums = _add_up(frozen, counts_from_json(kept.sums["rows"]))
    public_id = session.get_one(Issue, issue_id).public_id
    return replace(sums, genuine=keys is None or is_genuine(keys, public_id, kept))


def count_rows(session: Session, issue_id: int) -> StateCounts:
    """Count the rows that are there by state and origin."""
    rows = session.execute(
        select(Delivery.state, Delivery.origin, func.count())
        .where(Delivery.issue_id == issue_id)
        .group_by(Delivery.state, Delivery.origin)
    )
    return Counter({(state, origin): count for state, origin, count in rows})


def _add_up(frozen: int, rows: StateCounts) -> Sums:
    states = {state.value: sum(rows[state, origin] for origin in Origin) for state in DeliveryState}
    joined = sum(rows[state, Origin.JOINED] for state in DeliveryState)
    return Sums(frozen, joined=joined, **states)  # type: ignore[arg-type]  # no state is "genuine"


def count_doubts(session: Session, issue_id: int) -> int:
    """Return how many rows of an issue are uncertain; looks at those alone."""
    doubts = select(func.count()).where(Delivery.issue_id == issue_id, IN_DOUBT)
    return session.scalar(doubts) or 0


def count_doubts_since(session: Session, issue_id: int, since: datetime) -> int:
    """Return how many uncertain rows became so after `since`."""
    return (
        session.scalar(
            select(func.count()).where(
                Delivery.issue_id == issue_id, IN_DOUBT, Delivery.done_at > since
            )
        )
        or 0
    )


def verify_issue(session: Session, issue_id: int, keys: KeyRing | None = None) -> list[str]:
    """Return what is wrong with an issue's ledger, in words; nothing when every row is accounted
    for. Of a shrunk issue the signature of its sums is looked at where `keys` are given.
    """
    issue = session.get_one(Issue, issue_id)
    if (kept := session.get(LedgerSum, issue_id)) is not None:
        return _verify_kept(session, issue, kept, keys)
    counted = count_rows(session, issue_id)
    sums = _add_up(issue.audience_count, counted)
    problems = []
    rows = sum(count for (_, origin), count in counted.items() if origin is Origin.AUDIENCE)
    if rows != issue.audience_count:
        problems.append(f"{issue.audience_count} subscribers were frozen and {rows} rows are there")
    if not sums.balanced:
        problems.append(f"the sums do not add up: {sums}")
    if issue.state is IssueState.SENT and sums.open:
        problems.append(f"the issue is sent and {sums.open} rows are open")
    return problems + _judge_chunks(_weigh_chunks(session, issue_id), counted.total(), sums.open)


def _verify_kept(
    session: Session, issue: Issue, kept: LedgerSum, keys: KeyRing | None
) -> list[str]:
    """Return what is wrong with signed sums; rows may still be there, never more than they say."""
    if keys is not None and not is_genuine(keys, issue.public_id, kept):
        return ["the sums were changed: their signature does not fit"]
    counted = counts_from_json(kept.sums["rows"])
    problems = []
    if kept.sums["frozen"] != issue.audience_count:
        frozen = kept.sums["frozen"]
        problems.append(f"{issue.audience_count} subscribers were frozen and {frozen} are signed")
    sums = _add_up(issue.audience_count, counted)
    if not sums.balanced or sums.open:
        problems.append(f"the signed sums do not add up: {sums}")
    if more := (count_rows(session, issue.id) - counted).total():
        problems.append(f"{more} rows are there that are not in the signed sums")
    return problems


def _weigh_chunks(session: Session, issue_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the issue's chunks in the order of their ids, each with what lies in its range."""
    is_open = Delivery.state.in_([DeliveryState.PENDING, DeliveryState.DOTTED])
    is_own = Delivery.domain_group == Chunk.domain_group
    return session.execute(
        select(
            Chunk.id,
            Chunk.first_id,
            Chunk.last_id,
            Chunk.next_at.is_not(None).label("works"),
            func.count(Delivery.id).label("rows"),
            func.count(Delivery.id).filter(is_own).label("own"),
            func.count(Delivery.id).filter(is_own, is_open).label("open"),
        )
        .outerjoin(
            Delivery,
            and_(
                Delivery.id.between(Chunk.first_id, Chunk.last_id),
                # The sum: a chunk is found by its range of ids, not among all rows of the issue.
                Delivery.issue_id + 0 == issue_id,
            ),
        )
        .where(Chunk.issue_id == issue_id)
        .group_by(Chunk.id)
        .order_by(Chunk.first_id, Chunk.last_id)
    ).all()


def _judge_chunks(chunks: Sequence[Row[*tuple[Any, ...]]], rows: int, open: int) -> list[str]:
    """Decide what is wrong with chunks as weighed, where the issue has so many rows and open
    ones.
    """
    overlaps = [
        f"chunks {before.id} and {after.id} overlap"
        for before, after in pairwise(chunks)
        if after.first_id <= before.last_id
    ]
    if overlaps:
        return overlaps  # their rows would be counted twice below
    problems = [
        f"chunk {chunk.id} spans {chunk.rows - chunk.own} rows of another domain group"
        for chunk in chunks
        if chunk.rows > chunk.own
    ]
    if homeless := rows - sum(chunk.own for chunk in chunks):
        problems.append(f"{homeless} rows are in no chunk")
    if stranded := open - sum(chunk.open for chunk in chunks if chunk.works):
        problems.append(f"{stranded} open rows are in no chunk that will be worked on")
    return problems

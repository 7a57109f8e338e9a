"""Turns the ledger of an issue that was sent long ago into sums, so that nothing says any more who
got what.

The rows are added up, and the sums written and signed in one transaction where nothing has changed
since; from then on they count, and the rows go a step after the other. At every moment either all
rows are there or the signed sums are: the issue can always be proved. Doubts go with the sums, for
to settle one later would contradict them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from digest.delivery.ledger.signed import counts_as_json, sign_sums
from digest.delivery.ledger.sums import IN_DOUBT, count_doubts, count_rows, verify_issue
from digest.delivery.ledger.tombstones import NEEDED
from digest.errors import Conflict, Refused
from digest.keys import KeyRing
from digest.models import Chunk, Delivery, Issue, IssueState, LedgerSum


def list_shrinkable(session: Session, before: datetime) -> Sequence[int]:
    """Return the issues sent before that still have rows, oldest first."""
    rows = exists().where(Delivery.issue_id == Issue.id)
    chunks = exists().where(Chunk.issue_id == Issue.id)
    summed = exists().where(LedgerSum.issue_id == Issue.id)
    due = (Issue.state == IssueState.SENT, Issue.sent_at <= before, or_(~summed, rows, chunks))
    return session.scalars(select(Issue.id).where(*due).order_by(Issue.sent_at, Issue.id)).all()


def is_shrunk(session: Session, issue_id: int) -> bool:
    """Tell whether an issue's signed sums are what counts, and its rows are gone or going."""
    return session.get(LedgerSum, issue_id) is not None


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue added up, to be signed unless it has changed since: a row in doubt was settled, or
    the issue was sent to one reader more.
    """

    issue_id: int
    sums: Mapping[str, Any]
    sent_at: datetime | None
    doubts: int


def add_up(session: Session, issue: Issue, *, came_back: Mapping[str, int], now: datetime) -> Draft:
    """Add an issue up from its rows, which takes a while: do it in a transaction that reads.

    `came_back` is what was counted elsewhere about it (complaints, bounces). Refused for an issue
    that is not sent, whose rows may still be needed, or whose ledger does not balance.
    """
    _refuse_needed(issue, now)
    if problems := verify_issue(session, issue.id):
        raise Refused(f"number {issue.number} does not balance and keeps its rows: {problems[0]}")
    sums = {
        "frozen": issue.audience_count,
        "rows": counts_as_json(count_rows(session, issue.id)),
        "groups": _count_groups(session, issue.id),
        "came_back": dict(came_back),
        **_moments(session, issue.id),
    }
    return Draft(issue.id, sums, issue.sent_at, count_doubts(session, issue.id))


def write_sums(session: Session, keys: KeyRing, draft: Draft, now: datetime) -> bool:
    """Sign what was added up and let it count instead of the rows; False when that was done before.
    Conflict when the issue has changed since it was added up.
    """
    issue = session.get_one(Issue, draft.issue_id, with_for_update=True, populate_existing=True)
    if is_shrunk(session, issue.id):
        return False
    as_it_is = (issue.state, issue.sent_at, count_doubts(session, issue.id))
    if as_it_is != (IssueState.SENT, draft.sent_at, draft.doubts):
        raise Conflict(f"number {issue.number} changed while it was added up: it is left for later")
    key = keys.message[0]
    session.add(
        LedgerSum(
            issue_id=issue.id,
            sums=dict(draft.sums),
            key_id=key.id,
            mac=sign_sums(key, issue.public_id, draft.sums),
            shrunk_at=now,
        )
    )
    session.flush()
    _drop(session, Delivery.issue_id == issue.id, IN_DOUBT)
    return True


def _refuse_needed(issue: Issue, now: datetime) -> None:
    if issue.state is not IssueState.SENT or issue.sending_at is None:
        raise Refused(f"number {issue.number} is {issue.state.value} and needs its rows")
    if issue.sending_at > now - NEEDED:
        raise Refused(
            f"number {issue.number} needs its rows for {NEEDED.days} days: whoever joins again must"
            " not get it twice"
        )


def _count_groups(session: Session, issue_id: int) -> dict[str, dict[str, int]]:
    groups: dict[str, dict[str, int]] = {}
    rows = session.execute(
        select(Delivery.domain_group, Delivery.state, func.count())
        .where(Delivery.issue_id == issue_id)
        .group_by(Delivery.domain_group, Delivery.state)
    )
    for group, state, count in rows:
        groups.setdefault(group, {})[state.value] = count
    return groups


def _moments(session: Session, issue_id: int) -> dict[str, str | None]:
    first, last = session.execute(
        select(func.min(Delivery.dotted_at), func.max(Delivery.done_at)).where(
            Delivery.issue_id == issue_id
        )
    ).one()
    return {
        "first_dot": first.isoformat() if first else None,
        "last_done": last.isoformat() if last else None,
    }


def drop_rows(session: Session, issue_id: int, most: int) -> int:
    """Remove at most so many rows of a shrunk issue, and, when none is left, its chunks; return how
    many rows went. Refused while it has no sums.
    """
    if not is_shrunk(session, issue_id):
        raise Refused("the rows of an issue go only once its sums are signed")
    rows = select(Delivery.id).where(Delivery.issue_id == issue_id)
    dropped = _drop(session, Delivery.id.in_(rows.limit(most)))
    if dropped < most:
        session.execute(delete(Chunk).where(Chunk.issue_id == issue_id))
    return dropped


def _drop(session: Session, *conditions: ColumnElement[bool]) -> int:
    """Remove rows; their events go with them."""
    result = session.execute(
        delete(Delivery).where(*conditions).execution_options(synchronize_session=False)
    )
    return cast(CursorResult[Any], result).rowcount

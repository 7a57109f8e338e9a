"""How issues that were sent went, without adding up a million rows for each.

When an issue's sending ends, its rows have just been added up, and the issue keeps that. It is
believed as long as nothing can have changed since: a joiner reopens the issue, which forgets it,
and a doubt that was settled shows in the number of rows in doubt. Everything else is added up anew,
or read from signed sums.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from digest.delivery.ledger.sums import IN_DOUBT, Sums, count_sums
from digest.keys import KeyRing
from digest.models import Delivery, Issue, IssueState, LedgerSum


def as_kept(sums: Sums) -> dict[str, Any]:
    """Return sums as an issue keeps them."""
    return {name: value for name, value in asdict(sums).items() if name != "genuine"}


def find_results(
    session: Session, issues: Sequence[Issue], keys: KeyRing | None = None
) -> dict[int, Sums]:
    """Return the sums of those of the issues that are sent, by id."""
    sent = [issue for issue in issues if issue.state is IssueState.SENT]
    ids = [issue.id for issue in sent]
    shrunk = set(session.scalars(select(LedgerSum.issue_id).where(LedgerSum.issue_id.in_(ids))))
    doubts = _count_doubts(session, ids)
    results = {}
    for issue in sent:
        kept = None if issue.id in shrunk or issue.sums is None else Sums(**issue.sums)
        if kept is not None and kept.uncertain == doubts.get(issue.id, 0):
            results[issue.id] = kept
        else:
            results[issue.id] = count_sums(session, issue.id, keys)
    return results


def _count_doubts(session: Session, ids: Sequence[int]) -> dict[int, int]:
    rows = session.execute(
        select(Delivery.issue_id, func.count())
        .where(Delivery.issue_id.in_(ids), IN_DOUBT)
        .group_by(Delivery.issue_id)
    )
    return dict(rows.all())

"""Which issues can be corrected, and which by mail. Apart from corrections: senders ask this and
need not load what writes them.
"""

from sqlalchemy.orm import Session

from digest.errors import Refused
from digest.models import Issue, IssueState, LedgerSum

BEGUN = (IssueState.SENDING, IssueState.SENT)


def refuse_unsent(issue: Issue) -> None:
    """Raise Refused for an issue of which nobody has a copy."""
    if issue.state not in BEGUN:
        raise Refused(f"number {issue.number} is {issue.state.value}: nobody has it yet")


def refuse_unmailable(session: Session, issue: Issue) -> None:
    """Raise Refused unless it is known for good whose copy of an issue was accepted."""
    refuse_unsent(issue)
    if issue.state is IssueState.SENDING:
        raise Refused(f"number {issue.number} is still being sent: wait until it is sent")
    if session.get(LedgerSum, issue.id) is not None:
        raise Refused(
            f"number {issue.number} was sent long ago and its ledger has shrunk to sums: "
            "nobody knows any more who got it"
        )

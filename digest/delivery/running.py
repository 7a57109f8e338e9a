"""A run under way, as people steer it: whether they can, its end for good, doubts settled by
hand.
"""

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.curation.issues import stop_issue
from digest.db import Database
from digest.delivery.ledger.doubts import By, Doubt, settle_doubt
from digest.delivery.ledger.stopping import stop_rows
from digest.errors import NotFound, Refused
from digest.models import Issue, IssueState

BATCH = 200  # rows settled in one transaction, so that a sender's dots need not wait


def refuse_not_running(issue: Issue, name: str, verb: str) -> None:
    """Raise Refused ("weekly/3 is sent and cannot be paused") unless an issue is being sent."""
    if issue.state is not IssueState.SENDING:
        raise Refused(f"{name} is {issue.state.value} and cannot {verb}")
    if issue.stopped_at is not None:
        raise Refused(f"{name} was stopped and cannot {verb}")


def stop_run(session: Session, issue: Issue, name: str, clock: Clock) -> int:
    """End a run for good and return how many copies were skipped; Refused when it has ended."""
    now = clock.now()
    if not stop_issue(session, issue.id, now):
        raise Refused(f"{name} has ended meanwhile")
    return stop_rows(session, issue.id, now)


def choose_doubts(doubts: Sequence[Doubt], wanted: Sequence[int], name: str) -> list[int]:
    """Return the ids of the wanted rows in doubt, all where none is named; NotFound for others."""
    ids = [doubt.delivery_id for doubt in doubts]
    if not wanted:
        return ids
    strange = [str(id) for id in wanted if id not in set(ids)]
    if strange:
        raise NotFound(f"not in doubt in {name}: delivery {', '.join(strange)}")
    return sorted(set(wanted))


def settle_doubts(
    db: Database,
    clock: Clock,
    ids: Sequence[int],
    to: By,
    *,
    by: str,
    advance: Callable[[int, int], None] = lambda _done, _all: None,
) -> int:
    """Do what a person decided about rows in doubt, a batch in a transaction; return how many that
    changed. Refused as `settle_doubt` raises it. `advance` hears how far it is.
    """
    done = 0
    for start in range(0, len(ids), BATCH):
        with db.write() as session:
            now = clock.now()
            for id in ids[start : start + BATCH]:
                done += settle_doubt(session, id, to, by=by, now=now)
        advance(min(start + BATCH, len(ids)), len(ids))
    return done

"""What an issue added up to when its sending ended, and when that is believed."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from digest.curation.issues import move_issue, reopen_issue
from digest.db import Database
from digest.delivery.ledger.results import as_kept, find_results
from digest.delivery.ledger.sums import count_sums
from digest.models import Delivery, DeliveryState, Issue, IssueState, Newsletter, Origin

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
ACCEPTED, UNCERTAIN, REJECTED = (
    DeliveryState.ACCEPTED,
    DeliveryState.UNCERTAIN,
    DeliveryState.REJECTED,
)


def sent(session: Session, *states: DeliveryState) -> Issue:
    """Add an issue that is sent, with a row for each state, as the sender closes it."""
    newsletter = Newsletter(slug="weekly", furniture={}, skip_dates=[], created_at=NOW)
    session.add(newsletter)
    session.flush()
    issue = Issue(
        public_id="a",
        newsletter_id=newsletter.id,
        number=1,
        state=IssueState.SENDING,
        topper={},
        quote={},
        numbers=[],
        audience_count=len(states),
        created_at=NOW,
    )
    session.add(issue)
    session.flush()
    for number, state in enumerate(states, 1):
        row = {"issue_id": issue.id, "subscriber_id": number, "state": state, "done_at": NOW}
        words = {"origin": Origin.AUDIENCE, "edition": "full", "domain_group": "other"}
        session.add(Delivery(**row, **words, not_before=NOW))
    session.flush()
    sums = as_kept(count_sums(session, issue.id))
    move_issue(session, issue.id, to=IssueState.SENT, sent_at=NOW, sums=sums)
    session.refresh(issue)
    return issue


def settle(session: Session, was: DeliveryState, now: DeliveryState) -> None:
    session.execute(update(Delivery).where(Delivery.state == was).values(state=now))


def test_kept_sums_are_those_of_the_rows(any_db: Database) -> None:
    with any_db.write() as session:
        issue = sent(session, ACCEPTED, ACCEPTED, UNCERTAIN)
        assert find_results(session, [issue])[issue.id] == count_sums(session, issue.id)


def test_kept_sums_are_believed_while_nothing_can_have_changed(any_db: Database) -> None:
    with any_db.write() as session:
        issue = sent(session, ACCEPTED, ACCEPTED, UNCERTAIN)
        settle(session, ACCEPTED, REJECTED)  # nothing of ours does that
        assert find_results(session, [issue])[issue.id].accepted == 2


@pytest.mark.parametrize("end", [ACCEPTED, REJECTED])
def test_settled_doubt_is_added_up_anew(any_db: Database, end: DeliveryState) -> None:
    with any_db.write() as session:
        issue = sent(session, ACCEPTED, UNCERTAIN)
        settle(session, UNCERTAIN, end)
        found = find_results(session, [issue])[issue.id]
        assert (found.uncertain, found.accepted + found.rejected) == (0, 2)


def test_issue_that_is_sent_again_forgets_them(any_db: Database) -> None:
    with any_db.write() as session:
        issue = sent(session, ACCEPTED)
        reopen_issue(session, issue.id)
        session.refresh(issue)
        assert issue.sums is None
        assert find_results(session, [issue]) == {}

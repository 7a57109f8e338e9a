"""Two people approve the same bytes, or nobody has; and the presses stop, whatever they do."""

from collections.abc import Callable

import pytest

from digest.clock import FixedClock
from digest.curation.issues import (
    approve_issue,
    edit_issue,
    keep_first_approval,
    move_issue,
    stop_presses,
)
from digest.db import Database
from digest.errors import Conflict, Refused
from digest.models import Issue, IssueState, Newsletter

ONE, OTHER = "1" * 64, "2" * 64


@pytest.fixture
def issue_id(any_db: Database, clock: FixedClock) -> int:
    with any_db.write() as session:
        newsletter = Newsletter(slug="weekly", furniture={}, skip_dates=[], created_at=clock.now())
        session.add(newsletter)
        session.flush()
        issue = Issue(
            public_id="p",
            newsletter_id=newsletter.id,
            number=1,
            state=IssueState.DRAFT,
            topper={},
            quote={},
            numbers=[],
            created_at=clock.now(),
        )
        session.add(issue)
        session.flush()
        return issue.id


@pytest.fixture
def keep(any_db: Database, clock: FixedClock, issue_id: int) -> Callable[..., bool]:
    def do(by: str, content_hash: str = ONE, version: int = 1) -> bool:
        with any_db.write() as session:
            return keep_first_approval(
                session,
                issue_id,
                version=version,
                content_hash=content_hash,
                by=by,
                now=clock.now(),
            )

    return do


def now_is(db: Database, id: int) -> Issue:
    with db.read() as session:
        return session.get_one(Issue, id)


def test_first_approval_approves_nothing(any_db, issue_id, keep, clock) -> None:
    assert keep("ada")

    issue = now_is(any_db, issue_id)
    assert (issue.state, issue.approved_hash) == (IssueState.DRAFT, None)
    assert (issue.first_hash, issue.first_by, issue.first_at) == (ONE, "ada", clock.now())
    with any_db.write() as session:
        assert not move_issue(session, issue_id, to=IssueState.SENDING)


def test_second_person_may_approve_the_same_bytes(any_db, issue_id, keep) -> None:
    keep("ada")

    assert not keep("ben")

    assert now_is(any_db, issue_id).first_by == "ada"


@pytest.mark.parametrize("name", ["ada", " Ada ", "ADA"])
def test_nobody_is_two_people(any_db, issue_id, keep, name: str) -> None:
    keep("ada")

    with pytest.raises(Refused, match="somebody else"):
        keep(name)

    assert now_is(any_db, issue_id).first_hash == ONE


def test_other_bytes_begin_anew(any_db, issue_id, keep) -> None:
    keep("ada")

    assert keep("ben", OTHER)

    issue = now_is(any_db, issue_id)
    assert (issue.first_hash, issue.first_by) == (OTHER, "ben")


def test_first_approval_of_other_bytes_voids_an_approval(any_db, issue_id, keep, clock) -> None:
    with any_db.write() as session:
        approve_issue(session, issue_id, version=1, content_hash=ONE, by="ada", now=clock.now())
    with pytest.raises(Refused, match="approved already"):
        keep("ben", ONE)

    assert keep("ben", OTHER)

    assert now_is(any_db, issue_id).state is IssueState.DRAFT


def test_edit_voids_the_first_approval_and_leaves_a_trace(any_db, issue_id, keep) -> None:
    keep("ada")
    with any_db.write() as session:
        edit_issue(session, session.get_one(Issue, issue_id), {"subject": "Changed"})

    issue = now_is(any_db, issue_id)
    assert (issue.first_hash, issue.first_by) == (None, "ada")
    with pytest.raises(Conflict):
        keep("ben")


def test_presses_stop_before_sending(any_db, issue_id, keep, clock) -> None:
    keep("ada")
    with any_db.write() as session:
        assert stop_presses(session, issue_id) is IssueState.DRAFT
    assert now_is(any_db, issue_id).first_hash is None

    with any_db.write() as session:
        approve_issue(session, issue_id, version=2, content_hash=ONE, by="ada", now=clock.now())
    with any_db.write() as session:
        assert stop_presses(session, issue_id) is IssueState.APPROVED
    issue = now_is(any_db, issue_id)
    assert (issue.state, issue.approved_hash, issue.version) == (IssueState.DRAFT, None, 3)


def test_presses_stop_during_sending(any_db, issue_id, clock) -> None:
    with any_db.write() as session:
        approve_issue(session, issue_id, version=1, content_hash=ONE, by="ada", now=clock.now())
        move_issue(session, issue_id, to=IssueState.SENDING, sending_at=clock.now())

    with any_db.write() as session:
        assert stop_presses(session, issue_id, "wrong name") is IssueState.SENDING

    issue = now_is(any_db, issue_id)
    assert (issue.state, issue.paused, issue.paused_why) == (IssueState.SENDING, True, "wrong name")


@pytest.mark.parametrize("state", [IssueState.DRAFT, IssueState.SENT, IssueState.CANCELLED])
def test_presses_that_stand_still_are_not_stopped(any_db, issue_id, state) -> None:
    with any_db.write() as session:
        session.get_one(Issue, issue_id).state = state
        session.flush()
        with pytest.raises(Refused, match="nothing of it leaves"):
            stop_presses(session, issue_id)

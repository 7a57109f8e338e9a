"""A run is paused, resumed, stopped and reopened: by whom it may be, and once."""

from datetime import datetime

import pytest

from digest.curation.issues import pause_issue, reopen_issue, resume_issue, stop_issue
from digest.db import Database
from digest.models import Issue, IssueState, Newsletter

RUNNING = IssueState.SENDING


@pytest.fixture
def add_issue(any_db: Database, clock):
    """Add an issue in a state; return its id."""

    def make(state: IssueState, stopped_at: datetime | None = None) -> int:
        now = clock.now()
        with any_db.write() as session:
            newsletter = Newsletter(slug="weekly", furniture={}, skip_dates=[], created_at=now)
            session.add(newsletter)
            session.flush()
            issue = Issue(
                public_id="p",
                newsletter_id=newsletter.id,
                number=1,
                state=state,
                topper={},
                quote={},
                numbers=[],
                stopped_at=stopped_at,
                sent_at=now if state is IssueState.SENT else None,
                created_at=now,
            )
            session.add(issue)
            session.flush()
            return issue.id

    return make


def now_is(db: Database, id: int) -> Issue:
    with db.read() as session:
        return session.get_one(Issue, id)


def test_pause_says_why_and_resume_forgets_it(any_db, add_issue) -> None:
    id = add_issue(RUNNING)
    with any_db.write() as session:
        assert pause_issue(session, id, "x" * 400)
        assert not pause_issue(session, id, "again")
    assert (now_is(any_db, id).paused, now_is(any_db, id).paused_why) == (True, "x" * 300)

    with any_db.write() as session:
        assert resume_issue(session, id)
        assert not resume_issue(session, id)

    assert (now_is(any_db, id).paused, now_is(any_db, id).paused_why) == (False, "")


@pytest.mark.parametrize("state", sorted(set(IssueState) - {RUNNING}))
def test_only_a_run_can_be_paused_or_stopped(any_db, add_issue, clock, state) -> None:
    id = add_issue(state)

    with any_db.write() as session:
        assert not pause_issue(session, id)
        assert not stop_issue(session, id, clock.now())

    assert not now_is(any_db, id).paused


def test_stop_is_for_good(any_db, add_issue, clock) -> None:
    id = add_issue(RUNNING)

    with any_db.write() as session:
        assert stop_issue(session, id, clock.now())
        assert not stop_issue(session, id, clock.now())
        assert not resume_issue(session, id)

    assert (now_is(any_db, id).paused, now_is(any_db, id).stopped_at) == (True, clock.now())


def test_sent_issue_is_reopened_once(any_db, add_issue) -> None:
    id = add_issue(IssueState.SENT)

    with any_db.write() as session:
        assert reopen_issue(session, id)
        assert not reopen_issue(session, id)

    issue = now_is(any_db, id)
    assert (issue.state, issue.sent_at, issue.paused) == (RUNNING, None, False)


def test_stopped_issue_is_reopened_without_going_on(any_db, add_issue, clock) -> None:
    id = add_issue(IssueState.SENT, stopped_at=clock.now())

    with any_db.write() as session:
        assert reopen_issue(session, id)

    assert now_is(any_db, id).paused


@pytest.mark.parametrize("state", sorted(set(IssueState) - {IssueState.SENT}))
def test_only_a_sent_issue_is_reopened(any_db, add_issue, state) -> None:
    id = add_issue(state)

    with any_db.write() as session:
        assert not reopen_issue(session, id)

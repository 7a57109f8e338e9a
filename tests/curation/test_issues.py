"""An issue's states, and what two editors at once may do to each other: nothing."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from digest.curation.issues import (
    approve_issue,
    cancel_issue,
    edit_issue,
    find_issue,
    find_issue_on,
    list_due_extras,
    list_issues,
    move_issue,
    new_issue,
    plan_extra,
)
from digest.db import Database
from digest.errors import BadInput, Conflict, NotFound, Refused
from digest.models import Issue, IssueState, Newsletter

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
FRIDAY = date(2026, 11, 27)
DRAFT, APPROVED, SENDING, SENT, CANCELLED = IssueState
ALLOWED = {
    *((DRAFT, APPROVED), (DRAFT, CANCELLED)),
    *((APPROVED, DRAFT), (APPROVED, SENDING), (APPROVED, CANCELLED)),
    (SENDING, SENT),
}
CLOSED = (SENDING, SENT, CANCELLED)


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    with db.write() as session:
        newsletter_of(session)
        yield session


def newsletter_of(session: Session, slug: str = "weekly") -> Newsletter:
    """Add a newsletter and return it."""
    newsletter = Newsletter(slug=slug, furniture={}, skip_dates=[], created_at=NOW)
    session.add(newsletter)
    session.flush()
    return newsletter


def issue_of(session: Session, slot: date | None = FRIDAY) -> Issue:
    """Add a draft to the newsletter ``weekly`` and return it."""
    newsletter = session.query(Newsletter).filter_by(slug="weekly").one()
    return new_issue(session, newsletter, slot_date=slot, now=NOW)


def put(session: Session, issue: Issue, state: IssueState) -> Issue:
    """Bring an issue into a state past all rules."""
    session.execute(update(Issue).where(Issue.id == issue.id).values(state=state))
    session.refresh(issue)
    return issue


def approve(session: Session, issue: Issue) -> None:
    """Approve an issue's present version."""
    approve_issue(session, issue.id, version=issue.version, content_hash="a" * 64, by="e", now=NOW)
    session.refresh(issue)


@pytest.mark.parametrize("before", IssueState)
@pytest.mark.parametrize("after", IssueState)
def test_move_follows_the_table(session: Session, before: IssueState, after: IssueState) -> None:
    issue = put(session, issue_of(session), before)

    moved = move_issue(session, issue.id, to=after)

    session.refresh(issue)
    assert moved is ((before, after) in ALLOWED)
    assert issue.state is (after if moved else before)


def test_move_happens_once(session: Session) -> None:
    issue = put(session, issue_of(session), APPROVED)

    moves = [move_issue(session, issue.id, to=SENDING) for _ in range(2)]

    assert moves == [True, False]


def test_new_issues_are_numbered_without_a_gap(session: Session) -> None:
    numbers = [issue_of(session, None).number for _ in range(3)]

    assert numbers == [1, 2, 3]


def test_taken_date_is_a_conflict_and_takes_no_number(session: Session) -> None:
    issue_of(session)

    with pytest.raises(Conflict, match="number 1 is already planned for 2026-11-27"):
        issue_of(session)
    assert issue_of(session, None).number == 2


def test_cancelled_issue_frees_its_date(session: Session) -> None:
    cancel_issue(session, issue_of(session))

    issue = issue_of(session)

    assert find_issue_on(session, issue.newsletter_id, FRIDAY) is issue


def test_edit_raises_the_version_and_changes_only_what_is_given(session: Session) -> None:
    issue = issue_of(session)
    edit_issue(session, issue, {"subject": "Fog", "preheader": "Thick"})

    edit_issue(session, issue, {"subject": "Rain"})

    assert (issue.subject, issue.preheader, issue.version) == ("Rain", "Thick", 3)


def test_edit_voids_the_approval(session: Session) -> None:
    issue = issue_of(session)
    approve(session, issue)

    edit_issue(session, issue, {"subject": "Fog"})

    assert (issue.state, issue.approved_hash, issue.approved_at) == (DRAFT, None, None)


@pytest.mark.parametrize("state", CLOSED)
def test_edit_of_a_closed_issue_is_refused(session: Session, state: IssueState) -> None:
    issue = put(session, issue_of(session), state)

    with pytest.raises(Refused, match=f"number 1 is {state} and cannot be edited"):
        edit_issue(session, issue, {"subject": "Too late"})
    session.refresh(issue)
    assert issue.subject == ""


def test_second_of_two_editors_overwrites_nothing(any_db: Database) -> None:
    with any_db.write() as session:
        newsletter_of(session)
        issue_of(session)
    with any_db.read() as session:
        stale = find_issue(session, "weekly/1")
    with any_db.write() as session:
        edit_issue(session, find_issue(session, "weekly/1"), {"subject": "First"})

    with (
        pytest.raises(Conflict, match="changed by someone else"),
        any_db.write() as session,
    ):
        edit_issue(session, stale, {"subject": "Second"})
    with any_db.read() as session:
        assert find_issue(session, "weekly/1").subject == "First"


def test_approval_of_an_older_version_is_a_conflict(session: Session) -> None:
    issue = issue_of(session)
    seen = issue.version
    edit_issue(session, issue, {"subject": "Later"})

    with pytest.raises(Conflict, match="approve it again"):
        approve_issue(session, issue.id, version=seen, content_hash="a", by="e", now=NOW)
    session.refresh(issue)
    assert issue.state is DRAFT


@pytest.mark.parametrize("state", CLOSED)
def test_approval_of_a_closed_issue_says_why(session: Session, state: IssueState) -> None:
    issue = put(session, issue_of(session), state)

    with pytest.raises(Refused, match=f"number 1 is {state} and cannot be approved"):
        approve(session, issue)


@pytest.mark.parametrize("state", CLOSED)
def test_cancelling_too_late_is_refused(session: Session, state: IssueState) -> None:
    issue = put(session, issue_of(session), state)

    with pytest.raises(Refused, match=f"is {state} and cannot be cancelled"):
        cancel_issue(session, issue)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"headline": "x"}, "no field 'headline' .there are: appeal, numbers, preheader, quote"),
        ({"state": "sent"}, "no field 'state'"),
        ({"subject": "x" * 501}, "subject: 501 characters"),
        ({"subject": None}, "subject: this must be text"),
        ({"topper": {"text": "a", "who": "b"}}, "topper: this has a text and signed"),
        ({"topper": "a"}, "topper"),
        ({"quote": {"text": 3}}, "quote.text: this must be text"),
        ({"numbers": [["1", "a"], ["2"]]}, "numbers: each is a pair"),
        ({"numbers": "ab"}, "numbers: each is a pair"),
        ({"numbers": [["", "words"]]}, "numbers: each is a pair"),
        ({"appeal": "yes"}, "appeal: this is yes or no"),
    ],
)
def test_wrong_change_names_the_field_and_writes_nothing(
    session: Session, changes: dict[str, object], words: str
) -> None:
    issue = issue_of(session)

    with pytest.raises(BadInput, match=words):
        edit_issue(session, issue, {"preheader": "kept back", **changes})
    assert (issue.version, issue.preheader) == (1, "")


def test_subject_becomes_one_line(session: Session) -> None:
    issue = issue_of(session)

    edit_issue(session, issue, {"subject": " Fog\r\nBcc: all\x07 "})

    assert issue.subject == "Fog Bcc: all"


def test_emptied_block_is_taken_out(session: Session) -> None:
    issue = issue_of(session)
    edit_issue(session, issue, {"quote": {"text": "Oh", "who": "A"}})

    edit_issue(session, issue, {"quote": {"text": " ", "who": ""}})

    assert issue.quote == {}


def test_issue_is_found_by_number_and_the_newest_by_slug(session: Session) -> None:
    first, second = issue_of(session), issue_of(session, None)

    assert find_issue(session, "weekly/1") is first
    assert find_issue(session, "weekly") is second


@pytest.mark.parametrize(
    "reference", ["weekly/", "weekly/x", "weekly/-1", "weekly/1/2", "weekly/²", f"weekly/{2**63}"]
)
def test_malformed_reference_is_bad_input(session: Session, reference: str) -> None:
    with pytest.raises(BadInput, match="an issue is called newsletter/number"):
        find_issue(session, reference)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("weekly", "weekly has no issue yet"),
        ("weekly/7", "there is no issue weekly/7"),
        ("monthly/7", r"no newsletter has the slug 'monthly' \(there are: weekly\)"),
    ],
)
def test_missing_issue_says_what_is_missing(session: Session, reference: str, words: str) -> None:
    with pytest.raises(NotFound, match=words):
        find_issue(session, reference)


def test_issue_of_another_newsletter_is_not_found(session: Session) -> None:
    issue_of(session)
    newsletter_of(session, "monthly")

    with pytest.raises(NotFound):
        find_issue(session, "monthly/1")


def test_extra_is_due_when_its_moment_has_come_approved_or_not(session: Session) -> None:
    planned, draft, later = (issue_of(session, None) for _ in range(3))
    for issue, moment in ((planned, NOW), (draft, NOW), (later, NOW + timedelta(seconds=1))):
        plan_extra(session, issue, moment)
    approve(session, planned)
    approve(session, later)

    assert list_due_extras(session, [planned.newsletter_id], NOW) == [planned, draft]


def test_extra_without_a_moment_is_never_due(session: Session) -> None:
    extra = issue_of(session, None)
    approve(session, extra)

    assert list_due_extras(session, [extra.newsletter_id], NOW + timedelta(days=999)) == []


def test_planning_an_extra_keeps_its_approval(session: Session) -> None:
    issue = issue_of(session, None)
    approve(session, issue)

    plan_extra(session, issue, NOW)

    assert (issue.state, issue.send_at) == (APPROVED, NOW)


@pytest.mark.parametrize("state", CLOSED)
def test_planning_a_closed_extra_is_refused(session: Session, state: IssueState) -> None:
    issue = put(session, issue_of(session, None), state)

    with pytest.raises(Refused, match="cannot be scheduled"):
        plan_extra(session, issue, NOW)


def test_planning_an_issue_with_a_slot_as_an_extra_is_refused(session: Session) -> None:
    issue = issue_of(session)

    with pytest.raises(Refused, match="belongs to the slot of 2026-11-27"):
        plan_extra(session, issue, NOW)


def test_list_gives_the_newest_of_one_newsletter(session: Session) -> None:
    issues = [issue_of(session, None) for _ in range(3)]
    other = newsletter_of(session, "monthly")
    new_issue(session, other, slot_date=None, now=NOW)

    assert list_issues(session, issues[0].newsletter_id, 2) == [issues[2], issues[1]]


def test_public_ids_are_long_and_different(session: Session) -> None:
    ids = {issue_of(session, None).public_id for _ in range(20)}

    assert {len(public_id) for public_id in ids} == {20}
    assert len(ids) == 20

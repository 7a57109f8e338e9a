"""All issues, page by page, found by newsletter, state and words."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from digest.curation.issues import new_issue
from digest.curation.past_issues import Sought, list_sent, read_issues_page
from digest.db import Database
from digest.errors import BadInput
from digest.models import IssueState, Newsletter

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.fixture
def session(any_db: Database) -> Iterator[Session]:
    """Seven issues of two newsletters, the third of ``weekly`` a correction."""
    with any_db.write() as session:
        for slug, subjects in (("weekly", ("Åre", "ÅRE again", "Fix", "Bus")), ("daily", ("Åre",))):
            newsletter = Newsletter(slug=slug, furniture={}, skip_dates=[], created_at=NOW)
            session.add(newsletter)
            session.flush()
            for number, subject in enumerate(subjects, 1):
                issue = new_issue(session, newsletter, slot_date=None, now=NOW)
                issue.subject, issue.preflight = subject, {"long": "report"}
                if subject != "Bus":
                    issue.state = IssueState.SENT
                    issue.sending_at = NOW + timedelta(days=number)
                if subject == "Fix":
                    issue.corrects_id = 1
            session.flush()
        session.expire_all()
        yield session


def ids(session: Session) -> dict[str, int]:
    return {each.slug: each.id for each in session.query(Newsletter)}


def found(session: Session, **sought) -> list[str]:
    page = read_issues_page(session, Sought(**sought), most=10)
    return [issue.subject for issue in page.issues]


def test_newest_come_first(session: Session) -> None:
    assert found(session) == ["Åre", "Bus", "Fix", "ÅRE again", "Åre"]


def test_words_are_found_in_any_case_of_any_script(session: Session) -> None:
    assert found(session, search="åre") == ["Åre", "ÅRE again", "Åre"]
    assert found(session, search="AGAIN åre") == ["ÅRE again"]


def test_newsletter_and_state_narrow_it(session: Session) -> None:
    weekly = ids(session)["weekly"]
    assert found(session, newsletter_id=weekly, state=IssueState.DRAFT) == ["Bus"]


def test_pages_meet_without_a_gap(session: Session) -> None:
    seen, before = [], ""
    while True:
        page = read_issues_page(session, Sought(before=before), most=2)
        seen += [issue.id for issue in page.issues]
        if not (before := page.older):
            break
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 5


def test_reports_are_left_where_they_are(session: Session) -> None:
    page = read_issues_page(session, Sought(), most=10)
    assert all("preflight" in inspect(issue).unloaded for issue in page.issues)


def test_odd_cursor_is_refused(session: Session) -> None:
    with pytest.raises(BadInput):
        read_issues_page(session, Sought(before="x"), most=10)


def test_chart_has_no_corrections_and_begins_with_the_oldest(session: Session) -> None:
    sent = list_sent(session, ids(session)["weekly"], 26)
    assert [issue.subject for issue in sent] == ["Åre", "ÅRE again"]

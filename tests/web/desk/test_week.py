"""This week: what is being made, what it lacks, and how it is begun."""

from digest.models import AuditEntry, Issue, Role
from tests.web.desk.conftest import Desk


def test_issue_is_begun_once(desk: Desk) -> None:
    browser, other = desk.signed_in(Role.CONTRIBUTOR), desk.signed_in(Role.EDITOR)
    assert "Nobody has begun this issue" in browser.get("/desk").text

    assert browser.post("/desk/weekly/begin").status_code == 303
    again = other.post("/desk/weekly/begin")

    assert again.status_code == 409
    assert "already planned" in again.text
    with desk.app.db.read() as session:
        assert session.query(Issue).count() == 1
        verbs = [entry.verb for entry in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert verbs[-1] == "begin"


def test_page_says_what_is_missing_until_nothing_is(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    browser.post("/desk/weekly/begin")
    assert "none is picked yet" in browser.get("/desk").text

    page = browser.get("/desk").text
    for words in ("a subject", "preheader", "a first word"):
        assert words in page


def test_unknown_newsletter_is_said_to_be_unknown(desk: Desk) -> None:
    answer = desk.signed_in(Role.EDITOR).post("/desk/nothing/begin")
    assert answer.status_code in {404, 422}
    assert "nothing" in answer.text

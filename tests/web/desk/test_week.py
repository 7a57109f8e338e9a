"""This week: what is being made, what it lacks, and how it is begun."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from digest.models import Issue, IssueState, Pick, Role
from digest.press.preflight.run import run_preflight
from digest.web.desk.board_fields import mark
from digest.web.desk.lacking import list_missing
from tests.web.desk.conftest import Desk


def test_issue_is_begun_once(desk: Desk) -> None:
    browser, other = desk.signed_in(Role.CONTRIBUTOR), desk.signed_in(Role.EDITOR)
    assert "Nobody has begun this issue" in browser.get("/desk").text

    assert browser.post("/desk/weekly/begin").status_code == 303
    again = other.post("/desk/weekly/begin")

    # Who had an old page open is shown what the other one began.
    assert (again.status_code, again.headers["location"]) == (303, "/desk")
    with desk.app.db.read() as session:
        assert session.query(Issue).count() == 1
    assert desk.verbs().count("begin") == 1


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


def test_cut_off_is_shown_and_warns_without_forbidding(desk: Desk) -> None:
    """Friday at 7, 16 hours before: Thursday at 15:00."""
    desk.clock.set(datetime(2026, 11, 26, 14, tzinfo=UTC))
    name = desk.house.newsroom.draft(date(2026, 11, 27))
    browser = desk.signed_in(Role.EDITOR)
    assert "Content cut-off Thursday at 15:00" in browser.get("/desk").text
    assert "cut-off" not in browser.get(f"/desk/{name}").text

    desk.clock.advance(timedelta(hours=1, minutes=30))
    assert "The content cut-off was Thursday at 15:00" in browser.get("/desk").text
    page = browser.get(f"/desk/{name}").text
    assert "The content cut-off was Thursday at 15:00" in page
    form = {"subject": "Still possible", "was-subject": mark("Issue 1")}
    assert browser.post(f"/desk/{name}/words", **form).status_code == 303


def test_who_is_on_it_lately_is_named(desk: Desk) -> None:
    desk.clock.advance(timedelta(hours=1))  # this Friday's slot is over
    name = desk.house.newsroom.draft(date(2026, 12, 4))
    ada, ben = desk.signed_in(Role.EDITOR, "ada"), desk.signed_in(Role.EDITOR, "ben")
    assert "On it lately" not in ada.get("/desk").text
    ada.post(f"/desk/{name}/words", **{"subject": "One", "was-subject": mark("Issue 1")})
    desk.clock.advance(timedelta(minutes=20))
    ben.post(f"/desk/{name}/words", **{"preheader": "Two", "was-preheader": mark("")})
    page = ben.get("/desk").text
    on_it = page.partition("On it lately:")[2].partition("</p>")[0]

    assert on_it.index("Ben") < on_it.index("Ada")
    assert "20 minutes ago" in on_it
    desk.clock.advance(timedelta(days=6, hours=23, minutes=50))
    assert "Ada" not in desk.signed_in(Role.EDITOR, "eve").get("/desk").text


def test_what_preflight_stops_is_on_the_page(desk: Desk) -> None:
    desk.clock.advance(timedelta(hours=1))
    name = desk.house.newsroom.draft(date(2026, 12, 4), subject="x" * 151)
    newsroom = desk.house.newsroom
    clock = desk.clock
    run_preflight(desk.app.db, newsroom.press, name, newsroom.configured, clock=clock)
    browser = desk.signed_in(Role.EDITOR)
    assert "preflight: the subject" in browser.get("/desk").text

    browser.post(f"/desk/{name}/words", **{"subject": "Short", "was-subject": mark("x" * 151)})
    assert "preflight:" not in browser.get("/desk").text  # that was said of another version


def test_contributor_is_not_promised_an_approval(desk: Desk) -> None:
    name = desk.house.newsroom.draft(date(2026, 11, 27))
    contributor, editor = desk.signed_in(Role.CONTRIBUTOR), desk.signed_in(Role.EDITOR)
    assert "Preview and approve" in editor.get("/desk").text
    assert "Preview and approve" not in contributor.get("/desk").text
    assert "An editor approves it." in contributor.get(f"/desk/{name}/preview").text
    assert "An editor approves it." not in editor.get(f"/desk/{name}/preview").text


def test_approved_issue_is_said_to_leave_by_itself(desk: Desk) -> None:
    desk.house.newsroom.approve(desk.house.newsroom.draft(date(2026, 11, 27)))
    page = desk.signed_in(Role.EDITOR).get("/desk").text
    assert "It is approved, and leaves by itself." in page
    assert "Preview and approve" not in page


@pytest.mark.parametrize(("count", "words"), [(1, "1 picture (alt"), (2, "2 pictures (alt")])
def test_pictures_without_words_are_counted(count: int, words: str) -> None:
    issue = Issue(state=IssueState.DRAFT, subject="", preheader="", topper={})
    picks = [Pick(image_url="https://gazette.example/a.jpg", image_alt="")] * count
    assert any(words in each for each in list_missing(issue, picks))


@pytest.mark.parametrize(
    ("before", "leads"),
    [
        ("/desk/weekly/1/schedule?from=week", "/desk/weekly/1/schedule?from=week"),
        ("/desk", None),
        ("/desk/weekly/1/schedule/send-now", None),  # where only a form leads
        ("/n/weekly", None),
        ("https://elsewhere.example/desk/inbox", None),
    ],
)
def test_refusal_leads_back_to_where_the_form_was(
    desk: Desk, before: str, leads: str | None
) -> None:
    name = desk.house.newsroom.draft(date(2026, 11, 27))
    desk.house.newsroom.approve(name)
    browser = desk.signed_in(Role.PUBLISHER)
    browser.client.headers["Referer"] = before if "//" in before else desk.house.url + before

    page = browser.post(f"/desk/{name}/schedule/send-now", typed="something else")

    assert page.status_code == 422
    back = re.findall(r'href="([^"]*)">Back to where you were', page.text)
    assert back == ([leads] if leads else [])

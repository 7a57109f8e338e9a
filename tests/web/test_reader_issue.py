"""View in browser: the issue as nobody's copy, closed to scripts, and nothing before approval."""

from datetime import date

import pytest

from digest.curation.issues import edit_issue, find_issue, move_issue
from digest.models import IssueState, StoredRendering
from digest.scheduler import tick_once
from digest.web.reader.issue import issue_policy

FRIDAY = date(2026, 11, 27)
ANNA = "anna@example.org"


def _link(house, issue: str) -> str:
    with house.app.db.read() as session:
        return f"/i/{find_issue(session, issue).public_id}"


def test_approved_issue_is_shown(shared_house) -> None:
    issue = shared_house.newsroom.draft()
    shared_house.newsroom.approve(issue)

    answer = shared_house.client.get(_link(shared_house, issue))

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "Headline 0" in answer.text


def test_sent_issue_is_shown_without_anything_of_a_reader(house, run) -> None:
    issue = house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))
    copy = house.newsroom.backend.accepted[0][1]
    assert b"/u/" in copy

    page = house.client.get(_link(house, issue)).text

    assert not [found for found in ("/u/", "/later/", "@example.org", "Zebulon") if found in page]
    assert "/own-copy" in page


def test_issue_link_in_a_copy_leads_here(house, run) -> None:
    issue = house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))

    assert f"http://127.0.0.1:8000{_link(house, issue)}".encode() in (
        house.newsroom.backend.accepted[0][1].replace(b"=\r\n", b"")
    )


def test_head_is_answered_without_a_body(shared_house) -> None:
    issue = shared_house.newsroom.draft()
    shared_house.newsroom.approve(issue)

    answer = shared_house.client.head(_link(shared_house, issue))

    assert (answer.status_code, answer.content) == (200, b"")


def test_policy_allows_styles_and_pictures_only(shared_house) -> None:
    issue = shared_house.newsroom.draft()
    shared_house.newsroom.approve(issue)

    policy = shared_house.client.get(_link(shared_house, issue)).headers["content-security-policy"]

    assert policy == (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
        "style-src 'unsafe-inline'; img-src data: https: http:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


def test_pictures_come_over_tls_where_the_page_does() -> None:
    assert "img-src data: https:;" in issue_policy("https://letters.courier.example")


def _draft(house) -> str:
    return _link(house, house.newsroom.draft())


def _edited_after_approval(house) -> str:
    issue = house.newsroom.draft()
    house.newsroom.approve(issue)
    with house.app.db.write() as session:
        edit_issue(session, find_issue(session, issue), {"subject": "Changed"})
    return _link(house, issue)


def _cancelled(house) -> str:
    issue = house.newsroom.draft()
    house.newsroom.approve(issue)
    with house.app.db.write() as session:
        assert move_issue(session, find_issue(session, issue).id, to=IssueState.CANCELLED)
    return _link(house, issue)


def _without_bytes(house) -> str:
    issue = house.newsroom.draft()
    house.newsroom.approve(issue)
    with house.app.db.write() as session:
        session.query(StoredRendering).delete()
    return _link(house, issue)


def _unknown(_house) -> str:
    return "/i/aaaaaaaaaaaaaaaaaaaa"


def _nonsense(_house) -> str:
    return "/i/%00'--%ff"


@pytest.mark.parametrize(
    "link", [_draft, _edited_after_approval, _cancelled, _without_bytes, _unknown, _nonsense]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_not_public_gets_the_very_same_page(shared_house, link, method: str) -> None:
    known = shared_house.client.request(method, "/u/x")

    answer = shared_house.client.request(method, link(shared_house))

    assert (answer.status_code, answer.content) == (404, known.content)
    assert answer.headers["content-length"] == known.headers["content-length"]


def test_own_copy_page_explains(shared_house) -> None:
    answer = shared_house.client.get("/own-copy")

    assert answer.status_code == 200
    assert "This link works in your own copy" in answer.text


def test_offline_file_is_handed_out_as_one_file(house, run) -> None:
    issue = house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))

    answer = house.client.get(f"{_link(house, issue)}/offline.html")

    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == "attachment; filename=weekly-1.html"
    assert answer.headers["content-security-policy"] == "sandbox"
    assert "Headline 0" in answer.text
    assert not [word for word in ("/u/", "@example.org", "Zebulon") if word in answer.text]


@pytest.mark.parametrize("public_id", ["nothing", "x" * 30])
def test_offline_file_of_no_issue_is_not_found(shared_house, public_id: str) -> None:
    assert shared_house.client.get(f"/i/{public_id}/offline.html").status_code == 404


def test_offline_file_of_a_draft_is_not_found(shared_house) -> None:
    issue = shared_house.newsroom.draft()

    assert shared_house.client.get(f"{_link(shared_house, issue)}/offline.html").status_code == 404


def test_old_issue_opens_though_its_newsletter_is_configured_no_more(house, run) -> None:
    issue = house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))
    link = _link(house, issue)
    house.app.config = house.app.config.model_copy(update={"newsletters": []})

    assert house.client.get(link).status_code == 200
    assert house.client.get(f"{link}/offline.html").status_code == 200

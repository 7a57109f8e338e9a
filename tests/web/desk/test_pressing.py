"""Preview, preflight and approval at the desk: the exact bytes, inert, and no others approved."""

from datetime import date

import pytest

from digest.curation.issues import edit_issue, find_issue
from digest.curation.newsletters import change_furniture, find_newsletter
from digest.models import AuditEntry, Issue, IssueState, Role
from digest.press.preview import neutral_values
from digest.rendering.fingerprint import issue_hash
from digest.rendering.personalise import fill_html
from tests.web.desk.conftest import Desk


def drafted(desk: Desk, **texts) -> str:
    """Return the name of an issue that could be approved."""
    return desk.house.newsroom.draft(**texts)


def edit(desk: Desk, name: str, **changes) -> None:
    with desk.app.db.write() as session:
        edit_issue(session, find_issue(session, name), changes)


def hash_of(desk: Desk, name: str) -> str:
    return issue_hash(desk.house.newsroom.render(name))


def test_frame_holds_the_very_bytes(desk: Desk) -> None:
    name = drafted(desk)
    answer = desk.signed_in(Role.CONTRIBUTOR).get(f"/desk/{name}/preview/full.html")

    full = desk.house.newsroom.render(name)[0]
    with desk.app.db.read() as session:
        public_id = find_issue(session, name).public_id
    site = desk.app.config.site_of(desk.app.config.newsletters[0])
    assert answer.text == fill_html(full, neutral_values(site, public_id))


def test_text_is_shown_as_text(desk: Desk) -> None:
    name = drafted(desk)
    answer = desk.signed_in(Role.CONTRIBUTOR).get(f"/desk/{name}/preview/full.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "own-copy" in answer.text


def test_frame_can_do_nothing_to_the_desk(desk: Desk) -> None:
    """A mail's markup is not ours: without scripts, forms, or an origin of its own."""
    name = drafted(desk)
    browser = desk.signed_in(Role.EDITOR)
    answer = browser.get(f"/desk/{name}/preview/full.html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none';")
    assert "script" not in policy
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert " sandbox src=" in browser.get(f"/desk/{name}/preview").text


@pytest.mark.parametrize("edition", ["full", "headlines", "offline"])
def test_every_edition_is_there(desk: Desk, edition: str) -> None:
    name = drafted(desk)
    browser = desk.signed_in(Role.CONTRIBUTOR)
    page = browser.get(f"/desk/{name}/preview", params={"edition": edition, "look": "phone"})
    assert f"/preview/{edition}.html" in page.text
    assert browser.get(f"/desk/{name}/preview/{edition}.html").status_code == 200


@pytest.mark.parametrize("file", ["full.exe", "other.html", "full", "..%2f..%2fkeys.html"])
def test_nothing_else_is_there(desk: Desk, file: str) -> None:
    name = drafted(desk)
    answer = desk.signed_in(Role.OPERATOR).get(f"/desk/{name}/preview/{file}")
    assert answer.status_code == 404


def test_edit_shows_at_once(desk: Desk) -> None:
    name = drafted(desk)
    browser = desk.signed_in(Role.EDITOR)
    before = browser.get(f"/desk/{name}/preview/full.html").text
    edit(desk, name, preheader="Quite another line")
    after = browser.get(f"/desk/{name}/preview/full.html").text
    assert "Quite another line" not in before
    assert "Quite another line" in after


def test_new_look_of_the_newsletter_shows_and_must_be_looked_at(desk: Desk) -> None:
    """What an issue shows may change without an edit of the issue."""
    name = drafted(desk)
    browser = desk.signed_in(Role.EDITOR)
    before, seen = browser.get(f"/desk/{name}/preview/full.html").text, hash_of(desk, name)
    with desk.app.db.write() as session:
        newsletter = find_newsletter(session, "weekly")
        change_furniture(session, newsletter, {"tagline": "Every tide counts"})

    assert browser.post(f"/desk/{name}/approve", hash=seen).status_code == 409
    after = browser.get(f"/desk/{name}/preview/full.html").text
    assert "Every tide counts" in after
    assert "Every tide counts" not in before


def test_issue_that_is_not_ready_says_why(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    browser.post("/desk/weekly/begin")
    page = browser.get("/desk/weekly/1/preview")
    assert page.status_code == 200
    assert 'class="said bad"' in page.text
    assert "Approve these bytes" not in page.text


def test_what_was_looked_at_is_approved_and_nothing_else(desk: Desk) -> None:
    name = drafted(desk)
    browser = desk.signed_in(Role.EDITOR)
    seen = hash_of(desk, name)
    assert f'name="hash" value="{seen}"' in browser.get(f"/desk/{name}/preview").text
    edit(desk, name, preheader="Edited meanwhile")

    late = browser.post(f"/desk/{name}/approve", hash=seen)
    missing = browser.post(f"/desk/{name}/approve")

    assert (late.status_code, missing.status_code) == (409, 409)
    assert "look at it once more" in late.text
    assert browser.post(f"/desk/{name}/approve", hash=hash_of(desk, name)).status_code == 303
    with desk.app.db.read() as session:
        issue = session.query(Issue).one()
        entry = session.query(AuditEntry).filter_by(verb="approve").one()
    assert issue.state is IssueState.APPROVED
    assert issue.approved_by == "editor 1"  # the store knows nobody's name
    assert entry.detail == {"hash": issue.approved_hash}
    assert entry.about == name
    shown = browser.get(f"/desk/{name}/preview").text
    assert issue.approved_hash in shown
    assert "Approved by Editor" in shown


def test_what_preflight_finds_is_shown_until_the_issue_is_another(desk: Desk) -> None:
    name = drafted(desk)
    browser = desk.signed_in(Role.EDITOR)
    assert "Nobody has had it looked over" in browser.get(f"/desk/{name}/preview").text

    assert browser.post(f"/desk/{name}/preflight").status_code == 303

    page = browser.get(f"/desk/{name}/preview").text
    assert '<li class="' in page.partition('<ul class="findings">')[2]
    assert "This was said of version" not in page
    edit(desk, name, preheader="Another line")
    assert "This was said of version" in browser.get(f"/desk/{name}/preview").text


def test_contributor_may_look_and_not_approve(desk: Desk) -> None:
    name = drafted(desk)
    browser = desk.signed_in(Role.CONTRIBUTOR)
    assert "Approve these bytes" not in browser.get(f"/desk/{name}/preview").text
    refused = browser.post(f"/desk/{name}/approve", hash=hash_of(desk, name))
    assert refused.status_code == 403


def test_page_says_when_the_last_copy_leaves(desk: Desk) -> None:
    name = drafted(desk, day=date(2026, 12, 4))
    page = desk.signed_in(Role.EDITOR).get(f"/desk/{name}/preview").text
    assert "The last of 2 copies will leave about <strong>Friday, 07:00</strong>" in page


def test_board_and_preview_lead_to_each_other(desk: Desk) -> None:
    name = drafted(desk)
    browser = desk.signed_in(Role.CONTRIBUTOR)
    assert f'href="/desk/{name}/preview"' in browser.get(f"/desk/{name}").text
    assert f'href="/desk/{name}"' in browser.get(f"/desk/{name}/preview").text

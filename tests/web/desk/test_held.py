"""Every page of the desk says first that nothing is sent; readers' pages say nothing of it."""

from digest.models import Role
from digest.operations.backup.stores import have_held


def test_desk_says_that_nothing_is_sent(desk, clock) -> None:
    browser = desk.signed_in(Role.EDITOR)
    assert "Nothing is sent." not in browser.get("/desk").text

    have_held(desk.app.db, clock.now())

    page = browser.get("/desk/inbox").text
    assert "Nothing is sent." in page
    assert "restored from a backup" in page
    assert "digest takeover" in page
    assert "Nothing is sent." not in browser.get("/n/weekly").text

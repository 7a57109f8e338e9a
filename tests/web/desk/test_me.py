"""One's own page: what changes how one gets in needs the password, and ends every other session."""

import pytest

from digest.editors.accounts import find_editor
from digest.editors.attempts import AT_ACCOUNT
from digest.editors.second_factor import count_recovery_codes
from digest.models import AuditEntry, Editor, Role
from tests.web.desk.conftest import PASSWORD, Browser, Desk
from tests.web.desk.phones import Phone, between, code_of, is_in, password_typed

ME = "/desk/me"
NEW = "quite another phrase"


def editor_of(desk: Desk, address: str) -> Editor:
    with desk.app.db.read() as session:
        return find_editor(session, desk.app.sealer, address)


def two(desk: Desk) -> tuple[str, Browser, Browser]:
    """Return an editor's address, and two of their browsers."""
    address = desk.add(Role.EDITOR, "ada")
    return address, desk.another_browser(address), desk.another_browser(address)


def verbs(desk: Desk) -> list[str]:
    return [verb for verb in desk.verbs() if verb != "sign in"]


def test_bar_leads_to_one_s_own_page(desk: Desk) -> None:
    browser = desk.signed_in(Role.CONTRIBUTOR, "ada")
    assert 'href="/desk/me" aria-label="Ada: your own page"' in browser.get("/desk").text
    page = browser.get(ME).text
    assert "ada@gazette.example" in page
    assert "This browser" in page


def test_name_is_changed_and_sealed(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR, "ada")
    answer = browser.post(f"{ME}/name", name="  Ada   Lovelace ")
    assert answer.headers["location"] == f"{ME}?done=name"
    assert "<h1>Ada Lovelace</h1>" in browser.get(ME).text
    assert b"Lovelace" not in editor_of(desk, "ada@gazette.example").name_sealed
    with desk.app.db.read() as session:
        (entry,) = session.query(AuditEntry).all()
    assert (entry.verb, entry.detail) == ("change own name", {})

    for wrong in ("", " ", "x" * 101):
        assert browser.post(f"{ME}/name", name=wrong).status_code == 422
    assert "<h1>Ada Lovelace</h1>" in browser.get(ME).text


def test_password_is_changed_and_every_other_session_ends(desk: Desk) -> None:
    address, here, there = two(desk)
    before = here.secret
    answer = here.post(f"{ME}/password", password=PASSWORD, new=NEW, again=NEW)
    assert answer.headers["location"] == f"{ME}?done=password"

    assert is_in(here.client)
    assert here.secret != before
    assert not is_in(there.client)
    with desk.browser() as client:
        client.cookies.set("digest_desk", before, path="/desk")
        assert not is_in(client)
    assert desk.try_sign_in(address).status_code == 401
    assert desk.try_sign_in(address, NEW).status_code == 303
    assert verbs(desk) == ["change own password"]


@pytest.mark.parametrize(
    ("password", "new", "again", "said"),
    [
        ("a wrong password", NEW, NEW, "not your present password"),
        ("", NEW, NEW, "not your present password"),
        (PASSWORD, NEW, f"{NEW}!", "not the same"),
        (PASSWORD, "short", "short", "12 to 500 characters"),
        (PASSWORD, "", "", "12 to 500 characters"),
    ],
)
def test_password_stays_when_anything_is_wrong(
    desk: Desk, password: str, new: str, again: str, said: str
) -> None:
    address, here, there = two(desk)
    kept = editor_of(desk, address).password_hash
    answer = here.post(f"{ME}/password", password=password, new=new, again=again)
    assert answer.status_code == 422
    assert said in answer.text
    assert editor_of(desk, address).password_hash == kept
    assert is_in(here.client)
    assert is_in(there.client)


def test_second_factor_is_set_up_once_its_code_came(desk: Desk) -> None:
    address, here, there = two(desk)
    page = here.post(f"{ME}/second-factor", password=PASSWORD).text
    key, secret = between(page, 'name="key" value="', '"'), between(page, 'secret">', "</code>")
    assert '<svg width="' in page
    assert editor_of(desk, address).totp_sealed is None  # shown is not kept

    wrong = here.post(f"{ME}/second-factor/confirm", key=key, code="000000")
    assert wrong.status_code == 422
    assert editor_of(desk, address).totp_sealed is None
    assert is_in(there.client)

    done = here.post(f"{ME}/second-factor/confirm", key=key, code=code_of(desk, secret))
    assert done.text.count("<li><code>") == 10
    assert is_in(here.client)
    assert not is_in(there.client)
    assert not is_in(password_typed(desk, address))
    assert verbs(desk) == ["set up second factor"]


def test_form_of_a_second_factor_works_once(desk: Desk) -> None:
    _, here, _ = two(desk)
    page = here.post(f"{ME}/second-factor", password=PASSWORD).text
    key, secret = between(page, 'name="key" value="', '"'), between(page, 'secret">', "</code>")
    fields = {"key": key, "code": code_of(desk, secret)}
    assert here.post(f"{ME}/second-factor/confirm", **fields).status_code == 200
    here.token = between(here.get(ME).text, 'name="token" value="', '"')
    assert here.post(f"{ME}/second-factor/confirm", **fields).status_code == 409


@pytest.mark.parametrize("path", ["second-factor", "second-factor/off", "recovery-codes"])
def test_second_factor_needs_the_password_again(desk: Desk, path: str) -> None:
    address = desk.add(Role.EDITOR)
    Phone(desk, address)
    browser = desk.another_browser(address)
    before = editor_of(desk, address)
    answer = browser.post(f"{ME}/{path}", password="a wrong password")
    assert answer.status_code == 422
    assert "not your present password" in answer.text
    after = editor_of(desk, address)
    assert after.totp_sealed == before.totp_sealed
    assert "<svg" not in answer.text


def test_second_factor_is_turned_off_and_every_other_session_ends(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    Phone(desk, address)
    here, there = desk.another_browser(address), desk.another_browser(address)
    answer = here.post(f"{ME}/second-factor/off", password=PASSWORD)
    assert answer.headers["location"] == f"{ME}?done=off"
    assert is_in(here.client)
    assert not is_in(there.client)
    editor = editor_of(desk, address)
    assert editor.totp_sealed is None
    with desk.app.db.read() as session:
        assert count_recovery_codes(session, editor.id) == 0
    assert is_in(password_typed(desk, address))


def test_second_factor_is_changed_to_another_phone(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    old = Phone(desk, address)
    here = desk.another_browser(address)
    page = here.post(f"{ME}/second-factor", password=PASSWORD).text
    key, secret = between(page, 'name="key" value="', '"'), between(page, 'secret">', "</code>")
    here.post(f"{ME}/second-factor/confirm", key=key, code=code_of(desk, secret))
    old.wait()
    client = password_typed(desk, address)
    assert client.post("/desk/sign-in/code", data={"code": old.code()}).status_code == 401
    assert client.post("/desk/sign-in/code", data={"code": old.recovery[0]}).status_code == 401
    new = client.post("/desk/sign-in/code", data={"code": code_of(desk, secret)})
    assert new.status_code == 303


def test_new_recovery_codes_are_shown_once_and_end_the_old(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    phone = Phone(desk, address)
    here = desk.another_browser(address)
    page = here.post(f"{ME}/recovery-codes", password=PASSWORD).text
    new = between(page, "<li><code>", "</code>")
    assert new not in here.get(ME).text
    client = password_typed(desk, address)
    for code, status in ((phone.recovery[0], 401), (new, 303)):
        assert client.post("/desk/sign-in/code", data={"code": code}).status_code == status


def test_who_has_no_second_factor_gets_no_recovery_codes(desk: Desk) -> None:
    _, here, _ = two(desk)
    assert here.post(f"{ME}/recovery-codes", password=PASSWORD).status_code == 409


def test_password_is_not_guessed_from_within(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    wrong = {"password": "a wrong password"}
    statuses = [
        browser.post(f"{ME}/second-factor", **wrong).status_code for _ in range(AT_ACCOUNT.most + 1)
    ]
    assert statuses == [422] * AT_ACCOUNT.most + [429]
    refused = browser.post(f"{ME}/password", password=PASSWORD, new=NEW, again=NEW)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")


def test_sessions_are_listed_and_ended_one_by_one(desk: Desk) -> None:
    address, here, there = two(desk)
    third = desk.another_browser(address)
    page = here.get(ME).text
    assert page.count("Another browser") == 2
    mark = between(page, 'name="mark" value="', '"')
    assert here.post(f"{ME}/sessions/end", mark=mark).status_code == 303
    assert is_in(here.client)
    assert sorted([is_in(there.client), is_in(third.client)]) == [False, True]


def test_marks_of_others_and_nonsense_end_nothing(desk: Desk) -> None:
    here, other = desk.signed_in(Role.EDITOR), desk.signed_in(Role.EDITOR, "other")
    third = desk.another_browser("other@gazette.example")
    mark = between(other.get(ME).text, 'name="mark" value="', '"')
    for odd in (mark, "", "x", "00", "é"):
        assert here.post(f"{ME}/sessions/end", mark=odd).status_code == 303
    assert is_in(other.client)
    assert is_in(third.client)


def test_everywhere_else_is_not_here(desk: Desk) -> None:
    _, here, there = two(desk)
    other = desk.signed_in(Role.EDITOR, "other")
    here.post(f"{ME}/sessions/end-others")
    assert [is_in(each.client) for each in (here, there, other)] == [True, False, True]

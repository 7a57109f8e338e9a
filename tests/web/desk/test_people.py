"""The people of the desk: invited by letter or by hand, kept out, helped; one operator stays."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from digest.clock import FixedClock
from digest.editors.accounts import find_editor
from digest.models import AuditEntry, Editor, Role
from tests.web.conftest import WebHouse
from tests.web.desk.conftest import PASSWORD, Desk
from tests.web.desk.phones import Phone, is_in, password_typed

PEOPLE = "/desk/people"
NEW = "newcomer@gazette.example"


def editor_of(desk: Desk, address: str) -> Editor:
    with desk.app.db.read() as session:
        return find_editor(session, desk.app.sealer, address)


def page_of(desk: Desk, address: str) -> str:
    return f"{PEOPLE}/editor/{editor_of(desk, address).id}"


def invited(desk: Desk, role: str = "editor") -> str:
    """Invite somebody by an operator; return the path of their link."""
    operator = desk.signed_in(Role.OPERATOR, "inviter")
    answer = operator.post(f"{PEOPLE}/invite", name="New Comer", address=NEW, role=role)
    assert answer.headers["location"] == f"{PEOPLE}?done=invited"
    return path_in(desk.house.letters()[-1])


def path_in(letter: tuple[str, str, str]) -> str:
    kind, to, body = letter
    assert (kind, to) == ("desk-invitation", NEW)
    found = re.search(r"http://127\.0\.0\.1:8000(/desk/invitation/\S+)", body)
    assert found is not None
    return found[1]


def accept(desk: Desk, path: str, password: str = PASSWORD) -> int:
    """Choose a password with an invitation; return the status of the answer."""
    key = path.rpartition("/")[2]
    with desk.browser() as client:
        fields = {"key": key, "new": password, "again": password}
        return client.post("/desk/invitation", data=fields).status_code


def record(desk: Desk) -> list[tuple[str, str, dict]]:
    with desk.app.db.read() as session:
        entries = session.query(AuditEntry).order_by(AuditEntry.id).all()
    return [(entry.verb, entry.about, entry.detail) for entry in entries if entry.verb != "sign in"]


def test_everybody_is_listed(desk: Desk) -> None:
    operator = desk.signed_in(Role.OPERATOR, "ada")
    Phone(desk, desk.add(Role.PUBLISHER, "ben"))
    desk.clock.advance(timedelta(minutes=20))
    rows = operator.get(PEOPLE).text.split("<tr>")[2:]
    assert [re.findall(r">(yes|no|never|just now|\d+ minutes ago)<", row) for row in rows] == [
        ["no", "just now"],
        ["yes", "never"],
    ]
    for words, row in (("ada@gazette.example", rows[0]), ("publisher", rows[1])):
        assert words in row


def test_invitation_is_opened_any_number_of_times_and_used_once(desk: Desk) -> None:
    path = invited(desk)
    with desk.browser() as client:
        for _ in range(3):
            page = client.get(path)
            assert page.status_code == 200
            assert NEW in page.text
        fields = {"key": path.rpartition("/")[2], "new": PASSWORD, "again": PASSWORD}
        answer = client.post("/desk/invitation", data=fields)
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
        assert is_in(client)
        assert client.get(path).status_code == 403
    assert accept(desk, path, "quite another phrase") == 403
    assert desk.try_sign_in(NEW).status_code == 303
    number = editor_of(desk, NEW).id
    assert record(desk) == [
        ("invite editor", f"editor {number}", {"role": "editor"}),
        ("accept invitation", "the desk", {}),
    ]


def test_nobody_signs_in_before_choosing_a_password(desk: Desk) -> None:
    invited(desk)
    for password in ("", PASSWORD):
        assert desk.try_sign_in(NEW, password).status_code == 401


@pytest.mark.parametrize("change", ["role", "lock", "anew", "time"])
def test_invitation_dies_with_any_change(desk: Desk, change: str) -> None:
    path = invited(desk)
    operator = desk.signed_in(Role.OPERATOR, "other")
    page = page_of(desk, NEW)
    if change == "role":
        operator.post(f"{page}/role", role="publisher", sure="yes")
    elif change == "lock":
        operator.post(f"{page}/lock", sure="yes")
    elif change == "anew":
        operator.post(f"{page}/invite", sure="yes")
        assert accept(desk, path_in(desk.house.letters()[-1])) == 303
    else:
        desk.clock.advance(timedelta(days=7, seconds=2))
    with desk.browser() as client:
        assert client.get(path).status_code == 403
    assert accept(desk, path) == 403


@pytest.mark.parametrize(("new", "again"), [("short", "short"), (PASSWORD, "other"), ("", "")])
def test_invitation_stays_good_when_the_password_is_not(desk: Desk, new: str, again: str) -> None:
    path = invited(desk)
    with desk.browser() as client:
        fields = {"key": path.rpartition("/")[2], "new": new, "again": again}
        assert client.post("/desk/invitation", data=fields).status_code == 422
    assert accept(desk, path) == 303


def test_invited_who_must_set_up_a_second_factor_is_led_there(
    open_house: Callable[..., AbstractContextManager[WebHouse]], clock: FixedClock
) -> None:
    more = {"[scheduler]": '[desk]\nsecond_factor = "everyone"\n\n[scheduler]'}
    with open_house(more=more) as house:
        desk = Desk(house, clock)
        address = desk.add(Role.OPERATOR)
        Phone(desk, address)
        operator = desk.another_browser(address)
        operator.post(f"{PEOPLE}/invite", name="New", address=NEW, role="editor")
        key = path_in(house.letters()[-1]).rpartition("/")[2]
        with desk.browser() as other:
            fields = {"key": key, "new": PASSWORD, "again": PASSWORD}
            answer = other.post("/desk/invitation", data=fields)
            assert answer.headers["location"] == "/desk/sign-in/set-up?after=/desk"
            assert not is_in(other)
            assert other.get("/desk/sign-in/set-up").status_code == 200
        desk.browsers.close()


GUARDED = {
    'language = "en"': 'language = "en"\nguarded = true\nguarded_names = ["gazette"]\n'
    'public_url = "http://127.0.0.1:8000"'
}


def test_where_no_letter_can_go_the_link_is_shown_once(
    open_house: Callable[..., AbstractContextManager[WebHouse]], clock: FixedClock
) -> None:
    with open_house(more=GUARDED) as house:
        desk = Desk(house, clock)
        operator = desk.signed_in(Role.OPERATOR)
        answer = operator.post(f"{PEOPLE}/invite", name="New", address=NEW, role="editor")
        found = re.search(r"http://127\.0\.0\.1:8000(/desk/invitation/[^<]+)<", answer.text)
        assert found is not None
        assert house.letters() == []
        assert found[1] not in operator.get(PEOPLE).text
        assert accept(desk, found[1]) == 303
        desk.browsers.close()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": "", "address": NEW, "role": "editor"}, 422),
        ({"name": "New", "address": "nobody", "role": "editor"}, 422),
        ({"name": "New", "address": NEW, "role": "owner"}, 422),
        ({"name": "New", "address": "OPERATOR@gazette.example", "role": "editor"}, 409),
    ],
)
def test_what_was_typed_wrong_is_said_and_kept(desk: Desk, fields: dict, status: int) -> None:
    operator = desk.signed_in(Role.OPERATOR)
    answer = operator.post(f"{PEOPLE}/invite", **fields)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert f'value="{fields["address"]}"' in answer.text
    assert desk.house.letters() == []


@pytest.mark.parametrize("change", ["role", "lock", "second-factor", "invite"])
def test_everything_ends_on_a_change_that_was_confirmed(desk: Desk, change: str) -> None:
    operator = desk.signed_in(Role.OPERATOR)
    address = desk.add(Role.EDITOR, "ada")
    phone = Phone(desk, address)
    client = password_typed(desk, address)
    client.post("/desk/sign-in/code", data={"code": phone.code()})
    ticket = password_typed(desk, address)
    page, before = page_of(desk, address), editor_of(desk, address)

    unsure = operator.post(f"{page}/{change}", role="publisher")
    assert unsure.status_code == 422
    assert is_in(client)

    done = operator.post(f"{page}/{change}", role="publisher", sure="yes")
    assert done.status_code == 303
    assert not is_in(client)
    phone.wait()
    assert ticket.post("/desk/sign-in/code", data={"code": phone.code()}).status_code == 401
    after = editor_of(desk, address)
    changed = {
        "role": after.role is Role.PUBLISHER,
        "lock": not after.active,
        "second-factor": after.totp_sealed is None,
        "invite": after.password_hash == "",
    }
    assert changed[change]
    assert before.totp_sealed is not None
    verbs = {
        "role": "change role",
        "lock": "lock out",
        "second-factor": "reset second factor",
        "invite": "invite anew",
    }
    assert record(desk)[-1][:2] == (verbs[change], f"editor {after.id}")


def test_who_was_locked_out_is_let_in_again(desk: Desk) -> None:
    operator = desk.signed_in(Role.OPERATOR)
    address = desk.add(Role.EDITOR, "ada")
    page = page_of(desk, address)
    assert operator.post(f"{page}/back").status_code == 409
    operator.post(f"{page}/lock", sure="yes")
    assert "locked out" in operator.get(PEOPLE).text
    assert desk.try_sign_in(address).status_code == 401
    assert operator.post(f"{page}/lock", sure="yes").status_code == 409
    assert operator.post(f"{page}/invite", sure="yes").status_code == 409
    assert operator.post(f"{page}/back").status_code == 303
    assert desk.try_sign_in(address).status_code == 303


def test_last_operator_stays(desk: Desk) -> None:
    operator = desk.signed_in(Role.OPERATOR)
    page = page_of(desk, "operator@gazette.example")
    for path, fields in (("role", {"role": "editor"}), ("lock", {})):
        answer = operator.post(f"{page}/{path}", sure="yes", **fields)
        assert answer.status_code == 409
        assert "last operator" in answer.text
    assert is_in(operator.client)

    desk.add(Role.OPERATOR, "other")
    assert operator.post(f"{page}/role", role="editor", sure="yes").status_code == 303
    assert not is_in(operator.client)


def test_own_factor_and_password_are_no_matter_of_this_page(desk: Desk) -> None:
    operator = desk.signed_in(Role.OPERATOR)
    desk.add(Role.OPERATOR, "other")
    address = "operator@gazette.example"
    page = page_of(desk, address)
    for path in ("second-factor", "invite"):
        answer = operator.post(f"{page}/{path}", sure="yes")
        assert answer.status_code == 409
        assert "your own page" in answer.text
        assert f'{path}"' not in operator.get(page).text
    assert editor_of(desk, address).password_hash


def test_who_has_no_factor_has_none_to_lose(desk: Desk) -> None:
    operator = desk.signed_in(Role.OPERATOR)
    page = page_of(desk, desk.add(Role.EDITOR, "ada"))
    assert operator.post(f"{page}/second-factor", sure="yes").status_code == 409


def test_person_there_is_not_is_not_found(desk: Desk) -> None:
    operator = desk.signed_in(Role.OPERATOR)
    for number in ("99", "0", "x", "9" * 30, "１"):
        assert operator.get(f"{PEOPLE}/editor/{number}").status_code == 404
    for path in ("role", "lock", "back", "second-factor", "invite"):
        answer = operator.post(f"{PEOPLE}/editor/99/{path}", sure="yes", role="editor")
        assert answer.status_code == 404


def test_record_and_addresses_name_nobody(desk: Desk) -> None:
    invited(desk)
    desk.signed_in(Role.OPERATOR, "other").post(f"{page_of(desk, NEW)}/lock", sure="yes")
    for verb, about, detail in record(desk):
        assert "@" not in f"{verb}{about}{detail}"
        assert "Comer" not in f"{verb}{about}{detail}"

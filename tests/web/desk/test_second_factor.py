"""The second page of signing in: who has a second factor is asked for it, who must have one sets it
up, and a ticket is good for nothing else.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from digest.clock import FixedClock
from digest.editors.accounts import find_editor, set_active, set_password, set_role
from digest.editors.attempts import AT_ACCOUNT, CODES, attempt_of, may_try
from digest.editors.passwords import hash_password
from digest.models import AuditEntry, Role
from digest.tokens import Purpose
from tests.web.conftest import WebHouse
from tests.web.desk.conftest import PASSWORD, Desk
from tests.web.desk.phones import Phone, between, code_of, is_in, password_typed

CODE, SET_UP, TICKET = "/desk/sign-in/code", "/desk/sign-in/set-up", "digest_desk_ticket"


@pytest.fixture
def strict(
    open_house: Callable[..., AbstractContextManager[WebHouse]], clock: FixedClock
) -> Iterator[Desk]:
    """A desk where publishers and operators must have a second factor."""
    more = {"[scheduler]": '[desk]\nsecond_factor = "publishers"\n\n[scheduler]'}
    with open_house(more=more) as house:
        desk = Desk(house, clock)
        with desk.browsers:
            yield desk


def test_password_alone_opens_nothing(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    phone = Phone(desk, address)
    client = password_typed(desk, address, "/desk/inbox")
    assert not is_in(client)
    page = client.get(f"{CODE}?after=/desk/inbox")
    assert 'name="after" value="/desk/inbox"' in page.text

    answer = client.post(CODE, data={"code": phone.code(), "after": "/desk/inbox"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/inbox")
    assert is_in(client)
    assert TICKET not in client.cookies
    with desk.app.db.read() as session:
        (entry,) = session.query(AuditEntry).all()
    assert (entry.verb, entry.detail) == ("sign in", {"by": "password, code"})


def test_code_that_was_used_is_refused(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    phone = Phone(desk, address)
    code = phone.code()
    statuses = [
        password_typed(desk, address).post(CODE, data={"code": code}).status_code for _ in range(2)
    ]
    assert statuses == [303, 401]


def test_recovery_code_signs_in_once(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    phone = Phone(desk, address)
    statuses = [
        password_typed(desk, address).post(CODE, data={"code": phone.recovery[0]}).status_code
        for _ in range(2)
    ]
    assert statuses == [303, 401]
    again = password_typed(desk, address).post(CODE, data={"code": phone.recovery[0]})
    assert "take one that you have not used" in again.text


def test_ticket_is_for_the_way_in_alone(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    Phone(desk, address)
    with desk.browser() as client:
        fields = {"address": address, "password": PASSWORD}
        kept = client.post("/desk/sign-in", data=fields).headers["set-cookie"]
    for part in ("HttpOnly", "Path=/desk/sign-in", "SameSite=lax", "Max-Age=300"):
        assert part in kept


@pytest.mark.parametrize("change", ["password", "role", "lock", "factor", "time"])
def test_ticket_dies_with_any_change(desk: Desk, change: str) -> None:
    address = desk.add(Role.EDITOR)
    phone = Phone(desk, address)
    client = password_typed(desk, address)
    with desk.app.db.write() as session:
        editor = find_editor(session, desk.app.sealer, address)
        if change == "password":
            set_password(session, editor, hash_password("quite another one"))
        elif change == "role":
            set_role(session, editor, Role.PUBLISHER)
        elif change == "lock":
            set_active(session, editor, False)
    if change == "factor":
        phone = Phone(desk, address)
    if change == "time":
        desk.clock.advance(timedelta(minutes=5, seconds=2))

    answer = client.post(CODE, data={"code": phone.code()})

    assert answer.status_code == 401
    assert "Sign in once more" in answer.text
    assert not is_in(client)
    assert client.get(CODE).headers["location"] == "/desk/sign-in"


def test_ticket_of_another_purpose_is_refused(strict: Desk) -> None:
    must, has = strict.add(Role.PUBLISHER), strict.add(Role.EDITOR)
    phone = Phone(strict, has)
    # Who must set one up may not pass for who has one, nor the other way round.
    client = password_typed(strict, must)
    assert client.post(CODE, data={"code": "123456"}).status_code == 401
    client = password_typed(strict, has)
    assert client.get(SET_UP).headers["location"] == "/desk/sign-in"
    key = strict.app.signer.sign_until(Purpose.DESK_CODE, "1.x.", strict.app.clock.now())
    answer = client.post(SET_UP, data={"code": phone.code(), "key": key})
    assert answer.status_code == 401


def test_wrong_codes_count_like_wrong_passwords(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    phone = Phone(desk, address)
    client = password_typed(desk, address)  # the first attempt
    for _ in range(5):
        assert client.post(CODE, data={"code": phone.wrong()}).status_code == 401
    # A right password takes nothing back before the code was right, too.
    client = password_typed(desk, address)
    statuses = [client.post(CODE, data={"code": phone.wrong()}).status_code for _ in range(4)]
    assert statuses == [401] * 3 + [429]
    refused = client.post(CODE, data={"code": phone.code()})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")
    assert desk.try_sign_in(address).status_code == 429


def test_codes_are_limited_over_all_networks(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    phone = Phone(desk, address)
    client = password_typed(desk, address)
    with desk.app.db.write() as session:
        for number in range(CODES.most):
            attempt = attempt_of(desk.app.sealer, address, f"192.0.{number}.0/24")
            assert may_try(session, attempt, desk.app.clock.now(), CODES)
    assert client.post(CODE, data={"code": phone.code()}).status_code == 429


def test_code_forgives_what_went_wrong_before(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    phone = Phone(desk, address)
    for _ in range(2):
        client = password_typed(desk, address)
        for _ in range(AT_ACCOUNT.most - 2):
            client.post(CODE, data={"code": phone.wrong()})
        assert client.post(CODE, data={"code": phone.code()}).status_code == 303
        phone.wait()


def test_who_must_have_one_sets_it_up_and_does_nothing_else(strict: Desk) -> None:
    address = strict.add(Role.PUBLISHER)
    client = password_typed(strict, address, "/desk/inbox")
    assert not is_in(client)
    page = client.get(f"{SET_UP}?after=/desk/inbox").text
    key, secret = between(page, 'name="key" value="', '"'), between(page, 'secret">', "</code>")

    wrong = client.post(SET_UP, data={"key": key, "code": "x", "after": "/desk/inbox"})
    assert wrong.status_code == 422
    assert secret in wrong.text  # the same picture still counts
    assert not is_in(client)

    code = code_of(strict, secret)
    done = client.post(SET_UP, data={"key": key, "code": code, "after": "/desk/inbox"})
    assert done.status_code == 200
    assert done.text.count("<li><code>") == 10
    assert 'href="/desk/inbox"' in done.text
    assert is_in(client)
    assert strict.verbs() == ["set up second factor", "sign in"]


def test_set_up_by_one_ticket_ends_the_others(strict: Desk) -> None:
    address = strict.add(Role.PUBLISHER)
    thief, owner = password_typed(strict, address), password_typed(strict, address)
    stolen, page = thief.get(SET_UP).text, owner.get(SET_UP).text
    for client, text, status in ((owner, page, 200), (thief, stolen, 401)):
        key = between(text, 'name="key" value="', '"')
        code = code_of(strict, between(text, 'secret">', "</code>"))
        assert client.post(SET_UP, data={"key": key, "code": code}).status_code == status


def test_form_of_somebody_else_sets_nothing_up(strict: Desk) -> None:
    owner = password_typed(strict, strict.add(Role.PUBLISHER))
    other = password_typed(strict, strict.add(Role.PUBLISHER, "other"))
    text = other.get(SET_UP).text
    key, secret = between(text, 'name="key" value="', '"'), between(text, 'secret">', "</code>")
    answer = owner.post(SET_UP, data={"key": key, "code": code_of(strict, secret)})
    assert answer.status_code == 409


def test_others_need_none(strict: Desk) -> None:
    assert is_in(password_typed(strict, strict.add(Role.EDITOR)))


def test_session_from_before_the_rule_is_over(strict: Desk) -> None:
    address = strict.add(Role.PUBLISHER)
    secret = strict.open_session(address)
    with strict.browser() as client:
        client.cookies.set("digest_desk", secret, path="/desk")
        assert not is_in(client)


def test_who_has_none_may_turn_nothing_off(strict: Desk) -> None:
    address = strict.add(Role.PUBLISHER)
    phone = Phone(strict, address)
    client = password_typed(strict, address)
    client.post(CODE, data={"code": phone.code()})
    page = client.get("/desk/me").text
    assert "second-factor/off" not in page
    token = between(page, 'name="token" value="', '"')
    fields = {"token": token, "password": PASSWORD}
    assert client.post("/desk/me/second-factor/off", data=fields).status_code == 403
    with strict.app.db.read() as session:
        assert find_editor(session, strict.app.sealer, address).totp_sealed is not None

"""The mailed link: nobody learns who works here, opening it lets nobody in, and it works once."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from digest.clock import FixedClock
from digest.editors.accounts import find_editor, set_active, set_password, set_role
from digest.editors.attempts import AT_ACCOUNT, LINKS
from digest.editors.passwords import hash_password
from digest.models import Notice, Role
from tests.config_files import SMALLEST, load, refusal
from tests.web.conftest import WebHouse
from tests.web.desk.conftest import Desk
from tests.web.desk.phones import Phone, is_in

MAIL, LINK = "/desk/sign-in/mail", "/desk/sign-in/link"


@pytest.fixture
def mailing(
    open_house: Callable[..., AbstractContextManager[WebHouse]], clock: FixedClock
) -> Iterator[Desk]:
    """A desk that mails links."""
    with open_house(more={"[scheduler]": "[desk]\nmailed_links = true\n\n[scheduler]"}) as house:
        desk = Desk(house, clock)
        with desk.browsers:
            yield desk


def mailed(desk: Desk, address: str) -> str:
    """Have a link mailed; return its token."""
    with desk.browser() as client:
        assert client.post(MAIL, data={"address": address}).status_code == 200
    _, to, body = desk.house.letters()[-1]
    assert to == address
    found = re.search(r"http://127\.0\.0\.1:8000/desk/sign-in/link/(\S+)", body)
    assert found is not None
    return found[1]


def test_link_signs_in_by_its_button_and_once(mailing: Desk) -> None:
    token = mailed(mailing, mailing.add(Role.EDITOR))
    client = mailing.browsers.enter_context(mailing.browser())
    for _ in range(3):  # mail scanners
        assert client.get(f"{LINK}/{token}").status_code == 200
        assert not is_in(client)

    answer = client.post(LINK, data={"key": token})

    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    assert is_in(client)
    with mailing.browser() as other:
        assert other.post(LINK, data={"key": token}).status_code == 409
        assert other.get(f"{LINK}/{token}").status_code == 409
        assert not is_in(other)


def test_answer_is_the_same_for_everybody(mailing: Desk) -> None:
    there, locked = mailing.add(Role.EDITOR), mailing.add(Role.EDITOR, "locked")
    with mailing.app.db.write() as session:
        set_active(session, find_editor(session, mailing.app.sealer, locked), False)
    with mailing.browser() as client:
        answers = [
            client.post(MAIL, data={"address": address})
            for address in (there, locked, "nobody@gazette.example")
        ]
    assert len({(answer.status_code, answer.text) for answer in answers}) == 1
    headers = [sorted(name for name in answer.headers if name != "date") for answer in answers]
    assert headers[0] == headers[1] == headers[2]
    assert [to for _, to, _ in mailing.house.letters()] == [there]


def test_letter_tells_the_store_nothing(mailing: Desk) -> None:
    mailed(mailing, mailing.add(Role.EDITOR))
    with mailing.app.db.read() as session:
        (notice,) = session.query(Notice).all()
    assert "gazette" not in notice.dedupe_key + notice.subject
    assert notice.newsletter_slug == "weekly"


def test_second_factor_is_still_asked_for(mailing: Desk) -> None:
    address = mailing.add(Role.EDITOR)
    phone = Phone(mailing, address)
    client = mailing.browsers.enter_context(mailing.browser())
    answer = client.post(LINK, data={"key": mailed(mailing, address)})
    assert answer.headers["location"] == "/desk/sign-in/code?after=/desk"
    assert not is_in(client)
    client.post("/desk/sign-in/code", data={"code": phone.code()})
    assert is_in(client)


@pytest.mark.parametrize("change", ["password", "role", "lock", "time"])
def test_link_dies_with_any_change(mailing: Desk, change: str) -> None:
    address = mailing.add(Role.EDITOR)
    token = mailed(mailing, address)
    with mailing.app.db.write() as session:
        editor = find_editor(session, mailing.app.sealer, address)
        if change == "password":
            set_password(session, editor, hash_password("quite another one"))
        elif change == "role":
            set_role(session, editor, Role.PUBLISHER)
        elif change == "lock":
            set_active(session, editor, False)
    if change == "time":
        mailing.clock.advance(timedelta(minutes=15, seconds=2))
    with mailing.browser() as client:
        assert client.get(f"{LINK}/{token}").status_code == 409
        assert client.post(LINK, data={"key": token}).status_code == 409
        assert not is_in(client)


def test_links_are_limited_for_known_and_unknown_alike(mailing: Desk) -> None:
    for address in (mailing.add(Role.EDITOR), "nobody@gazette.example"):
        with mailing.browser() as client:
            statuses = [
                client.post(MAIL, data={"address": address}).status_code
                for _ in range(LINKS.most + 2)
            ]
        assert statuses == [200] * LINKS.most + [429] * 2
    assert len(mailing.house.letters()) == LINKS.most


def test_asking_counts_toward_signing_in(mailing: Desk) -> None:
    address = mailing.add(Role.EDITOR)
    mailed(mailing, address)
    mailing.count_attempts(*[address] * (AT_ACCOUNT.most - 2))
    statuses = [mailing.try_sign_in(address, "a wrong password").status_code for _ in range(2)]
    assert statuses == [401, 429]


def test_link_of_another_purpose_lets_nobody_in(mailing: Desk) -> None:
    address = mailing.add(Role.EDITOR)
    token = mailed(mailing, address)
    with mailing.browser() as client:
        assert client.get(f"/desk/invitation/{token}").status_code == 403
        client.cookies.set("digest_desk_ticket", token, path="/desk/sign-in")
        assert client.post("/desk/sign-in/code", data={"code": "123456"}).status_code == 401


def test_who_must_set_a_factor_up_needs_the_password(
    open_house: Callable[..., AbstractContextManager[WebHouse]], clock: FixedClock
) -> None:
    more = '[desk]\nmailed_links = true\nsecond_factor = "everyone"\n\n[scheduler]'
    with open_house(more={"[scheduler]": more}) as house:
        desk = Desk(house, clock)
        token = mailed(desk, desk.add(Role.EDITOR))
        with desk.browser() as client:
            answer = client.post(LINK, data={"key": token})
            assert answer.status_code == 409
            assert "Sign in with your" in answer.text
            assert "digest_desk_ticket" not in client.cookies


def test_nothing_is_mailed_where_it_is_off(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    with desk.browser() as client:
        assert "Mail me a link" not in client.get("/desk/sign-in").text
        assert client.post(MAIL, data={"address": address}).status_code == 404
        assert client.get(f"{LINK}/x").status_code == 404
        assert client.post(LINK, data={"key": "x"}).status_code == 404
    assert desk.house.letters() == []


GUARDED = """guarded = true
guarded_names = ["courier"]
public_url = "https://neutral.example"
"""


def test_links_are_refused_where_every_newsletter_is_guarded(tmp_path) -> None:
    links = "[desk]\nmailed_links = true\n\n"
    assert load(tmp_path, links + SMALLEST).desk_sender is not None
    slug = 'slug = "friday"\n'
    said = refusal(tmp_path, links + SMALLEST.replace(slug, slug + GUARDED))
    assert "desk.mailed_links: every newsletter is guarded" in said

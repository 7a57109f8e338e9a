"""Erasing a reader at the desk: a typed word, a fresh code, a record without a name."""

import pytest

from digest.models import Role, Subscriber, SuppressionReason
from digest.subscribers.suppression import find_reason
from tests.web.conftest import ANNA, BEN
from tests.web.desk.conftest import Browser, Desk
from tests.web.desk.phones import Phone
from tests.web.desk.test_readers import assert_named_nowhere, path, record


@pytest.fixture
def publisher(desk: Desk) -> Browser:
    return desk.signed_in(Role.PUBLISHER)


def with_phone(desk: Desk) -> tuple[Browser, Phone]:
    """Return the browser of a publisher who has a second factor, and their phone."""
    address = desk.add(Role.PUBLISHER, "carl")
    phone = Phone(desk, address)
    return desk.another_browser(address), phone


def known(desk: Desk) -> int:
    with desk.app.db.read() as session:
        return session.query(Subscriber).count()


def reason(desk: Desk, address: str = ANNA) -> SuppressionReason | None:
    with desk.app.db.read() as session:
        return find_reason(session, desk.app.sealer, address)


def test_publisher_erases_a_reader(desk: Desk, publisher: Browser, logged: list[str]) -> None:
    page, public_id = path(desk), desk.house.subscriber_id(ANNA)
    assert "A fresh code" not in publisher.get(page).text

    answer = publisher.post(f"{page}/erase", typed=" Erase ")

    assert answer.headers["location"] == "/desk/readers?done=erased"
    assert "The reader is erased." in publisher.get("/desk/readers?done=erased").text
    assert publisher.get(page).status_code == 404
    assert (known(desk), reason(desk)) == (1, SuppressionReason.ERASED)
    about = ("erase reader", f"reader {public_id}", {"hash of the address": "kept"})
    assert record(desk)[-1] == about
    assert_named_nowhere(desk, logged)
    with desk.app.db.read() as session:
        assert session.get(Subscriber, 2) is not None  # the other one stays


def test_reader_may_want_no_hash_kept(desk: Desk, publisher: Browser) -> None:
    publisher.post(f"{path(desk, BEN)}/erase", typed="erase", forget="yes")
    assert (known(desk), reason(desk, BEN)) == (1, None)
    assert record(desk)[-1][2] == {"hash of the address": "forgotten"}


@pytest.mark.parametrize("typed", ["", "mail", "erase them"])
def test_nobody_is_erased_without_the_word(desk: Desk, publisher: Browser, typed: str) -> None:
    answer = publisher.post(f"{path(desk)}/erase", typed=typed)
    assert answer.status_code == 422
    assert "type the word erase" in answer.text
    assert (known(desk), record(desk)) == (2, [])


def test_who_has_a_second_factor_needs_a_fresh_code(desk: Desk) -> None:
    browser, phone = with_phone(desk)
    page = path(desk)
    assert "A fresh code of your second factor" in browser.get(page).text
    for code in ("", phone.wrong()):
        answer = browser.post(f"{page}/erase", typed="erase", code=code)
        assert answer.status_code == 422
    assert known(desk) == 2
    code = phone.code()
    assert browser.post(f"{page}/erase", typed="erase", code=code).status_code == 303
    again = browser.post(f"{path(desk, BEN)}/erase", typed="erase", code=code)

    assert again.status_code == 422  # a code erases one reader
    assert known(desk) == 1


def test_codes_are_not_guessed(desk: Desk) -> None:
    browser, phone = with_phone(desk)
    page = path(desk)
    tries = [browser.post(f"{page}/erase", typed="erase", code=phone.wrong()) for _ in range(11)]
    assert tries[-1].status_code == 429
    phone.wait()
    assert browser.post(f"{page}/erase", typed="erase", code=phone.code()).status_code == 429
    assert known(desk) == 2

"""Several presses at once, on each database: a link works once, and a page never fails."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from digest.models import AddressChange
from digest.subscribers.lifecycle import find_by_address
from digest.tokens import Purpose

ANNA = "anna@example.org"
BEN = "ben@example.org"
NEW = "new@example.net"
House = Callable[..., AbstractContextManager]


@pytest.fixture(params=["sqlite", "postgres"])
def house(request: pytest.FixtureRequest, open_house: House) -> Iterator:
    """A house with two readers, on each database."""
    url = {}
    if request.param == "postgres":
        url = {"url": request.getfixturevalue("postgres_url")}
    with open_house(**url) as opened:
        opened.newsroom.subscribe(ANNA, BEN)
        yield opened


def _together(house, posts: list[tuple[str, dict[str, str]]]) -> list[int]:
    """Post all of them at the same moment; return their statuses in order."""
    statuses = [0] * len(posts)
    start = threading.Barrier(len(posts))

    def post(number: int) -> None:
        path, data = posts[number]
        with httpx.Client(base_url=house.url, timeout=60) as client:
            start.wait()
            statuses[number] = client.post(path, data=data).status_code

    threads = [threading.Thread(target=post, args=(number,)) for number in range(len(posts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def _move_links(house) -> list[str]:
    """Return the paths by which all mailboxes of all changes agree."""
    until = house.app.clock.now() + timedelta(days=1)
    sign = house.app.signer.sign_until
    with house.app.db.read() as session:
        changes = session.scalars(select(AddressChange.public_id)).all()
    purposes = (Purpose.MOVE_FROM, Purpose.MOVE_TO)
    return [f"/move/{sign(purpose, each, until)}" for each in changes for purpose in purposes]


def test_link_opens_the_settings_for_one_of_many(house) -> None:
    link = f"/s/{house.passing(Purpose.OPEN_SETTINGS, ANNA)}"

    statuses = _together(house, [(link, {"page": "1"})] * 6)

    assert sorted(statuses) == [200, *[410] * 5]


def test_link_erases_for_one_of_many(house) -> None:
    link = f"/erase/{house.passing(Purpose.ERASE, ANNA)}"

    statuses = _together(house, [(link, {"page": "1"})] * 6)

    assert sorted(statuses) == [200, *[410] * 5]


def test_two_wishes_for_another_address_leave_one(house) -> None:
    key = house.passing(Purpose.SETTINGS, ANNA)
    wishes = [{"key": key, "address": f"new.{number}@example.net"} for number in range(2)]

    statuses = _together(house, [("/settings/address", wish) for wish in wishes])

    assert statuses == [200, 200]
    assert len(_move_links(house)) == 2


def test_address_goes_to_one_of_two_who_agree_at_once(house) -> None:
    for who in (ANNA, BEN):
        house.set("address", who, address=NEW)

    statuses = _together(house, [(link, {"page": "1"}) for link in _move_links(house)])

    assert statuses == [200] * 4
    with house.app.db.read() as session:
        found = [find_by_address(session, house.app.sealer, each) for each in (ANNA, BEN, NEW)]
    assert found[2] is not None
    assert sum(each is not None for each in found) == 2


def test_everything_at_once_beside_an_erasure_fails_nowhere(house) -> None:
    key, leave = house.passing(Purpose.SETTINGS, ANNA), house.leave_link(ANNA)
    one = {"key": key, "newsletter": "weekly"}

    statuses = _together(
        house,
        [
            (f"/erase/{house.passing(Purpose.ERASE, ANNA)}", {"page": "1"}),
            (leave, {"page": "1"}),
            (leave, {"do": "pause", "weeks": "4"}),
            ("/settings/person", {**one, "name": "Anna"}),
            ("/settings/address", {**one, "address": NEW}),
            ("/settings/parts", {**one, "edition": "full"}),
        ],
    )

    assert max(statuses) < 500

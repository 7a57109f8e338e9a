"""The way into the settings: a form that tells nobody anything, a link that opens them once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from digest.correspondence.requests import answer_requests
from digest.models import ReaderRequest, RequestKind
from digest.subscribers.lifecycle import erase, find_by_address
from digest.tokens import Purpose

ANNA = "anna@example.org"
BEN = "ben@example.org"
NAME = "Zebulon Quimby"
FORM = "/n/weekly/settings"
OPEN = Purpose.OPEN_SETTINGS


def _requests(house) -> list[tuple[RequestKind, str, str]]:
    with house.app.db.read() as session:
        rows = session.scalars(select(ReaderRequest).order_by(ReaderRequest.id)).all()
        return [(r.kind, house.app.sealer.open(r.address_sealed), r.origin) for r in rows]


def test_form_asks_for_an_address(shared_house) -> None:
    page = shared_house.client.get(FORM)

    assert page.status_code == 200
    assert 'type="email" name="address"' in page.text
    assert 'href="/n/weekly/archive"' in page.text


def test_form_of_no_newsletter_is_not_there(shared_house) -> None:
    answers = [shared_house.client.request(m, "/n/nothing/settings") for m in ("GET", "HEAD")]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_form_is_answered_the_same_for_known_unknown_and_erased(house) -> None:
    _erase(house, BEN)
    answers = [
        house.client.post(FORM, data={"address": address})
        for address in (ANNA, BEN, "nobody@example.org", ANNA.upper())
    ]

    assert {(a.status_code, a.content) for a in answers} == {(200, answers[0].content)}
    assert "Look into your mailbox" in answers[0].text


def _erase(house, address: str) -> None:
    with house.app.db.write() as session:
        reader = find_by_address(session, house.app.sealer, address)
        erase(session, house.app.sealer, reader.id, house.app.clock.now())


def test_form_keeps_the_request_and_writes_no_letter(house) -> None:
    house.client.post(FORM, data={"address": " anna@example.org "})

    assert _requests(house) == [(RequestKind.SETTINGS, ANNA, "settings form")]
    assert house.letters() == []


@pytest.mark.parametrize("typed", ["", "anna", "a@b", "anna@example.org\nbcc: x@example.org", "@"])
def test_form_says_beside_the_field_what_is_no_address(house, typed: str) -> None:
    answer = house.client.post(FORM, data={"address": typed})

    assert answer.status_code == 400
    assert 'aria-describedby="wrong-address"' in answer.text
    assert _requests(house) == []


def test_form_takes_only_so_many_from_one_network(open_house) -> None:
    limits = {"[web]": "[limits]\nnetwork_per_hour = 3\n\n[web]"}
    with open_house(more=limits) as house:
        statuses = [
            house.client.post(FORM, data={"address": f"r{number}@example.org"}).status_code
            for number in range(5)
        ]
        kept = len(_requests(house))

    assert statuses == [200, 200, 200, 429, 429]
    assert kept == 3


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_visits_of_scanners_leave_the_link_as_it_is(house, method: str) -> None:
    link = "/s/" + house.passing(OPEN, ANNA)

    statuses = {house.client.request(method, link).status_code for _ in range(100)}

    assert statuses == {200}
    assert ANNA in house.client.post(link, data={"do": "open"}).text


def test_visit_shows_one_button_and_nothing_about_the_reader(house) -> None:
    pages = [house.client.get("/s/" + house.passing(OPEN, reader)).text for reader in (ANNA, BEN)]

    assert pages[0] == pages[1]
    assert pages[0].count("<button") == 1
    assert not [word for word in (ANNA, "anna", *NAME.split()) if word in pages[0]]


def test_press_opens_the_settings(house) -> None:
    page = house.client.post("/s/" + house.passing(OPEN, ANNA), data={"do": "open"})

    assert page.status_code == 200
    assert ANNA in page.text
    assert NAME in page.text
    assert BEN not in page.text


def test_second_press_opens_nothing(house) -> None:
    link = "/s/" + house.passing(OPEN, ANNA)
    house.client.post(link, data={"do": "open"})

    again = house.client.post(link, data={"do": "open"})

    assert again.status_code == 410
    assert ANNA not in again.text
    assert "Mail me a fresh link" in again.text
    assert house.client.get(link).content == again.content


def test_link_runs_out_after_an_hour(house) -> None:
    link = "/s/" + house.passing(OPEN, ANNA)
    house.app.clock.advance(timedelta(hours=1, seconds=1))

    answers = [house.client.get(link), house.client.post(link, data={"do": "open"})]

    assert [answer.status_code for answer in answers] == [410, 410]
    assert ANNA not in answers[1].text


def test_fresh_link_goes_to_the_reader_s_own_mailbox(house) -> None:
    link = "/s/" + house.passing(OPEN, ANNA)
    house.app.clock.advance(timedelta(days=30))

    answer = house.client.post(link, data={"do": "fresh", "address": BEN})

    assert (answer.status_code, ANNA in answer.text) == (200, False)
    assert _requests(house) == [(RequestKind.SETTINGS, ANNA, "settings")]


def test_hour_of_the_open_settings_ends(house) -> None:
    key = house.passing(Purpose.SETTINGS, ANNA)
    house.app.clock.advance(timedelta(hours=1, seconds=1))

    answer = house.client.post("/settings/person", data={"key": key, "name": "Mallory"})
    fresh = house.client.post("/settings/fresh", data={"key": key})

    assert (answer.status_code, fresh.status_code) == (410, 200)
    assert 'action="../settings/fresh"' in answer.text
    assert _requests(house) == [(RequestKind.SETTINGS, ANNA, "settings")]
    assert NAME in house.set("show", ANNA).text


@pytest.mark.parametrize("by", ["form", "mail"])
def test_whole_way_from_asking_to_the_open_settings(house, by: str) -> None:
    app = house.app
    if by == "form":
        house.client.post(FORM, data={"address": ANNA})
    else:
        house.client.post(house.leave_link(ANNA), data={"do": "settings"})
    answer_requests(app.db, app.correspondent, app.clock, pause=0)

    [(_kind, to, letter)] = house.letters()
    link = letter.partition("http://127.0.0.1:8000")[2].split()[0]
    page = house.client.post(link, data={"do": "open"}).text
    key = page.partition('name="key" value="')[2].partition('"')[0]
    saved = house.client.post("/settings/person", data={"key": key, "name": "Anna K"})

    assert to == ANNA
    assert 'value="Anna K"' in saved.text


FORGED = "WyJhYWFhIiwxLCJ4Il0.x"
OTHERS = [Purpose.OPEN_SETTINGS, Purpose.ERASE, Purpose.CONFIRM, Purpose.FORM, Purpose.COME_BACK]
POSTS = ["show", "parts", "pause", "resume", "join", "leave", "appeal", "person", "address"]
POSTS += ["receipt", "receipt.json", "export", "export.json", "erase", "fresh"]


@pytest.mark.parametrize("what", POSTS)
def test_keys_that_are_not_valid_are_refused_alike(shared_house, what: str) -> None:
    keys = ["", "x", FORGED, shared_house.public_id(ANNA)]
    keys += [shared_house.passing(purpose, ANNA) for purpose in OTHERS]
    keys += [shared_house.leave_link(ANNA).removeprefix("/u/")]
    keys += [shared_house.passing(Purpose.SETTINGS, ANNA)[:-1]]

    answers = [
        shared_house.client.post(f"/settings/{what}", data={"key": key, "newsletter": "weekly"})
        for key in keys
    ]

    known = shared_house.client.get("/u/x").content
    assert {(a.status_code, a.content) for a in answers} == {(404, known)}


@pytest.mark.parametrize("what", POSTS)
def test_settings_are_not_to_be_had_by_visiting(shared_house, what: str) -> None:
    key = shared_house.passing(Purpose.SETTINGS, ANNA)

    answer = shared_house.client.get(f"/settings/{what}?key={key}")

    assert answer.status_code == 405
    assert ANNA not in answer.text


def test_key_of_an_erased_reader_opens_nothing(house) -> None:
    key, link = house.passing(Purpose.SETTINGS, ANNA), "/s/" + house.passing(OPEN, ANNA)
    _erase(house, ANNA)

    answers = [
        house.client.post("/settings/show", data={"key": key}),
        house.client.post(link, data={"do": "open"}),
        house.client.get(link),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]

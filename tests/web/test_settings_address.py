"""A new address: both mailboxes agree, and nobody learns whom we know."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from digest.models import AddressChange, ConsentEvent, Subscription
from digest.subscribers.lifecycle import erase, find_by_address
from digest.subscribers.suppression import suppress
from digest.tokens import Purpose

ANNA = "anna@example.org"
BEN = "ben@example.org"
NEW = "anna.new@gmail.com"
SITE = "http://127.0.0.1:8000"


def _ask(house, address: str = NEW):
    return house.set("address", ANNA, address=address)


def _links(house) -> dict[str, str]:
    """Return the path in the last letter of each kind."""
    found = {}
    for kind, _to, text in house.letters():
        if f"{SITE}/move/" in text:
            found[kind] = "/move/" + text.partition(f"{SITE}/move/")[2].split()[0]
    return found


def _agree(house, kind: str):
    return house.client.post(_links(house)[kind], data={"do": "agree"})


def _has(house, address: str) -> bool:
    with house.app.db.read() as session:
        return find_by_address(session, house.app.sealer, address) is not None


def test_both_mailboxes_are_written_to_and_nothing_changes(house) -> None:
    page = _ask(house)

    assert page.status_code == 200
    assert [(kind, to) for kind, to, _ in house.letters()] == [
        ("move-from", ANNA),
        ("move-to", NEW),
    ]
    assert (_has(house, ANNA), _has(house, NEW)) == (True, False)


def test_letters_hold_no_word_that_was_typed_and_no_name(house) -> None:
    _ask(house)

    for _kind, _to, text in house.letters():
        for word in (ANNA, NEW, "gmail", "Zebulon", "Harbour"):
            assert word not in text


@pytest.mark.parametrize("order", [["move-from", "move-to"], ["move-to", "move-from"]])
def test_address_changes_once_both_have_agreed(house, order: list[str]) -> None:
    _ask(house)

    first, before = _agree(house, order[0]), _has(house, ANNA)
    second = _agree(house, order[1])

    assert ("You have agreed from this mailbox" in first.text, before) == (True, True)
    assert "The address is changed" in second.text
    assert (_has(house, ANNA), _has(house, NEW)) == (False, True)
    assert house.state(NEW) == "active"


def test_one_mailbox_agreeing_twice_is_not_enough(house) -> None:
    _ask(house)

    pages = [_agree(house, "move-to") for _ in range(3)]

    assert {page.content for page in pages} == {pages[0].content}
    assert _has(house, ANNA)


def test_change_is_on_record_and_the_domain_group_follows(house) -> None:
    _ask(house)
    _agree(house, "move-from")
    _agree(house, "move-to")

    with house.app.db.read() as session:
        event = session.scalars(select(ConsentEvent).where(ConsentEvent.kind == "moved")).one()
        group = session.scalar(
            select(Subscription.domain_group).where(
                Subscription.subscriber_id == event.subscriber_id
            )
        )
        left = session.scalars(select(AddressChange)).all()
    assert (event.origin, event.evidence, group, left) == ("letter", {}, "google", [])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_visits_of_scanners_change_nothing(house, method: str) -> None:
    _ask(house)

    statuses = {
        house.client.request(method, link).status_code
        for link in _links(house).values()
        for _ in range(50)
    }

    assert statuses == {200}
    assert _has(house, ANNA)


def test_pages_of_the_links_say_no_address(house) -> None:
    _ask(house)
    pages = [house.client.get(link).text for link in _links(house).values()]
    pages += [_agree(house, "move-from").text, _agree(house, "move-to").text]

    assert pages[0] == pages[1]
    assert not [word for word in (ANNA, NEW, "Zebulon") for page in pages if word in page]


def test_page_is_the_same_whomever_the_new_address_belongs_to(house) -> None:
    with house.app.db.write() as session:
        suppress(
            session, house.app.sealer, "no@example.org", "complained", now=house.app.clock.now()
        )
    key = house.passing(Purpose.SETTINGS, ANNA)

    pages = [
        house.client.post("/settings/address", data={"key": key, "address": address})
        for address in (NEW, BEN, "no@example.org")
    ]

    assert {(page.status_code, page.content) for page in pages} == {(200, pages[0].content)}


def test_taken_address_is_told_so_by_letter_and_nothing_comes_of_it(house) -> None:
    _ask(house, BEN)

    [_, (kind, to, text)] = house.letters()
    page = _agree(house, "move-from")

    assert (kind, to) == ("move-to", BEN)
    assert "has a subscription of its own" in " ".join(text.split())
    assert "/move/" not in text
    assert "You have agreed from this mailbox" in page.text
    assert _has(house, ANNA)
    assert _has(house, BEN)


def test_suppressed_address_is_not_written_to(house) -> None:
    with house.app.db.write() as session:
        suppress(session, house.app.sealer, NEW, "complained", now=house.app.clock.now())

    _ask(house)
    page = _agree(house, "move-from")

    assert [to for _, to, _ in house.letters()] == [ANNA]
    assert "You have agreed from this mailbox" in page.text
    assert _has(house, ANNA)


def test_address_taken_meanwhile_is_told_to_its_own_mailbox_alone(house) -> None:
    _ask(house)
    links = _links(house)
    house.newsroom.subscribe(NEW)

    new_first = house.client.post(links["move-to"], data={"do": "agree"})
    old = house.client.post(links["move-from"], data={"do": "agree"})
    new = house.client.post(links["move-to"], data={"do": "agree"})

    assert new_first.content == old.content
    assert "Nothing was changed" in new.text
    assert _has(house, ANNA)


def test_own_address_in_another_case_may_be_moved_to(house) -> None:
    _ask(house, "Anna@example.org")
    _agree(house, "move-from")

    assert "The address is changed" in _agree(house, "move-to").text
    with house.app.db.read() as session:
        reader = find_by_address(session, house.app.sealer, ANNA)
        assert house.app.sealer.open(reader.address_sealed) == "Anna@example.org"


@pytest.mark.parametrize("typed", ["", "x", "a@b@c", ANNA])
def test_what_cannot_be_the_new_address_is_said_beside_the_field(house, typed: str) -> None:
    answer = _ask(house, typed)

    assert answer.status_code == 400
    assert 'aria-describedby="wrong-address"' in answer.text
    assert house.letters() == []


def test_later_wish_replaces_the_earlier(house) -> None:
    _ask(house)
    early = _links(house)
    _ask(house, "other@example.net")

    answers = [house.client.post(link, data={"do": "agree"}) for link in early.values()]

    assert {answer.status_code for answer in answers} == {410}
    assert _has(house, ANNA)


def test_links_run_out_after_seven_days(house) -> None:
    _ask(house)
    links = _links(house)
    house.app.clock.advance(timedelta(days=7, seconds=1))

    answers = [house.client.post(link, data={"do": "agree"}) for link in links.values()]
    answers += [house.client.get(link) for link in links.values()]

    assert {answer.status_code for answer in answers} == {410}
    assert _has(house, ANNA)


def test_used_links_say_so(house) -> None:
    _ask(house)
    links = _links(house)
    _agree(house, "move-from")
    _agree(house, "move-to")

    answers = [house.client.post(link, data={"do": "agree"}) for link in links.values()]

    assert {answer.status_code for answer in answers} == {410}


def test_stranger_s_mailbox_gets_one_letter_a_day(house) -> None:
    house.set("address", ANNA, address=NEW)
    house.set("address", BEN, address=NEW)

    assert [to for kind, to, _ in house.letters() if kind == "move-to"] == [NEW]


def test_reader_cannot_ask_without_end(house) -> None:
    statuses = [_ask(house, f"r{number}@example.net").status_code for number in range(7)]

    assert statuses == [200] * 5 + [400] * 2
    assert len(house.letters()) == 10


@pytest.mark.parametrize("purpose", [Purpose.ERASE, Purpose.SETTINGS, Purpose.OPEN_SETTINGS])
def test_links_of_another_purpose_move_nothing(house, purpose: Purpose) -> None:
    _ask(house)

    answers = [
        house.client.request(method, "/move/" + house.passing(purpose, ANNA), data={"do": "agree"})
        for method in ("GET", "POST")
    ]

    assert {answer.status_code for answer in answers} == {404}


def test_wish_goes_with_an_erased_reader(house) -> None:
    _ask(house)
    links = _links(house)
    with house.app.db.write() as session:
        anna = find_by_address(session, house.app.sealer, ANNA)
        erase(session, house.app.sealer, anna.id, house.app.clock.now())

    answers = [house.client.post(link, data={"do": "agree"}) for link in links.values()]

    assert {answer.status_code for answer in answers} == {410}
    assert not _has(house, NEW)


@pytest.mark.parametrize(
    ("purpose", "path"),
    [
        (Purpose.OPEN_SETTINGS, "/s/{token}"),
        (Purpose.ERASE, "/erase/{token}"),
        (Purpose.SETTINGS, "/settings/export"),
    ],
)
def test_what_lies_in_the_old_mailbox_opens_nothing_after_the_change(
    house, purpose: Purpose, path: str
) -> None:
    token = house.passing(purpose, ANNA)
    _ask(house)
    _agree(house, "move-to")
    _agree(house, "move-from")

    answer = house.client.post(path.format(token=token), data={"key": token})

    assert answer.status_code in {404, 410}
    assert NEW not in answer.text
    assert house.state(NEW) == "active"

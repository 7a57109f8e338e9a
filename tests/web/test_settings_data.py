"""What readers may read and take along, and how they are erased."""

import asyncio
import json
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import select

from digest.models import Subscriber, Subscription
from digest.scheduler import tick_once
from digest.subscribers.consent import Circumstances, ConsentKind, record
from digest.subscribers.lifecycle import find_by_address
from digest.subscribers.suppression import find_reason
from digest.tokens import Purpose

ANNA = "anna@example.org"
BEN = "ben@example.org"
NAME = "Zebulon Quimby"
SITE = "http://127.0.0.1:8000"


def _agreed(house, address: str) -> None:
    """Put a consent with wording and policy on record."""
    now = house.app.clock.now()
    with house.app.db.write() as session:
        reader = find_by_address(session, house.app.sealer, address)
        circumstances = Circumstances(
            at=now,
            origin="sign-up form",
            wording="Yes, <every> Friday.",
            policy_version="2026-01",
            policy="We keep little.\n\nAnd seal it.",
            evidence={"network": "0011223344556677"},
        )
        record(
            session,
            ConsentKind.ASKED,
            circumstances,
            subscriber_id=reader.id,
            newsletter_id=1,
        )


def test_receipt_has_the_exact_words_and_the_policy(house) -> None:
    _agreed(house, ANNA)

    answer = house.set("receipt.json", ANNA)

    assert answer.headers["content-type"] == "application/json"
    disposition = answer.headers["content-disposition"]
    assert disposition == "attachment; filename=consent-receipt.json"
    receipt = json.loads(answer.content)
    assert receipt["schema"] == "friday.consent-receipt.1"
    assert [event["kind"] for event in receipt["events"]] == ["added", "asked"]
    asked = receipt["events"][1]
    digests = [asked.pop(name) for name in ("wording_sha256", "policy_sha256")]
    assert [len(digest) for digest in digests] == [64, 64]
    assert asked == {
        "newsletter": "weekly",
        "kind": "asked",
        "at": "2026-11-27T06:59:00+00:00",
        "origin": "sign-up form",
        "wording": "Yes, <every> Friday.",
        "policy_version": "2026-01",
        "policy": "We keep little.\n\nAnd seal it.",
        "evidence": {"network": "0011223344556677"},
    }


def test_receipt_is_a_page_too(house) -> None:
    _agreed(house, ANNA)

    page = house.set("receipt", ANNA)

    assert page.status_code == 200
    for words in ("Yes, &lt;every&gt; Friday.", "2026-01", "And seal it.", "sign-up form"):
        assert words in page.text


def test_export_holds_everything_about_this_reader_and_nobody_else(house, run) -> None:
    house.set("person", BEN, name="Basil Unique")
    house.set("parts", ANNA, edition="full", **{"with": ["whole texts"]})
    house.set("address", ANNA, address="new@example.net")
    house.newsroom.ready(date(2026, 11, 27))
    run(tick_once(house.app))

    answer = house.set("export.json", ANNA)

    told = json.loads(answer.content)
    assert answer.headers["content-disposition"] == "attachment; filename=all-about-me.json"
    assert told["schema"] == "friday.reader-export.1"
    assert (told["subscriber"]["address"], told["subscriber"]["name"]) == (ANNA, NAME)
    [subscription] = told["subscriptions"]
    assert (subscription["newsletter"], subscription["state"]) == ("weekly", "active")
    assert subscription["without"] == ["News", "Features", "Analysis", "Opinion"]
    [delivery] = told["deliveries"]
    assert (delivery["issue"], delivery["state"], delivery["came_by"]) == (
        1,
        "accepted",
        "audience",
    )
    assert [letter["kind"] for letter in told["letters"]] == ["move-from"]
    assert told["address_change"]["address"] == "new@example.net"
    assert told["suppression"] == []
    for word in (BEN, "Basil", "/move/"):
        assert word not in answer.text


def test_export_names_every_field_of_a_subscription(house) -> None:
    """A column that is added is either told or left out on purpose."""
    told = json.loads(house.set("export.json", ANNA).content)["subscriptions"][0]

    named = {"id": "public_id", "newsletter": "newsletter_id", "without": "hidden_blocks"}
    columns = {named.get(name, name) for name in told}
    left_out = {"id", "subscriber_id", "import_id"}
    assert columns | left_out == set(Subscription.__table__.columns.keys())


def test_export_is_a_page_too(house, run) -> None:
    house.newsroom.ready(date(2026, 11, 27))
    run(tick_once(house.app))

    page = house.set("export", ANNA)

    assert page.status_code == 200
    for words in (ANNA, NAME, "accepted", "weekly"):
        assert words in page.text
    assert BEN not in page.text


def test_telling_changes_nothing(house) -> None:
    before = _dump(house)

    for what in ("show", "receipt", "receipt.json", "export", "export.json"):
        assert house.set(what, ANNA).status_code == 200

    assert _dump(house) == before


def _dump(house) -> list[str]:
    connection = house.app.db.engine.raw_connection()
    try:
        return list(connection.driver_connection.iterdump())
    finally:
        connection.close()


def _erase_link(house) -> str:
    [text] = [text for kind, _to, text in house.letters() if kind == "erase"]
    return "/erase/" + text.partition(f"{SITE}/erase/")[2].split()[0]


def _is_known(house, address: str) -> bool:
    with house.app.db.read() as session:
        return find_by_address(session, house.app.sealer, address) is not None


def _reason(house, address: str) -> str | None:
    with house.app.db.read() as session:
        return find_reason(session, house.app.sealer, address)


def test_erasing_asks_the_mailbox_first(house) -> None:
    page = house.set("erase", ANNA)

    assert "Not erased yet" in page.text
    assert [(kind, to) for kind, to, _ in house.letters()] == [("erase", ANNA)]
    assert _is_known(house, ANNA)


def test_press_erases_and_keeps_a_code(house) -> None:
    house.set("erase", ANNA)

    page = house.client.post(_erase_link(house), data={"do": "erase"})

    assert "You are erased" in page.text
    assert (_is_known(house, ANNA), _reason(house, ANNA)) == (False, "erased")
    assert _is_known(house, BEN)


def test_reader_may_decline_even_the_code(house) -> None:
    house.set("erase", ANNA)

    house.client.post(_erase_link(house), data={"do": "erase", "forget": "1"})

    assert (_is_known(house, ANNA), _reason(house, ANNA)) == (False, None)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_visits_of_scanners_erase_nobody(house, method: str) -> None:
    house.set("erase", ANNA)
    link = _erase_link(house)

    statuses = {house.client.request(method, link).status_code for _ in range(100)}

    assert statuses == {200}
    assert _is_known(house, ANNA)


def test_page_before_erasing_shows_nothing_about_the_reader(house) -> None:
    pages = [house.client.get("/erase/" + house.passing(Purpose.ERASE, r)) for r in (ANNA, BEN)]

    assert pages[0].content == pages[1].content
    assert pages[0].text.count("<button") == 1
    assert not [word for word in (ANNA, *NAME.split()) if word in pages[0].text]


def test_link_that_erases_runs_out_and_works_once(house) -> None:
    house.set("erase", ANNA)
    link = _erase_link(house)
    other = "/erase/" + house.passing(Purpose.ERASE, BEN)
    house.client.post(link, data={"do": "erase"})

    again = house.client.post(link, data={"do": "erase"})
    house.app.clock.advance(timedelta(hours=1, seconds=1))
    late = house.client.post(other, data={"do": "erase"})

    assert (again.status_code, late.status_code) == (410, 410)
    assert _is_known(house, BEN)


def test_letters_that_erase_are_few(house) -> None:
    statuses = [house.set("erase", ANNA).status_code for _ in range(7)]

    assert statuses == [200] * 5 + [400] * 2


def test_forwarded_mail_cannot_erase_or_open_or_move(house, run) -> None:
    """Every token that stands in a sent copy, tried at every door that may do more."""
    house.newsroom.ready(date(2026, 11, 27))
    run(tick_once(house.app))
    [copy] = [c for e, c in house.newsroom.backend.accepted if e.rcpt_to == ANNA]
    tokens = _tokens(copy)

    answers = [
        house.client.request(method, f"/{door}/{token}", data={"key": token, "do": "erase"})
        for token in tokens
        for door in ("erase", "s", "move")
        for method in ("GET", "POST")
    ]
    answers += [house.client.post("/settings/erase", data={"key": token}) for token in tokens]

    assert len(tokens) >= 1
    assert {answer.status_code for answer in answers} == {404}
    assert _is_known(house, ANNA)


def _tokens(copy: bytes) -> set[str]:
    message = message_from_bytes(copy, policy=default)
    text = str(message["List-Unsubscribe"])
    text += "".join(part.get_content() for part in message.walk() if not part.is_multipart())
    pieces = text.replace('"', " ").replace(">", " ").split()
    return {piece.rpartition("/")[2] for piece in pieces if "/u/" in piece or "/later/" in piece}


def test_reader_erased_while_the_issue_goes_out_gets_no_copy(house, run) -> None:
    house.newsroom.ready(date(2026, 11, 27))
    house.app.sender.tick()
    house.set("erase", ANNA)
    house.client.post(_erase_link(house), data={"do": "erase"})

    run(house.app.sender.drain(asyncio.Event(), until_idle=True))

    assert [envelope.rcpt_to for envelope, _ in house.newsroom.backend.accepted] == [BEN]
    with house.app.db.read() as session:
        assert len(session.scalars(select(Subscriber)).all()) == 1

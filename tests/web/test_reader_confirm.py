"""Confirming: a press makes a reader, a visit does not, and a second press changes nothing."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from digest.correspondence.requests import answer_requests
from digest.curation.newsletters import find_newsletter
from digest.models import Delivery, Newsletter, Notice, RequestKind, SuppressionReason
from digest.scheduler import tick_once
from digest.subscribers.consent import list_events
from digest.subscribers.door.requests import Asked, put_request
from digest.subscribers.lifecycle import find_by_address, leave
from digest.subscribers.suppression import find_reason, suppress
from digest.tokens import Purpose

FRIDAY = date(2026, 11, 27)
NEW = "nora@example.net"


def asked(house, address: str = NEW, language: str | None = None) -> str:
    """Ask to join, and return the path in the confirmation letter."""
    app = house.app
    with app.db.write() as session:
        newsletter_id = find_newsletter(session, "weekly").id
        wish = Asked(RequestKind.JOIN, newsletter_id, address, "test", language=language)
        put_request(session, app.sealer, wish, app.clock.now())
    answer_requests(app.db, app.correspondent, app.clock, pause=0)
    with app.db.read() as session:
        letter = session.scalars(select(Notice.body_sealed).order_by(Notice.id.desc())).first()
    return "/c/" + app.sealer.open(letter or b"").partition("/c/")[2].split()[0]


def look(house, link: str):
    return house.client.get(link)


def press(house, link: str):
    return house.client.post(link, data={"page": "1"})


def subjects(house) -> list[str]:
    with house.app.db.read() as session:
        return list(session.scalars(select(Notice.subject).order_by(Notice.id)))


def deliveries(house) -> int:
    with house.app.db.read() as session:
        return session.scalar(select(func.count()).select_from(Delivery)) or 0


def kinds(house, address: str = NEW) -> list[str]:
    with house.app.db.read() as session:
        subscriber = find_by_address(session, house.app.sealer, address)
        assert subscriber is not None
        return [event.kind for event in list_events(session, subscriber.id)]


def test_page_shows_one_button(house) -> None:
    answer = house.client.get(asked(house))

    assert answer.status_code == 200
    assert answer.text.count("<button") == 1
    assert "Press once more to finish" in answer.text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_visits_confirm_nobody(house, method: str) -> None:
    link = asked(house)

    statuses = {house.client.request(method, link).status_code for _ in range(100)}

    assert statuses == {200}
    assert house.state(NEW) == "pending"
    assert kinds(house) == ["asked"]


def test_press_confirms_and_welcomes(house) -> None:
    answer = press(house, asked(house))

    assert answer.status_code == 200
    assert "You are subscribed" in answer.text
    assert "Every week: Friday" in answer.text
    assert house.state(NEW) == "active"
    assert kinds(house) == ["asked", "confirmed"]
    assert subjects(house)[1:] == ["Welcome"]


def test_second_press_changes_nothing(house, run) -> None:
    house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))
    link, before = asked(house), deliveries(house)

    answers = {press(house, link).content for _ in range(3)}

    assert len(answers) == 1
    assert kinds(house) == ["asked", "confirmed"]
    assert subjects(house).count("Welcome") == 1
    assert deliveries(house) == before + 1


def test_page_speaks_the_readers_language(house) -> None:
    assert '<html lang="ar" dir="rtl">' in house.client.get(asked(house, language="ar")).text


def test_link_that_has_run_out_says_so_and_leads_back(house) -> None:
    link = asked(house)
    house.app.clock.advance(timedelta(days=7, seconds=2))

    answers = [act(house, link) for act in (look, press)]

    assert [answer.status_code for answer in answers] == [410, 410]
    assert "This link has run out" in answers[0].text
    assert '<a href="/n/weekly">' in answers[0].text
    assert house.state(NEW) == "pending"


def test_reader_who_left_is_offered_to_subscribe_anew(house) -> None:
    link = asked(house)
    press(house, link)
    with house.app.db.write() as session:
        leave(session, house.public_id(NEW), now=house.app.clock.now(), origin="test")

    answers = [act(house, link) for act in (look, press)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "You have left since" in answers[1].text
    assert '<a href="/n/weekly">' in answers[1].text
    assert house.state(NEW) == "unsubscribed"


@pytest.mark.parametrize("act", [look, press])
def test_links_that_are_not_valid_get_the_lost_page(house, act) -> None:
    link, signer = asked(house), house.app.signer
    until = house.app.clock.now() + timedelta(days=1)
    nobody = signer.sign_until(Purpose.CONFIRM, "aaaaaaaaaaaaaaaa", until)
    other = signer.sign_until(Purpose.FORM, house.public_id(NEW), until)
    without_end = signer.sign(Purpose.CONFIRM, house.public_id(NEW))
    bad = ["x", link[3:-1], nobody, other, without_end]

    answers = [act(house, f"/c/{token}") for token in bad]

    known = house.client.get("/u/x").content
    assert [(a.status_code, a.content) for a in answers] == [(404, known)] * len(bad)
    assert house.state(NEW) == "pending"


def test_newsletter_that_is_configured_no_more_confirms_nobody(house) -> None:
    link = asked(house)
    with house.app.db.write() as session:
        session.query(Newsletter).update({"slug": "renamed"})

    assert press(house, link).status_code == 404
    assert kinds(house) == ["asked"]


@pytest.mark.parametrize(
    ("reason", "left", "written"),
    [("bounced", None, 1), ("erased", None, 1), ("complained", "complained", 0)],
)
def test_confirming_undoes_what_it_disproves_and_nothing_else(
    house, run, reason: str, left: str | None, written: int
) -> None:
    house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))
    link, before, now = asked(house), deliveries(house), house.app.clock.now()
    with house.app.db.write() as session:
        suppress(session, house.app.sealer, NEW, SuppressionReason(reason), now=now)

    assert press(house, link).status_code == 200

    with house.app.db.read() as session:
        assert find_reason(session, house.app.sealer, NEW) == left
    assert subjects(house).count("Welcome") == written
    assert deliveries(house) == before + written


def test_letter_from_before_a_leaving_confirms_nothing(house) -> None:
    """Anybody may ask in the name of somebody who left; an old letter is no answer to that."""
    old = asked(house)
    press(house, old)
    house.app.clock.advance(timedelta(days=1))
    with house.app.db.write() as session:
        leave(session, house.public_id(NEW), now=house.app.clock.now(), origin="test")
    house.app.clock.advance(timedelta(days=1))
    fresh = asked(house)

    refused, state = press(house, old), house.state(NEW)
    page = press(house, fresh)

    assert (refused.status_code, state) == (410, "pending")
    assert (page.status_code, house.state(NEW)) == (200, "active")

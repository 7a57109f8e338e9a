"""What the page that leaves offers besides: a pause, one's settings, a way back, a reason."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from digest.correspondence.requests import answer_requests
from digest.curation.newsletters import find_newsletter
from digest.models import (
    ConsentEvent,
    Delivery,
    LeaveReason,
    ReaderRequest,
    RequestKind,
    SubscriptionState,
)
from digest.scheduler import tick_once
from digest.subscribers.door.requests import Asked, put_request
from digest.subscribers.leaving import list_reasons
from digest.subscribers.lifecycle import find_subscription, join
from digest.subscribers.suppression import suppress

ANNA = "anna@example.org"
BEN = "ben@example.org"
ACTIVE, PAUSED = SubscriptionState.ACTIVE, SubscriptionState.PAUSED
UNSUBSCRIBED = SubscriptionState.UNSUBSCRIBED


def _paused_until(house, address: str) -> datetime | None:
    with house.app.db.read() as session:
        found = find_subscription(session, house.public_id(address))
        return found.paused_until


@pytest.mark.parametrize(
    ("fields", "until"),
    [
        ({"until": "4"}, datetime(2026, 12, 25, tzinfo=UTC)),
        ({"until": "8"}, datetime(2027, 1, 22, tzinfo=UTC)),
        ({"until": "2026-12-24"}, datetime(2026, 12, 24, tzinfo=UTC)),
        ({"until": "date", "date": "2026-11-28"}, datetime(2026, 11, 28, tzinfo=UTC)),
        ({"until": "4", "date": "2026-11-28"}, datetime(2026, 11, 28, tzinfo=UTC)),
    ],
)
def test_pause_is_to_be_had_without_settings(house, fields, until: datetime) -> None:
    page = house.client.post(house.leave_link(ANNA), data={"do": "pause", **fields})

    assert page.status_code == 200
    assert (house.state(ANNA), _paused_until(house, ANNA)) == (PAUSED, until)
    assert house.state(BEN) is ACTIVE


@pytest.mark.parametrize("day", ["", "2026-11-27", "2029-01-01", "soon", "0", "-4"])
def test_day_that_cannot_be_chosen_pauses_and_unsubscribes_nobody(house, day: str) -> None:
    fields = {"do": "pause", "until": "date", "date": day}

    page = house.client.post(house.leave_link(ANNA), data=fields)

    assert page.status_code == 400
    assert 'aria-describedby="wrong-day"' in page.text
    assert house.state(ANNA) is ACTIVE


def test_page_after_pausing_is_the_same_for_somebody_who_had_left(house) -> None:
    house.newsroom.unsubscribe(BEN)

    pages = [
        house.client.post(house.leave_link(reader), data={"do": "pause", "until": "4"})
        for reader in (ANNA, BEN)
    ]

    assert {(page.status_code, page.content) for page in pages} == {(200, pages[0].content)}
    assert house.state(BEN) is UNSUBSCRIBED


def _requests(house) -> list[tuple[RequestKind, str, str]]:
    with house.app.db.read() as session:
        rows = session.scalars(select(ReaderRequest)).all()
        return [(r.kind, house.app.sealer.open(r.address_sealed), r.origin) for r in rows]


def test_link_to_the_settings_goes_to_the_reader_s_own_mailbox(house) -> None:
    fields = {"do": "settings", "address": BEN}

    page = house.client.post(house.leave_link(ANNA), data=fields)

    assert page.status_code == 200
    assert "anna" not in page.text
    assert _requests(house) == [(RequestKind.SETTINGS, ANNA, "leave page")]
    assert house.state(ANNA) is ACTIVE


def test_page_that_mails_the_link_is_the_same_for_everybody(house) -> None:
    house.newsroom.unsubscribe(BEN)

    pages = [
        house.client.post(house.leave_link(reader), data={"do": "settings"})
        for reader in (ANNA, BEN)
    ]

    assert {(page.status_code, page.content) for page in pages} == {(200, pages[0].content)}


def _hidden(page: str, wish: str, name: str = "key") -> str:
    """Return a hidden field of the form that does `wish`."""
    form = page.partition(f'name="do" value="{wish}"')[2].partition("</form>")[0]
    return re.search(rf'name="{name}" value="([^"]*)"', form)[1]


def _leave(house, address: str = ANNA) -> str:
    return house.client.post(house.leave_link(address), data={"page": "1"}).text


def _return(house, key: str, address: str = ANNA):
    return house.client.post(house.leave_link(address), data={"do": "return", "key": key})


def test_leaving_by_mistake_is_undone(house) -> None:
    key = _hidden(_leave(house), "return")

    page = _return(house, key)

    assert page.status_code == 200
    assert "You are back" in page.text
    assert house.state(ANNA) is ACTIVE
    with house.app.db.read() as session:
        kinds = session.scalars(select(ConsentEvent.kind).order_by(ConsentEvent.id)).all()
    assert kinds[-2:] == ["left", "returned"]


def test_only_the_press_that_really_left_offers_a_way_back(house) -> None:
    house.client.post(house.leave_link(ANNA), content="List-Unsubscribe=One-Click")

    again = _leave(house)

    assert "You are unsubscribed" in again
    assert "return" not in again
    assert 'value="why"' not in again


def test_somebody_who_never_confirmed_gets_no_way_in(house) -> None:
    with house.app.db.write() as session:
        join(
            session,
            house.app.sealer,
            newsletter_id=1,
            address="new@example.org",
            name=None,
            language=None,
            timezone=None,
            now=house.app.clock.now(),
            origin="form",
            wording="Yes.",
            policy_version=None,
        )

    assert 'value="return"' not in _leave(house, "new@example.org")


def test_way_back_works_once(house) -> None:
    key = _hidden(_leave(house), "return")
    _return(house, key)
    _leave(house)

    again = _return(house, key)

    assert again.status_code == 409
    assert house.state(ANNA) is UNSUBSCRIBED


def test_way_back_works_once_however_its_key_is_spelled(house) -> None:
    key = _hidden(_leave(house), "return")
    _return(house, key)
    _leave(house)

    answers = [_return(house, key + more) for more in ("=", "==", "\u00e9")]

    assert {answer.status_code for answer in answers} == {409}
    assert house.state(ANNA) is UNSUBSCRIBED


def test_way_back_undoes_no_later_leaving(house) -> None:
    """Whoever held a forwarded mail could else leave for its owner, and keep the key until the
    owner leaves.
    """
    key = _hidden(_leave(house), "return")
    house.app.clock.advance(timedelta(minutes=1))
    house.set("join", ANNA)
    house.app.clock.advance(timedelta(minutes=1))
    _leave(house)

    refused = _return(house, key)

    assert refused.status_code == 409
    assert house.state(ANNA) is UNSUBSCRIBED


def test_way_back_says_nothing_untrue_to_whoever_is_asked_to_confirm(house) -> None:
    key = _hidden(_leave(house), "return")
    app = house.app
    with app.db.write() as session:
        wish = Asked(RequestKind.JOIN, find_newsletter(session, "weekly").id, ANNA, "test")
        put_request(session, app.sealer, wish, app.clock.now())
    answer_requests(app.db, app.correspondent, app.clock, pause=0)

    refused = _return(house, key)

    assert (refused.status_code, house.state(ANNA)) == (409, "pending")


def test_issue_that_was_frozen_meanwhile_is_not_missed(house, run) -> None:
    house.newsroom.ready(date(2026, 11, 27))
    key = _hidden(_leave(house), "return")
    run(tick_once(house.app))

    _return(house, key)

    with house.app.db.read() as session:
        origins = session.scalars(select(Delivery.origin).order_by(Delivery.id)).all()
    assert origins == ["audience", "joined"]


def test_way_back_closes_after_half_an_hour(house) -> None:
    key = _hidden(_leave(house), "return")
    house.app.clock.advance(timedelta(minutes=30, seconds=1))

    late = _return(house, key)

    assert late.status_code == 409
    assert "/n/weekly" in late.text
    assert house.state(ANNA) is UNSUBSCRIBED


def test_keys_of_other_forms_bring_nobody_back(house) -> None:
    page = _leave(house)
    keys = ["", "x", _hidden(page, "why"), house.leave_link(ANNA)[3:]]

    answers = [_return(house, key) for key in keys]

    assert {(a.status_code, a.content) for a in answers} == {(409, answers[0].content)}
    assert house.state(ANNA) is UNSUBSCRIBED


def test_key_of_another_reader_brings_back_neither(house) -> None:
    bens = _hidden(_leave(house, BEN), "return")
    _leave(house)

    assert _return(house, bens).status_code == 409
    assert (house.state(ANNA), house.state(BEN)) == (UNSUBSCRIBED, UNSUBSCRIBED)


def test_suppressed_address_is_never_brought_back(house) -> None:
    key = _hidden(_leave(house), "return")
    with house.app.db.write() as session:
        suppress(session, house.app.sealer, ANNA, "complained", now=house.app.clock.now())

    refused, forged = _return(house, key), _return(house, "x")

    assert (refused.status_code, refused.content) == (409, forged.content)
    assert house.state(ANNA) is UNSUBSCRIBED


def _why(house, key: str, reason: str, back: str = ""):
    fields = {"do": "why", "key": key, "reason": reason, "back": back}
    return house.client.post(house.leave_link(ANNA), data=fields)


def _reasons(house) -> list[tuple[str, str, str, int]]:
    with house.app.db.read() as session:
        return [tuple(each) for each in list_reasons(session)]


def test_reason_is_counted_by_newsletter_and_month(house) -> None:
    page = _leave(house)

    thanks = _why(house, _hidden(page, "why"), "too-much", _hidden(page, "return"))

    assert "Thank you for telling us." in thanks.text
    assert _reasons(house) == [("weekly", "2026-11", "too-much", 1)]
    assert _return(house, _hidden(thanks.text, "return")).status_code == 200


def test_reason_is_not_kept_with_the_person(house) -> None:
    before = _rows(house)
    page = _leave(house)
    between = _rows(house)

    _why(house, _hidden(page, "why"), "unsafe")

    changed = {table for table, rows in _rows(house).items() if rows != between[table]}
    assert changed == {"leave_counts", "spent_links"}
    assert before["leave_counts"] == []


def _rows(house) -> dict[str, list[object]]:
    connection = house.app.db.engine.raw_connection()
    try:
        read = connection.driver_connection.execute
        tables = read("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: read(f"SELECT * FROM {name}").fetchall() for (name,) in tables}  # noqa: S608
    finally:
        connection.close()


def test_reason_counts_once_for_each_leaving(house) -> None:
    page = _leave(house)
    key = _hidden(page, "why")

    for reason in ("too-much", "other", "too-much"):
        assert _why(house, key, reason).status_code == 200

    assert _reasons(house) == [("weekly", "2026-11", "too-much", 1)]


@pytest.mark.parametrize("reason", ["", "nothing", "too-much\0", "x" * 500])
def test_what_is_no_reason_is_thanked_and_not_counted(house, reason: str) -> None:
    page = _leave(house)

    assert _why(house, _hidden(page, "why"), reason).status_code == 200
    assert _reasons(house) == []


def test_link_in_the_mail_alone_counts_no_reason(house) -> None:
    _leave(house)

    _why(house, "", "other")
    _why(house, house.leave_link(ANNA)[3:], "other")

    assert _reasons(house) == []


def test_every_reason_can_be_chosen(house) -> None:
    page = _leave(house)

    offered = re.findall(r'name="reason" value="([^"]+)"', page)
    assert offered == [reason.value for reason in LeaveReason]

"""Readers at the desk: looking one up, their page, and what is done on their behalf."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from digest.clock import FixedClock
from digest.models import AuditEntry, Role, SubscriptionState, SuppressionReason
from digest.subscribers.suppression import find_reason, suppress
from tests.web.conftest import ANNA, BEN
from tests.web.desk.conftest import Browser, Desk

LINE = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }'
GUARDED = {
    LINE: f'{LINE}\nguarded = true\nguarded_names = ["Hidden"]\npublic_url = "http://127.0.0.1:8000"'
}


def path(desk: Desk, address: str = ANNA) -> str:
    return f"/desk/readers/who/{desk.house.subscriber_id(address)}"


def record(desk: Desk) -> list[tuple[str, str, dict[str, object]]]:
    """Return verb, thing and detail of what is on record, but for sessions."""
    with desk.app.db.read() as session:
        entries = session.query(AuditEntry).order_by(AuditEntry.id).all()
        return [(each.verb, each.about, each.detail) for each in entries]


def assert_named_nowhere(desk: Desk, logged: list[str]) -> None:
    """Fail when the record or the log has anything of a reader in it."""
    with desk.app.db.read() as session:
        rows = session.connection().exec_driver_sql("SELECT * FROM audit_entries").all()
    kept = f"{rows} {logged}".lower()
    for word in ("anna@", "ben@", "example.org", "zebulon", "quimby", "‹address›"):
        assert word not in kept


@pytest.fixture
def publisher(desk: Desk) -> Browser:
    return desk.signed_in(Role.PUBLISHER)


@pytest.mark.parametrize("typed", [ANNA, f"  {ANNA.upper()} "])
def test_address_leads_to_its_reader(desk: Desk, publisher: Browser, typed: str) -> None:
    answer = publisher.post("/desk/readers/find", address=typed)

    assert (answer.status_code, answer.headers["location"]) == (303, path(desk))
    page = publisher.get(path(desk)).text
    for words in (ANNA, "Zebulon Quimby", "The Harbour Courier", ">active<", "by test"):
        assert words in page


def test_whoever_is_not_known_is_not_found(desk: Desk, publisher: Browser) -> None:
    answer = publisher.post("/desk/readers/find", address="nobody@example.org")
    assert answer.status_code == 404
    assert "Nobody with this address is known." in answer.text
    assert record(desk) == [("look up reader", "nobody we know", {})]

    with desk.app.db.write() as session:
        manual = SuppressionReason.MANUAL
        suppress(session, desk.app.sealer, "nobody@example.org", manual, now=desk.clock.now())
    answer = publisher.post("/desk/readers/find", address="nobody@example.org")
    assert "It is suppressed (manual)" in answer.text
    assert publisher.post("/desk/readers/find", address="no address").status_code == 422
    assert publisher.get("/desk/readers/who/nobody").status_code == 404


def test_whoever_looks_is_on_record_once_a_visit(desk: Desk, publisher: Browser) -> None:
    whom = f"reader {desk.house.subscriber_id(ANNA)}"
    publisher.post("/desk/readers/find", address=ANNA)
    publisher.get(path(desk))
    publisher.get(path(desk))
    assert record(desk) == [("look up reader", whom, {})]

    desk.clock.advance(timedelta(minutes=11))
    publisher.get(path(desk))
    assert record(desk)[1:] == [("open reader", whom, {})]
    desk.signed_in(Role.OPERATOR, "other").get(path(desk))
    assert record(desk)[2:] == [("open reader", whom, {})]


def test_counts_stand_beside_their_states(desk: Desk, publisher: Browser) -> None:
    desk.house.newsroom.unsubscribe(BEN)
    page = publisher.get("/desk/readers").text
    for name, number in (("Active", 1), ("Paused", 0), ("To confirm", 0), ("Left", 1)):
        assert f'data-name="{name}">{number}<' in page


def test_address_is_suppressed_and_lifted(
    desk: Desk, publisher: Browser, logged: list[str]
) -> None:
    assert publisher.post(f"{path(desk)}/suppress", reason=" ").status_code == 422
    reason = f"{ANNA} (Zebulon Quimby) asked by letter"
    assert publisher.post(f"{path(desk)}/suppress", reason=reason).status_code == 303
    page = publisher.get(path(desk)).text
    assert "‹address› (Zebulon Quimby) asked by letter" in page
    assert "Never mail this address again" not in page

    why = "the reader asks for it"
    for fields in ({"why": why}, {"why": why, "sure": "yes"}, {"why": ANNA, "sure": "mail"}):
        assert publisher.post(f"{path(desk)}/lift", **fields).status_code == 422
    assert publisher.post(f"{path(desk)}/lift", why=why, sure="mail").status_code == 303
    with desk.app.db.read() as session:
        assert find_reason(session, desk.app.sealer, ANNA) is None
    assert publisher.post(f"{path(desk)}/lift", why=why, sure="mail").status_code == 404

    whom = f"reader {desk.house.subscriber_id(ANNA)}"
    assert record(desk) == [("suppress", whom, {}), ("lift", whom, {"why": why})]
    assert_named_nowhere(desk, logged)


def test_reader_is_paused_and_goes_on(desk: Desk, publisher: Browser) -> None:
    day = (desk.clock.now() + timedelta(days=20)).date().isoformat()
    answer = publisher.post(f"{path(desk)}/pause", newsletter="weekly", date=day)
    assert answer.status_code == 303
    assert desk.house.state(ANNA) is SubscriptionState.PAUSED
    assert "until: 2026-12-" in publisher.get(path(desk)).text

    publisher.post(f"{path(desk)}/resume", newsletter="weekly")
    assert desk.house.state(ANNA) is SubscriptionState.ACTIVE
    for bad in ("", "2020-01-01", "tomorrow"):
        answer = publisher.post(f"{path(desk)}/pause", newsletter="weekly", date=bad)
        assert answer.status_code == 422
    assert [verb for verb, *_ in record(desk)] == ["pause", "resume"]


def test_reader_is_unsubscribed(desk: Desk, publisher: Browser, logged: list[str]) -> None:
    assert publisher.post(f"{path(desk)}/leave", newsletter="daily").status_code == 404
    assert publisher.post(f"{path(desk)}/leave", newsletter="weekly").status_code == 303

    assert desk.house.state(ANNA) is SubscriptionState.UNSUBSCRIBED
    assert desk.house.state(BEN) is SubscriptionState.ACTIVE
    page = publisher.get(path(desk)).text
    assert "<strong>left</strong>" in page
    assert "by desk" in page
    assert publisher.post(f"{path(desk)}/resume", newsletter="weekly").status_code == 403
    assert record(desk)[0][0] == "unsubscribe"
    assert_named_nowhere(desk, logged)


def test_export_has_everything_and_is_on_record(
    desk: Desk, publisher: Browser, logged: list[str]
) -> None:
    answer = publisher.post(f"{path(desk)}/export")
    told = json.loads(answer.text)

    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["cache-control"] == "no-store"
    assert told["subscriber"]["address"] == ANNA
    assert [each["kind"] for each in told["consent"]] == ["added"]
    assert record(desk) == [("export reader", f"reader {desk.house.subscriber_id(ANNA)}", {})]
    assert_named_nowhere(desk, logged)


def test_text_of_readers_is_text(desk: Desk, publisher: Browser) -> None:
    desk.house.newsroom.subscribe("evil@example.org", name="<script>alert(1)</script>")
    page = publisher.get(path(desk, "evil@example.org")).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.EDITOR])
def test_readers_are_for_publishers(desk: Desk, role: Role) -> None:
    browser = desk.signed_in(role)
    assert browser.get(path(desk)).status_code == 403
    assert browser.get("/desk/readers").status_code == 403
    assert browser.post("/desk/readers/find", address=ANNA).status_code == 403
    for act in ("suppress", "lift", "leave", "pause", "resume", "export", "erase"):
        assert browser.post(f"{path(desk)}/{act}", newsletter="weekly").status_code == 403
    assert record(desk) == []
    assert desk.house.state(ANNA) is SubscriptionState.ACTIVE


@pytest.fixture
def guarded(open_house: Callable[..., AbstractContextManager], clock: FixedClock) -> Iterator[Desk]:
    """A desk whose only newsletter is guarded; it answers at the newsroom's own host."""
    with open_house(more=GUARDED) as house:
        house.newsroom.subscribe(ANNA, name="Zebulon Quimby")
        desk = Desk(house, clock)
        with desk.browsers:
            yield desk


def test_of_a_guarded_newsletter_no_more_is_shown_than_at_the_command_line(guarded: Desk) -> None:
    browser = guarded.signed_in(Role.OPERATOR)
    page = browser.get(path(guarded)).text

    assert ">active<" in page
    for words in ("Zebulon", "Joined", "Changed", "How it came about", "Pause", "2026"):
        assert words not in page
    assert browser.post(f"{path(guarded)}/export").status_code == 403
    assert browser.post(f"{path(guarded)}/pause", newsletter="weekly").status_code == 403
    assert browser.post(f"{path(guarded)}/leave", newsletter="weekly").status_code == 303
    assert guarded.house.state(ANNA) is SubscriptionState.UNSUBSCRIBED


def test_pages_are_fit_for_everybody(
    desk: Desk, browser: Chromium, axe: Callable[[Page], list[str]]
) -> None:
    with desk.app.db.write() as session:
        manual = SuppressionReason.MANUAL
        suppress(session, desk.app.sealer, BEN, manual, now=desk.clock.now(), detail="by letter")
    with browser.new_context(viewport={"width": 375, "height": 800}) as context:
        desk.let_in(context, Role.OPERATOR)
        page = context.new_page()
        paths = ("readers", "readers/growth/weekly", "readers/import/weekly")
        for each in (*(f"/desk/{each}" for each in paths), path(desk), path(desk, BEN)):
            page.goto(f"{desk.house.url}{each}")
            assert axe(page) == [], each
            assert page.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth")

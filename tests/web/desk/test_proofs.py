"""Proofs from the desk: to oneself, colleagues and a typed address, over a real relay; counted,
told one by one, and on record without an address.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from digest.clock import FixedClock
from digest.delivery.backends.base import Envelope
from digest.models import AuditEntry, Chunk, Delivery, Role
from digest.testing.newsroom import open_newsroom
from digest.testing.smtp import MailServer
from tests.web.conftest import serving
from tests.web.desk.conftest import Desk

TYPED = "printer@press.example"
GUARDED = {
    'language = "en"': 'language = "en"\nguarded = true\nguarded_names = ["gazette"]\n'
    'public_url = "http://127.0.0.1:8000"'
}
RELAY = 'backend = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"'


@pytest.fixture
def name(desk: Desk) -> str:
    return desk.house.newsroom.draft(date(2026, 12, 4), subject="Fog")


@pytest.fixture
def by_smtp(tmp_path, clock: FixedClock) -> Iterator[tuple[Desk, MailServer]]:
    """A desk whose newsletter goes by a real SMTP server on the loopback."""
    with (
        MailServer() as server,
        open_newsroom(tmp_path / "smtp", clock, relay=RELAY.format(port=server.port)) as newsroom,
        serving(newsroom) as house,
    ):
        desk = Desk(house, clock)
        with desk.browsers:
            yield desk, server


def accepted(desk: Desk) -> list[tuple[Envelope, bytes]]:
    return desk.house.newsroom.backend.accepted


def sent_to(desk: Desk) -> list[str]:
    return [envelope.rcpt_to for envelope, _ in accepted(desk)]


def entries(desk: Desk) -> list[AuditEntry]:
    with desk.app.db.read() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.verb == "mail proof")))


def test_proof_goes_to_oneself_colleagues_and_an_address(desk: Desk, name: str) -> None:
    bob = desk.add(Role.CONTRIBUTOR, "bob")
    ada = desk.signed_in(Role.EDITOR, "ada")

    answer = ada.post(f"/desk/{name}/proofs", to=["1", "2"], address=TYPED, edition="full")

    assert answer.status_code == 200
    assert sent_to(desk) == [bob, "ada@gazette.example", TYPED]
    assert answer.text.count("accepted") == 3
    subjects = [message_from_bytes(each)["Subject"] for _, each in accepted(desk)]
    # Others are told whose proof it is.
    assert subjects == ["[Proof from Ada] Fog", "[Proof] Fog", "[Proof from Ada] Fog"]


def test_proof_of_a_guarded_newsletter_names_nobody(open_house, clock: FixedClock) -> None:
    with open_house(more=GUARDED) as house:
        desk = Desk(house, clock)
        with desk.browsers:
            issue = house.newsroom.draft(date(2026, 12, 4), subject="Fog")
            desk.add(Role.CONTRIBUTOR, "bob")
            ada = desk.signed_in(Role.EDITOR, "ada")
            page = ada.post(f"/desk/{issue}/proofs", to="1", edition="full").text

            ((_, message),) = accepted(desk)
            assert message_from_bytes(message)["Subject"] == "[Proof] Fog"
            assert "Proof from" not in page


def test_proof_arrives_over_smtp_in_every_edition_asked_for(
    by_smtp: tuple[Desk, MailServer],
) -> None:
    desk, server = by_smtp
    name = desk.house.newsroom.draft(date(2026, 12, 4), subject="Fog", preheader="Nebel für alle")
    ada = desk.signed_in(Role.EDITOR, "ada")

    answer = ada.post(f"/desk/{name}/proofs", to="1", edition=["full", "headlines"])

    assert answer.text.count("accepted") == 2
    assert [each.rcpt_to for each in server.received] == [["ada@gazette.example"]] * 2
    full, headlines = (message_from_bytes(each) for each in server.contents())
    for message in (full, headlines):
        assert str(make_header(decode_header(message["Subject"]))) == "[Proof] Fog"
        assert message["List-Unsubscribe"] is None or "own-copy" in message["List-Unsubscribe"]
    assert len(full.as_bytes()) > len(headlines.as_bytes())


def test_relay_that_is_down_is_told_for_each(by_smtp: tuple[Desk, MailServer]) -> None:
    desk, server = by_smtp
    name = desk.house.newsroom.draft(date(2026, 12, 4))
    ada = desk.signed_in(Role.EDITOR, "ada")
    server._server.close()

    answer = ada.post(f"/desk/{name}/proofs", to="1", edition="full")

    assert answer.status_code == 200
    assert "not accepted now" in answer.text
    assert entries(desk)[0].detail["accepted"] == "0 of 1"


def test_proof_counts_in_no_ledger_and_changes_no_issue(desk: Desk, name: str) -> None:
    desk.signed_in(Role.EDITOR, "ada").post(f"/desk/{name}/proofs", to="1", edition="full")
    with desk.app.db.read() as session:
        for table in (Delivery, Chunk):
            assert session.scalar(select(func.count()).select_from(table)) == 0
    assert desk.house.newsroom.state(name) == "draft"


def test_record_names_nobody(desk: Desk, name: str, logged) -> None:
    ada = desk.signed_in(Role.EDITOR, "ada")
    ada.post(f"/desk/{name}/proofs", to="1", address=TYPED, edition="full")
    [entry] = entries(desk)
    assert entry.about == name
    assert entry.detail == {
        "to": "editor 1, an address",
        "editions": "full",
        "accepted": "2 of 2",
    }
    assert "@" not in f"{entry.detail}"
    assert TYPED not in "".join(logged)


def test_page_names_colleagues_and_no_address(desk: Desk, name: str) -> None:
    for other in ("bob", "carol"):
        desk.add(Role.EDITOR, other)
    page = desk.signed_in(Role.CONTRIBUTOR, "ada").get(f"/desk/{name}/preview").text
    assert "Bob" in page
    assert "Carol" in page
    assert "@gazette.example" not in page


def test_contributor_sends_to_colleagues_and_to_no_address(desk: Desk, name: str) -> None:
    ada = desk.signed_in(Role.CONTRIBUTOR, "ada")
    assert 'name="address"' not in ada.get(f"/desk/{name}/preview").text
    refused = ada.post(f"/desk/{name}/proofs", address=TYPED, edition="full")
    assert refused.status_code == 403
    assert sent_to(desk) == []
    assert ada.post(f"/desk/{name}/proofs", to="1", edition="full").status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"edition": "full"},
        {"to": "1"},
        {"to": "99", "edition": "full"},
        {"to": "x", "edition": "full"},
        {"to": "1", "edition": "offline"},
        {"address": "a@b\r\nBcc: c@d.example", "edition": "full"},
        {"address": "nobody", "edition": "full"},
    ],
)
def test_form_that_names_nobody_or_nothing_is_refused(
    desk: Desk, name: str, fields: dict[str, str]
) -> None:
    answer = desk.signed_in(Role.EDITOR, "ada").post(f"/desk/{name}/proofs", **fields)
    assert answer.status_code == 422
    assert sent_to(desk) == []
    assert entries(desk) == []


def test_editor_who_was_locked_out_gets_none(desk: Desk, name: str) -> None:
    from digest.editors.accounts import find_editor, set_active

    bob = desk.add(Role.EDITOR, "bob")
    with desk.app.db.write() as session:
        set_active(session, find_editor(session, desk.app.sealer, bob), False)
    ada = desk.signed_in(Role.EDITOR, "ada")
    assert "Bob" not in ada.get(f"/desk/{name}/preview").text
    assert ada.post(f"/desk/{name}/proofs", to="1", edition="full").status_code == 422


def test_twenty_proofs_an_hour_are_the_most(desk: Desk, name: str) -> None:
    ada, both = desk.signed_in(Role.EDITOR, "ada"), ["full", "headlines"]
    for _ in range(9):
        assert ada.post(f"/desk/{name}/proofs", to="1", edition=both).status_code == 200
    for _ in range(2):
        assert ada.post(f"/desk/{name}/proofs", to="1", edition="full").status_code == 200
    before = len(sent_to(desk))

    refused = ada.post(f"/desk/{name}/proofs", to="1", edition="full")

    assert refused.status_code == 403
    assert "20 proofs an hour" in refused.text
    assert len(sent_to(desk)) == before == 20
    bob = desk.signed_in(Role.EDITOR, "bob")
    assert bob.post(f"/desk/{name}/proofs", to="2", edition="full").status_code == 200
    desk.clock.advance(timedelta(hours=1, seconds=1))
    assert ada.post(f"/desk/{name}/proofs", to="1", edition="full").status_code == 200


def test_refused_lot_counts_for_nothing(desk: Desk, name: str) -> None:
    """Eighteen were sent; four more are refused as one, and two still go."""
    ada, both = desk.signed_in(Role.EDITOR, "ada"), ["full", "headlines"]
    for _ in range(9):
        ada.post(f"/desk/{name}/proofs", to="1", edition=both)
    lot = ada.post(f"/desk/{name}/proofs", to="1", address=TYPED, edition=both)
    assert lot.status_code == 403
    assert ada.post(f"/desk/{name}/proofs", to="1", edition=both).status_code == 200


def test_form_works_on_a_phone_and_for_everybody(
    desk: Desk, browser: Browser, name: str, axe: Callable[[Page], list[str]]
) -> None:
    desk.add(Role.EDITOR, "bob")
    with browser.new_context(viewport={"width": 375, "height": 800}) as context:
        desk.let_in(context, Role.EDITOR, "ada")
        page = context.new_page()
        page.goto(f"{desk.house.url}/desk/{name}/preview")
        page.get_by_label("Bob").check()
        page.get_by_role("button", name="Send the proof").click()
        expect(page.locator(".sent li")).to_have_count(2)
        expect(page.locator(".sent")).to_contain_text("Bob, whole edition: accepted")
        width = "page => page.scrollWidth <= page.clientWidth"
        assert page.locator("html").evaluate(width)
        assert axe(page) == []

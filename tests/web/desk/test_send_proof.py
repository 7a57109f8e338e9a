"""The send proof: what adds up and what does not, and whether somebody got it."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from sqlalchemy import delete, update

from digest.clock import FixedClock
from digest.curation.issues import find_issue
from digest.delivery.ledger.shrinking import add_up, drop_rows, write_sums
from digest.delivery.outcome import Rejected
from digest.models import AuditEntry, Delivery, Issue, LedgerSum, Role, StoredRendering
from digest.scheduler import tick_once
from digest.web.desk import send_proof
from digest.web.desk.an_issue import open_issue
from digest.web.desk.send_proof import Proofs
from tests.web.conftest import ANNA, BEN
from tests.web.desk.conftest import Desk

FRIDAY = date(2026, 11, 27)
CARL, DORA = "carl@example.org", "dora@example.org"


@pytest.fixture
def sent(desk: Desk, clock: FixedClock, run) -> str:
    """An issue that Anna and Ben got and Carl's server refused; Dora has joined since."""
    newsroom = desk.house.newsroom
    newsroom.subscribe(CARL)
    newsroom.backend.script(
        lambda envelope: envelope.rcpt_to == CARL, Rejected(550, "550 5.1.1 no such user")
    )
    name = newsroom.ready(FRIDAY)
    run(tick_once(desk.app))
    assert newsroom.state(name) == "sent"
    clock.advance(timedelta(minutes=5))
    newsroom.subscribe(DORA)
    return name


def search(desk: Desk, name: str, address: str, who: str = "ada") -> str:
    browser = desk.signed_in(Role.PUBLISHER, who)
    return browser.post(f"/desk/{name}/proof/search", address=address).text


def shown(page: str) -> str:
    """Return a page's words without its tags."""
    out = ""
    for part in page.split("<")[1:]:
        out += f"{part.partition('>')[2]} "
    return " ".join(out.split())


def test_sums_add_up_to_the_frozen_audience(desk: Desk, sent: str) -> None:
    page = shown(desk.signed_in(Role.CONTRIBUTOR).get(f"/desk/{sent}/proof").text)
    assert "Every copy is accounted for" in page
    equation = "3 frozen = 2 accepted + 1 rejected + 0 skipped + 0 expired + 0 uncertain"
    assert equation in page
    assert "By test, 27 November 2026 at 06:59" in page
    assert "main 2 1 0 0 0" in page
    assert "Rejected refused 1" in page


def test_what_was_sent_is_what_was_approved(desk: Desk, sent: str) -> None:
    with desk.app.db.read() as session:
        approved = find_issue(session, sent).approved_hash
    page = shown(desk.signed_in(Role.CONTRIBUTOR).get(f"/desk/{sent}/proof").text)
    assert f"What was sent is what was approved: {approved}" in page


def test_lost_row_shows(desk: Desk, sent: str) -> None:
    with desk.app.db.write() as session:
        gone = session.query(Delivery.id).limit(1).scalar_subquery()
        session.execute(delete(Delivery).where(Delivery.id == gone))
    page = shown(desk.signed_in(Role.CONTRIBUTOR).get(f"/desk/{sent}/proof").text)
    assert "This does not add up" in page
    assert "3 subscribers were frozen and 2 rows are there" in page


def test_other_bytes_show(desk: Desk, sent: str) -> None:
    with desk.app.db.write() as session:
        session.execute(update(Issue).values(approved_hash="0" * 64))
    page = shown(desk.signed_in(Role.CONTRIBUTOR).get(f"/desk/{sent}/proof").text)
    assert "This does not add up" in page
    assert "The stored bytes are not those that were approved" in page
    with desk.app.db.write() as session:
        session.execute(delete(StoredRendering))
    page = shown(desk.signed_in(Role.EDITOR).get(f"/desk/{sent}/proof?anew=yes").text)
    assert "The stored bytes are gone" in page


def test_issue_that_has_not_begun_has_no_proof(desk: Desk) -> None:
    name = desk.house.newsroom.draft(day=FRIDAY)
    answer = desk.signed_in(Role.CONTRIBUTOR).get(f"/desk/{name}/proof")
    assert answer.status_code == 403
    assert "there is nothing to prove" in answer.text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (ANNA, "Yes: a relay took their copy."),
        (ANNA.upper(), "Yes: a relay took their copy."),
        (CARL, "No: their copy was refused."),
        (DORA, "This reader is not in this issue&#39;s ledger"),
        ("nobody@example.org", "No reader has this address."),
        ("no address", "address"),
        ("", "address"),
    ],
)
def test_somebody_got_it_or_did_not(desk: Desk, sent: str, address: str, words: str) -> None:
    assert words.replace("&#39;", "'") in search(desk, sent, address).replace("&#39;", "'")


def test_answer_leads_to_the_relay_s_log(desk: Desk, sent: str) -> None:
    page = shown(search(desk, sent, CARL))
    message = desk.house.newsroom.backend.accepted[0][1].decode()
    assert "Its answer 550 5.1.1" in page
    assert "Relay main" in page
    page = search(desk, sent, ANNA if ANNA in message else BEN, "ben")
    own = next(line for line in message.splitlines() if line.lower().startswith("message-id:"))
    assert own.partition("<")[2].rstrip(">").strip() in page


def test_address_is_in_no_record_and_no_log(desk: Desk, sent: str, logged: list[str]) -> None:
    search(desk, sent, ANNA)
    with desk.app.db.read() as session:
        (entry,) = session.query(AuditEntry).where(AuditEntry.editor_id.is_not(None))
    assert (entry.verb, entry.about, entry.detail) == ("look a reader up", sent, {})
    assert not [line for line in logged if "anna" in line]


def test_only_publishers_ask_for_readers(desk: Desk, sent: str) -> None:
    browser = desk.signed_in(Role.EDITOR)
    assert "Exactly their address" not in browser.get(f"/desk/{sent}/proof").text
    assert browser.post(f"/desk/{sent}/proof/search", address=ANNA).status_code == 403


def shrink(desk: Desk, clock: FixedClock, name: str) -> None:
    clock.advance(timedelta(days=120))
    app, now = desk.app, clock.now()
    with app.db.read() as session:
        draft = add_up(session, find_issue(session, name), came_back={}, now=now)
    with app.db.write() as session:
        assert write_sums(session, app.keys, draft, now)
        drop_rows(session, draft.issue_id, 100)


def test_shrunk_issue_is_proved_by_its_signed_sums(desk: Desk, sent: str, clock) -> None:
    shrink(desk, clock, sent)

    page = desk.signed_in(Role.PUBLISHER).get(f"/desk/{sent}/proof").text

    assert "3 frozen = 2 accepted + 1 rejected" in shown(page)
    assert "Every copy is accounted for" in page
    assert "nobody can tell any more who got it" in page
    assert "they still prove what was sent" in page
    assert "Exactly their address" not in page
    assert "only its sums are left" in search(desk, sent, ANNA)


def test_forged_sums_are_called_so(desk: Desk, sent: str, clock) -> None:
    shrink(desk, clock, sent)
    with desk.app.db.write() as session:
        kept = session.query(LedgerSum).one()
        rows = {"audience": {"accepted": 3}, "joined": {}}
        kept.sums = {**kept.sums, "rows": rows}
    page = desk.signed_in(Role.CONTRIBUTOR).get(f"/desk/{sent}/proof").text
    assert "This does not add up" in page
    assert "somebody has changed them" in page


def test_issue_is_added_up_once_in_a_minute(desk: Desk, sent: str) -> None:
    proofs = Proofs(desk.app)
    with desk.app.db.read() as session:
        opened = open_issue(desk.app, session, "weekly/1")
    first = proofs.of(opened)
    assert proofs.of(opened) is first
    assert proofs.of(opened, anew=True) is not first


def test_long_ledger_is_added_up_after_the_page_is_there(
    desk: Desk, sent: str, browser: Chromium
) -> None:
    with desk.app.db.write() as session:
        session.execute(update(Issue).values(audience_count=send_proof.AT_ONCE + 1))
    page = desk.signed_in(Role.CONTRIBUTOR).get(f"/desk/{sent}/proof").text
    assert "50,001 rows take a few seconds" in page
    assert "accounted for" not in page
    with browser.new_context() as context:
        desk.let_in(context, Role.PUBLISHER)
        tab = context.new_page()
        tab.goto(f"{desk.house.url}/desk/{sent}/proof")
        expect(tab.get_by_role("heading", name="This does not add up")).to_be_visible()
        assert "3 rows are there" in tab.content()


def test_chart_stands_beside_a_table(
    desk: Desk, sent: str, browser: Chromium, axe: Callable[[Page], list[str]]
) -> None:
    with desk.app.db.write() as session:
        one = session.query(Delivery).filter_by(code=250).first()
        assert one is not None
        assert one.done_at is not None
        one.done_at += timedelta(minutes=3)
    with browser.new_context(viewport={"width": 375, "height": 800}) as context:
        desk.let_in(context, Role.PUBLISHER)
        page = context.new_page()
        failures: list[str] = []
        page.on("console", lambda message: failures.append(message.text))
        page.goto(f"{desk.house.url}/desk/{sent}/proof")
        expect(page.locator("#chart canvas")).to_be_visible()
        page.get_by_text("The figures").click()
        expect(page.get_by_role("row", name="Fri 27 Nov, 07:02")).to_be_visible()
        page.get_by_label("Exactly their address").fill(ANNA)
        page.get_by_role("button", name="Look").click()
        expect(page.get_by_text("Yes: a relay took their copy.")).to_be_visible()
        assert ANNA not in page.url
        assert page.locator("html").evaluate("p => p.scrollWidth <= p.clientWidth")
        assert axe(page) == []
        assert failures == []

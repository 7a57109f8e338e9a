"""The preview as a reader would have it: the same bytes, personalised by the code that makes
copies; a named reader's for publishers alone, without a link that works, and on record.
"""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from digest.blocks import APPEAL, GREETING, THANKS
from digest.curation.issues import find_issue
from digest.curation.newsletters import change_furniture, find_newsletter
from digest.errors import DigestError
from digest.models import AuditEntry, Role, Subscription
from digest.press.preview import neutral_values
from digest.rendering.personalise import fill_html
from digest.subscribers.choices import choose_parts, note_support
from digest.tokens import Purpose
from tests.web.conftest import ANNA
from tests.web.desk.conftest import Desk

APPEALS = {
    "heading": "Paid for by readers",
    "text": "A little each month.",
    "once": ["Once", "https://courier.example/once"],
    "monthly": ["Monthly", "https://courier.example/monthly"],
    "annual": ["Annual", "https://courier.example/annual"],
    "thanks": "You pay for this, thank you.",
}


@pytest.fixture
def name(desk: Desk) -> str:
    with desk.app.db.write() as session:
        change_furniture(session, find_newsletter(session, "weekly"), {"appeal": APPEALS})
    return desk.house.newsroom.draft()


def filled(desk: Desk, name: str, hidden: frozenset[str]) -> str:
    """Return the whole edition without some blocks."""
    with desk.app.db.read() as session:
        public_id = find_issue(session, name).public_id
    site = desk.app.config.site_of(desk.app.config.newsletters[0])
    values = neutral_values(site, public_id)._replace(hidden_blocks=hidden)
    return fill_html(desk.house.newsroom.render(name)[0], values)


def section_of(desk: Desk, name: str) -> str:
    """Return the block of the section that the issue has."""
    [block] = {
        block
        for part in desk.house.newsroom.render(name)[0].html
        for block in part.blocks
        if block.startswith("section ")
    }
    return block


@pytest.mark.parametrize(
    ("appeal", "hidden"),
    [("asked", {THANKS}), ("thanked", {APPEAL}), ("alone", {APPEAL, THANKS})],
)
def test_supporter_and_others_get_their_own_bytes(
    desk: Desk, name: str, appeal: str, hidden: set[str]
) -> None:
    browser = desk.signed_in(Role.CONTRIBUTOR)
    answer = browser.get(f"/desk/{name}/preview/full.html", params={"appeal": appeal})
    assert answer.text == filled(desk, name, frozenset({GREETING, *hidden}))


def test_reader_without_a_section_gets_the_rest(desk: Desk, name: str) -> None:
    block = section_of(desk, name)
    answer = desk.signed_in(Role.CONTRIBUTOR).get(
        f"/desk/{name}/preview/full.html", params={"without": block}
    )
    assert answer.text == filled(desk, name, frozenset({GREETING, THANKS, block}))
    assert "Headline 2" not in answer.text


def test_page_offers_what_the_renderings_have(desk: Desk, name: str) -> None:
    page = desk.signed_in(Role.CONTRIBUTOR).get(f"/desk/{name}/preview").text
    assert f'value="{section_of(desk, name)}"' in page
    assert "Whole articles" not in page  # none is in this issue
    assert "English, left to right" in page
    assert 'value="thanked"' in page


def test_choice_is_carried_by_every_link(desk: Desk, name: str) -> None:
    asked = {"appeal": "thanked", "without": section_of(desk, name), "look": "phone"}
    page = desk.signed_in(Role.CONTRIBUTOR).get(f"/desk/{name}/preview", params=asked).text
    for address in re.findall(r'href="([^"]*edition=headlines[^"]*)"', page):
        assert "appeal=thanked" in address
        assert "without=section" in address
    [frame] = re.findall(r'<iframe[^>]* src="([^"]*)"', page)
    assert "appeal=thanked" in frame


@pytest.mark.parametrize(
    "odd", ["section 99999999999999999999", "greeting", "'", "\0", "é" * 2_000]
)
def test_what_there_is_not_is_passed_over(desk: Desk, name: str, odd: str) -> None:
    asked = {"without": odd, "appeal": odd, "language": odd, "look": odd, "edition": odd}
    browser = desk.signed_in(Role.CONTRIBUTOR)
    answer = browser.get(f"/desk/{name}/preview/full.html", params=asked)
    assert answer.text == filled(desk, name, frozenset({GREETING, THANKS}))


def copy_of(desk: Desk, name: str, address: str, **fields: str):
    browser = desk.signed_in(Role.PUBLISHER)
    return browser.post(f"/desk/{name}/preview/as-reader", address=address, **fields)


def test_publisher_sees_a_reader_s_copy_without_a_link_that_works(desk: Desk, name: str) -> None:
    public_id = desk.house.public_id(ANNA)
    block = section_of(desk, name)
    now = desk.app.clock.now()
    with desk.app.db.write() as session:
        note_support(session, public_id, now + timedelta(days=30), guarded=False)
        subscription = choose_parts(
            session, public_id, edition="full", without=["News"], now=now, origin="test"
        )
        assert subscription.hidden_blocks == [block]

    answer = copy_of(desk, name, ANNA.upper())

    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none';")
    assert ANNA in answer.text
    assert "You pay for this" in answer.text
    assert "A little each month" not in answer.text
    assert "Headline 2" not in answer.text
    assert public_id not in answer.text
    site = desk.app.config.site_of(desk.app.config.newsletters[0])
    for link in re.findall(rf'{site}/[^"<> ]+', answer.text):
        with pytest.raises(DigestError):
            desk.app.signer.read(Purpose.UNSUBSCRIBE, link.rsplit("/", 1)[1])


def test_time_zone_changes_no_byte_of_a_copy(desk: Desk, name: str) -> None:
    browser = desk.signed_in(Role.PUBLISHER)
    page = browser.get(f"/desk/{name}/preview").text
    assert "A reader’s time zone changes when a copy leaves, and nothing in it." in page
    copies = set()
    for zone in (None, "Pacific/Auckland", "America/Los_Angeles"):
        with desk.app.db.write() as session:
            session.query(Subscription).update({"timezone": zone})
        copies.add(browser.post(f"/desk/{name}/preview/as-reader", address=ANNA).content)
    assert len(copies) == 1
    assert len(copies.pop()) > 1_000


def test_reader_s_own_edition_and_text_part_are_shown(desk: Desk, name: str) -> None:
    now = desk.app.clock.now()
    with desk.app.db.write() as session:
        public_id = desk.house.public_id(ANNA)
        choose_parts(session, public_id, edition="headlines", without=[], now=now, origin="test")
    answer = copy_of(desk, name, ANNA, look="text")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "Headline 2" in answer.text
    assert "Summary 2." not in answer.text


def test_look_at_a_reader_is_on_record_by_id_alone(desk: Desk, name: str, logged) -> None:
    copy_of(desk, name, ANNA)
    with desk.app.db.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.verb == "preview as reader"))
        [kept] = entry.all()
    assert set(kept.detail) == {"subscriber"}
    assert isinstance(kept.detail["subscriber"], int)
    assert ANNA not in f"{kept.about} {kept.detail} {logged}"


@pytest.mark.parametrize("address", ["nobody@example.org", "no address", ""])
def test_nobody_is_said_inside_the_frame(desk: Desk, name: str, address: str) -> None:
    answer = copy_of(desk, name, address)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert not address or address not in answer.text
    with desk.app.db.read() as session:
        assert (
            session.scalars(select(AuditEntry).where(AuditEntry.verb == "preview as reader")).all()
            == []
        )


def test_who_has_left_reads_it_no_more(desk: Desk, name: str) -> None:
    desk.house.newsroom.unsubscribe(ANNA)
    assert copy_of(desk, name, ANNA).status_code == 404


@pytest.mark.parametrize("role", [Role.CONTRIBUTOR, Role.EDITOR])
def test_only_publishers_see_readers(desk: Desk, name: str, role: Role) -> None:
    browser = desk.signed_in(role)
    assert "Their whole address" not in browser.get(f"/desk/{name}/preview").text
    refused = browser.post(f"/desk/{name}/preview/as-reader", address=ANNA)
    assert refused.status_code == 403
    assert ANNA not in refused.text


def test_copy_opens_in_the_frame(
    desk: Desk, browser: Browser, name: str, axe: Callable[[Page], list[str]]
) -> None:
    with browser.new_context(viewport={"width": 375, "height": 800}) as context:
        desk.let_in(context, Role.PUBLISHER, "ada")
        page = context.new_page()
        page.goto(f"{desk.house.url}/desk/{name}/preview")
        page.get_by_text("As one reader gets it").click()
        page.get_by_label("Their whole address").fill(ANNA)
        page.get_by_role("button", name="Show their copy").click()
        frame = page.locator("iframe").content_frame
        expect(frame.get_by_text(ANNA).first).to_be_visible()
        assert page.url.endswith("/preview")
        assert ANNA not in page.url
        page.get_by_text("With a reader’s choices").first.click()
        width = "page => page.scrollWidth <= page.clientWidth"
        assert page.locator("html").evaluate(width)
        assert axe(page) == []

"""Corrections at the desk, and what readers then see: in browser, file, archive and feed."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from html import escape, unescape

import pytest
from lxml import etree
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from sqlalchemy import func, select

from digest.curation.inbox import find_article
from digest.curation.issues import find_issue
from digest.curation.newsletters import change_furniture, find_newsletter
from digest.models import Correction, IssueState, Role, StoredRendering
from digest.testing.past import publish, send_off
from digest.web.archive.export import Options, export_archive
from digest.web.pages import Pages
from tests.web.desk.conftest import Browser, Desk

FRIDAY = date(2026, 11, 27)
WRONG, RIGHT = "https://courier.example/cranes?a=1&b=2", "https://courier.example/right?x=1&y='2'"
NOTE = "It votes on Monday.\nNot on Friday."
ATOM = {"a": "http://www.w3.org/2005/Atom"}


class Sent:
    """A desk whose newsletter has sent an issue with two stories, and an editor's browser."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.app, self.client = desk, desk.app, desk.house.client
        stories = [
            {"headline": "Cranes stand still", "url": WRONG},
            {"headline": "The night bus", "url": "https://courier.example/bus"},
        ]
        self.name = publish(desk.house.newsroom, stories, day=FRIDAY, subject="Cranes")
        self.editor = desk.signed_in(Role.EDITOR)
        self.path = f"/desk/{self.name}/corrections"
        with self.app.db.read() as session:
            issue = find_issue(session, self.name)
            self.public_id = issue.public_id
            self.article = str(find_article(session, WRONG).id)
        self.places = {
            "browser": f"/i/{self.public_id}",
            "file": f"/i/{self.public_id}/offline.html",
            "archive": "/n/weekly/archive/1",
        }

    def correct(self, **fields: str) -> str:
        """Add a correction as an editor does; return its number."""
        answer = self.editor.post(f"{self.path}/add", note=NOTE, **fields)
        assert answer.headers.get("location", "").startswith(self.path), answer.text
        return answer.headers["location"].rpartition("-")[2]

    def read(self, place: str) -> str:
        answer = self.client.get(self.places[place])
        assert answer.status_code == 200
        return answer.text

    def entry(self) -> etree._Element:
        feed = etree.fromstring(self.client.get("/n/weekly/feed.atom").content)
        [entry] = feed.findall("a:entry", ATOM)
        return entry


@pytest.fixture
def sent(desk: Desk) -> Sent:
    return Sent(desk)


PLACES = pytest.mark.parametrize("place", ["browser", "file", "archive"])


@PLACES
def test_note_stands_above_the_issue(sent: Sent, place: str) -> None:
    before = sent.read(place)
    sent.correct(article=sent.article)
    after = sent.read(place)

    assert "It votes on Monday." not in before
    note = after.index("It votes on Monday.")
    assert note < after.index("Not on Friday.") < after.rindex("Cranes stand still")
    assert re.search(r'<time datetime="2026-11-27">', after)


@PLACES
def test_wrong_link_is_put_right_and_no_other(sent: Sent, place: str) -> None:
    assert escape(WRONG) in sent.read(place)
    sent.correct(article=sent.article, link=RIGHT)
    page = sent.read(place)

    assert escape(WRONG) not in page
    assert unescape(page).count(f'href="{RIGHT}"') == 2  # of the note, and of the story
    assert "https://courier.example/bus" in page


def test_stored_bytes_stay_as_they_were(sent: Sent) -> None:
    documents = select(StoredRendering.document).order_by(StoredRendering.id)
    with sent.app.db.read() as session:
        before = session.scalars(documents).all()
    sent.correct(article=sent.article, link=RIGHT)
    with sent.app.db.read() as session:
        assert session.scalars(documents).all() == before


def test_feed_says_that_the_entry_changed(sent: Sent) -> None:
    before = sent.entry()
    etag = sent.client.get("/n/weekly/feed.atom").headers["etag"]
    sent.desk.clock.advance(timedelta(hours=1))
    number = sent.correct(article=sent.article, link=RIGHT)
    after = sent.entry()

    for same in ("a:id", "a:published"):
        assert after.findtext(same, "", ATOM) == before.findtext(same, "", ATOM)
    assert after.findtext("a:updated", "", ATOM) > before.findtext("a:updated", "", ATOM)
    content = after.findtext("a:content", "", ATOM)
    assert "<strong>Correction (2026-11-27) Cranes stand still</strong>" in content
    assert "It votes on Monday." in content
    assert escape(RIGHT, quote=False) in content
    assert escape(WRONG) not in content
    known = sent.client.get("/n/weekly/feed.atom", headers={"If-None-Match": etag})
    assert known.status_code == 200

    sent.desk.clock.advance(timedelta(hours=1))
    sent.editor.post(f"{sent.path}/{number}/take-back")
    again = sent.entry()
    assert "It votes" not in again.findtext("a:content", "", ATOM)
    assert again.findtext("a:updated", "", ATOM) > after.findtext("a:updated", "", ATOM)


def test_exported_archive_has_it_too(sent: Sent, tmp_path) -> None:
    sent.correct(article=sent.article, link=RIGHT)
    pages = Pages(None, sent.app.templates.catalogues)
    options = Options(base="https://mirror.example/archive")
    folder = tmp_path / "out"
    export_archive(
        sent.app.db, sent.app.config, pages, "weekly", folder, options, lambda _done, _all: None
    )
    holding = {p.name for p in folder.rglob("*") if p.is_file() and b"It votes" in p.read_bytes()}
    assert holding == {"index.html", "offline.html", "feed.atom"}


def test_correction_taken_back_is_shown_no_more(sent: Sent) -> None:
    number = sent.correct(article=sent.article, link=RIGHT)
    sent.editor.post(f"{sent.path}/{number}/take-back")
    page = sent.read("browser")
    assert "It votes" not in page
    assert escape(WRONG) in page


def test_what_was_typed_stays_when_it_cannot_be(sent: Sent) -> None:
    answer = sent.editor.post(f"{sent.path}/add", note="Long thought", link="ftp://x")
    assert answer.status_code == 422
    assert "Long thought" in answer.text
    assert "Say which article" in answer.text


def test_page_says_that_mails_keep_the_old_link(sent: Sent) -> None:
    assert "keep the old link" in sent.editor.get(sent.path).text


def test_what_was_not_sent_has_no_corrections(desk: Desk) -> None:
    name = desk.house.newsroom.draft(day=FRIDAY)
    assert desk.signed_in(Role.EDITOR).get(f"/desk/{name}/corrections").status_code == 403


def test_correction_of_another_issue_is_not_touched(sent: Sent) -> None:
    number = sent.correct()
    other = publish(sent.desk.house.newsroom)
    answer = sent.editor.post(f"/desk/{other}/corrections/{number}/take-back")
    assert answer.status_code == 404


def publisher(sent: Sent) -> Browser:
    return sent.desk.signed_in(Role.PUBLISHER)


def test_mail_is_opened_by_publishers_alone(sent: Sent) -> None:
    number = sent.correct()
    assert sent.editor.post(f"{sent.path}/{number}/mail").status_code == 403

    answer = publisher(sent).post(f"{sent.path}/{number}/mail")
    assert answer.headers["location"] == "/desk/weekly/2"
    board = sent.editor.get("/desk/weekly/2").text
    assert "This is a correction" in board
    assert "Correction: Cranes" in board
    with sent.app.db.read() as session:
        assert find_issue(session, "weekly/2").state is IssueState.DRAFT


def test_second_press_opens_no_second_mail(sent: Sent) -> None:
    number, browser = sent.correct(), publisher(sent)
    browser.post(f"{sent.path}/{number}/mail")
    assert browser.post(f"{sent.path}/{number}/mail").status_code == 409


@pytest.mark.parametrize("look", ["front-page", "quiet-letter", "text-first"])
def test_mail_can_be_looked_at_and_approved_without_articles(sent: Sent, look: str) -> None:
    with sent.app.db.write() as session:
        change_furniture(session, find_newsletter(session, "weekly"), {"look": look})
    number, browser = sent.correct(), publisher(sent)
    browser.post(f"{sent.path}/{number}/mail")
    preview = browser.get("/desk/weekly/2/preview").text
    [content_hash] = re.findall(r'name="hash" value="([0-9a-f]{64})"', preview)
    for file in ("full.html", "headlines.html", "full.txt", "headlines.txt"):
        assert "It votes on Monday." in browser.get(f"/desk/weekly/2/preview/{file}").text

    answer = browser.post("/desk/weekly/2/approve", hash=content_hash)
    assert answer.status_code == 303, answer.text
    with sent.app.db.read() as session:
        assert find_issue(session, "weekly/2").state is IssueState.APPROVED


def test_mailed_correction_has_a_page_and_no_place_in_the_archive(sent: Sent) -> None:
    number = sent.correct()
    publisher(sent).post(f"{sent.path}/{number}/mail")
    sent.desk.house.newsroom.approve("weekly/2")
    with sent.app.db.write() as session:
        issue = find_issue(session, "weekly/2")
        send_off(session, issue, sent.app.clock.now())
        public_id = issue.public_id

    page = sent.client.get(f"/i/{public_id}")
    assert page.status_code == 200
    assert "canonical" not in page.text
    assert sent.client.get("/n/weekly/archive/2").status_code == 404
    assert "archive/2" not in sent.client.get("/n/weekly/archive").text


def test_who_corrected_what_is_on_record(sent: Sent) -> None:
    number = sent.correct()
    sent.editor.post(f"{sent.path}/{number}/take-back")
    with sent.app.db.read() as session:
        assert session.scalar(select(func.count()).select_from(Correction)) == 1
    assert sent.desk.verbs()[-2:] == ["correct", "take correction back"]


@pytest.mark.parametrize("width", [375, 1280])
def test_page_is_fit_for_everybody(
    sent: Sent, browser: Chromium, axe: Callable[[Page], list[str]], width: int
) -> None:
    sent.correct(article=sent.article, link=RIGHT)
    with browser.new_context(viewport={"width": width, "height": 800}) as context:
        sent.desk.let_in(context, Role.PUBLISHER)
        page = context.new_page()
        page.goto(f"{sent.desk.house.url}{sent.path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert axe(page) == []

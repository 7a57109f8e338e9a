"""Whatever an editor types is text: no template runs it, no browser and no compiler obeys it.

Every field of every form that editors write into is filled with the same payloads and looked at
wherever it comes out: at the desk, in the preview's bytes, in the archive, the feed and the text.
"""

import re
from datetime import date
from html import unescape

import pytest
from lxml import etree, html

from digest.curation.issue_words import CHECKS
from digest.curation.issues import find_issue
from digest.curation.newsletters import list_sections
from digest.curation.picks import EDITABLE, list_picks
from digest.models import Role
from digest.testing.past import send_off
from digest.web.desk.board_fields import PICK_LABELS, WORDS_LABELS
from digest.web.desk.settings_fields import LABELS
from tests.web.desk.conftest import Browser, Desk

PAYLOADS = (
    "{{7*7}}",
    "{% raw %}",
    "{% include 'page.html' %}",
    "{{ self }}",
    "{{ config.keys }}",
    "${7*7}",
    "#{7*7}",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'onmouseover='alert(1)",
    '<mj-include path="/etc/passwd"/>',
    "</mj-text></mj-column><mj-raw><script>alert(1)</script></mj-raw>",
    "<!-- htmlmin:ignore --><style>*{display:none}</style>",
    "javascript:alert(1)",
    "]]><svg onload=alert(1)>",
)
ALL = " ".join(PAYLOADS)
SHORT = (
    '{{7*7}} ${7*7} {{ self }} "><img src=x onerror=alert(1)> <script>alert(1)</script> {% raw %}'
)
# What no text can be: a choice, a colour, an address, a number. They are refused, and tested so.
CHOICES = {"layout", "appeal", "look", "typeface", "accent"}
ADDRESSES = {"image_url", "corrections_address", "logo_url", "logo_width", "logo_height"} | {
    f"appeal_{way}_url" for way in ("once", "monthly", "annual")
}
OF_WORDS = sorted(set(WORDS_LABELS) - CHOICES)
OF_A_PICK = sorted(set(PICK_LABELS) - CHOICES - ADDRESSES)
OF_SETTINGS = sorted(set(LABELS) - CHOICES - ADDRESSES)
LINES = re.compile(r"\s+")


def test_no_field_is_left_out() -> None:
    """Whoever adds a field to an issue or a pick must put it into a form that is walked here."""
    assert {*WORDS_LABELS} == {*CHECKS, "topper_signed", "quote_who"}
    assert {*PICK_LABELS} == EDITABLE - {"whole", "body_html", "ran_before_allowed"}


class House:
    """An issue all of whose words are payloads, approved and sent; and an editor's browser."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.app = desk, desk.app
        self.browser: Browser = desk.signed_in(Role.OPERATOR)
        self.name = desk.house.newsroom.draft(day=date(2026, 12, 4))
        self.path = f"/desk/{self.name}"
        with self.app.db.read() as session:
            picks = list_picks(session, find_issue(session, self.name).id)
            self.article_ids = [article.id for _, _, article in picks]

    def fill(self) -> None:
        """Put every payload into every field that takes words."""
        self.save(self.path, "words", OF_WORDS, f"{self.path}/words")
        for article in self.article_ids:
            part = str(article)
            self.save(self.path, part, OF_A_PICK, f"{self.path}/picks/{part}")
            answer = self.browser.post(f"{self.path}/picks/{part}/allow", reason=SHORT)
            assert answer.status_code == 303, answer.text
        urls = {f"appeal_{way}_url": "https://courier.example/" for way in ("once", "monthly")}
        urls["appeal_annual_url"] = "https://courier.example/"
        path = "/desk/weekly/settings"
        self.save(path, "save", OF_SETTINGS, f"{path}/save", **urls)
        answer = self.browser.post("/desk/weekly/settings/sections/add", heading=ALL[:200])
        assert answer.status_code == 303
        with self.app.db.read() as session:
            section = self.section_of(session)
        answer = self.browser.post(
            f"{self.path}/picks/{self.article_ids[-1]}/move",
            section=str(section),
            was=self.section_before,
        )
        assert answer.status_code == 303, answer.text

    def section_of(self, session) -> int:
        issue = find_issue(session, self.name)
        sections = list_sections(session, issue.newsletter_id)
        self.section_before = str(sections[0].id)
        return sections[-1].id

    def save(self, page: str, part: str, names: list[str], action: str, **more: str) -> None:
        """Send a form as it is shown, with a payload in each of these fields."""
        shown = html.fromstring(self.browser.get(page).text)
        [form] = [f for f in shown.forms if (f.get("action") or "") == action]
        fields = {name: value or "" for name, value in form.form_values()}
        assert set(names) <= set(fields), (part, set(names) - set(fields))
        wanted = {name: payload_for(name) for name in names}
        answer = self.browser.client.post(action, data=fields | wanted | more)
        assert answer.status_code == 303, (part, answer.text)

    def send(self) -> None:
        """Approve and send the issue as it is, and correct it."""
        self.desk.house.newsroom.approve(self.name)
        with self.app.db.write() as session:
            issue = find_issue(session, self.name)
            self.public_id = issue.public_id
            send_off(session, issue, self.app.clock.now())
        fields = {"note": ALL, "article": str(self.article_ids[0])}
        answer = self.browser.post(f"{self.path}/corrections/add", **fields)
        assert answer.status_code == 303, answer.text


def payload_for(name: str) -> str:
    """Return all payloads in the shape that a field takes."""
    if name in {"subject", "preheader"}:
        return SHORT
    return f"{ALL} | {ALL}" if name == "numbers" else ALL


@pytest.fixture
def filled(desk: Desk) -> House:
    house = House(desk)
    house.fill()
    return house


def assert_inert(page: str, where: str) -> None:
    """Refuse markup that a payload became; only the desk's own scripts may be there."""
    tree = html.fromstring(page.encode())
    for script in tree.iter("script"):
        assert script.get("src", "").startswith("/desk/static/"), where
    for element in tree.iter(etree.Element):
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on"), (where, name)
            if name in {"href", "src", "action", "formaction"}:
                assert not value.strip().lower().startswith("javascript:"), (where, value)
                assert value != "x", (where, value)
        assert element.tag not in {"mj-include", "mj-raw", "mj-text", "svg:svg"}, where
    assert "root:x:0:0" not in page, where
    assert "<style>*{display:none}" not in page, where


def assert_verbatim(page: str, where: str) -> None:
    """Refuse a payload that something has worked out, and a page from which it is missing."""
    words = LINES.sub("", unescape(unescape(page)))
    assert "{{7*7}}" in words, where
    assert "${7*7}" in words, where
    assert "{{self}}" in words, where


def test_desk_shows_it_as_text(filled: House) -> None:
    filled.send()
    for path in (
        "/desk",
        "/desk/issues",
        "/desk/audit",
        "/desk/inbox",
        "/desk/weekly/settings",
        filled.path,
        f"{filled.path}?open=words",
        f"{filled.path}/preview",
        f"{filled.path}/corrections",
    ):
        answer = filled.browser.get(path)
        assert answer.status_code == 200, path
        assert_inert(answer.text, path)
        if path not in {"/desk/inbox", "/desk/audit"}:
            assert_verbatim(answer.text, path)


@pytest.mark.parametrize("look", ["front-page", "quiet-letter", "text-first"])
def test_preview_bytes_hold_it_as_text(filled: House, look: str) -> None:
    page = html.fromstring(filled.browser.get("/desk/weekly/settings").text)
    [form] = [f for f in page.forms if (f.get("action") or "").endswith("/save")]
    fields = {name: value or "" for name, value in form.form_values()} | {"look": look}
    assert filled.browser.client.post("/desk/weekly/settings/save", data=fields).status_code == 303

    for edition in ("full", "headlines", "offline"):
        answer = filled.browser.get(f"{filled.path}/preview/{edition}.html")
        assert answer.status_code == 200, answer.text
        assert_inert(answer.text, edition)
        assert_verbatim(answer.text, edition)
    frame = filled.browser.get("/desk/weekly/settings/look.html")
    assert_inert(frame.text, "look")
    assert_verbatim(frame.text, "look")


def test_text_part_holds_it_as_it_was_typed(filled: House) -> None:
    for edition in ("full", "headlines"):
        answer = filled.browser.get(f"{filled.path}/preview/{edition}.txt")
        assert answer.headers["content-type"].startswith("text/plain")
        assert_verbatim(answer.text, edition)
        assert "<script>alert(1)</script>" in LINES.sub("", answer.text)


def test_readers_see_it_as_text(filled: House) -> None:
    filled.send()
    for path in (
        f"/i/{filled.public_id}",
        f"/i/{filled.public_id}/offline.html",
        "/n/weekly/archive/1",
        "/n/weekly/archive",
        "/n/weekly/archive?q=raw",
        "/n/weekly",
    ):
        answer = filled.desk.house.client.get(path)
        assert answer.status_code == 200, path
        assert_inert(answer.text, path)
        if path != "/n/weekly":
            assert_verbatim(answer.text, path)


def test_feed_holds_it_as_text(filled: House) -> None:
    filled.send()
    feed = etree.fromstring(filled.desk.house.client.get("/n/weekly/feed.atom").content)
    names = {"a": "http://www.w3.org/2005/Atom"}
    content = feed.findtext("a:entry/a:content", "", names)
    assert_inert(content, "feed")
    assert_verbatim(content, "feed")
    assert feed.findtext("a:subtitle", "", names).startswith("{{7*7}}")
    assert feed.findtext("a:entry/a:title", "", names).startswith("{{7*7}}")


@pytest.mark.parametrize("field", sorted(CHOICES | ADDRESSES))
def test_what_is_no_words_takes_none(desk: Desk, field: str) -> None:
    """A choice, a colour and an address are checked, and what fails is shown as text."""
    house = House(desk)
    if field in LABELS:
        page, action = "/desk/weekly/settings", "/desk/weekly/settings/save"
    elif field in PICK_LABELS:
        page, action = house.path, f"{house.path}/picks/{house.article_ids[0]}"
    else:
        page, action = house.path, f"{house.path}/words"
    shown = html.fromstring(house.browser.get(page).text)
    [form] = [f for f in shown.forms if (f.get("action") or "") == action]
    fields = {name: value or "" for name, value in form.form_values()}
    answer = house.browser.client.post(action, data=fields | {field: ALL})

    # An appeal is shown for "yes" and left out for anything else.
    assert answer.status_code == (303 if field == "appeal" else 422), answer.text
    assert_inert(answer.text or "<p>", field)


def test_name_in_a_refusal_is_text(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    for path in ("/desk/issues?newsletter=", "/desk/issues?state=", "/desk/issues?before="):
        answer = browser.get(path + "<script>alert(1)</script>")
        assert answer.status_code == 422
        assert_inert(answer.text, path)

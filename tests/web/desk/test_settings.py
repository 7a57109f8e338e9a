"""Settings at the desk: sections, look and words of editors; the configuration of operators."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from lxml import html
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from sqlalchemy import select

from digest.config import MailboxConfig, RelayConfig
from digest.curation.issues import find_issue
from digest.curation.newsletters import find_newsletter, list_sections
from digest.models import AuditEntry, Role
from digest.operations.in_force import SET, list_in_force
from digest.testing.past import file_issue
from tests.web.desk.conftest import Browser, Desk

SETTINGS = "/desk/weekly/settings"
APPEAL = {
    "appeal_heading": "Keep it in your hands",
    "appeal_text": "You can.\nToday.",
    "appeal_once": "Once",
    "appeal_once_url": "https://courier.example/once",
    "appeal_monthly": "Monthly",
    "appeal_monthly_url": "https://courier.example/monthly",
    "appeal_annual": "Annually",
    "appeal_annual_url": "https://courier.example/annual",
}


def shown(browser: Browser) -> dict[str, str]:
    """Return the fields of the form as a browser would post them."""
    form = next(f for f in html.fromstring(browser.get(SETTINGS).text).forms if f.get("id"))
    return {name: value or "" for name, value in form.form_values()}


def save(browser: Browser, **changes: str):
    """Change fields of the form as it is shown now, and send all of it."""
    return browser.client.post(f"{SETTINGS}/save", data=shown(browser) | changes)


def furniture(desk: Desk) -> dict:
    with desk.app.db.read() as session:
        return find_newsletter(session, "weekly").furniture


def headings(desk: Desk) -> list[str]:
    with desk.app.db.read() as session:
        sections = list_sections(session, find_newsletter(session, "weekly").id)
        return [section.heading for section in sections]


def test_words_and_look_are_saved(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    logo = {"logo_url": "https://courier.example/l.png", "logo_width": "300", "logo_height": "48"}
    words = {"tagline": "By the quay", "corrections_address": "right@courier.example"}
    answer = save(browser, **words, **logo, **APPEAL, look="quiet-letter", accent="#14539A")
    assert answer.status_code == 303, answer.text

    kept = furniture(desk)
    assert (kept["tagline"], kept["look"], kept["accent"]) == (
        *("By the quay", "quiet-letter", "#14539a"),
    )
    assert kept["logo"] == {"url": "https://courier.example/l.png", "width": 300, "height": 48}
    assert kept["appeal"]["once"] == ["Once", "https://courier.example/once"]
    assert kept["appeal"]["text"] == "You can.\nToday."
    assert save(browser).status_code == 303  # what is shown is what is kept: nothing changes
    assert furniture(desk) == kept


def test_appeal_is_taken_out_by_emptying_it(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    save(browser, **APPEAL)
    save(browser, **dict.fromkeys(APPEAL, ""))
    assert furniture(desk)["appeal"] is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"accent": "#ffee00"}, "to be read it needs 4.5"),
        ({"accent": "red"}, "#rrggbb"),
        ({"look": "loud"}, "look"),
        ({"corrections_address": "nobody"}, "plain e-mail address"),
        ({"logo_url": "https://courier.example/l.png", "logo_width": "wide"}, "width in pixels"),
        ({"logo_url": "javascript:x", "logo_width": "300", "logo_height": "48"}, "https://"),
        ({"appeal_heading": "Give"}, "The appeal lacks"),
        ({**APPEAL, "appeal_once_url": "javascript:alert(1)"}, "https://"),
        ({"about": "x" * 5_001}, "more than 5000"),
    ],
)
def test_what_cannot_be_is_refused_and_stays_typed(
    desk: Desk, changes: dict[str, str], said: str
) -> None:
    browser, before = desk.signed_in(Role.EDITOR), furniture(desk)
    answer = save(browser, tagline="Typed with care", **changes)
    assert answer.status_code == 422
    assert said in unescape(answer.text)
    assert "Typed with care" in answer.text
    assert furniture(desk) == before


def test_colleagues_save_is_never_overwritten_silently(desk: Desk) -> None:
    ada, ben = desk.signed_in(Role.EDITOR, "ada"), desk.signed_in(Role.EDITOR, "ben")
    form = shown(ada)
    save(ben, tagline="Ben's words")
    answer = ada.client.post(f"{SETTINGS}/save", data=form | {"tagline": "Ada's words"})

    assert answer.status_code == 409
    assert "Ben&#39;s words" in answer.text
    assert "Ada&#39;s words" in answer.text
    assert furniture(desk)["tagline"] == "Ben's words"

    decided = next(f for f in html.fromstring(answer.text).forms if f.get("id"))
    ada.client.post(f"{SETTINGS}/save", data=dict(decided.form_values()))
    assert furniture(desk)["tagline"] == "Ada's words"


def test_different_fields_of_two_editors_merge(desk: Desk) -> None:
    ada, ben = desk.signed_in(Role.EDITOR, "ada"), desk.signed_in(Role.EDITOR, "ben")
    form = shown(ada)
    save(ben, tagline="Ben's words")
    ada.client.post(f"{SETTINGS}/save", data=form | {"about": "Ada's words"})
    assert (furniture(desk)["tagline"], furniture(desk)["about"]) == ("Ben's words", "Ada's words")


def test_form_without_marks_saves_nothing(desk: Desk) -> None:
    answer = desk.signed_in(Role.EDITOR).post(f"{SETTINGS}/save", tagline="x")
    assert answer.status_code == 422


def test_changes_are_on_record(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    save(browser, tagline="By the quay")
    browser.post(f"{SETTINGS}/sections/add", heading="Weather")
    with desk.app.db.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        assert [(e.verb, e.about, e.detail) for e in entries[-2:]] == [
            ("set", "weekly", {"fields": "tagline"}),
            ("add section", "weekly", {"section": "Weather"}),
        ]


class Sections:
    """The list of sections as a browser shows it."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.browser = desk, desk.signed_in(Role.EDITOR)

    def post(self, section: str, verb: str, **changes: str):
        """Send a form of a section as it is shown now."""
        page = html.fromstring(self.browser.get(SETTINGS).text)
        [item] = [
            item
            for item in page.iterfind(".//li[@data-section]")
            if item.find(".//input[@name='heading']").get("value") == section
        ]
        [form] = [f for f in item.iterfind(".//form") if f.get("action").endswith(verb)]
        fields = {name: value or "" for name, value in form.form_values()} | changes
        return self.browser.client.post(form.get("action"), data=fields)

    def id_of(self, heading: str) -> str:
        with self.desk.app.db.read() as session:
            sections = list_sections(session, find_newsletter(session, "weekly").id)
            return str(next(each.id for each in sections if each.heading == heading))


@pytest.fixture
def sections(desk: Desk) -> Sections:
    return Sections(desk)


def test_sections_are_added_renamed_moved_and_put_away(desk: Desk, sections: Sections) -> None:
    sections.browser.post(f"{SETTINGS}/sections/add", heading="Weather")
    sections.post("Analysis", "rename", heading="In depth")
    sections.post("Opinion", "move", to="up")
    sections.post("Weather", "move", before=sections.id_of("News"))
    assert headings(desk) == ["Weather", "News", "Features", "Opinion", "In depth"]

    sections.post("Weather", "put-away")
    assert headings(desk) == ["News", "Features", "Opinion", "In depth"]
    assert "Put away: Weather" in sections.browser.get(SETTINGS).text


def test_section_of_an_open_issue_is_not_put_away(desk: Desk, sections: Sections) -> None:
    desk.house.newsroom.draft()
    answer = sections.post("News", "put-away")
    assert answer.status_code == 403
    assert "number 1: move them first" in answer.text


def test_old_issue_is_shown_with_the_section_it_stands_under(
    desk: Desk, sections: Sections
) -> None:
    name = desk.house.newsroom.draft()
    with desk.app.db.write() as session:
        file_issue(session, find_issue(session, name), desk.clock.now())
    sections.post("News", "put-away")
    board = sections.browser.get(f"/desk/{name}").text
    assert "Headline 0" in board


@pytest.mark.parametrize(("verb", "changes"), [("move", {"to": "up"}), ("rename", {})])
def test_sections_that_changed_since_are_looked_at_once_more(
    desk: Desk, sections: Sections, verb: str, changes: dict[str, str]
) -> None:
    answer = sections.post("Features", verb, was="0" * 16, **changes)
    assert answer.status_code == 409


def test_section_of_another_newsletter_is_not_found(desk: Desk, sections: Sections) -> None:
    answer = sections.browser.post(f"{SETTINGS}/sections/4711/rename", heading="x", was="x")
    assert answer.status_code == 404
    assert sections.browser.get("/desk/nothing/settings").status_code == 404


def test_frame_shows_the_look_before_it_is_saved(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    path = f"{SETTINGS}/look.html"
    answer = browser.get(path, params={"accent": "#14539a", "tagline": "By the quay"})
    assert answer.status_code == 200
    assert "By the quay" in answer.text
    assert "By the quay" not in browser.get(path).text
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none';")
    assert browser.get(path, params={"accent": "#ffee00"}).status_code == 422
    assert browser.get(path, params={"look": "loud"}).status_code == 422
    assert furniture(desk)["tagline"] == ""


def test_frame_shows_the_newest_issue(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    assert "A headline as it will be set" in browser.get(f"{SETTINGS}/look.html").text
    desk.house.newsroom.draft()
    assert "Headline 0" in browser.get(f"{SETTINGS}/look.html").text


def test_operators_read_what_is_in_force(desk: Desk) -> None:
    answer = desk.signed_in(Role.OPERATOR).get("/desk/settings/operators")
    page = html.fromstring(answer.text)
    rows = {row[0].text_content(): row for row in page.iterfind(".//tbody/tr")}
    assert rows["tick_seconds"][1].text_content() == "0.2"
    assert rows["tick_seconds"][2].text_content() == "config.toml"
    assert rows["tick_seconds"][3].text_content() == "How often we look whether an issue is due."
    assert rows["session_hours"][2].text_content() == "the default"
    assert "SQLite" in answer.text


def test_no_secret_is_ever_shown(desk: Desk) -> None:
    relay = RelayConfig(
        backend="smtp",
        host="smtp.example",
        username="friday",
        password="hunter2",
        token_env="THE_TOKEN",
        server_token="hunter3",
        shibboleth="hunter4",
        api_url="https://me:hunter5@api.example/",
        timeouts={"dot": 600, "countersign": "hunter6"},
    )
    mailbox = MailboxConfig(
        address="in@courier.example", host="imap.example", username="u", password="hunter7"
    )
    config = desk.app.config
    weekly = config.newsletters[0].model_copy(update={"mailbox": mailbox})
    database = config.database.model_copy(
        update={"url": "postgresql://friday:hunter8@db/friday?password=hunter9&sslmode=require"}
    )
    told = list_in_force(
        config.model_copy(
            update={"relays": {"main": relay}, "newsletters": [weekly], "database": database}
        )
    )
    shown = {f"{group.name}.{key.name}": key.value for group in told for key in group.keys}

    assert "hunter" not in str(shown)
    for name in ("relays.main.password", "relays.main.shibboleth", "relays.main.server_token"):
        assert shown[name] == SET
    assert shown["newsletters.weekly.mailbox.password"] == SET
    assert shown["relays.main.host"] == "smtp.example"
    assert shown["relays.main.token_env"] == "THE_TOKEN"
    assert shown["relays.main.timeouts.dot"] == "600"
    assert (
        shown["database.url"] == "postgresql://friday:***@db/friday?password=hidden&sslmode=require"
    )


def test_every_key_has_its_meaning(desk: Desk) -> None:
    """The example explains every key there is, so the page does."""
    lacking = [
        f"{group.name}.{key.name}"
        for group in list_in_force(desk.app.config)
        for key in group.keys
        if not key.meaning
    ]
    assert lacking == []


@pytest.mark.parametrize("width", [375, 1280])
def test_pages_are_fit_for_everybody(
    desk: Desk, browser: Chromium, axe: Callable[[Page], list[str]], width: int
) -> None:
    with browser.new_context(viewport={"width": width, "height": 800}) as context:
        desk.let_in(context, Role.OPERATOR)
        page = context.new_page()
        for path in (SETTINGS, "/desk/settings/operators"):
            page.goto(f"{desk.house.url}{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert axe(page) == []


def test_section_moves_by_keys_and_accent_is_judged_while_typed(
    desk: Desk, browser: Chromium
) -> None:
    with browser.new_context() as context:
        desk.let_in(context, Role.EDITOR)
        page = context.new_page()
        failures: list[str] = []
        page.on("console", lambda message: failures.append(message.text))
        page.goto(f"{desk.house.url}{SETTINGS}")

        page.get_by_role("button", name="Move down: News").focus()
        page.keyboard.press("Alt+ArrowDown")
        first = page.locator(".section-list input[name=heading]").first
        expect(first).to_have_value("Features")
        assert headings(desk)[:2] == ["Features", "News"]
        page.locator(".section-list .grip").nth(3).drag_to(
            page.locator(".section-list .grip").first
        )
        expect(first).to_have_value("Opinion")

        page.get_by_label("Accent colour").fill("#ffee00")
        expect(page.locator("#contrast")).to_contain_text("too pale")
        page.get_by_label("Accent colour").fill("#14539a")
        expect(page.locator("#contrast")).to_contain_text("readable")
        expect(page.locator("#look")).to_have_attribute("src", re.compile("accent=%2314539a"))
        assert failures == []

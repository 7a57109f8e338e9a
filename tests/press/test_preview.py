"""A preview is nobody's copy."""

from datetime import UTC, date, datetime

from digest.curation.issues import find_issue
from digest.press.preview import neutral_values, view_url
from digest.rendering.personalise import fill_html, fill_text
from digest.rendering.view import SLOTS
from digest.testing.newsroom import Newsroom

SITE = "https://digest.example"
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


def test_neutral_values_fill_every_slot_but_the_greeting_s() -> None:
    values = neutral_values(SITE, "abc")

    assert set(SLOTS) - set(values.slots) == {"first_name"}
    assert values.hidden_blocks == {"greeting", "thanks"}


def test_links_that_need_a_token_lead_to_the_page_that_says_so() -> None:
    slots = neutral_values(SITE, "abc").slots

    assert slots["unsubscribe_url"] == slots["remind_later_url"] == f"{SITE}/own-copy"
    assert slots["view_url"] == view_url(SITE, "abc") == f"{SITE}/i/abc"


def test_preview_names_no_reader(newsroom: Newsroom) -> None:
    newsroom.subscribe("anna@example.org", name="Anna Fox")
    issue = newsroom.draft(date(2026, 11, 27), topper={"text": "Hello"})
    with newsroom.app.db.read() as session:
        row = find_issue(session, issue)
    rendering, *_ = newsroom.render(issue)
    values = neutral_values(SITE, row.public_id)

    shown = fill_html(rendering, values) + fill_text(rendering, values)

    assert "Hello" in shown
    assert "Anna" not in shown
    assert "anna@example.org" not in shown
    assert "/u/" not in shown

"""A page's masthead, its colours, its policy, and a newsroom's own templates."""

import base64
import hashlib
import re
from datetime import date
from pathlib import Path

import pytest

from digest.config import Config
from digest.curation.newsletters import find_newsletter
from digest.errors import RenderingFailed
from digest.rendering.theme import theme_for
from digest.web.pages import NOBODYS, Masthead, Pages, find_masthead
from digest.web.reader.days import Days

DAYS = Days(date(2026, 11, 28), date(2027, 11, 28))
VALUES: dict[str, dict[str, object]] = {
    "leave.html": {"weeks": (4, 8), "days": DAYS, "wrong_day": True, "can_ask": True},
    "left.html": {"back": "key", "why": "key", "thanks": True},
    "back.html": {},
    "paused.html": {"day": date(2026, 12, 24)},
    "later.html": {"weeks": 4, "can_support": True},
    "later_done.html": {"weeks": 4},
    "supports.html": {},
    "settings_form.html": {"wrong": True, "typed": "x"},
    "settings_mailed.html": {},
    "settings_open.html": {},
    "settings_over.html": {"kind": "key", "token": "x"},
    "move.html": {},
    "move_agreed.html": {"agreed": "moved"},
    "move_over.html": {},
    "erase.html": {},
    "erased.html": {},
    "erase_over.html": {},
    "own_copy.html": {},
    "not_found.html": {},
    "failed.html": {},
}
PAGES = tuple(VALUES)
GREEN = Masthead("Курьер", "ru", theme_for("ru", "#0b5d4e"), name_language="ru")
ARABIC = GREEN.speaking("ar")


@pytest.mark.parametrize("template", PAGES)
@pytest.mark.parametrize("masthead", [NOBODYS, GREEN])
def test_policy_names_the_hash_of_the_page_s_own_style(template: str, masthead: Masthead) -> None:
    answer = Pages().show(template, masthead, **VALUES[template])

    [style] = re.findall(r"<style>(.*?)</style>", answer.body.decode(), re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert answer.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


@pytest.mark.parametrize("template", PAGES)
def test_page_asks_nothing_of_the_network_and_carries_no_script(template: str) -> None:
    html = Pages().show(template, GREEN, **VALUES[template]).body.decode()

    found = re.findall(r"<script|\bon\w+=|\bsrc=|\bhref=.(?!/n/)|url\(|@import|http", html)
    assert found == []


@pytest.mark.parametrize("template", PAGES)
def test_page_says_its_language_and_direction(template: str) -> None:
    html = Pages().show(template, GREEN, **VALUES[template]).body.decode()

    assert '<html lang="ru" dir="ltr">' in html
    assert '<bdi lang="ru">Курьер</bdi>' in html
    assert html.count("<h1>") == html.count("<title>") == 1


def test_page_speaks_the_reader_s_language_and_keeps_the_newsletter_s_colours() -> None:
    html = Pages().show("leave.html", ARABIC, **VALUES["leave.html"]).body.decode()

    assert '<html lang="ar" dir="rtl">' in html
    assert '<bdi lang="ru">Курьер</bdi>' in html
    assert ARABIC.theme.light == GREEN.theme.light


def test_words_come_from_the_catalogue_and_are_escaped(tmp_path: Path) -> None:
    (tmp_path / "translations").mkdir()
    entry = 'msgid "Unsubscribe?"\nmsgstr "Ab <b>&</b> an?"\n'
    (tmp_path / "translations" / "de.po").write_text(entry, encoding="utf-8")

    html = (
        Pages(tmp_path)
        .show("leave.html", GREEN.speaking("de"), **VALUES["leave.html"])
        .body.decode()
    )

    assert "<h1>Ab &lt;b&gt;&amp;&lt;/b&gt; an?</h1>" in html


def test_page_opens_in_english_when_a_catalogue_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "translations").mkdir()
    (tmp_path / "translations" / "de.po").write_text("msgid no", encoding="utf-8")

    html = (
        Pages(tmp_path)
        .show("leave.html", GREEN.speaking("de"), **VALUES["leave.html"])
        .body.decode()
    )

    assert "<h1>Unsubscribe?</h1>" in html


def test_numbers_in_a_page_are_the_language_s_own() -> None:
    html = Pages().show("later.html", GREEN.speaking("ar-EG"), **VALUES["later.html"]).body.decode()

    assert "٤" in html


@pytest.mark.parametrize("language", ["en", "ar", "ja"])
def test_fonts_reach_the_style_sheet_as_they_are(language: str) -> None:
    masthead = GREEN.speaking(language)

    html = Pages().show("leave.html", masthead, **VALUES["leave.html"]).body.decode()

    assert f"font-family: {masthead.theme.sans};" in html


def test_name_is_escaped() -> None:
    masthead = Masthead("<b>A & B", "en", NOBODYS.theme)

    assert (
        "&lt;b&gt;A &amp; B"
        in Pages().show("leave.html", masthead, **VALUES["leave.html"]).body.decode()
    )


def test_page_has_the_colours_of_the_mail() -> None:
    style = Pages().show("leave.html", GREEN, **VALUES["leave.html"]).body.decode()

    assert f"--button: {GREEN.theme.light.button};" in style
    assert f"--button: {GREEN.theme.dark.button};" in style


def test_newsroom_s_own_template_wins(tmp_path: Path) -> None:
    own = '{% extends "page.html" %}{% block content %}Farewell{% endblock %}'
    (tmp_path / "left.html").write_text(own)
    pages = Pages(tmp_path)

    assert b"Farewell" in pages.show("left.html").body
    assert b"Unsubscribe?" in pages.show("leave.html", **VALUES["leave.html"]).body


def _masthead(house, **furniture: str) -> Masthead:
    with house.app.db.write() as session:
        newsletter = find_newsletter(session, "weekly")
        newsletter.furniture = {**newsletter.furniture, **furniture}
        return find_masthead(session, house.app.config, newsletter.id)


def test_masthead_is_the_newsletter_s(house) -> None:
    masthead = _masthead(house, accent="#0b5d4e")

    assert (masthead.name, masthead.language) == ("The Harbour Courier", "en")
    assert masthead.theme == theme_for("en", "#0b5d4e")


def test_masthead_has_the_paper_of_the_newsletter_s_look(house) -> None:
    masthead = _masthead(house, accent="#0b5d4e", look="quiet-letter")

    assert masthead.theme == theme_for("en", "#0b5d4e", "quiet-letter")


@pytest.mark.parametrize("accent", ["#ffff00", "no colour", ""])
def test_masthead_survives_an_accent_that_mails_refuse(house, accent: str) -> None:
    with pytest.raises(RenderingFailed):
        theme_for("en", accent)

    assert _masthead(house, accent=accent).theme == NOBODYS.theme


def test_masthead_of_a_newsletter_no_longer_configured_is_nobody_s(house) -> None:
    other = house.app.config.newsletters[0].model_copy(update={"slug": "other"})
    config: Config = house.app.config.model_copy(update={"newsletters": [other]})

    with house.app.db.read() as session:
        newsletter = find_newsletter(session, "weekly")
        assert find_masthead(session, config, newsletter.id) == NOBODYS

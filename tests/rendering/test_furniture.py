"""The mail's own words: each known to the templates, complete and used in every language."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from digest.assets import asset
from digest.rendering.catalogues import Catalogues
from digest.rendering.furniture import (
    PHRASES,
    Furniture,
    counted,
    credit_line,
    number_line,
    on_own_line,
    why_line,
)
from digest.rendering.issue import Rendering
from digest.rendering.personalise import ReaderValues, fill_html, fill_text
from digest.rendering.view import IssueView

LANGUAGES = ("ar", "de", "en", "es", "fa", "fr", "ru", "uk")


def words_in(language: str, override: Path | None = None) -> Furniture:
    return Furniture(Catalogues(override).words(language), language)


def test_every_word_of_a_template_is_in_the_furniture() -> None:
    sources = [path.read_text() for path in (asset("templates") / "email").glob("*.j2")]
    used = {name for source in sources for name in re.findall(r"\bt\.(\w+)", source)}

    assert used <= set(PHRASES)
    # The other three are put together in Python.
    assert set(PHRASES) - used == {"number", "photo", "why"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_place_is_left_open_in_either_part(
    render: Callable[..., Rendering],
    make_view: Callable[..., IssueView],
    reader: ReaderValues,
    language: str,
) -> None:
    rendering = render(make_view(language=language, why=""))
    sheetless = re.sub(r"<style.*?</style>", "", fill_html(rendering, reader), flags=re.DOTALL)

    for filled in (sheetless, fill_text(rendering, reader)):
        assert "{" not in filled
        assert "The Harbour Courier" in filled


@pytest.mark.parametrize("language", LANGUAGES)
def test_phrases_of_the_language_stand_in_both_parts(
    render: Callable[..., Rendering],
    make_view: Callable[..., IssueView],
    reader: ReaderValues,
    language: str,
) -> None:
    rendering, words = render(make_view(language=language)), words_in(language)

    for filled in (fill_html(rendering, reader), fill_text(rendering, reader)):
        for phrase in (words.unsubscribe, words.remind_later, words.numbers, words.privacy):
            assert phrase in filled


def test_number_line_keeps_its_two_halves_together(make_view: Callable[..., IssueView]) -> None:
    assert number_line(make_view(language="ru", number=47), words_in("ru")) == "№\u00a047"


def test_number_line_is_in_the_languages_digits(make_view: Callable[..., IssueView]) -> None:
    assert number_line(make_view(language="fa", number=47), words_in("fa")) == "شمارهٔ\u00a0۴۷"


def test_number_line_is_not_grouped(make_view: Callable[..., IssueView]) -> None:
    assert number_line(make_view(number=1047), words_in("en")) == "No.\u00a01047"


def test_why_line_prefers_the_views_reason(make_view: Callable[..., IssueView]) -> None:
    assert why_line(make_view(why="Because."), words_in("en")) == "Because."


def test_why_line_names_the_newsletter_otherwise(make_view: Callable[..., IssueView]) -> None:
    line = why_line(make_view(why="", newsletter="{Der} Kurier"), words_in("de"))

    assert line == "Sie erhalten diesen Brief, weil Sie „{Der} Kurier“ abonniert haben."


@pytest.mark.parametrize("credit", ["Drawing: Ada Marsh", "撮影：佐藤"])
def test_credit_that_says_what_it_is_stays_as_it_is(credit: str) -> None:
    assert credit_line(credit, words_in("en")) == credit


def test_credit_is_a_photographers_otherwise() -> None:
    assert credit_line("Ada Marsh", words_in("fr")) == "Photo\u00a0: Ada Marsh"


@pytest.mark.parametrize(
    ("phrase", "lines"),
    [
        ("It went to {address}", "It went to\na@b.example"),
        ("{address} 宛にお送りしました。", "a@b.example\n宛にお送りしました。"),
        ("To {address} it went", "To\na@b.example\nit went"),
    ],
)
def test_address_stands_on_its_own_line_wherever_the_phrase_has_it(phrase: str, lines: str) -> None:
    assert on_own_line(phrase, address="a@b.example") == lines


class Waiting(Furniture):
    weeks = counted("page", "for a week", "for {count} weeks")


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [
        ("en", 1, "for a week"),
        ("en", 4, "for 4 weeks"),
        ("ru", 1, "на 1 неделю"),
        ("ru", 3, "на 3 недели"),
        ("ru", 11, "на 11 недель"),
    ],
)
def test_counted_phrase_takes_the_languages_plural_form(
    tmp_path: Path, language: str, count: int, said: str
) -> None:
    (tmp_path / "translations").mkdir()
    (tmp_path / "translations" / "ru.po").write_text(
        'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : '
        'n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"\n\n'
        'msgctxt "page"\nmsgid "for a week"\nmsgid_plural "for {count} weeks"\n'
        'msgstr[0] "на {count} неделю"\nmsgstr[1] "на {count} недели"\n'
        'msgstr[2] "на {count} недель"\n'
    )
    waiting = Waiting(Catalogues(tmp_path).words(language), language)

    assert waiting.weeks(count) == said


def test_counted_phrase_says_the_number_in_the_languages_digits() -> None:
    assert Waiting(Catalogues().words("fa"), "fa").weeks(12) == "for ۱۲ weeks"

"""The mail's own words: complete in every language, with dates as the language writes them."""

from collections.abc import Callable
from dataclasses import fields
from datetime import date

import pytest

from digest.rendering.furniture import (
    WORDS,
    credit_line,
    date_line,
    furniture_for,
    number_line,
    why_line,
)
from digest.rendering.view import IssueView

WITH_VALUE = {"number", "greeting", "photo", "why"}


@pytest.mark.parametrize("language", sorted(WORDS))
def test_words_are_complete(language: str) -> None:
    words = WORDS[language]
    marks = {f.name: getattr(words, f.name).count("{}") for f in fields(words)}

    assert marks == {name: int(name in WITH_VALUE) for name in marks}
    assert all(getattr(words, name).strip() for name in marks)


@pytest.mark.parametrize("language", sorted(set(WORDS) - {"en"}))
def test_words_are_translated(language: str) -> None:
    assert furniture_for(language).unsubscribe != furniture_for("en").unsubscribe


def test_words_follow_the_first_subtag() -> None:
    assert furniture_for("de-AT") is WORDS["de"]


def test_words_fall_back_to_english() -> None:
    assert furniture_for("tlh") is WORDS["en"]


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en-GB", "Friday, 27 November 2026"),
        ("de", "Freitag, 27. November 2026"),
        ("ar", "الجمعة، 27 نوفمبر 2026"),
        ("xx-nowhere", "Friday, November 27, 2026"),
        ("de-nonsense", "Freitag, 27. November 2026"),
    ],
)
def test_date_line_is_the_languages_own(language: str, line: str) -> None:
    assert date_line(date(2026, 11, 27), language) == line


def test_number_line(make_view: Callable[..., IssueView]) -> None:
    assert number_line(make_view(language="ru", number=47)) == "№ 47"


def test_number_line_is_not_grouped(make_view: Callable[..., IssueView]) -> None:
    assert number_line(make_view(language="en", number=1047)) == "No. 1047"


def test_why_line_prefers_the_views_reason(make_view: Callable[..., IssueView]) -> None:
    assert why_line(make_view(why="Because.")) == "Because."


def test_why_line_names_the_newsletter_otherwise(make_view: Callable[..., IssueView]) -> None:
    assert "The Harbour Courier" in why_line(make_view(why=""))


def test_credit_that_says_what_it_is_stays_as_it_is() -> None:
    assert credit_line("Drawing: Ada Marsh", "en") == "Drawing: Ada Marsh"
    assert credit_line("Ada Marsh", "en") == "Photo: Ada Marsh"

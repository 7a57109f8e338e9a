"""Whoever searches finds what a reader would call the same word, and sees where it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.press.archive.words import EXCERPT, QUERY_MOST, excerpt, fold, has_all, marked, words_of

SAME = {
    "case": ("FOG", "fog"),
    "Greek case, both forms of sigma": ("ΟΔΟΣ", "οδος"),
    "Cyrillic case": ("ПОРТ", "порт"),
    "accents": ("Łódź, Malmö", "lodz, malmo"),
    "accents written apart": ("e\u0301lan", "élan"),
    "ß": ("Straße", "STRASSE"),
    "Turkish i": ("IĞDIR'da ışık", "iğdır'da IŞIK"),
    "Turkish dotted capital": ("İzmir", "izmir"),
    "full width": ("ＡＢＣ１２", "abc12"),
    "ligature": ("ﬁsh", "fish"),
    "Arabic vowel signs": ("مُحَمَّد", "محمد"),
    "tatweel": ("الـــميناء", "الميناء"),
    "alef and hamza": ("أحمد إسلام آمال ٱلبحر", "احمد اسلام امال البحر"),
    "hamza on its seat": ("مسؤول رئيس", "مسوول رييس"),
    "alef maksura and teh marbuta": ("على مدينة", "علي مدينه"),
    "Persian letters": ("کشتی", "كشتي"),
    "zero width joiners": ("می\u200cروم", "میروم"),
    "Arabic digits": ("٢٠٢٦", "2026"),
    "Persian digits": ("۲۰۲۶", "2026"),
    "Hebrew points": ("שָׁלוֹם", "שלום"),
    "curly apostrophe": ("l’été", "l'ete"),
    "ё": ("ёлка", "елка"),
}
NOT_SAME = [("мой", "мои"), ("їжак", "іжак"), ("が", "か"), ("fog", "frog")]


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_words_are_the_same_however_they_are_written(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), NOT_SAME)
def test_letters_of_their_own_are_told_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text(max_size=60))
def test_folding_twice_changes_no_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=60), st.lists(st.text(min_size=1, max_size=3), max_size=4))
def test_marking_loses_and_adds_nothing(text: str, looked_for: list[str]) -> None:
    words = words_of(" ".join(looked_for))

    pieces = marked(text, words)

    assert fold("".join(part for part, _ in pieces)) == fold(text)
    assert any(hit for _, hit in pieces) == any(word in fold(text) for word in words)


def test_query_is_cut_into_words_without_what_surrounds_them() -> None:
    assert words_of(" «Fog»,  HARBOUR fog; harb … ") == ("fog", "harbour")


@pytest.mark.parametrize("query", ["", "  ", "…", "«»", "\u064b\u064c"])
def test_query_without_a_word_has_none(query: str) -> None:
    assert words_of(query) == ()


def test_query_is_read_up_to_its_limit() -> None:
    assert words_of("x" * QUERY_MOST + " fog") == ("x" * QUERY_MOST,)


def test_all_words_must_be_there() -> None:
    assert has_all("fog over the harbour", ("harbour", "fog"))
    assert not has_all("fog over the harbour", ("harbour", "rain"))


@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        ("Fog, fog", "FOG", [("Fog", True), (", ", False), ("fog", True)]),
        ("Die Straße", "strasse", [("Die ", False), ("Straße", True)]),
        ("Groß", "gros", [("Groß", True)]),
        ("في المِينـاء اليوم", "الميناء", [("في ", False), ("المِينـاء", True), (" اليوم", False)]),
        ("Rain", "fog", [("Rain", False)]),
        ("foggy day", "fog gy", [("foggy", True), (" day", False)]),
    ],
)
def test_words_are_marked_where_they_stand(text: str, query: str, expected) -> None:
    assert list(marked(text, words_of(query))) == expected


def test_excerpt_stands_around_the_first_hit() -> None:
    text = "before " * 60 + "the fog came " + "after " * 60

    pieces = excerpt(text, ("fog",))

    shown = "".join(part for part, _ in pieces)
    assert ("fog", True) in pieces
    assert len(shown) <= EXCERPT + 3
    assert shown.startswith("… before")
    assert shown.endswith("after…")


def test_excerpt_of_a_short_text_is_all_of_it() -> None:
    assert excerpt("The\nfog", ("fog",)) == (("The ", False), ("fog", True))


def test_excerpt_at_the_end_has_nothing_after_it() -> None:
    shown = "".join(part for part, _ in excerpt("before " * 60 + "the fog", ("fog",)))

    assert shown.startswith("… ")
    assert shown.endswith("the fog")


def test_excerpt_of_a_script_without_blanks_is_cut_all_the_same() -> None:
    pieces = excerpt("港" * 300 + "霧" + "港" * 300, ("霧",))

    assert ("霧", True) in pieces
    assert sum(len(part) for part, _ in pieces) <= EXCERPT + 3


def test_text_without_a_hit_has_no_excerpt() -> None:
    assert excerpt("Rain", ("fog",)) == ()

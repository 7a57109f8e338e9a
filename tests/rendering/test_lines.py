"""Lines of plain text: 72 columns in every script, words and addresses whole."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.rendering.lines import (
    MEASURE,
    columns,
    figures_in_lines,
    one_line,
    paragraphs,
    wrapped,
)

JAPANESE = (
    "港の労働者が四十一日ぶりに仕事に戻った。組合は「交代表」を勝ち取り、"
    "市は年内に古い岸壁を直すと約束した。"
)
NEVER_FIRST = "、。」』）！？ーぁっゃ々"
NEVER_LAST = "「『（"

# Words of several scripts, East Asian runs without blanks, marks, joiners and addresses.
ALPHABETS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30),
    st.text("漢字かなカナ、。「」（）ーっ０ａ", min_size=1, max_size=90),
    st.text("abcאבגعمالเกี่ยวहिन्दी한국어", min_size=1, max_size=12),
    st.just("https://courier.example/" + "path-" * 20),
    st.just("見よhttps://例え.jp/港?a=1、と書いた。"),
)
TEXTS = st.lists(ALPHABETS, min_size=1, max_size=30).map(" ".join)


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("harbour", 7),
        ("港", 2),
        ("ｶﾅ", 2),
        ("Ａ", 2),
        ("한국", 4),
        ("שָׁלוֹם", 4),
        ("مَرْحَبًا", 5),
        ("ที่นี่", 2),
        ("می‌خواهم", 7),
        ("e\u0301", 1),
        ("👩‍👧", 4),
    ],
)
def test_columns_count_wide_as_two_and_marks_as_none(text: str, width: int) -> None:
    assert columns(text) == width


def test_paragraphs_are_parted_by_blank_lines() -> None:
    assert paragraphs("one\nstill one\r\n\r\ntwo\n \n\n") == ["one still one", "two"]


def test_wrapped_keeps_to_the_measure_and_words_whole() -> None:
    lines = wrapped("word-word " * 40 + "x" * 90, "  ").split("\n")

    assert max(map(len, lines[:-1])) <= MEASURE
    assert lines[-1] == "  " + "x" * 90


def test_wrapped_fills_its_lines() -> None:
    assert [len(line) for line in wrapped("x " * 72).split("\n")] == [71, 71]


@pytest.mark.parametrize("blank", ["\u00a0", "\u202f"])
def test_wrapped_does_not_break_at_no_break_spaces(blank: str) -> None:
    assert f"a{blank}b" in wrapped("word " * 14 + f"a{blank}b")


def test_wrapped_hangs_what_follows_the_first_line() -> None:
    lines = wrapped("word " * 30, "– ", "  ").split("\n")

    assert [line[:3] for line in lines] == ["– w", "  w", "  w"]


def test_wrapped_breaks_japanese_between_characters() -> None:
    lines = wrapped(JAPANESE * 3).split("\n")

    assert "".join(lines) == JAPANESE * 3
    assert all(66 <= columns(line) <= MEASURE for line in lines[:-1])


@pytest.mark.parametrize("before", range(20))
def test_wrapped_begins_and_ends_no_line_wrongly(before: int) -> None:
    lines = wrapped("港" * before + JAPANESE * 4).split("\n")

    assert [line for line in lines if line[0] in NEVER_FIRST or line[-1] in NEVER_LAST] == []


def test_wrapped_keeps_korean_words_whole() -> None:
    text = "부두 노동자들이 사십일 만에 일터로 돌아왔다 " * 4

    assert " ".join(wrapped(text).split("\n")) == text.strip()


def test_wrapped_may_break_where_thai_says_so() -> None:
    lines = wrapped("ที่นี่มีน้ำท่วมหนัก\u200b" * 20).split("\n")

    assert len(lines) > 1
    assert all(line.endswith("\u200b") for line in lines)


def test_wrapped_keeps_an_address_in_a_japanese_sentence() -> None:
    url = "https://courier.example/" + "a" * 60

    assert url in wrapped(JAPANESE + url + "、" + JAPANESE)


@given(TEXTS, st.sampled_from(["", "    "]))
def test_wrapped_loses_nothing_and_keeps_the_order(text: str, indent: str) -> None:
    def bare(given: str) -> str:
        return "".join(given.split())

    assert bare(wrapped(text, indent)) == bare(text)


@given(TEXTS, st.sampled_from(["", "    "]))
def test_wider_lines_are_single_words(text: str, indent: str) -> None:
    for line in wrapped(text, indent).split("\n"):
        if columns(line) > MEASURE:
            assert " " not in line.removeprefix(indent)


@given(st.text("漢字かな港ab ", min_size=1, max_size=400))
def test_east_asian_lines_always_fit(text: str) -> None:
    assert all(
        columns(line) <= MEASURE
        for line in wrapped(text).split("\n")
        if any(unicodedata.east_asian_width(c) == "W" for c in line)
    )


@given(TEXTS)
def test_wrapped_leaves_no_blank_at_an_end(text: str) -> None:
    assert [line for line in wrapped(text).split("\n") if line != line.rstrip(" ")] == []


@given(st.text(max_size=60))
def test_one_line_is_one_line(text: str) -> None:
    assert not set(one_line(text)) & set("\t\r\n")


def test_figures_stand_under_one_another() -> None:
    numbers = (("41", "days on strike"), ("四十一", "日"), ("€7.40", "a bus ride, " * 9))

    assert figures_in_lines(numbers) == (
        "41      days on strike\n"
        "四十一  日\n"
        "€7.40   a bus ride, a bus ride, a bus ride, a bus ride, a bus ride, a\n"
        "        bus ride, a bus ride, a bus ride, a bus ride,"
    )


def test_long_figure_does_not_push_the_others_away() -> None:
    lines = figures_in_lines((("7", "days"), ("nineteen hundred and eighty-four", "books")))

    assert lines == "7  days\nnineteen hundred and eighty-four  books"

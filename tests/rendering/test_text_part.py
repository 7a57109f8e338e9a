"""The plain text, as carefully set as the page: reviewed by eye in three languages, and tidy for
any issue.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.blocks import BLOCKS, section_block
from digest.rendering.catalogues import Catalogues
from digest.rendering.furniture import Furniture
from digest.rendering.issue import Rendering
from digest.rendering.lines import MEASURE, columns
from digest.rendering.personalise import ReaderValues, fill_text
from digest.rendering.view import IssueView, PickView
from tests.rendering.samples import ENGLISH, SAMPLES

GOLDEN = Path(__file__).parent / "golden"
LANGUAGES = ("ar", "de", "en", "es", "fa", "fr", "ru", "uk")
LINK = re.compile(r"(?:\[\d+\] )?https?://\S+")


def untidy(text: str) -> list[str]:
    """Return what a typesetter would send back."""
    lines = text.split("\n")
    wide = [
        line
        for line in lines
        if columns(line) > MEASURE and " " in line.strip() and not LINK.fullmatch(line)
    ]
    ends = [line for line in lines if line != line.rstrip(" ")]
    gaps = re.findall(r"\n{4,}|\A\n|\n\n\Z", text)
    return [*wide, *ends, *gaps]


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_text_is_the_one_that_was_reviewed(
    render: Callable[..., Rendering], reader: ReaderValues, name: str
) -> None:
    text = fill_text(render(SAMPLES[name]), reader)

    assert text == (GOLDEN / f"issue.{name}.txt").read_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_is_tidy_in_every_language(
    render: Callable[..., Rendering],
    make_view: Callable[..., IssueView],
    reader: ReaderValues,
    language: str,
) -> None:
    assert untidy(fill_text(render(make_view(language=language, why="")), reader)) == []


def test_text_is_tidy_without_any_blocks(
    rendering: Rendering, view: IssueView, reader: ReaderValues
) -> None:
    names = [*BLOCKS, *(section_block(section.key) for section in view.sections)]
    for count in range(len(names) + 1):
        for hidden in combinations(names, count):
            text = fill_text(rendering, ReaderValues(reader.slots, frozenset(hidden)))

            assert untidy(text) == [], hidden


@pytest.mark.parametrize(
    "missing",
    [
        {"topper": None},
        {"lead": None},
        {"sections": ()},
        {"quote": None},
        {"numbers": ()},
        {"appeal": None},
        {"about": "", "tagline": "", "privacy_url": "", "corrections_address": ""},
        {
            "topper": None,
            "lead": None,
            "sections": (),
            "quote": None,
            "numbers": (),
            "appeal": None,
        },
        {"tagline": " ", "about": "\n"},
    ],
)
def test_text_is_tidy_whatever_is_missing(
    render: Callable[..., Rendering], reader: ReaderValues, missing: dict[str, object]
) -> None:
    assert untidy(fill_text(render(replace(ENGLISH, **missing)), reader)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_stand_on_lines_of_their_own_after_their_words(
    render: Callable[..., Rendering],
    make_view: Callable[..., IssueView],
    reader: ReaderValues,
    language: str,
) -> None:
    words = Furniture(Catalogues().words(language), language)
    text = fill_text(render(make_view(language=language)), reader)

    for label, slot in (
        (words.read_in_browser, "view_url"),
        (words.unsubscribe, "unsubscribe_url"),
        (words.remind_later, "remind_later_url"),
    ):
        assert f"\n{words.labelled.format(words=label)}\n{reader.slots[slot]}\n" in text


WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=120,
).filter(str.strip)
PICKS = st.builds(
    PickView,
    headline=WORDS,
    url=st.integers(0, 10**90).map(lambda n: f"https://courier.example/{n}"),
    blurb=st.one_of(st.just(""), WORDS, st.lists(WORDS, max_size=3).map("\n\n".join)),
    kicker=st.one_of(st.just(""), WORDS),
    byline=st.one_of(st.just(""), WORDS),
    layout=st.sampled_from(["lead", "column", "brief"]),
)


@settings(max_examples=25, deadline=None)
@given(lead=PICKS, picks=st.lists(PICKS, min_size=1, max_size=3), heading=WORDS)
def test_any_issue_is_tidy_and_whole(
    render: Callable[..., Rendering],
    reader: ReaderValues,
    lead: PickView,
    picks: list[PickView],
    heading: str,
) -> None:
    section = replace(ENGLISH.sections[0], heading=heading, picks=tuple(picks))

    text = fill_text(render(replace(ENGLISH, lead=lead, sections=(section,))), reader)

    assert untidy(text) == []
    run_on = "".join(text.split())
    for pick in (lead, *picks):
        assert "".join(pick.headline.split()) in run_on
        assert f"\n{pick.url}\n" in text

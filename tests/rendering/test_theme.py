"""Colours and direction follow from accent and language, and are always readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import RenderingFailed
from digest.rendering.papers import PAPERS, WHITE, Palette
from digest.rendering.theme import (
    READABLE,
    contrast,
    darkened_until,
    direction_of,
    lightened_until,
    theme_for,
)
from digest.rendering.view import LOOKS

COLOURS = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


def test_contrast_is_wcags() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#a4161a", "#ffffff") == pytest.approx(7.8, abs=0.05)


@given(COLOURS, st.sampled_from(LOOKS))
def test_accent_is_refused_or_every_word_is_readable_in_light_and_dark(
    accent: str, look: str
) -> None:
    if contrast(accent, WHITE) < READABLE:
        with pytest.raises(RenderingFailed, match="contrast"):
            theme_for("en", accent, look)
        return

    theme = theme_for("en", accent, look)

    assert min(contrast(*pair) for pair in pairs(theme.light)) >= READABLE
    assert min(contrast(*pair) for pair in pairs(theme.dark)) >= READABLE


def pairs(palette: Palette) -> list[tuple[str, str]]:
    """Return every colour of words with each ground it may stand on."""
    grounds = (palette.page, palette.card, palette.tint)
    return [
        *((words, ground) for words in (palette.ink, palette.meta) for ground in grounds),
        (palette.accent, palette.card),
        (WHITE, palette.button),
    ]


@given(COLOURS)
def test_accent_is_kept_as_it_is_on_white(accent: str) -> None:
    if contrast(accent, WHITE) >= READABLE:
        assert theme_for("en", accent, "front-page").light.accent == accent
        assert theme_for("en", accent, "text-first").light.accent == accent


@given(COLOURS, COLOURS)
def test_shades_reach_the_contrast_where_black_or_white_would(colour: str, ground: str) -> None:
    if contrast(WHITE, ground) >= READABLE:
        assert contrast(lightened_until(colour, ground, READABLE), ground) >= READABLE
    if contrast("#000000", ground) >= READABLE:
        assert contrast(darkened_until(colour, ground, READABLE), ground) >= READABLE


def test_every_look_has_its_paper() -> None:
    assert set(PAPERS) == set(LOOKS)


def test_pale_accent_is_refused_with_its_contrast() -> None:
    with pytest.raises(RenderingFailed, match=r"#ff0000: contrast 4\.0 on white"):
        theme_for("en", "#ff0000")


@pytest.mark.parametrize("accent", ["red", "#a00", "#a4161a;}", ""])
def test_accent_that_is_no_colour_is_refused(accent: str) -> None:
    with pytest.raises(RenderingFailed, match="#rrggbb"):
        theme_for("en", accent)


@pytest.mark.parametrize(
    ("language", "direction"),
    [
        ("ar", "rtl"),
        ("fa-IR", "rtl"),
        ("he", "rtl"),
        ("ur", "rtl"),
        ("en-GB", "ltr"),
        ("az-Arab", "rtl"),
        ("ks-Deva", "ltr"),
        ("ar-Latn", "ltr"),
    ],
)
def test_direction_follows_script_then_language(language: str, direction: str) -> None:
    assert direction_of(language) == direction


def test_start_and_end_swap_with_direction() -> None:
    theme = theme_for("he", "#a4161a")

    assert (theme.start, theme.end) == ("right", "left")


@pytest.mark.parametrize(("language", "height"), [("en", "26px"), ("ar", "29px"), ("th", "29px")])
def test_lines_are_a_tenth_higher_for_tall_scripts(language: str, height: str) -> None:
    assert theme_for(language, "#a4161a").line(26) == height


@pytest.mark.parametrize(("language", "italics"), [("en", True), ("ar", False), ("ja", False)])
def test_italics_only_where_the_script_has_them(language: str, italics: bool) -> None:
    assert theme_for(language, "#a4161a").italics is italics


def test_typeface_is_of_headlines_only() -> None:
    serif, sans = theme_for("en", "#a4161a"), theme_for("en", "#a4161a", typeface="sans")

    assert serif.head == serif.serif == sans.serif
    assert sans.head == sans.sans


@pytest.mark.parametrize("language", ["ar", "fa-IR", "ur"])
def test_arabic_letters_have_faces_of_their_own(language: str) -> None:
    assert "Naskh" in theme_for(language, "#a4161a").serif
    assert "Georgia" not in theme_for(language, "#a4161a").serif


def test_east_asian_fonts_come_first() -> None:
    assert theme_for("ja", "#a4161a").serif.startswith("'Hiragino Mincho ProN'")

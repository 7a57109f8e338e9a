"""Colours and direction follow from accent and language, and are always readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import RenderingFailed
from digest.rendering.theme import READABLE, contrast, direction_of, theme_for

COLOURS = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


def test_contrast_is_wcags() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#a4161a", "#ffffff") == pytest.approx(7.8, abs=0.05)


@given(COLOURS)
def test_accent_is_readable_in_light_and_dark_or_refused(accent: str) -> None:
    if contrast(accent, "#ffffff") < READABLE:
        with pytest.raises(RenderingFailed, match="contrast"):
            theme_for("en", accent)
        return

    theme = theme_for("en", accent)

    assert contrast(theme.dark.accent, theme.dark.card) >= READABLE
    assert contrast("#ffffff", theme.dark.button) >= READABLE


def test_pale_accent_is_refused_with_its_contrast() -> None:
    with pytest.raises(RenderingFailed, match=r"#ff0000: contrast 4\.0 on white"):
        theme_for("en", "#ff0000")


@pytest.mark.parametrize("accent", ["red", "#a00", "#a4161a;}", ""])
def test_accent_that_is_no_colour_is_refused(accent: str) -> None:
    with pytest.raises(RenderingFailed, match="#rrggbb"):
        theme_for("en", accent)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_wherever_it_stands(scheme: str) -> None:
    colours = getattr(theme_for("en", "#a4161a"), scheme)
    pairs = [
        (text, ground)
        for text in (colours.ink, colours.meta)
        for ground in (colours.page, colours.card, colours.tint)
    ]

    assert min(contrast(text, ground) for text, ground in pairs) >= READABLE


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


def test_east_asian_fonts_come_first() -> None:
    assert theme_for("ja", "#a4161a").serif.startswith("'Hiragino Mincho ProN'")

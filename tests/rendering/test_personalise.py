"""One reader's words in the segments: escaped, cleaned, and refused when they cannot be used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import RenderingFailed
from digest.rendering.issue import Rendering
from digest.rendering.markers import Part
from digest.rendering.personalise import ReaderValues, fill_html, fill_text

NAME = Part(slot="first_name", block="greeting")
PARTS = (Part("<p>", block="greeting"), NAME, Part("</p>", block="greeting"), Part("end"))
SMALL = Rendering("full", "en", "s", "", PARTS, PARTS)


def test_html_values_are_escaped_with_quotes() -> None:
    filled = fill_html(SMALL, ReaderValues({"first_name": '<b>"O\'Hara" & co'}))

    assert filled == "<p>&lt;b&gt;&quot;O&#x27;Hara&quot; &amp; co</p>end"


def test_text_values_are_not_escaped() -> None:
    assert fill_text(SMALL, ReaderValues({"first_name": "O'Hara & co"})) == "<p>O'Hara & co</p>end"


@pytest.mark.parametrize("evil", ["a\r\nBcc: x", "a\x0bb", "a\u2028b", "\u202ea", "a\x00b\x85"])
def test_text_values_lose_line_breaks_and_controls(evil: str) -> None:
    filled = fill_text(SMALL, ReaderValues({"first_name": evil}))

    assert len(filled.splitlines()) == 1
    assert "\u202e" not in filled


def test_joiners_in_names_stay() -> None:
    assert "می\u200cخ" in fill_html(SMALL, ReaderValues({"first_name": "می\u200cخ"}))


def test_hidden_block_needs_no_value() -> None:
    assert fill_html(SMALL, ReaderValues({}, frozenset({"greeting"}))) == "end"


@pytest.mark.parametrize("value", ["", "  ", "\r\n"])
def test_slot_without_a_value_is_refused_by_name(value: str) -> None:
    with pytest.raises(RenderingFailed, match="slot first_name"):
        fill_html(SMALL, ReaderValues({"first_name": value}))


@pytest.mark.parametrize("url", ["javascript:x", "https://a.example/ b", "https://a.example/é", ""])
def test_unsafe_url_is_refused_without_showing_it(url: str) -> None:
    linked = Rendering("full", "en", "s", "", (Part(slot="view_url"),), ())

    with pytest.raises(RenderingFailed, match=r"^slot view_url: not a link that can be mailed$"):
        fill_html(linked, ReaderValues({"view_url": url}))


@given(st.text())
def test_no_name_can_open_a_tag_or_leave_an_attribute(name: str) -> None:
    try:
        filled = fill_html(SMALL, ReaderValues({"first_name": name}))
    except RenderingFailed:
        return

    assert not set("<>\"'") & set(filled.removeprefix("<p>").removesuffix("</p>end"))


def test_two_readers_differ_only_in_their_slots(rendering: Rendering, reader: ReaderValues) -> None:
    other = {**reader.slots, "address": "ada@example.net"}

    assert fill_html(rendering, ReaderValues(other)) == fill_html(rendering, reader).replace(
        "zoe+news@example.net", "ada@example.net"
    )

"""Markers survive the compile, cannot be forged, and leave nothing behind."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.blocks import BLOCKS
from digest.errors import RenderingFailed
from digest.rendering.markers import Markers, Part
from digest.rendering.view import SLOTS

MARKERS = Markers("0123456789ab")


@pytest.mark.parametrize("slot", SLOTS)
def test_marker_is_letters_and_digits(slot: str) -> None:
    assert MARKERS.slot(slot).isalnum()
    assert MARKERS.slot(slot).isascii()


def test_split_names_slots_and_blocks() -> None:
    text = f"a{MARKERS.begin('appeal')}b{MARKERS.slot('view_url')}{MARKERS.end('appeal')}c"

    assert MARKERS.split(text) == (
        Part("a"),
        Part("b", block="appeal"),
        Part(slot="view_url", block="appeal"),
        Part("c"),
    )


def test_split_takes_a_block_markers_own_line_along() -> None:
    text = f"a\n{MARKERS.begin('appeal')}\nb\n{MARKERS.end('appeal')}\nc"

    assert [part.text for part in MARKERS.split(text)] == ["a\n", "b\n", "c"]


def test_split_keeps_the_newline_behind_a_slot() -> None:
    assert MARKERS.split(f"{MARKERS.slot('address')}\nb")[1] == Part("\nb")


@given(st.lists(st.sampled_from(SLOTS) | st.text(st.characters(codec="utf-8"), max_size=20)))
def test_split_loses_no_text(pieces: list[str]) -> None:
    whole = "".join(MARKERS.slot(p) if p in SLOTS else p for p in pieces)

    again = "".join(p.slot or p.text for p in MARKERS.split(whole))

    assert again == "".join(pieces)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Zq0123456789abxzzzx", "unknown marker 'zzz'"),
        ("Zq0123456789abxnothingx", "damaged"),
        (MARKERS.slot("view_url").lower(), "damaged"),
        (MARKERS.slot("view_url")[:-2] + " x", "damaged"),
        (MARKERS.begin("appeal"), "'appeal' is opened and never closed"),
        (MARKERS.end("appeal"), "inside 'no block'"),
        (MARKERS.begin("appeal") * 2, "inside 'appeal'"),
        (MARKERS.begin("appeal") + MARKERS.begin("thanks"), "'thanks' is opened and never closed"),
        (
            f"{MARKERS.begin('appeal')}{MARKERS.begin('thanks')}{MARKERS.end('appeal')}",
            "end of block 'appeal' inside 'appeal/thanks'",
        ),
        (MARKERS.begin("appeal") + MARKERS.end("greeting"), "end of block 'greeting'"),
    ],
)
def test_split_refuses_what_does_not_fit(text: str, message: str) -> None:
    with pytest.raises(RenderingFailed, match=message):
        MARKERS.split(text)


def test_blocks_stand_in_blocks() -> None:
    text = "".join(
        [
            MARKERS.begin("section 3"),
            "a",
            MARKERS.begin("whole texts"),
            "b",
            MARKERS.end("whole texts"),
            "c",
            MARKERS.end("section 3"),
            "d",
        ]
    )

    parts = MARKERS.split(text)

    assert [(part.text, part.blocks) for part in parts] == [
        ("a", ("section 3",)),
        ("b", ("section 3", "whole texts")),
        ("c", ("section 3",)),
        ("d", ()),
    ]


def test_a_slot_may_be_followed_by_any_letters() -> None:
    assert MARKERS.split(MARKERS.slot("address") + "next") == (Part(slot="address"), Part("next"))


def test_an_insert_comes_out_as_it_went_in() -> None:
    html = "<p>Zq & \u200c</p>"

    assert MARKERS.split(f"a{MARKERS.insert(html)}b") == (Part(f"a{html}b"),)


def test_markers_of_another_compile_are_text() -> None:
    forged = Markers("ffffffffffff").slot("unsubscribe_url")

    assert MARKERS.split(forged) == (Part(forged),)


def test_unknown_slot_and_block_are_refused_by_name() -> None:
    with pytest.raises(RenderingFailed, match="there is no slot 'adress'"):
        MARKERS.slot("adress")
    with pytest.raises(RenderingFailed, match=f"there are {', '.join(BLOCKS)}"):
        MARKERS.begin("apeal")

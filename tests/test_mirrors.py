"""The order in which mirrors are tried, and what their slots are called."""

import pytest

from digest.mirrors import Mirrored, choose, first_slot, is_mirror_slot, mirrored_by, second_slot

LISTED = [Mirrored("pages", ("a", "b", "c")), Mirrored("courier.example", ("d",))]


@pytest.mark.parametrize(
    ("wanted", "pages"),
    [
        (None, ["a", "b", "c"]),
        ({}, ["a", "b", "c"]),
        ({"pages": ["c"]}, ["c", "a", "b"]),
        ({"pages": ["b", "a", "b"]}, ["b", "a", "c"]),
        ({"pages": ["x", "c", "d"]}, ["c", "a", "b"]),
        ({"elsewhere.example": ["c"]}, ["a", "b", "c"]),
    ],
)
def test_choose_takes_what_is_wanted_and_listed_first(wanted, pages: list[str]) -> None:
    assert choose(LISTED, wanted) == {"pages": pages, "courier.example": ["d"]}


def test_choose_of_nothing_is_nothing() -> None:
    assert choose([], {"pages": ["a"]}) == {}


@pytest.mark.parametrize("of", ["pages", "courier.example", "a-1.b.example"])
def test_slot_says_what_is_mirrored(of: str) -> None:
    assert is_mirror_slot(first_slot(of))
    assert is_mirror_slot(second_slot(of))
    assert mirrored_by(first_slot(of)) == mirrored_by(second_slot(of)) == of
    assert first_slot(of) != second_slot(of)


@pytest.mark.parametrize(
    "name", ["", "mirror:", "mirror:Pages", "mirror3:pages", "mirror:localhost", "mirror:a.b\n"]
)
def test_slot_of_another_name_is_none_of_a_mirror(name: str) -> None:
    assert not is_mirror_slot(name)

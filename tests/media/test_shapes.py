"""How much of a picture is kept, and which part."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import BadInput
from digest.media.shapes import RATIO, Cut, Shape, read_cut

SIDE = st.integers(1, 5_000)
PER_CENT = st.integers(0, 100)


@pytest.mark.parametrize(
    ("width", "height", "cut", "box"),
    [
        (900, 600, Cut(), (0, 0, 900, 600)),
        (1200, 600, Cut(), (150, 0, 1050, 600)),
        (1200, 600, Cut(0, 0), (0, 0, 900, 600)),
        (1200, 600, Cut(100, 100), (300, 0, 1200, 600)),
        (1200, 600, Cut(40, 50), (30, 0, 930, 600)),
        (600, 1000, Cut(50, 30), (0, 100, 600, 500)),
        (600, 1000, Cut(50, 100), (0, 600, 600, 1000)),
        (600, 1000, Cut(10, 10, Shape.WHOLE), (0, 0, 600, 1000)),
    ],
)
def test_as_much_is_kept_as_the_shape_takes(width, height, cut, box) -> None:
    assert cut.box(width, height) == box


@given(width=SIDE, height=SIDE, x=PER_CENT, y=PER_CENT)
def test_focal_point_is_always_in_what_is_kept(width, height, x, y) -> None:
    left, top, right, bottom = Cut(x, y).box(width, height)

    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert left - 1 <= width * x / 100 <= right + 1
    assert top - 1 <= height * y / 100 <= bottom + 1
    assert (right - left, bottom - top) in {
        (width, max(1, min(height, round(width / RATIO)))),
        (max(1, min(width, round(height * RATIO))), height),
    }


def test_cut_is_read_from_a_form() -> None:
    assert read_cut("0", "100", "whole") == Cut(0, 100, Shape.WHOLE)


@pytest.mark.parametrize(
    ("x", "y", "shape"),
    [
        ("", "50", "3:2"),
        ("101", "50", "3:2"),
        ("-1", "50", "3:2"),
        ("50", "4.5", "3:2"),
        ("٥٠", "50", "3:2"),
        ("1" * 5_000, "50", "3:2"),
        ("50", "50", "round"),
    ],
)
def test_what_is_no_cut_is_refused(x, y, shape) -> None:
    with pytest.raises(BadInput, match="from 0 to 100"):
        read_cut(x, y, shape)

"""How a picture is cut: its shape, and the point of it that must stay in sight. Pure."""

import enum
from dataclasses import dataclass

from digest.errors import BadInput

RATIO = 3 / 2  # of the house: one shape for all pictures of an issue

Box = tuple[int, int, int, int]


class Shape(enum.StrEnum):
    """The shapes that there are."""

    CROPPED = "3:2"
    WHOLE = "whole"  # drawings and charts, which lose their sense when they are cut


@dataclass(frozen=True, slots=True)
class Cut:
    """A shape, and the focal point in whole per cent from the left and from the top."""

    x: int = 50
    y: int = 50
    shape: Shape = Shape.CROPPED

    def box(self, width: int, height: int) -> Box:
        """Return what is kept of a picture: as much as the shape takes, the focal point as near to
        its middle as the edges allow.
        """
        if self.shape is Shape.WHOLE:
            return 0, 0, width, height
        wide = max(1, min(width, round(height * RATIO)))
        high = max(1, min(height, round(width / RATIO)))
        left = _kept_inside(width * self.x / 100 - wide / 2, width - wide)
        top = _kept_inside(height * self.y / 100 - high / 2, height - high)
        return left, top, left + wide, top + high


def _kept_inside(start: float, most: int) -> int:
    return max(0, min(most, round(start)))


def read_cut(x: str, y: str, shape: str) -> Cut:
    """Return a cut as a form says it; BadInput names what is none."""
    try:
        return Cut(_per_cent(x), _per_cent(y), Shape(shape))
    except ValueError as error:
        raise BadInput(
            "The focal point is two whole numbers from 0 to 100, and the shape is one of: "
            f"{', '.join(Shape)}."
        ) from error


def _per_cent(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 3 or int(text) > 100:
        raise ValueError(text)
    return int(text)

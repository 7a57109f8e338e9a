"""How an issue falls onto the page: which story stands beside which, how large a figure is set.

Judgements only, over frozen values; the templates draw what is decided here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from digest.blocks import FULL
from digest.rendering.view import IssueView, PickView, SectionView

# The parts between masthead and footer, by look. The quote breaks the sections in two: after the
# first where it stands before "sections", at the end where it stands behind.
ORDERS: Mapping[str, tuple[str, ...]] = {
    "front-page": ("topper", "lead", "quote", "sections", "numbers", "appeal"),
    "quiet-letter": ("topper", "lead", "sections", "quote", "numbers", "appeal"),
    "text-first": ("topper", "lead", "numbers", "quote", "sections", "appeal"),
}
SIDES: Mapping[str, int] = {"front-page": 24, "quiet-letter": 52, "text-first": 24}  # margin, px


@dataclass(frozen=True, slots=True)
class Band:
    """One part of an issue in its place: the name of its template, and the section it shows."""

    kind: str
    section: SectionView | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One band of a section: a wide story, two columns, one story beside its picture, or briefs."""

    kind: Literal["wide", "pair", "single", "briefs"]
    picks: tuple[PickView, ...]


def bands_of(view: IssueView) -> tuple[Band, ...]:
    """Return what the issue has, in the order of its look; each section is a band of its own."""
    return tuple(_bands(view))


def _bands(view: IssueView) -> Iterator[Band]:
    there = {
        "topper": view.topper,
        "lead": view.lead,
        "quote": view.quote,
        "numbers": view.numbers,
        "appeal": view.appeal,
    }
    order = ORDERS[view.look]
    breaking = order.index("quote") < order.index("sections")
    for kind in order:
        if kind == "sections":
            yield from _sections(view, breaking)
        elif there[kind] and not (kind == "quote" and breaking and view.sections):
            yield Band(kind)


def _sections(view: IssueView, breaking: bool) -> Iterator[Band]:
    for place, section in enumerate(view.sections):
        yield Band("section", section)
        if place == 0 and breaking and view.quote:
            yield Band("quote")


def rows_of(section: SectionView) -> tuple[Row, ...]:
    """Return the bands of a section: wide stories, then columns in pairs, then the briefs.

    Editors' order holds within each kind. An odd last column gets the full measure, and so does a
    story that is there as a whole.
    """
    wide = [pick for pick in section.picks if pick.layout == "lead" or pick.whole_html]
    rest = [pick for pick in section.picks if pick not in wide]
    briefs = tuple(pick for pick in rest if pick.layout == "brief")
    columns = [pick for pick in rest if pick.layout != "brief"]
    rows = [Row("wide", (pick,)) for pick in wide]
    rows += [_columns(columns[i : i + 2]) for i in range(0, len(columns), 2)]
    return (*rows, Row("briefs", briefs)) if briefs else tuple(rows)


def _columns(picks: Sequence[PickView]) -> Row:
    return Row("pair" if len(picks) == 2 else "single", tuple(picks))


def number_rows(
    numbers: tuple[tuple[str, str], ...],
) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Return the figures in rows of three, or of two where that leaves no single one."""
    width = 2 if len(numbers) in {2, 4} else 3
    return tuple(numbers[i : i + width] for i in range(0, len(numbers), width))


def figure_size(numbers: tuple[tuple[str, str], ...]) -> int:
    """Return the size, in pixels, at which the longest figure fits a third of a 320 px phone."""
    longest = max((len(figure) for figure, _ in numbers), default=0)
    return 32 if longest <= 5 else 24 if longest <= 7 else 18


def nameplate_size(name: str) -> int:
    """Return the size, in pixels, at which the newsletter's name fits one line of a 600 px card."""
    return 46 if len(name) <= 20 else 38 if len(name) <= 26 else 30


def edition_of(view: IssueView, edition: str) -> IssueView:
    """Return the view as readers of an edition get it; `edition` is one of EDITIONS."""
    return view if edition == FULL else headlines_only(view)


def headlines_only(view: IssueView) -> IssueView:
    """Return the view with headlines only: no pictures, blurbs, quote or figures."""
    sections = tuple(
        replace(section, picks=tuple(_headline(pick, "brief") for pick in section.picks))
        for section in view.sections
    )
    lead = _headline(view.lead, "lead") if view.lead else None
    return replace(view, lead=lead, sections=sections, quote=None, numbers=())


def _headline(pick: PickView, layout: str) -> PickView:
    return replace(pick, blurb="", picture=None, layout=layout, whole_html="")

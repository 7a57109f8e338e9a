"""Which story stands beside which, and how large a figure is set."""

from collections.abc import Callable

import pytest

from digest.rendering.layout import (
    ORDERS,
    SIDES,
    bands_of,
    edition_of,
    figure_size,
    headlines_only,
    nameplate_size,
    number_rows,
    rows_of,
)
from digest.rendering.view import LOOKS, IssueView, PickView, SectionView


def section(*layouts: str) -> SectionView:
    picks = tuple(PickView(f"{n}", "https://a.example", layout=x) for n, x in enumerate(layouts))
    return SectionView("News", picks)


@pytest.mark.parametrize(
    ("layouts", "kinds"),
    [
        (["column"], ["single"]),
        (["column"] * 2, ["pair"]),
        (["column"] * 5, ["pair", "pair", "single"]),
        (["brief"] * 3, ["briefs"]),
        (["brief", "column", "lead", "column"], ["wide", "pair", "briefs"]),
        (["unheard-of"], ["single"]),
    ],
)
def test_rows_of_section(layouts: list[str], kinds: list[str]) -> None:
    assert [row.kind for row in rows_of(section(*layouts))] == kinds


def test_rows_lose_no_pick_and_keep_the_order_within_a_kind() -> None:
    rows = rows_of(section("brief", "column", "lead", "column", "column", "brief"))

    assert [p.headline for row in rows for p in row.picks] == ["2", "1", "3", "4", "0", "5"]


@pytest.mark.parametrize(
    ("count", "widths"), [(0, []), (1, [1]), (2, [2]), (3, [3]), (4, [2, 2]), (5, [3, 2])]
)
def test_number_rows(count: int, widths: list[int]) -> None:
    assert [len(row) for row in number_rows((("1", "one"),) * count)] == widths


@pytest.mark.parametrize(
    ("figure", "size"), [("41", 32), ("€7.40", 32), ("12,500", 24), ("1,240,000", 18)]
)
def test_figure_size_shrinks_with_length(figure: str, size: int) -> None:
    assert figure_size((("1", ""), (figure, ""))) == size


def test_nameplate_shrinks_for_a_long_name() -> None:
    assert nameplate_size("The Courier") > nameplate_size("The Harbour Courier and Gazette")


def test_headlines_edition_has_headlines_and_the_appeal_only(
    make_view: Callable[..., IssueView],
) -> None:
    view = headlines_only(make_view())
    picks = [view.lead, *(p for s in view.sections for p in s.picks)]

    assert all(p and p.headline and not p.blurb and p.picture is None for p in picks)
    assert view.appeal
    assert not view.quote


def test_full_edition_is_the_view_itself(view: IssueView) -> None:
    assert edition_of(view, "full") is view


def kinds_of(view: IssueView) -> list[str]:
    return [band.section.heading if band.section else band.kind for band in bands_of(view)]


def test_bands_of_a_full_issue_stand_in_the_order_of_the_look(
    make_view: Callable[..., IssueView],
) -> None:
    sections = tuple(SectionView(name, section("column").picks) for name in "AB")

    orders = {look: kinds_of(make_view(look=look, sections=sections)) for look in LOOKS}

    assert orders == {
        "front-page": ["topper", "lead", "A", "quote", "B", "numbers", "appeal"],
        "quiet-letter": ["topper", "lead", "A", "B", "quote", "numbers", "appeal"],
        "text-first": ["topper", "lead", "numbers", "A", "quote", "B", "appeal"],
    }


@pytest.mark.parametrize("look", LOOKS)
def test_bands_hold_what_there_is_and_nothing_else(
    make_view: Callable[..., IssueView], look: str
) -> None:
    bare = make_view(look=look, topper=None, lead=None, sections=(), numbers=(), appeal=None)

    assert kinds_of(bare) == ["quote"]


def test_every_look_has_an_order_and_margins() -> None:
    assert set(ORDERS) == set(SIDES) == set(LOOKS)

"""Where on the board something is asked to go; pure."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from digest.errors import BadInput, Conflict

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """A section with its cards, top first."""

    section_id: int
    heading: str
    cards: list[T]
    takes: bool = True  # new picks; a section that was put away does not


def place_asked(
    columns: list[Column[int]], article_id: int, to: str, section: str, before: str
) -> tuple[int, int]:
    """Return the section's id and the position (from 1) that an article is asked to go to.

    `to` is up, down, previous or next (section); without it the article was dropped in `section`,
    before the article `before`, or last. `columns` hold article ids. BadInput for a place that
    there is not; Conflict when what it should stand before was moved away.
    """
    at = next(i for i, column in enumerate(columns) if article_id in column.cards)
    now = columns[at].cards.index(article_id) + 1
    if to in {"up", "down"}:
        wanted = now + (1 if to == "down" else -1)
        return columns[at].section_id, min(max(wanted, 1), len(columns[at].cards))
    if to in {"previous", "next"}:
        return _beside(columns, at, now, 1 if to == "next" else -1)
    if to:
        raise BadInput(f"{to!r} is no way to move an article")
    return _dropped(columns, article_id, section, before)


def _beside(columns: list[Column[int]], at: int, now: int, step: int) -> tuple[int, int]:
    if not 0 <= at + step < len(columns):
        return columns[at].section_id, now
    beside = columns[at + step]
    return beside.section_id, len(beside.cards) + 1


def _dropped(
    columns: list[Column[int]], article_id: int, section: str, before: str
) -> tuple[int, int]:
    column = next((each for each in columns if str(each.section_id) == section), None)
    if column is None:
        raise BadInput("there is no such section")
    others = [str(card) for card in column.cards if card != article_id]
    if before and before not in others:
        raise Conflict("Somebody moved the article below it meanwhile. Open the board.")
    return column.section_id, others.index(before) + 1 if before else len(others) + 1

"""Group 6: whether it can be read, in light and in dark."""

from collections.abc import Iterator

from digest.press.preflight.findings import Level
from digest.press.preflight.material import Material
from digest.press.preflight.page import Piece
from digest.press.preflight.registry import Said, check
from digest.rendering.theme import READABLE, VISIBLE, WHITE, Palette, Theme, contrast, theme_for
from digest.rendering.view import IssueView

LARGE, LARGE_BOLD = 24, 18.66  # pixels from which WCAG asks for less contrast
SMALL, TINY = 14, 13  # pixels


@check("contrast", Level.BLOCK, "Words have too little contrast to be read, in light or dark.")
def low_contrast(material: Material) -> Iterator[Said]:
    """WCAG AA: 4.5, and 3 from 24 px or 18.7 px bold. Dark is judged from the theme's colours."""
    for edition in material.editions:
        for piece in edition.page.pieces:
            if piece.words.strip() and piece.colour and _ratio(piece) < _needed(piece):
                words = " ".join(piece.words.split())[:40]
                yield Said(
                    f"{piece.colour} on {piece.ground} has a contrast of {_ratio(piece):.1f} and "
                    f"needs {_needed(piece):g}: {words!r}"
                )
    theme = _theme(material.view)
    for name, palette in (("light", theme.light), ("dark", theme.dark)):
        for what, colour, ground in _pairs(palette):
            if (ratio := contrast(colour, ground)) < READABLE:
                yield Said(f"{what} has a contrast of {ratio:.1f} in {name} and needs {READABLE}")


def _theme(view: IssueView) -> Theme:
    return theme_for(view.language, view.accent, view.look, view.typeface)


def _ratio(piece: Piece) -> float:
    return contrast(piece.colour, piece.ground)


def _needed(piece: Piece) -> float:
    large = piece.size >= LARGE or (piece.bold and piece.size >= LARGE_BOLD)
    return VISIBLE if large else READABLE


def _pairs(palette: Palette) -> Iterator[tuple[str, str, str]]:
    for name, ground in (("the card", palette.card), ("the tint", palette.tint)):
        yield f"ink on {name}", palette.ink, ground
        yield f"meta on {name}", palette.meta, ground
    yield "meta on the page", palette.meta, palette.page
    yield "accent on the card", palette.accent, palette.card
    yield "white on a button", WHITE, palette.button


@check("type-tiny", Level.WARN, "Words are set below 13 pixels.")
def tiny(material: Material) -> Iterator[Said]:
    """One finding for all of them."""
    yield from _set_below(material, 0, TINY)


@check("type-small", Level.NOTE, "Words are set below 14 pixels.")
def small(material: Material) -> Iterator[Said]:
    """Our own templates set kickers, credits and the line above the name in 13."""
    yield from _set_below(material, TINY, SMALL)


def _set_below(material: Material, least: float, limit: float) -> Iterator[Said]:
    pieces = [
        piece
        for piece in material.largest.page.pieces
        if piece.words.strip() and least <= piece.size < limit
    ]
    if pieces:
        smallest = min(piece.size for piece in pieces)
        words = " ".join(pieces[0].words.split())[:40]
        yield Said(
            f"{len(pieces)} texts below {limit:g} px, the smallest {smallest:g}: {words!r} …"
        )

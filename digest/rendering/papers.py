"""What each look is printed on: its grounds and inks, light and dark.

Colours only. `theme` puts the newsroom's accent in, and tests prove that every word stays readable
on every ground it may stand on.
"""

from collections.abc import Mapping
from dataclasses import dataclass

WHITE = "#ffffff"


@dataclass(frozen=True, slots=True)
class Palette:
    """One set of colours, each ``#rrggbb``; every text colour is readable on what it stands on."""

    page: str
    card: str
    tint: str  # behind the appeal
    ink: str
    meta: str
    rule: str
    hairline: str
    accent: str = "#000000"  # of small text on the card
    button: str = "#000000"  # carries white text


# What each look is printed on, light and dark; accent and button come from the newsroom.
PAPERS: Mapping[str, tuple[Palette, Palette]] = {
    "front-page": (
        Palette(
            page="#f3f1ec",
            card=WHITE,
            tint="#f6ecd9",
            ink="#1d1d1b",
            meta="#5c5c58",
            rule="#1d1d1b",
            hairline="#d8d4ca",
        ),
        Palette(
            page="#121212",
            card="#1c1c1c",
            tint="#26221b",
            ink="#f2f0eb",
            meta="#b8b5ae",
            rule="#8a867d",
            hairline="#3a3833",
        ),
    ),
    "quiet-letter": (
        Palette(
            page="#fbf7ee",
            card="#fbf7ee",
            tint="#f3e9d6",
            ink="#2b2722",
            meta="#655e54",
            rule="#c4b79f",
            hairline="#ded4c1",
        ),
        Palette(
            page="#1b1916",
            card="#1b1916",
            tint="#29251e",
            ink="#ebe5d9",
            meta="#b7ae9f",
            rule="#736a5b",
            hairline="#3c372f",
        ),
    ),
    "text-first": (
        Palette(
            page=WHITE,
            card=WHITE,
            tint="#f1f1ee",
            ink="#161615",
            meta="#595955",
            rule="#161615",
            hairline="#d6d6d1",
        ),
        Palette(
            page="#151515",
            card="#151515",
            tint="#232322",
            ink="#f0efec",
            meta="#b4b2ad",
            rule="#dcdad4",
            hairline="#3a3a38",
        ),
    ),
}

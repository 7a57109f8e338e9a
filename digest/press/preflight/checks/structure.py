"""Group 7: what a screen reader needs to know before the first word."""

from collections.abc import Iterator
from itertools import pairwise

from digest.press.preflight.findings import Level
from digest.press.preflight.material import Material
from digest.press.preflight.registry import Said, check
from digest.rendering.theme import direction_of


@check("language", Level.BLOCK, "The HTML does not say which language it is in.")
def language(material: Material) -> Iterator[Said]:
    """Missing, ``und``, or another than the newsletter's."""
    for edition in material.editions:
        said, right = edition.page.language, edition.rendering.language
        if _primary(said) != _primary(right):
            yield Said(f"the HTML's language is {said!r} and should be {right!r}")


def _primary(language: str) -> str:
    return language.split("-")[0].lower()


@check("direction", Level.BLOCK, "The HTML runs the wrong way for its language.")
def direction(material: Material) -> Iterator[Said]:
    """rtl for Arabic, Hebrew and their like."""
    for edition in material.editions:
        right = direction_of(edition.rendering.language)
        if edition.page.direction != right:
            yield Said(f"the HTML's dir is {edition.page.direction!r} and should be {right!r}")


@check("title", Level.BLOCK, "The HTML has no title.")
def title(material: Material) -> Iterator[Said]:
    """Screen readers say it first, and browsers show it."""
    if not all(edition.page.title for edition in material.editions):
        yield Said("the HTML has no title")


@check("headings", Level.WARN, "Headings skip a level, or there is not one at the top.")
def headings(material: Material) -> Iterator[Said]:
    """One h1, and no h3 straight below it."""
    for edition in material.editions:
        levels = edition.page.headings
        if levels.count(1) != 1:
            yield Said(f"the mail has {levels.count(1)} headings of the first level, not one")
        for above, below in pairwise(levels):
            if below > above + 1:
                yield Said(f"a heading of level {below} follows one of level {above}")
                break

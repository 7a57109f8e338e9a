"""An issue set once: Jinja, MJML, one compile, and segments that only wait for a reader's values.

The Rendering made here is what an editor approves and what Friday sends. It holds canonical slot
names, so the same view gives the same bytes and the same hash on every compile. Nothing here sees a
reader; `personalise` and `mime` fill the slots.
"""

import secrets
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

from digest.blocks import EDITIONS, section_block
from digest.errors import RenderingFailed
from digest.rendering import furniture, layout, mirroring, whole, whole_text
from digest.rendering.compiling.notes import Source
from digest.rendering.lines import figures_in_lines
from digest.rendering.links import refuse_unsafe_links
from digest.rendering.markers import Markers, Part
from digest.rendering.stored import Embedded, Rendering
from digest.rendering.templates import Templates
from digest.rendering.theme import theme_for
from digest.rendering.view import IssueView
from digest.rendering.written import date_line

__all__ = ["Part", "Rendering", "render_issue"]

REQUIRED_SLOTS = ("unsubscribe_url", "address")
GUARDED_SLOTS = ("unsubscribe_url",)  # a guarded copy does not say whom it went to


def render_issue(
    view: IssueView,
    *,
    edition: str,
    templates: Templates,
    compile_mjml: Callable[[str], str],
    pictures: Sequence[Embedded] = (),
    nonce: str | None = None,
) -> Rendering:
    """Return one edition (`EDITIONS`) of an issue, compiled, with those of `pictures` that
    it shows.

    `nonce` (twelve hexadecimal digits, random unless given) marks the slots during this compile and
    leaves no trace. Raises RenderingFailed naming headline, template, line, slot or block.
    """
    if edition not in EDITIONS:
        raise RenderingFailed(f"there is no edition {edition!r}")
    refuse_unsafe_links(view)
    markers = Markers(nonce or secrets.token_hex(6))
    shown = mirroring.marked(layout.edition_of(view, edition), markers.slot)
    values = template_values(shown, templates) | _markers_for(shown, markers)
    html = _compiled(templates.mjml("issue.mjml.j2", values), markers, compile_mjml)
    text = markers.split(templates.text("issue.txt.j2", values))
    required = GUARDED_SLOTS if view.guarded else REQUIRED_SLOTS
    _refuse_missing_slots("HTML", html, required)
    _refuse_missing_slots("text", text, required)
    shown_pictures = tuple(p for p in pictures if any(f"cid:{p.cid}" in h.text for h in html))
    words = (view.language, view.subject, view.preheader)
    return Rendering(edition, *words, html, text, shown_pictures, view.mirrors)


def _compiled(
    source: Source, markers: Markers, compile_mjml: Callable[[str], str]
) -> tuple[Part, ...]:
    """Return the page in parts; RenderingFailed names template, line and block."""
    try:
        return markers.split(compile_mjml(source.text))
    except RenderingFailed as refused:
        raise RenderingFailed(source.explained(str(refused), markers.block_at_end)) from refused


def template_values(view: IssueView, templates: Templates) -> dict[str, Any]:
    """Return every name a template may use; docs of the names are the fields' own."""
    words = furniture.Furniture(templates.catalogues.words(view.language), view.language)
    theme = theme_for(view.language, view.accent, view.look, view.typeface)
    return {
        "view": view,
        "t": words,
        "theme": theme,
        "date_line": date_line(view.date, view.language),
        "number_line": furniture.number_line(view, words),
        "credit_of": partial(furniture.credit_line, words=words),
        "why_line": furniture.why_line(view, words),
        "on_own_line": furniture.on_own_line,
        "figures": figures_in_lines(view.numbers),
        "part": cache(partial(templates.part, view.look)),  # asked for by every row
        "bands": layout.bands_of(view),
        "rows_of": layout.rows_of,
        "number_rows": layout.number_rows(view.numbers),
        "figure_size": layout.figure_size(view.numbers),
        "side": layout.SIDES[view.look],
        "nameplate_size": layout.nameplate_size(view.newsletter),
        "section_block": section_block,
        "second_way": "",  # set where there are mirrors
        "whole_text": lambda pick: whole_text.as_text(pick.whole_html),
    }


def _markers_for(view: IssueView, markers: Markers) -> dict[str, Any]:
    """Return what marks the places that are filled, or left out, reader by reader."""
    theme = theme_for(view.language, view.accent, view.look, view.typeface)
    return {
        "slot": markers.slot,
        "begin": markers.begin,
        "end": markers.end,
        "second_way": mirroring.second_way(view, markers.slot),
        "whole_html": lambda pick: markers.insert(whole.styled(pick.whole_html, theme)),
    }


def _refuse_missing_slots(part: str, parts: tuple[Part, ...], required: tuple[str, ...]) -> None:
    """Raise RenderingFailed where a reader could not leave, or not see the address used."""
    for slot in required:
        if not any(p.slot == slot and not p.block for p in parts):
            raise RenderingFailed(f"the {part} part has no {slot} that every reader gets")

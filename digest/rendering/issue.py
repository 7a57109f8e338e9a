"""An issue set once: Jinja, MJML, one compile, and segments that only wait for a reader's values.

The Rendering made here is what an editor approves and what Friday sends. It holds canonical slot
names, so the same view gives the same bytes and the same hash on every compile. Nothing here sees a
reader; `personalise` and `mime` fill the slots.
"""

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from digest.errors import RenderingFailed
from digest.rendering import furniture, layout
from digest.rendering.links import refuse_unsafe_links
from digest.rendering.markers import Markers, Part
from digest.rendering.templates import Templates
from digest.rendering.theme import theme_for
from digest.rendering.view import BLOCKS, SLOTS, IssueView

__all__ = ["Part", "Rendering", "render_issue"]

FORM = 1  # of the stored bytes; a reader of another form refuses
REQUIRED_SLOTS = ("unsubscribe_url", "address")


@dataclass(frozen=True, slots=True)
class Rendering:
    """One edition of one issue, compiled: what is approved, hashed, stored and sent."""

    edition: str
    language: str
    subject: str
    preheader: str
    html: tuple[Part, ...]
    text: tuple[Part, ...]

    def to_bytes(self) -> bytes:
        """Return canonical JSON (sorted keys, no blanks, UTF-8): equal renderings, equal bytes."""
        value = {
            "form": FORM,
            "edition": self.edition,
            "language": self.language,
            "subject": self.subject,
            "preheader": self.preheader,
            "html": [[part.text, part.slot, part.block] for part in self.html],
            "text": [[part.text, part.slot, part.block] for part in self.text],
        }
        written = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return written.encode()

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Rendering":
        """Return the rendering that `to_bytes` wrote; RenderingFailed when it is none of ours."""
        try:
            value = json.loads(stored)
            if value["form"] != FORM:
                raise RenderingFailed(f"stored rendering: form {value['form']!r} is not {FORM}")
            words = {key: value[key] for key in ("edition", "language", "subject", "preheader")}
            return cls(**words, html=_parts(value["html"]), text=_parts(value["text"]))
        except (ValueError, KeyError, TypeError) as error:
            raise RenderingFailed("stored rendering: it cannot be read") from error

    @property
    def content_hash(self) -> str:
        """Return the SHA-256 of `to_bytes`, as 64 hexadecimal digits."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def _parts(rows: list[list[str]]) -> tuple[Part, ...]:
    parts = tuple(Part(text, slot, block) for text, slot, block in rows)
    if any(p.slot not in ("", *SLOTS) or p.block not in ("", *BLOCKS) for p in parts):
        raise RenderingFailed("stored rendering: a slot or block in it is not known here")
    return parts


def render_issue(
    view: IssueView,
    *,
    edition: str,
    templates: Templates,
    compile_mjml: Callable[[str], str],
    nonce: str | None = None,
) -> Rendering:
    """Return one edition (`layout.EDITIONS`) of an issue, compiled.

    `nonce` (twelve hexadecimal digits, random unless given) marks the slots during this compile and
    leaves no trace. Raises RenderingFailed naming headline, template, line, slot or block.
    """
    if edition not in layout.EDITIONS:
        raise RenderingFailed(f"there is no edition {edition!r}")
    refuse_unsafe_links(view)
    markers = Markers(nonce or secrets.token_hex(6))
    shown = layout.edition_of(view, edition)
    values = _template_values(shown, markers)
    html = markers.split(compile_mjml(templates.mjml("issue.mjml.j2", values)))
    text = markers.split(templates.text("issue.txt.j2", values))
    _refuse_missing_slots("HTML", html)
    _refuse_missing_slots("text", text)
    return Rendering(edition, view.language, view.subject, view.preheader, html, text)


def _template_values(view: IssueView, markers: Markers) -> dict[str, Any]:
    """Return every name a template may use; docs of the names are the fields' own."""
    words = furniture.furniture_for(view.language)
    return {
        "view": view,
        "t": words,
        "theme": theme_for(view.language, view.accent),
        "date_line": furniture.date_line(view.date, view.language),
        "number_line": furniture.number_line(view),
        "credit_of": partial(furniture.credit_line, language=view.language),
        "why_line": furniture.why_line(view),
        "rows_of": layout.rows_of,
        "number_rows": layout.number_rows(view.numbers),
        "figure_size": layout.figure_size(view.numbers),
        "nameplate_size": layout.nameplate_size(view.newsletter),
        "slot": markers.slot,
        "begin": markers.begin,
        "end": markers.end,
    }


def _refuse_missing_slots(part: str, parts: tuple[Part, ...]) -> None:
    """Raise RenderingFailed where a reader could not leave, or not see the address used."""
    for slot in REQUIRED_SLOTS:
        if not any(p.slot == slot and not p.block for p in parts):
            raise RenderingFailed(f"the {part} part has no {slot} that every reader gets")

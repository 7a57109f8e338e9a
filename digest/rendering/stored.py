"""The Rendering: what a compile gives, and what is approved, hashed, stored and sent.

Knows nothing of templates or compiling, so that a sender, which only fills slots, loads neither.
"""

import hashlib
import json
from dataclasses import dataclass

from digest.errors import RenderingFailed
from digest.rendering.markers import Part
from digest.rendering.view import SLOTS, is_block

FORM = 1  # of the stored bytes; a reader of another form refuses


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
    if any(p.slot not in ("", *SLOTS) or not all(map(is_block, p.blocks)) for p in parts):
        raise RenderingFailed("stored rendering: a slot or block in it is not known here")
    return parts

"""The Rendering: what a compile gives, and what is approved, hashed, stored and sent.

Knows nothing of templates or compiling, so that a sender, which only fills slots, loads neither.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass

from digest.blocks import is_block
from digest.errors import RenderingFailed
from digest.mirrors import Mirrored, is_mirror_slot, mirrored_by
from digest.rendering.markers import Part
from digest.rendering.view import is_slot

# Of the stored bytes; a reader of another form refuses.
PLAIN_FORM, PICTURE_FORM, MIRROR_FORM = 1, 2, 3
OFFLINE = "offline"  # the edition that is a file and no mail


@dataclass(frozen=True, slots=True)
class Embedded:
    """A picture that travels with the mail; the HTML calls it ``cid:`` and its `cid` (RFC 2392)."""

    cid: str
    kind: str  # such as image/jpeg
    data: bytes


@dataclass(frozen=True, slots=True)
class Rendering:
    """One edition of one issue, compiled: what is approved, hashed, stored and sent."""

    edition: str
    language: str
    subject: str
    preheader: str
    html: tuple[Part, ...]
    text: tuple[Part, ...]
    pictures: tuple[Embedded, ...] = ()
    mirrors: tuple[Mirrored, ...] = ()  # the addresses its mirror slots may take, and no others

    @property
    def is_mail(self) -> bool:
        """Return whether copies are made of it."""
        return self.edition != OFFLINE

    def to_bytes(self) -> bytes:
        """Return canonical JSON (sorted keys, no blanks, UTF-8): equal renderings, equal bytes."""
        value: dict[str, object] = {
            "form": PLAIN_FORM,
            "edition": self.edition,
            "language": self.language,
            "subject": self.subject,
            "preheader": self.preheader,
            "html": [[part.text, part.slot, part.block] for part in self.html],
            "text": [[part.text, part.slot, part.block] for part in self.text],
        }
        if self.pictures:
            pictures = [[p.cid, p.kind, base64.b64encode(p.data).decode()] for p in self.pictures]
            value |= {"form": PICTURE_FORM, "pictures": pictures}
        if self.mirrors:
            value |= {"form": MIRROR_FORM, "mirrors": [[m.of, list(m.at)] for m in self.mirrors]}
        written = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return written.encode()

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Rendering":
        """Return the rendering that `to_bytes` wrote; RenderingFailed when it is none of ours."""
        try:
            value = json.loads(stored)
            if value["form"] not in (PLAIN_FORM, PICTURE_FORM, MIRROR_FORM):
                raise RenderingFailed(f"stored rendering: form {value['form']!r} is not known here")
            words = {key: value[key] for key in ("edition", "language", "subject", "preheader")}
            mirrors = tuple(Mirrored(of, tuple(at)) for of, at in value.get("mirrors", []))
            mirrored = {mirror.of for mirror in mirrors}
            return cls(
                **words,
                html=_parts(value["html"], mirrored),
                text=_parts(value["text"], mirrored),
                pictures=_pictures(value.get("pictures", [])),
                mirrors=mirrors,
            )
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise RenderingFailed("stored rendering: it cannot be read") from error

    @property
    def content_hash(self) -> str:
        """Return the SHA-256 of `to_bytes`, as 64 hexadecimal digits."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def _pictures(rows: list[list[str]]) -> tuple[Embedded, ...]:
    return tuple(
        Embedded(cid, kind, base64.b64decode(data, validate=True)) for cid, kind, data in rows
    )


def _parts(rows: list[list[str]], mirrored: Collection[str]) -> tuple[Part, ...]:
    parts = tuple(Part(text, slot, block) for text, slot, block in rows)
    slots = {part.slot for part in parts if part.slot}
    if not all(map(is_slot, slots)) or not all(is_block(b) for p in parts for b in p.blocks):
        raise RenderingFailed("stored rendering: a slot or block in it is not known here")
    if any(is_mirror_slot(slot) and mirrored_by(slot) not in mirrored for slot in slots):
        raise RenderingFailed("stored rendering: a mirror in it has no addresses")
    return parts

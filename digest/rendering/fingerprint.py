"""One hash over all editions of an issue: what an approval is bound to, and what Friday checks
before it sends.
"""

import hashlib
from collections.abc import Iterable
from typing import Protocol

from digest.rendering.stored import Rendering


class Hashed(Protocol):
    """An edition and its hash, with its bytes or without."""

    @property
    def edition(self) -> str:
        """What it is called."""

    @property
    def language(self) -> str:
        """Which language it is in."""

    @property
    def content_hash(self) -> str:
        """The SHA-256 of its bytes, in hexadecimal digits."""


def issue_hash(renderings: Iterable[Hashed]) -> str:
    """Return SHA-256 (64 hexadecimal digits) over the editions and their content hashes, in a fixed
    order.
    """
    lines = sorted(f"{r.edition} {r.language} {r.content_hash}\n" for r in renderings)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def html_bytes(rendering: Rendering) -> int:
    """Return the size of the HTML with every block shown and the slots empty, in bytes of UTF-8."""
    return sum(len(part.text.encode()) for part in rendering.html)

"""Markers that stand for slots and blocks while a mail is made, and the split at them afterwards.

A marker is letters and digits only, so nothing on the way escapes, wraps or encodes it; its random
nonce keeps any text of an issue from forging one. None is left when a Rendering is stored.
"""

import re
from dataclasses import dataclass, replace

from digest.errors import RenderingFailed
from digest.rendering.view import BLOCKS, SLOTS

BEGIN, END = "begin", "end"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a mail: fixed `text` or the name of a `slot`, in an optional `block` or none."""

    text: str = ""
    slot: str = ""
    block: str = ""


class Markers:
    """The markers of one compile; `nonce` is twelve hexadecimal digits."""

    def __init__(self, nonce: str) -> None:
        self._stem = f"Zq{nonce}x"
        self._names = {_bare(slot): slot for slot in SLOTS}
        self._names |= {f"{edge}{_bare(b)}": f"{edge} {b}" for b in BLOCKS for edge in (BEGIN, END)}
        # It begins with a literal, which the engine finds fast.
        self._pattern = re.compile(rf"{self._stem}([a-z]+)x")

    def slot(self, name: str) -> str:
        """Return the marker of a slot; RenderingFailed when there is no such slot."""
        if name not in SLOTS:
            raise RenderingFailed(f"there is no slot {name!r}; there are {', '.join(SLOTS)}")
        return f"{self._stem}{_bare(name)}x"

    def begin(self, block: str) -> str:
        """Return the marker that opens an optional block; RenderingFailed for an unknown one."""
        return self._edge(BEGIN, block)

    def end(self, block: str) -> str:
        """Return the marker that closes an optional block."""
        return self._edge(END, block)

    def _edge(self, edge: str, block: str) -> str:
        if block not in BLOCKS:
            raise RenderingFailed(f"there is no block {block!r}; there are {', '.join(BLOCKS)}")
        return f"{self._stem}{edge}{_bare(block)}x"

    def split(self, text: str) -> tuple[Part, ...]:
        """Return the text cut at its markers, neighbours of one block joined.

        Raises RenderingFailed for an unknown or damaged marker, and for nested or open blocks.
        """
        parts: list[Part] = []
        block, position = "", 0
        for found in self._pattern.finditer(text):
            _append(parts, Part(text=text[position : found.start()], block=block))
            position = found.end()
            name = self._names.get(found[1], "")
            if not name:
                raise RenderingFailed(f"unknown marker {found[1]!r}")
            if " " in name:
                block = _next_block(block, *name.split(" "))
                position += _fills_line(text, *found.span())  # a line of its own goes with it
            else:
                _append(parts, Part(slot=name, block=block))
        _append(parts, Part(text=text[position:], block=block))
        if block:
            raise RenderingFailed(f"block {block!r} is opened and never closed")
        self._refuse_leftovers(parts)
        return tuple(parts)

    def _refuse_leftovers(self, parts: list[Part]) -> None:
        if any(self._stem.lower() in part.text.lower() for part in parts):
            raise RenderingFailed("a slot marker was damaged on its way through the compiler")


def _bare(name: str) -> str:
    return name.replace("_", "")


def _fills_line(text: str, start: int, end: int) -> bool:
    return text.startswith("\n", end) and (start == 0 or text[start - 1] == "\n")


def _next_block(current: str, edge: str, block: str) -> str:
    """Return the block that is open after a begin or end; RenderingFailed when it does not fit."""
    if edge == BEGIN and not current:
        return block
    if edge == END and current == block:
        return ""
    raise RenderingFailed(f"{edge} of block {block!r} inside {current or 'no block'!r}")


def _append(parts: list[Part], part: Part) -> None:
    if part.slot:
        parts.append(part)
    elif part.text:
        if parts and not parts[-1].slot and parts[-1].block == part.block:
            parts[-1] = replace(parts[-1], text=parts[-1].text + part.text)
        else:
            parts.append(part)

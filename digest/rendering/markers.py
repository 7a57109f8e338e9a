"""Markers that stand for slots and blocks while a mail is made, and the split at them afterwards.

A marker is letters and digits only, so nothing on the way escapes, wraps or encodes it; its random
nonce keeps any text of an issue from forging one. None is left when a Rendering is stored. A marker
may also stand for HTML that must not go through the compiler.
"""

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from digest.blocks import BLOCKS, is_block
from digest.errors import RenderingFailed
from digest.rendering.view import SLOTS, is_slot

BEGIN, END = "begin", "end"
INSIDE = "/"  # parts the names of blocks that stand in one another, the outermost first
LETTERS = string.ascii_lowercase


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a mail: fixed `text` or the name of a `slot`, in an optional `block` or none.

    A block in a block is written ``section 3/whole texts``.
    """

    text: str = ""
    slot: str = ""
    block: str = ""

    @property
    def blocks(self) -> tuple[str, ...]:
        """Return the names of the blocks it is in, the outermost first."""
        return tuple(self.block.split(INSIDE)) if self.block else ()


class Markers:
    """The markers of one compile; `nonce` is twelve hexadecimal digits."""

    def __init__(self, nonce: str) -> None:
        self._stem = f"Zq{nonce}x"
        self._meanings: dict[str, _Meaning] = {}  # by the three letters that say which it is
        self._letters: dict[_Meaning, str] = {}
        # It begins with a literal, which the engine finds fast.
        self._pattern = re.compile(rf"{self._stem}([a-z]{{3}})x")

    def slot(self, name: str) -> str:
        """Return the marker of a slot; RenderingFailed when there is no such slot."""
        if not is_slot(name):
            raise RenderingFailed(f"there is no slot {name!r}; there are {', '.join(SLOTS)}")
        return self._marker(_Meaning("slot", name))

    def insert(self, html: str) -> str:
        """Return a marker in whose place `html` comes, as it is; it may hold slots."""
        return self._marker(_Meaning("insert", html))

    def begin(self, block: str) -> str:
        """Return the marker that opens an optional block; RenderingFailed for an unknown one."""
        return self._edge(BEGIN, block)

    def end(self, block: str) -> str:
        """Return the marker that closes an optional block."""
        return self._edge(END, block)

    def _edge(self, edge: str, block: str) -> str:
        if not is_block(block):
            raise RenderingFailed(f"there is no block {block!r}; there are {', '.join(BLOCKS)}")
        return self._marker(_Meaning(edge, block))

    def _marker(self, meaning: "_Meaning") -> str:
        letters = self._letters.get(meaning)
        if letters is None:
            number = len(self._letters)
            letters = "".join(LETTERS[number // 26**place % 26] for place in (2, 1, 0))
            self._letters[meaning], self._meanings[letters] = letters, meaning
        return f"{self._stem}{letters}x"

    def split(self, text: str) -> tuple[Part, ...]:
        """Return the text cut at its markers, neighbours of one block joined.

        Raises RenderingFailed for an unknown or damaged marker, and for blocks that are left open,
        stand in themselves or cross.
        """
        parts: list[Part] = []
        block, position = "", 0
        for found in self._pattern.finditer(text):
            _append(parts, Part(text=text[position : found.start()], block=block))
            position = found.end()
            meaning = self._meanings.get(found[1])
            if meaning is None:
                raise RenderingFailed(f"unknown marker {found[1]!r}")
            if meaning.kind == "slot":
                _append(parts, Part(slot=meaning.name, block=block))
            elif meaning.kind == "insert":
                for part in self.split(meaning.name):
                    _append(parts, replace(part, block=block))
            else:
                block = _next_block(block, meaning.kind, meaning.name)
                position += _fills_line(text, *found.span())  # a line of its own goes with it
        _append(parts, Part(text=text[position:], block=block))
        if block:
            innermost = block.rpartition(INSIDE)[2]
            raise RenderingFailed(f"block {innermost!r} is opened and never closed")
        self._refuse_leftovers(parts)
        return tuple(parts)

    def block_at_end(self, text: str) -> str:
        """Return the block that is open where a text ends, or nothing."""
        block = ""
        for found in self._pattern.finditer(text):
            meaning = self._meanings.get(found[1])
            if meaning and meaning.kind in {BEGIN, END}:
                block = _next_block(block, meaning.kind, meaning.name)
        return block

    def _refuse_leftovers(self, parts: list[Part]) -> None:
        if any(self._stem.lower() in part.text.lower() for part in parts):
            raise RenderingFailed("a slot marker was damaged on its way through the compiler")


class _Meaning(NamedTuple):
    """What a marker stands for: a slot, the begin or end of a block, or HTML to insert."""

    kind: str
    name: str


def _fills_line(text: str, start: int, end: int) -> bool:
    return text.startswith("\n", end) and (start == 0 or text[start - 1] == "\n")


def _next_block(current: str, edge: str, block: str) -> str:
    """Return the block that is open after a begin or end; RenderingFailed when it does not fit."""
    opened = current.split(INSIDE) if current else []
    if edge == BEGIN and block not in opened:
        return INSIDE.join([*opened, block])
    if edge == END and opened[-1:] == [block]:
        return INSIDE.join(opened[:-1])
    raise RenderingFailed(f"{edge} of block {block!r} inside {current or 'no block'!r}")


def join_neighbours(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return the parts, fixed neighbours of one block made one."""
    joined: list[Part] = []
    for part in parts:
        _append(joined, part)
    return tuple(joined)


def _append(parts: list[Part], part: Part) -> None:
    if part.slot:
        parts.append(part)
    elif part.text:
        if parts and not parts[-1].slot and parts[-1].block == part.block:
            parts[-1] = replace(parts[-1], text=parts[-1].text + part.text)
        else:
            parts.append(part)

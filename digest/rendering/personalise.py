"""What one reader's copy says that others' do not: slot values, and which blocks are left out.

Fills a stored Rendering with escaped values; it never changes a segment. `mime` does the same for
the wire, faster, over segments encoded once.
"""

import html
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from digest.blocks import APPEAL, THANKS
from digest.errors import RenderingFailed
from digest.rendering.links import is_reader_link
from digest.rendering.markers import Part
from digest.rendering.stored import Rendering

# Controls, line and paragraph separators, and marks that would reorder the text around them.
UNSAFE_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


# What a reader does not get: one who is asked to give is not thanked for it, and the reverse.
ASKED, THANKED, LEFT_ALONE = (
    frozenset({THANKS}),
    frozenset({APPEAL}),
    frozenset({APPEAL, THANKS}),
)


class Chosen(Protocol):
    """What a reader has chosen: a subscription, a row of the ledger, or what somebody tries out."""

    @property
    def supports_until(self) -> datetime | None:
        """Until when this reader is a member."""

    @property
    def appeal_hidden_until(self) -> datetime | None:
        """Until when this reader is not asked to give."""

    @property
    def hidden_blocks(self) -> Collection[str] | None:
        """The blocks that this reader does without."""


def left_out(chosen: Chosen, now: datetime) -> frozenset[str]:
    """Return the blocks that a reader's copy leaves out."""
    hidden = ASKED
    if chosen.supports_until is not None and chosen.supports_until > now:
        hidden = THANKED
    elif chosen.appeal_hidden_until is not None and chosen.appeal_hidden_until > now:
        hidden = LEFT_ALONE
    return hidden.union(chosen.hidden_blocks) if chosen.hidden_blocks else hidden


class ReaderValues(NamedTuple):
    """One reader's slot values, as plain text, and the blocks this reader does not get.

    `own`: slots whose values are links that this program made of a checked address and a token, so
    that nobody needs to look at each of them again.
    """

    slots: Mapping[str, str]
    hidden_blocks: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()


def fill_html(rendering: Rendering, values: ReaderValues) -> str:
    """Return the HTML of one reader's copy; RenderingFailed names a slot without a usable value."""
    return _fill(rendering.html, values, html_value)


def fill_text(rendering: Rendering, values: ReaderValues) -> str:
    """Return the plain text of one reader's copy; RenderingFailed names a slot without a value."""
    return _fill(rendering.text, values, text_value)


def fill_file(rendering: Rendering, links: Mapping[str, str], hidden: frozenset[str]) -> str:
    """Return the HTML of nobody's copy for a folder of files, in which links may be relative.

    `links` are slot values that this program made; RenderingFailed names a slot without one.
    """

    def value_of(slot: str, values: Mapping[str, str]) -> str:
        if slot not in values:
            raise RenderingFailed(f"slot {slot}: a file has no value for it")
        return html.escape(values[slot], quote=True)

    return _fill(rendering.html, ReaderValues(links, hidden), value_of)


def shown_parts(parts: Iterable[Part], hidden: frozenset[str]) -> Iterator[Part]:
    """Yield the parts that are in no hidden block."""
    return (part for part in parts if not part.block or hidden.isdisjoint(part.blocks))


def text_value(slot: str, values: Mapping[str, str]) -> str:
    """Return a slot's value on one line, free of controls; RenderingFailed when missing or unsafe.

    Slots whose name ends in ``_url`` take an http or https URL of printable ASCII only.
    """
    value = values.get(slot, "")
    if slot.endswith("_url"):
        if not is_reader_link(value):
            raise RenderingFailed(f"slot {slot}: not a link that can be mailed")
        return value
    cleaned = UNSAFE_IN_A_LINE.sub("", value).strip()
    if not cleaned:
        raise RenderingFailed(f"slot {slot}: this reader has no value for it")
    return cleaned


def html_value(slot: str, values: Mapping[str, str]) -> str:
    """Return a slot's value escaped for text and for quoted attributes alike."""
    return html.escape(text_value(slot, values), quote=True)


def _fill(
    parts: Iterable[Part],
    values: ReaderValues,
    value_of: Callable[[str, Mapping[str, str]], str],
) -> str:
    shown = shown_parts(parts, values.hidden_blocks)
    return "".join(value_of(part.slot, values.slots) if part.slot else part.text for part in shown)

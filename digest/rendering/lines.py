"""Lines of plain text, at most MEASURE columns wide, in any script.

A column is what a terminal or a fixed-width mail window gives a narrow character: East Asian wide
ones take two (UAX 11), marks and joiners none. Chinese and Japanese are written without blanks, so
there a line may also end between characters, except before what must not begin a line and after
what must not end one (kinsoku). Words and URLs stay whole, whatever their width; text stays in
logical order, whichever way it runs.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain

MEASURE = 72  # columns of a line
WIDEST_FIGURE = 20  # columns; a longer one is not lined up with the others

BLANKS = re.compile(r"[ \t\r\n\x0b\x0c]+")
URL = re.compile(r"(https?://[^\s、。，！？「」『』（）《》【】]+)")

# What may be parted from its neighbours without a blank: kana, ideographs, their punctuation.
_EAST_ASIAN = (
    "\u2e80-\u2fff\u3000-\u303f\u3040-\u30ff\u3100-\u312f\u31a0-\u31ff\u3200-\u4dbf\u4e00-\u9fff"
    "\ua000-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60\uffe0-\uffe6\U00020000-\U0003ffff"
)
_JOINERS = "\u00a0\u202f\u2060\u200d"
# Closing marks, small kana, marks of length and repetition, everything that combines.
_NEVER_FIRST = (
    r"\]!%'),.:;?}°·’”‰′″℃–—…‥»›"
    "、。〃々〉》」』】〕〗〙〛〜〟〻ぁぃぅぇぉっゃゅょゎゕゖ゛゜ゝゞ゠ァィゥェォッャュョヮヵヶ・ーヽヾ"
    "\u31f0-\u31ff！％），．：；？］｝～｠￠\u0300-\u036f\u3099\u309a\ufe00-\ufe0f"
    "\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef" + _JOINERS
)
_NEVER_LAST = r"$'(\[{«‹‘“№〈《「『【〔〖〘〚〝（［｛｟￥￡＄#＃@" + _JOINERS
_SPACELESS = re.compile(f"[{_EAST_ASIAN}\u200b]")
_OPPORTUNITY = re.compile(
    f"(?<=\u200b)|(?<![{_NEVER_LAST}])(?![{_NEVER_FIRST}])"
    f"(?:(?<=[{_EAST_ASIAN}])(?=.)|(?<=.)(?=[{_EAST_ASIAN}]))"
)


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text: blank lines part them, single newlines do not."""
    return [
        one_line(part) for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")) if part.strip()
    ]


def one_line(text: str) -> str:
    """Return the text on one line; no-break spaces stay."""
    return BLANKS.sub(" ", text).strip(" ")


def wrapped(text: str, indent: str = "", later: str | None = None) -> str:
    """Return the text in lines of at most MEASURE columns, longer words whole; every line begins
    with `indent`, those after the first with `later` where that is given.
    """
    line = one_line(text)
    if not line:
        return ""
    # Two columns are the most that a character takes.
    if len(indent) + len(line) * (1 if line.isascii() else 2) <= MEASURE:
        return indent + line
    return "\n".join(_filled(line, indent, indent if later is None else later))


def _filled(line: str, indent: str, later: str) -> Iterator[str]:
    current, width = indent, len(indent)
    fresh = True  # nothing but the indent is on the line
    for blank, piece in _pieces(line):
        wide = columns(piece)
        if not fresh and width + len(blank) + wide > MEASURE:
            yield current.rstrip(" \u3000")
            current, width, fresh = later, len(later), True
        if not fresh:
            current, width = current + blank, width + len(blank)
        current, width, fresh = current + piece, width + wide, False
    yield current.rstrip(" \u3000")


def _pieces(line: str) -> Iterable[tuple[str, str]]:
    """Yield what may not be parted, each with the blank, or none, that stands before it."""
    if not _SPACELESS.search(line):
        return ((" ", word) for word in line.split(" "))
    return chain.from_iterable(map(_pieces_of_word, line.split(" ")))


def _pieces_of_word(word: str) -> Iterator[tuple[str, str]]:
    blank = " "
    for number, run in enumerate(URL.split(word)):
        for piece in [run] if number % 2 else _OPPORTUNITY.split(run):
            if piece:
                yield blank, piece
                blank = ""


def columns(text: str) -> int:
    """Return how many columns a text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


@lru_cache(maxsize=4096)
def _columns_of(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def figures_in_lines(numbers: Iterable[tuple[str, str]]) -> str:
    """Return figures and what they mean, a line or more each, the meanings under one another."""
    pairs = [(one_line(figure), one_line(meaning)) for figure, meaning in numbers]
    widths = [columns(figure) for figure, _ in pairs]
    edge = 2 + max((width for width in widths if width <= WIDEST_FIGURE), default=0)
    return "\n".join(
        wrapped(f"{meaning}", figure + " " * max(2, edge - width), " " * edge)
        for (figure, meaning), width in zip(pairs, widths, strict=True)
    )

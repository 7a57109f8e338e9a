"""About how high a mail stands in a window, and about where in it each headline is.

For a preview that cannot look into the mail's frame, which has an origin of its own and runs
nothing: whoever shows it scrolls around it. A judgement of the markup's own sizes, some percent
off; nothing that is mailed depends on it. Pure.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from lxml import etree

WIDE, PHONE = 600, 375  # pixels
EM = 0.46  # the width of a letter in the middle, of its size
WIDE_LETTERS = frozenset("WF")  # Unicode's East Asian widths that are twice the others
USUAL_PICTURE = 2 / 3  # its height by its width
PIXELS = re.compile(r"(-?\d+(?:\.\d+)?)(?:px)?\s*")
COLUMN = re.compile(r"\bmj-column-(per|px)-(\d+(?:-\d+)?)")
HEADINGS = frozenset({"h1", "h2", "h3"})
SILENT = frozenset({"head", "style", "script", "title", "noscript"})
INLINE = frozenset({"a", "b", "bdi", "em", "i", "s", "span", "strong", "sub", "sup", "u", "code"})
WidthOf = Callable[[etree._Element, float, int], float]
SIDES = ("top", "right", "bottom", "left")
MORE = 1.06  # rather too high: what is too low would scroll twice
TEXT_LINE = 16  # pixels of a line of the text part, as browsers set it
BEGINNING = 24  # characters by which a headline is known in the text part
LEAST = 12  # characters of one that is broken into lines


@dataclass(frozen=True, slots=True)
class Places:
    """The height of a mail, and by headline the place of each from the top; in pixels."""

    height: int
    headlines: Mapping[str, int]

    def of(self, headlines: Iterable[tuple[int, str]]) -> dict[int, int]:
        """Return the places of what is called like this, by its number; what is not shown is left
        out.
        """
        lines = ((number, _line(words)) for number, words in headlines)
        return {number: self.headlines[words] for number, words in lines if words in self.headlines}


def find_places(html: str, *, width: int) -> Places:
    """Return where things stand in a copy's HTML that is shown `width` pixels wide."""
    ruler = _Ruler(narrow=width < WIDE)
    body = next(_parsed(html).iter("body"), None)
    height = 0.0 if body is None else ruler.block(body, _Setting(width, 16, 24), 0)
    return Places(math.ceil(height * MORE), ruler.found)


def find_text_places(text: str, headlines: Iterable[str]) -> Places:
    """Return where headlines stand in the text part."""
    lines = text.splitlines()
    found: dict[str, int] = {}
    for headline in map(_line, headlines):
        for number, line in enumerate(map(_line, lines)):
            begun = headline.startswith(line) and len(line) >= LEAST  # it goes on below
            if headline and (begun or line.startswith(headline[:BEGINNING])):
                found.setdefault(headline, number * TEXT_LINE)
    return Places((len(lines) + 4) * TEXT_LINE, found)


@dataclass(frozen=True, slots=True)
class _Setting:
    """How text is set at some place: the measure, the size and the line's height, in pixels."""

    width: float
    size: float
    line: float


class _Ruler:
    """Walks a page and adds up; keeps where the headings are."""

    def __init__(self, *, narrow: bool) -> None:
        self._narrow = narrow
        self.found: dict[str, int] = {}

    def block(self, element: etree._Element, around: _Setting, top: float) -> float:
        """Return the height of an element that begins at `top`, and note the headings in it."""
        style = _declarations(element)
        if element.tag in SILENT or style.get("display") == "none":
            return 0
        margin, padding = _box(style, "margin"), _box(style, "padding")
        border = _pixels(style.get("border-top", "0"))
        setting = _set(style, around, padding)
        above = margin["top"] + border + padding["top"]
        start = top + above
        if element.tag in HEADINGS:
            words = _line("".join(map(str, element.itertext())))
            self.found.setdefault(words, round(start))
        inner = self._inside(element, setting, start)
        if element.tag in {"td", "th"} and (height := _pixels(element.get("height") or "0")):
            inner = max(inner, height)
        return above + inner + padding["bottom"] + margin["bottom"]

    def _inside(self, element: etree._Element, setting: _Setting, top: float) -> float:
        if element.tag == "img":
            return _picture_height(element, setting)
        if element.tag == "tr":
            return self._beside(list(element), setting, top, _cell_width)
        columns = [one for one in element if COLUMN.search(one.get("class") or "")]
        if len(columns) > 1 and not self._narrow:
            return self._beside(columns, setting, top, _column_width)
        return self._below(element, setting, top)

    def _beside(
        self, parts: list[etree._Element], setting: _Setting, top: float, width_of: WidthOf
    ) -> float:
        widths = [width_of(part, setting.width, len(parts)) for part in parts]
        pairs = zip(parts, widths, strict=True)
        return max(
            (self.block(part, replace(setting, width=width), top) for part, width in pairs),
            default=0,
        )

    def _below(self, element: etree._Element, setting: _Setting, top: float) -> float:
        """Return the height of what stands below one another: lines of words, and blocks."""
        height, words = 0.0, element.text or ""
        for child in element:
            if child.tag == "br" or not _is_inline(child):
                height += _lines(words, setting)
                words = ""
            if child.tag == "br":
                pass
            elif _is_inline(child):
                words += "".join(map(str, child.itertext()))
            else:
                height += self.block(child, setting, top + height)
            words += child.tail or ""
        return height + _lines(words, setting)


def _is_inline(element: etree._Element) -> bool:
    shown = _declarations(element).get("display", "")
    return element.tag in INLINE and shown != "block" and element.find(".//img") is None


def _picture_height(element: etree._Element, setting: _Setting) -> float:
    width = _pixels(element.get("width") or "0") or setting.width
    height = _pixels(element.get("height") or "0") or width * USUAL_PICTURE
    return height * min(1, setting.width / width)


def _cell_width(cell: etree._Element, width: float, of: int) -> float:
    return min(width, _pixels(cell.get("width") or "0") or width / of)


def _column_width(column: etree._Element, width: float, of: int) -> float:
    found = COLUMN.search(column.get("class") or "")
    if found is None:
        return width / of
    amount = float(found[2].replace("-", "."))
    return amount if found[1] == "px" else width * amount / 100


def _lines(words: str, setting: _Setting) -> float:
    words = _line(words)
    if not words:
        return 0
    doubled = 0
    if not words.isascii():
        doubled = sum(unicodedata.east_asian_width(letter) in WIDE_LETTERS for letter in words)
    length = (len(words) + doubled) * EM * setting.size
    return math.ceil(length / max(setting.width, 1)) * setting.line


def _set(style: Mapping[str, str], around: _Setting, padding: Mapping[str, float]) -> _Setting:
    size = _pixels(style.get("font-size", "")) or around.size
    width = around.width - padding["left"] - padding["right"]
    if most := _pixels(style.get("max-width", "")):
        width = min(width, most)
    return _Setting(width, size, _line_height(style.get("line-height", ""), size, around))


def _line_height(said: str, size: float, around: _Setting) -> float:
    if not said:
        return around.line if size == around.size else size * 1.4
    number = _pixels(said)
    if said.endswith("%"):
        return size * number / 100
    return number if said.endswith("px") else size * number


def _box(style: Mapping[str, str], name: str) -> dict[str, float]:
    """Return the four sides of a margin or padding."""
    values = [_pixels(part) for part in style.get(name, "0").split()] or [0.0]
    top, right, bottom, left = (values + [values[0]] * 3)[:4] if len(values) < 2 else _four(values)
    sides = dict(zip(SIDES, (top, right, bottom, left), strict=True))
    return {side: _pixels(style.get(f"{name}-{side}", "")) or at for side, at in sides.items()}


def _four(values: list[float]) -> list[float]:
    """Return top, right, bottom and left of what CSS writes shorter."""
    top, right = values[0], values[1]
    bottom = values[2] if len(values) > 2 else top
    return [top, right, bottom, values[3] if len(values) > 3 else right]


def _pixels(said: str) -> float:
    found = PIXELS.match(said.strip())
    return float(found[1]) if found else 0.0


def _declarations(element: etree._Element) -> Mapping[str, str]:
    return _declared(element.get("style") or "")


@lru_cache(maxsize=1_000)  # a mail says the same again and again
def _declared(style: str) -> Mapping[str, str]:
    pairs = (part.partition(":") for part in style.split(";"))
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs if value}


def _line(text: str) -> str:
    return " ".join(text.split())


def _parsed(html: str) -> etree._Element:
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, recover=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(html.replace("\0", "").encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, etree.ParserError):
        root = None
    return etree.Element("html") if root is None else root

"""One copy's HTML, read as a mail program would: links, pictures, words, sizes and colours.

What stands in Outlook's conditional comments is not looked at; what is hidden is no word.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lxml import etree

BLANKS = re.compile(r"\s+")
HEX = re.compile(r"#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b")
PIXELS = re.compile(r"(\d+(?:\.\d+)?)px")
BOLD_TAGS = frozenset({"b", "strong", "h1", "h2", "h3", "h4", "h5", "h6", "th"})
SILENT = frozenset({"head", "style", "script", "title", "noscript"})
# Tags within a line: they part no words.
INLINE = frozenset({"a", "b", "bdi", "em", "i", "s", "span", "strong", "sub", "sup", "u", "code"})


@dataclass(frozen=True, slots=True)
class Link:
    """One ``<a>``: where it leads and the words on it, a picture's description among them."""

    url: str
    words: str
    pictured: bool


@dataclass(frozen=True, slots=True)
class Image:
    """One ``<img>``; `alt` is None when the attribute is missing, `width` in pixels or 0."""

    url: str
    alt: str | None
    width: int
    link_words: str | None  # the other words of the link it stands in; None: in no link


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of visible text and how it is set; colours ``#rrggbb`` or empty, `size` in pixels."""

    words: str
    colour: str
    ground: str
    size: float
    bold: bool


@dataclass(frozen=True, slots=True)
class Page:
    """What the checks ask of a copy's HTML."""

    language: str
    direction: str
    title: str
    headings: tuple[int, ...]
    links: tuple[Link, ...]
    images: tuple[Image, ...]
    pieces: tuple[Piece, ...]
    words: str
    tags: frozenset[str]
    sheets: tuple[str, ...]
    styles: tuple[str, ...]


def read_page(html: str) -> Page:
    """Return what is in a copy's HTML; broken markup is read as far as it goes."""
    root = _parsed(html)
    body = next(root.iter("body"), root)
    pieces = tuple(_pieces(body, Piece("", "", "#ffffff", 16, bold=False)))
    elements = [one for one in root.iter() if isinstance(one.tag, str)]
    return Page(
        language=root.get("lang") or "",
        direction=(root.get("dir") or "").lower(),
        title=_line("".join(next((t.text or "" for t in root.iter("title")), ""))),
        headings=tuple(int(one.tag[1]) for one in elements if re.fullmatch("h[1-6]", one.tag)),
        links=tuple(_link(one) for one in root.iter("a") if one.get("href") is not None),
        images=tuple(_image(one) for one in root.iter("img")),
        pieces=pieces,
        words=_line("".join(piece.words for piece in pieces)),
        tags=frozenset(one.tag for one in elements),
        sheets=tuple("".join(map(str, one.itertext())) for one in root.iter("style")),
        styles=tuple(filter(None, (one.get("style") for one in elements))),
    )


def _parsed(html: str) -> etree._Element:
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, recover=True)
    source = html.replace("\0", "").encode("utf-8", "replace")
    try:
        root = etree.fromstring(source, parser)
    except (etree.XMLSyntaxError, etree.ParserError):
        root = None
    return etree.Element("html") if root is None else root


def _line(text: str) -> str:
    return BLANKS.sub(" ", text).strip()


def _link(element: etree._Element) -> Link:
    alts = [image.get("alt") or "" for image in element.iter("img")]
    words = "".join(map(str, element.itertext()))
    return Link(element.get("href") or "", _line(" ".join([words, *alts])), bool(alts))


def _image(element: etree._Element) -> Image:
    link = next((one for one in element.iterancestors("a") if one.get("href")), None)
    width = PIXELS.match(f"{element.get('width') or ''}px")
    return Image(
        url=element.get("src") or "",
        alt=element.get("alt"),
        width=int(float(width[1])) if width else 0,
        link_words=None if link is None else _line("".join(map(str, link.itertext()))),
    )


def _pieces(element: etree._Element, around: Piece) -> Iterator[Piece]:
    """Yield the visible texts below an element, in order, each as it is set."""
    style = _declarations(element.get("style") or "")
    if element.tag in SILENT or style.get("display") == "none":
        return
    own = _set(element, style, around)
    if element.tag not in INLINE:
        yield replace(own, words=" ")
    if element.text:
        yield replace(own, words=element.text)
    for child in element:
        if isinstance(child.tag, str):
            yield from _pieces(child, own)
        if child.tail:
            yield replace(own, words=child.tail)
    if element.tag not in INLINE:
        yield replace(own, words=" ")


def _set(element: etree._Element, style: dict[str, str], around: Piece) -> Piece:
    size = PIXELS.match(style.get("font-size", ""))
    weight = style.get("font-weight", "")
    ground = style.get("background-color") or style.get("background") or element.get("bgcolor")
    return Piece(
        words="",
        colour=_hex(style.get("color", "")) or around.colour,
        ground=_hex(ground or "") or around.ground,
        size=float(size[1]) if size else around.size,
        bold=_is_bold(weight) if weight else around.bold or element.tag in BOLD_TAGS,
    )


def _is_bold(weight: str) -> bool:
    return weight == "bold" or (weight.isdecimal() and int(weight) >= 700)


def _hex(colour: str) -> str:
    found = HEX.search(colour)
    if found is None:
        return ""
    digits = found[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def _declarations(style: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in style.split(";"))
    return {
        name.strip().lower(): value.replace("!important", "").strip().lower()
        for name, _, value in pairs
    }

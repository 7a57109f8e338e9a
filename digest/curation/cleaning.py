"""From HTML that the outside sends to plain text and safe HTML; pure.

libxml2 reads HTML first: it keeps no tree deeper than 256, so the sanitiser behind it never meets
the nesting that costs it quadratic time.
"""

import html
from collections.abc import Iterator
from dataclasses import dataclass

import nh3
from lxml import etree

from digest.curation.plain import one_line, web_url

MAX_DEPTH = 50
BLOCKS = {
    *("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption"),
    *("figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav"),
    *("ol", "p", "pre", "section", "table", "td", "th", "tr", "ul"),
}
UNREAD = {
    "script",
    "style",
    "template",
    "noscript",
    "head",
    "title",
    "iframe",
    "object",
    "svg",
    "math",
}
BODY_TAGS = {"a", "b", "blockquote", "br", "em", "h2", "h3", "h4", "hr", "i", "li", "ol", "p"}
BODY_TAGS |= {"strong", "sub", "sup", "ul"}
# Pictures are left out on purpose: one of theirs, loaded by a reader's mail client, is a tracking
# pixel.
BODY_ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture somewhere else: its URL and what is said about it."""

    url: str
    alt: str = ""
    credit: str = ""


def plain_text(markup: str) -> str:
    """Return the words of an HTML fragment on one line, without scripts and styles."""
    if "<" not in markup and "&" not in markup:
        return one_line(markup)
    tree = _tree(markup)
    return one_line("".join(_words(tree))) if tree is not None else ""


def safe_html(markup: str, base: str) -> str:
    """Return HTML of nothing but words, links and their structure; empty when no word is left.

    Links come out absolute against `base`, http, https or mailto. What is nested deeper than fifty
    levels comes out as one paragraph of plain text.
    """
    tree = _tree(markup)
    words = one_line("".join(_words(tree))) if tree is not None else ""
    if tree is None or not words:
        return ""
    if _is_deeper(tree, MAX_DEPTH):
        return f"<p>{html.escape(words)}</p>"
    tidy = etree.tostring(tree, encoding="unicode", method="html")
    cleaned = nh3.clean(
        tidy,
        tags=BODY_TAGS,
        attributes=BODY_ATTRIBUTES,
        clean_content_tags=UNREAD,
        url_schemes={"http", "https", "mailto"},
        url_relative=lambda link: web_url(link, base),
    )
    return cleaned.strip()


def first_picture(markup: str, base: str) -> Picture | None:
    """Return the first picture of an HTML fragment that is big enough to be one, or None."""
    tree = _tree(markup) if "<" in markup else None
    if tree is None:
        return None
    for element in tree.iter("img"):
        url = web_url(element.get("src") or "", base)
        if url and not is_pixel(element):
            return Picture(url, one_line(element.get("alt") or ""))
    return None


def _tree(markup: str) -> etree._Element | None:
    """Return a fragment as a tree, or None when there is nothing in it."""
    # The parser stops at a NUL; lone surrogates have no bytes.
    source = f"<div>{markup}</div>".replace("\0", "").encode("utf-8", "replace")
    parser = etree.HTMLParser(
        encoding="utf-8",
        no_network=True,
        recover=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(source, parser)
    except (etree.XMLSyntaxError, etree.ParserError):
        return None


def _words(element: etree._Element) -> Iterator[str]:
    """Yield the text below an element, blocks set apart; recursion ends at the parser's 256."""
    if isinstance(element.tag, str) and element.tag not in UNREAD:
        apart = " " if element.tag in BLOCKS else ""
        yield apart + (element.text or "")
        for child in element:
            yield from _words(child)
            yield child.tail or ""
        yield apart


def _is_deeper(tree: etree._Element, limit: int) -> bool:
    # html and body are the parser's own, and so is the div around the fragment.
    deepest = [(tree, -2)]
    while deepest:
        element, depth = deepest.pop()
        if depth > limit:
            return True
        deepest.extend((child, depth + 1) for child in element)
    return False


def outermost(tree: etree._Element, tag: str) -> Iterator[etree._Element]:
    """Yield the elements of a tag in a tree that stand in no other of it: words that are read once
    for each element around them are read 250 times in a page that was made for that.
    """
    for element in tree.iter(tag):
        if next(element.iterancestors(tag), None) is None:
            yield element


def is_pixel(element: etree._Element) -> bool:
    """Tell whether an img is one point wide or high, or none: something that counts readers."""
    return any(
        (element.get(side) or "").strip().rstrip("px") in {"0", "1"} for side in ("width", "height")
    )

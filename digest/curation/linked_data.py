"""The article in a page's JSON-LD: schema.org NewsArticle and its kin.

Pure. A block that is not JSON is skipped, for half the web's are broken; a value of an unexpected
type is as good as absent.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from digest.curation.cleaning import Picture, plain_text

# Best first; within a rank the page's order decides.
RANKS = (
    re.compile(r"NewsArticle$"),
    re.compile(r"(?:Article|BlogPosting|LiveBlogPosting|Report)$"),
)
MAX_DEPTH = 4
WRAPPING = re.compile(
    r"^\s*(?:<!--|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|(?:-->|/\*\s*\]\]>\s*\*/|\]\]>|;)\s*$"
)
NO_PICTURE = Picture("")


@dataclass(frozen=True, slots=True)
class LinkedArticle:
    """What the JSON-LD says; empty where it is silent. `published` and `modified` are the texts as
    given, `correction` is the first one.
    """

    title: str = ""
    summary: str = ""
    author: str = ""
    published: str = ""
    picture: Picture = NO_PICTURE
    url: str = ""
    site_name: str = ""
    language: str = ""
    categories: tuple[str, ...] = ()
    modified: str = ""
    correction: str = ""


def read_linked_data(blocks: Iterable[str]) -> LinkedArticle:
    """Return the best article among the JSON-LD blocks of a page; an empty one if there is none."""
    nodes = [node for block in blocks for node in _nodes(_loaded(block), MAX_DEPTH)]
    for rank in RANKS:
        for node in nodes:
            if any(rank.search(kind) for kind in _texts(node.get("@type"))):
                return _article(node)
    return LinkedArticle()


def _loaded(block: str) -> Any:
    try:
        return json.loads(WRAPPING.sub("", block), strict=False)
    except (ValueError, RecursionError):
        return None


def _nodes(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Yield the objects at the top, in lists, in ``@graph`` and under ``mainEntity``."""
    if depth == 0:
        return
    if isinstance(value, list):
        for member in value:
            yield from _nodes(member, depth - 1)
    elif isinstance(value, dict):
        yield value
        for key in ("@graph", "mainEntity", "mainEntityOfPage"):
            yield from _nodes(value.get(key), depth - 1)


def _article(node: dict[str, Any]) -> LinkedArticle:
    return LinkedArticle(
        title=_text(node.get("headline")) or _text(node.get("name")),
        summary=_text(node.get("description")) or _text(node.get("abstract")),
        author=_names(node.get("author")) or _names(node.get("creator")),
        published=_text(node.get("datePublished")) or _text(node.get("dateCreated")),
        picture=_picture(node.get("image")) or _picture(node.get("thumbnailUrl")) or NO_PICTURE,
        url=_link(node.get("url")) or _link(node.get("mainEntityOfPage")),
        site_name=_names(node.get("publisher")),
        language=_text(node.get("inLanguage")),
        categories=tuple(_texts(node.get("articleSection"))),
        modified=_text(node.get("dateModified")),
        correction=_correction(node.get("correction")),
    )


def _correction(value: Any) -> str:
    """Return the words of a schema.org correction: a text, or comments with a text."""
    for member in value if isinstance(value, list) else [value]:
        words = member.get("text") if isinstance(member, dict) else member
        if isinstance(words, str) and (text := plain_text(words)) and "://" not in text:
            return text
    return ""


def _texts(value: Any) -> Iterator[str]:
    """Yield the plain texts in a value: a string, an object with a name, or a list of these."""
    for member in value if isinstance(value, list) else [value]:
        if isinstance(member, dict):
            keys = ("name", "@value", "alternateName", "@id", "url")
            member = next((member[key] for key in keys if isinstance(member.get(key), str)), "")
        if isinstance(member, str) and (text := plain_text(member)):
            yield text


def _text(value: Any) -> str:
    return next(_texts(value), "")


def _names(value: Any) -> str:
    """Return names with commas between; a URL in the place of a name is none."""
    return ", ".join(dict.fromkeys(name for name in _texts(value) if "://" not in name))


def _picture(value: Any) -> Picture | None:
    """Return the first picture in a value: a URL, an ImageObject, or a list of these."""
    for member in value if isinstance(value, list) else [value]:
        if url := _link(member):
            about = member if isinstance(member, dict) else {}
            return Picture(url, _text(about.get("caption")), _credit(about))
    return None


def _link(value: Any) -> str:
    """Return the URL in a string or an object, untouched: in a URL ``&copy=`` is no entity."""
    if isinstance(value, dict):
        links = (value.get(key) for key in ("contentUrl", "url", "@id"))
        value = next(filter(None, links), "")
    return value.strip() if isinstance(value, str) else ""


def _credit(picture: dict[str, Any]) -> str:
    keys = ("creditText", "creator", "author", "copyrightHolder")
    return next(filter(None, (_names(picture.get(key)) for key in keys)), "")

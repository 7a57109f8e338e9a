"""What never reaches mrml: documents that kill it, that it refuses without saying where, and those
it would let pass with something missing.

Each refusal is a RenderingFailed that begins with line and column, counted from 1. Nothing is
corrected here; that is `armour`'s work.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from digest.errors import RenderingFailed
from digest.rendering.compiling.armour import TAG
from digest.rendering.compiling.components import WORDLESS, misplaced, unkept_attribute

SIZE_CAP = 1_000_000  # bytes of MJML; an issue of 60 stories has about 60,000
DEPTH_CAP = 100  # nested tags; the shipped templates reach 7
VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})

COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
WELL_FORMED = re.compile(r"(?:\s+[^\s=/>\"'<]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'))?)*+\s*/?")
NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
DEBUG_ESCAPE = re.compile(r"<[^<>]*\\u\{[^<>]*>")


def refuse_oversize(source: str) -> None:
    """Raise RenderingFailed when the document has more than SIZE_CAP bytes or lone surrogates."""
    try:
        size = len(source.encode())
    except UnicodeEncodeError as error:
        raise RenderingFailed("MJML: the text is not valid Unicode") from error
    if size > SIZE_CAP:
        raise RenderingFailed(f"MJML: {size:,} bytes are more than the {SIZE_CAP:,} allowed")


def refuse_bad_structure(source: str) -> None:
    """Raise RenderingFailed for tags that nest deeper than DEPTH_CAP, do not match, stand where
    they may not, or have attributes that would not be kept; for words where none belong; and for a
    ``<`` that begins no tag.
    """
    opened = [Opened("", 0)]
    end = 0
    for markup in _tags_and_comments(source):
        if (parent := opened[-1].name) in WORDLESS:
            _refuse_words(source, end, markup.start(), parent)
        end = markup.end()
        if markup.re is TAG:
            _refuse_tag(source, markup, opened)
    if len(opened) == 1:
        _refuse_words(source, end, len(source), "")
    else:
        raise _refusal(source, opened[-1].start, f"<{opened[-1].name}> is never closed")


class Opened(NamedTuple):
    """A tag that is not closed yet, and where it stands."""

    name: str
    start: int


def _tags_and_comments(source: str) -> Iterator[re.Match[str]]:
    """Yield every tag and comment; RenderingFailed at the first ``<`` that begins neither, so that
    no document, however broken, is looked through twice.
    """
    start = source.find("<")
    while start >= 0:
        markup = (COMMENT if source.startswith("<!--", start) else TAG).match(source, start)
        if markup is None:
            words = "this < begins no tag: write &lt; or close the tag, its quotes or its comment"
            raise _refusal(source, start, words)
        yield markup
        start = source.find("<", markup.end())


def _refuse_words(source: str, begin: int, end: int, parent: str) -> None:
    """Raise RenderingFailed for words between two tags, of which `parent` takes none."""
    words = source[begin:end]
    if not words or words.isspace():
        return
    start = begin + len(words) - len(words.lstrip())
    place = f"in <{parent}>" if parent else "outside <mjml>"
    raise _refusal(source, start, f"words may not stand {place}")


def _refuse_tag(source: str, tag: re.Match[str], opened: list[Opened]) -> None:
    """Open or close a level; RenderingFailed for a tag that does not fit."""
    close, name, attributes = tag.groups()
    parent = opened[-1].name
    if close:
        if opened.pop().name != name:
            open_now = f": <{parent}> is open" if parent else ""
            raise _refusal(source, tag.start(), f"</{name}> closes no open tag{open_now}")
        return
    fault = misplaced(name, parent) or (attributes and _fault_of(name, attributes))
    if fault:
        raise _refusal(source, tag.start(), fault)
    if name.lower() in VOID or attributes.endswith("/"):
        return
    if parent == "mj-attributes":
        raise _refusal(source, tag.start(), f"<{name}> must end with />")
    opened.append(Opened(name, tag.start()))
    if len(opened) > DEPTH_CAP + 1:
        raise _refusal(source, tag.start(), f"more than {DEPTH_CAP} tags nested")


@lru_cache(maxsize=1024)  # a template writes most of its tags again for each article
def _fault_of(name: str, attributes: str) -> str:
    if not WELL_FORMED.fullmatch(attributes):
        return f'the attributes of <{name}> must be written name="value"'
    return unkept_attribute(name, attributes)


def refuse_what_is_no_text(source: str) -> None:
    """Raise RenderingFailed for a control or a non-character outside tags, whose attributes the
    armour rids of them; and for comments that mrml cannot read.
    """
    for comment in COMMENT.finditer(source) if "<!--" in source else ():
        if "--" in comment[1] or comment[1].endswith("-"):
            raise _refusal(source, comment.start(), "a comment may not have -- inside")
    if NO_TEXT.search(source):
        bare = TAG.sub(lambda tag: " " * len(tag[0]), source)
        if found := NO_TEXT.search(bare):
            raise _refusal(source, found.start(), f"U+{ord(found[0]):04X} may not stand in a text")


def _refusal(source: str, offset: int, why: str) -> RenderingFailed:
    line = source.count("\n", 0, offset) + 1
    column = offset - source.rfind("\n", 0, offset)
    return RenderingFailed(f"MJML line {line}, column {column}: {why}")


def refuse_leftovers(html: str) -> None:
    """Raise RenderingFailed when MJML or mrml's debug escapes are left in the output."""
    if "<mj" in html:
        name = html[html.index("<mj") + 1 :].split(None, 1)[0].split(">")[0]
        raise RenderingFailed(f"MJML: <{name[:40]}> is not a component the compiler knows")
    if "\\u{" in html and DEBUG_ESCAPE.search(html):
        raise RenderingFailed(
            "MJML: the compiler corrupted an attribute; is mjml-python still 1.4.2?"
        )

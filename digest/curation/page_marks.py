"""What a page says of its own history: its text, its corrections, when it was changed, and whether
it may be shown yet. Pure.

Every page is made in another way, so this looks for what readers look for: a paragraph that begins
with "Correction:" or says so in the language of the page, and the embargo line above an article.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from lxml import etree

from digest.curation.cleaning import UNREAD, outermost
from digest.curation.linked_data import read_linked_data
from digest.curation.metadata import parse_date
from digest.curation.plain import one_line

MARK_LONGEST = 300  # characters kept of a correction
MARKS_MOST = 50
BEGINNING = 2_000  # characters looked at of a block: boxes stand in boxes
BLOCKS_MOST = 20_000  # looked at of a page: the longest that people write have some thousands
HEAD_BLOCKS = 40  # an embargo stands at the top
MODIFIED = ("article:modified_time", "og:updated_time", "datemodified", "last-modified")
TEXTS = ("p", "li", "blockquote", "h2", "h3", "h4", "dd", "figcaption", "pre")
BOXES = ("div", "section", "aside", "span", "em", "strong", "b", "i", "footer", "header", "td")
CORRECTIONS = "|".join(
    (
        r"corrections?|clarifications?|editor[’']s note|updated?",
        r"berichtigung|korrektur|richtigstellung|aktualisierung|anm(?:\.|erkung) der red\w*",
        r"rectificatif|mise à jour|précision",
        r"correcci[oó]n|rectificaci[oó]n|fe de erratas?|actualizaci[oó]n|aclaraci[oó]n",
        r"исправление|уточнение|обновлено|поправка|düzeltme|güncelleme",
        r"اصلاحیه|اصلاحيه|تصحیح|تصحيح|به[\u200c ]?روز ?رسانی|توضیح|توضيح|تنويه|تحديث",
    )
)
# "Correction: …", "Correction (27 November): …", "Updated 27 November, 10:15", or the word alone,
# as the heading of a box; not "Update on the harbour: three ships", which is a headline.
MARK = re.compile(
    rf"\W*(?:(?:{CORRECTIONS})\b\.?\s*(?:"
    r"(?:(?:[(\[,\u2013\u2014-]|\d|(?:on|vom|du|del) \D{0,12}\d)[^:\uff1a]{0,40})?"
    r"[:\uff1a\u2013\u2014]|\W*$)"
    r"|this (?:article|story) (?:has been|was) (?:updated|corrected|amended)"
    r"|in einer früheren version (?:dieses|des) (?:artikels|textes|beitrags))",
    re.IGNORECASE,
)
EMBARGO = re.compile(
    r"\b(?:strictly )?embargo(?:ed)?\b.{0,20}?(?::|\buntil\b|\btill\b)|\bunder embargo\b"
    r"|\bsperrfrist\b|\bsous embargo\b|\bembargado hasta\b|محظور النشر|انتشار تا",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PageMarks:
    """A page's own history. `published` and `modified` are UTC, None where it says nothing."""

    text_digest: str
    marks: tuple[str, ...]
    published: datetime | None
    modified: datetime | None
    embargo: str  # the line that says so

    def embargo_at(self, now: datetime) -> str:
        """Return why the page should not be shown yet; empty when nothing says so."""
        if self.embargo:
            return self.embargo
        if self.published is not None and self.published > now:
            return f"dated {self.published:%Y-%m-%d %H:%M} UTC"
        return ""


def read_marks(text: str) -> PageMarks:
    """Return what a page says of its own history."""
    tree = _tree(text)
    if tree is None:
        return PageMarks("", (), None, None, "")
    linked = read_linked_data(_linked(tree))
    found = map(_beginning_of, islice(_blocks(tree), BLOCKS_MOST))
    blocks = list(dict.fromkeys(filter(None, found)))
    digest = hashlib.sha256("\n".join(_article_text(tree)).encode()).hexdigest()
    own = [linked.correction] if linked.correction else []
    marks = [*own, *(block for block in blocks if MARK.match(block))]
    return PageMarks(
        text_digest=digest,
        marks=_whole(mark[:MARK_LONGEST] for mark in islice(marks, MARKS_MOST)),
        published=_first_date(linked.published, *_metas(tree, ("article:published_time",))),
        modified=_first_date(linked.modified, *_metas(tree, MODIFIED)),
        embargo=next((b[:MARK_LONGEST] for b in blocks[:HEAD_BLOCKS] if EMBARGO.search(b)), ""),
    )


def _whole(marks: Iterable[str]) -> tuple[str, ...]:
    """Return marks each once, without those that only begin another: a word set in bold."""
    known = list(dict.fromkeys(marks))
    return tuple(m for m in known if not any(o != m and o.startswith(m) for o in known))


def _tree(text: str) -> etree._Element | None:
    source = text.replace("\0", "").encode("utf-8", "replace")
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, recover=True, huge_tree=False, remove_comments=True
    )
    try:
        return etree.fromstring(source, parser)
    except (etree.XMLSyntaxError, etree.ParserError):
        return None


def _linked(tree: etree._Element) -> Iterator[str]:
    for script in tree.iter("script"):
        if (script.get("type") or "").partition(";")[0].strip().lower() == "application/ld+json":
            yield script.text or ""


def _metas(tree: etree._Element, names: tuple[str, ...]) -> Iterator[str]:
    for meta in tree.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        if name.strip().lower() in names:
            yield meta.get("content") or ""


def _first_date(*texts: str) -> datetime | None:
    return next(filter(None, map(parse_date, texts)), None)


def _blocks(tree: etree._Element) -> Iterator[etree._Element]:
    """Yield what may be a line of its own: paragraphs, and boxes that hold words directly."""
    for element in tree.iter(*TEXTS, *BOXES):
        if element.tag in TEXTS or (element.text or "").strip() or _is_line(element):
            yield element


def _is_line(element: etree._Element) -> bool:
    """Return whether a box begins with a word set apart: <div><b>Correction:</b> …</div>."""
    return len(element) > 0 and element[0].tag in {"b", "strong", "em", "i", "span"}


def _beginning_of(element: etree._Element) -> str:
    if next(element.iterancestors(*UNREAD), None) is not None:
        return ""
    words, length = [], 0
    for text in _texts(element):
        words.append(text[:BEGINNING])
        length += len(text) + 1  # an element without words is work, too
        if length > BEGINNING:
            break
    return one_line("".join(words))


def _words_of(element: etree._Element) -> str:
    return one_line("".join(_texts(element)))


def _texts(element: etree._Element) -> Iterator[str]:
    """Yield the words in an element; recursion ends at the parser's 256 levels."""
    if isinstance(element.tag, str) and element.tag not in UNREAD:
        yield element.text or ""
        for child in element:
            yield from _texts(child)
            yield child.tail or ""


def _article_text(tree: etree._Element) -> list[str]:
    """Return the paragraphs of the article: those in <article> or <main>, else all there are.

    Whole pages change with every visit: the time of day, what is read most, advertisements.
    """
    for name in ("article", "main", "body"):
        found = [
            [words for p in islice(outermost(each, "p"), BLOCKS_MOST) if (words := _words_of(p))]
            for each in outermost(tree, name)
        ]
        if longest := max(found, key=lambda words: sum(map(len, words)), default=[]):
            return longest
    return []

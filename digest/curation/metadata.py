"""What a page says about itself: JSON-LD, then OpenGraph, Twitter, plain meta, title and h1.

Pure: a text and its URL in, one article out. Every value is written by strangers, so every shape is
expected and none is trusted. The picture is the one exception from the order: OpenGraph's comes
first, because it is cut for sharing while JSON-LD lists squares and strips.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from urllib.parse import urlsplit

from lxml import etree

from digest.curation.cleaning import Picture, is_pixel, outermost, plain_text
from digest.curation.linked_data import LinkedArticle, read_linked_data
from digest.curation.plain import (
    MAX_SUMMARY,
    MAX_TITLE,
    YEARS,
    language_tag,
    one_line,
    shorten,
    web_url,
)
from digest.curation.sources.base import FoundArticle
from digest.errors import BadInput
from digest.fetch import shown

PICTURES_MOST = 12
HOST_VARIANTS = ("www.", "m.", "mobile.", "amp.")
TITLES = ("og:title", "twitter:title", "dc.title", "parsely-title", "title")
SUMMARIES = ("og:description", "twitter:description", "description", "dc.description")
AUTHORS = ("author", "article:author", "dc.creator", "parsely-author", "sailthru.author", "byl")
DATES = (
    "article:published_time",
    "og:published_time",
    "datepublished",
    "parsely-pub-date",
    "dc.date.issued",
    "dc.date",
    "sailthru.date",
    "pubdate",
    "date",
)
SITES = ("og:site_name", "application-name", "twitter:site")
PICTURES = (
    ("og:image:secure_url", "og:image:alt"),
    ("og:image", "og:image:alt"),
    ("twitter:image", "twitter:image:alt"),
    ("twitter:image:src", "twitter:image:alt"),
)


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page as an article, with its best picture; and the pictures there are, best first."""

    article: FoundArticle
    pictures: tuple[Picture, ...]


def read_metadata(text: str, url: str) -> FoundArticle:
    """Return a page as an article; see `read_page`."""
    return read_page(text, url).article


def read_page(text: str, url: str) -> ReadPage:
    """Return a page as an article, and its pictures; BadInput when it has no headline anywhere.

    `url` is where the page came from; its canonical link replaces it when that names the same site.
    """
    page = _Page(text)
    linked = read_linked_data(page.scripts("application/ld+json"))
    title = _first(linked.title, *page.meta(*TITLES), page.text("title"), page.text("h1"))
    if not title:
        raise BadInput(f"{shown(url)}: no headline was found on the page")
    named = _named_pictures(page, linked, url)
    picture = named[0] if named else Picture("")
    article = FoundArticle(
        url=_canonical(page, linked, url),
        title=shorten(title, MAX_TITLE),
        summary=shorten(_first(linked.summary, *page.meta(*SUMMARIES)), MAX_SUMMARY),
        author=shorten(_author(page, linked), MAX_TITLE),
        published_at=_published(page, linked),
        image_url=picture.url,
        image_alt=picture.alt,
        image_credit=picture.credit,
        categories=_categories(page, linked),
        site_name=_first(linked.site_name, *page.meta(*SITES)).removeprefix("@"),
        language=_language(page, linked),
    )
    known = {one.url: one for one in (*page.pictures(url), *named)}  # named ones say more
    order = dict.fromkeys([*(one.url for one in named), *known])
    return ReadPage(article, tuple(known[each] for each in islice(order, PICTURES_MOST)))


class _Page:
    """A parsed page and the few questions asked of it."""

    def __init__(self, text: str) -> None:
        self._tree = _parse(text)
        self._meta: dict[str, list[str]] = {}
        for element in self._elements("meta"):
            name = element.get("property") or element.get("name") or element.get("itemprop") or ""
            self._meta.setdefault(name.strip().lower(), []).append(element.get("content") or "")

    def _elements(self, tag: str) -> Iterator[etree._Element]:
        return iter(()) if self._tree is None else self._tree.iter(tag)

    def meta(self, *names: str) -> Iterator[str]:
        """Yield the values of the named meta tags, in the order of the names."""
        for name in names:
            yield from self._meta.get(name, [])

    def text(self, tag: str) -> str:
        """Return the words of the first such element that has any."""
        elements = () if self._tree is None else outermost(self._tree, tag)
        texts = ("".join(map(str, element.itertext())) for element in elements)
        return next(filter(None, map(one_line, texts)), "")

    def scripts(self, kind: str) -> list[str]:
        """Return the contents of the scripts of a media type."""
        return [
            element.text or ""
            for element in self._elements("script")
            if (element.get("type") or "").partition(";")[0].strip().lower() == kind
        ]

    def links(self, relation: str) -> Iterator[str]:
        """Yield where the page's links of a relation lead."""
        for element in self._elements("link"):
            if relation in (element.get("rel") or "").lower().split():
                yield element.get("href") or ""

    def attribute(self, tag: str, name: str) -> Iterator[str]:
        """Yield the values of an attribute over all such elements."""
        for element in self._elements(tag):
            yield element.get(name) or ""

    def pictures(self, base: str) -> Iterator[Picture]:
        """Yield the pictures in the page's text that are big enough to be one."""
        for element in self._elements("img"):
            url = web_url(element.get("src") or "", base)
            if url and not is_pixel(element):
                yield Picture(url, one_line(element.get("alt") or ""))

    def alt_of(self, url: str, base: str) -> str:
        """Return the alternative text the page itself gives to a picture."""
        for element in self._elements("img"):
            if element.get("alt") and web_url(element.get("src") or "", base) == url:
                return one_line(element.get("alt") or "")
        return ""


def _parse(text: str) -> etree._Element | None:
    # The parser stops at a NUL; lone surrogates have no bytes.
    source = text.replace("\0", "").encode("utf-8", "replace")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, recover=True, huge_tree=False)
    try:
        return etree.fromstring(source, parser)
    except (etree.XMLSyntaxError, etree.ParserError):
        return None


def _first(*texts: str) -> str:
    return next(filter(None, map(plain_text, texts)), "")


def _canonical(page: _Page, linked: LinkedArticle, url: str) -> str:
    """Return the page's own idea of its URL, unless that is another site or the front page."""
    here = urlsplit(url)
    for link in (*page.links("canonical"), *page.meta("og:url"), linked.url):
        named = web_url(link, url)
        if named is None or _site(urlsplit(named).hostname) != _site(here.hostname):
            continue
        if urlsplit(named).path.strip("/") or not here.path.strip("/"):
            return named
    return web_url(url) or url


def _site(host: str | None) -> str:
    host = host or ""
    for variant in HOST_VARIANTS:
        host = host.removeprefix(variant)
    return host


def _author(page: _Page, linked: LinkedArticle) -> str:
    """Return who wrote it; many pages put a profile's URL where a name belongs."""
    if linked.author:
        return linked.author
    for name in AUTHORS:
        given = (plain_text(value) for value in page.meta(name))
        names = [author for author in given if author and "://" not in author]
        if names:
            return ", ".join(dict.fromkeys(names))
    return ""


def _published(page: _Page, linked: LinkedArticle) -> datetime | None:
    candidates = (linked.published, *page.meta(*DATES), *page.attribute("time", "datetime"))
    return next(filter(None, map(parse_date, candidates)), None)


def parse_date(text: str) -> datetime | None:
    """Return an ISO 8601 or RFC 5322 date as UTC (no zone means UTC), None for nonsense."""
    text = text.strip()[:100]
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return moment if moment.year in YEARS else None
    return None


def _named_pictures(page: _Page, linked: LinkedArticle, url: str) -> list[Picture]:
    """Return the pictures that the page's head names, best first, each once and with whatever any
    part of the page says about that very picture.
    """
    candidates = []
    for image, alt in PICTURES:
        alts = next(iter(page.meta(alt)), "")
        candidates += [Picture(value, plain_text(alts)) for value in page.meta(image)]
    candidates += [linked.picture, *(Picture(value) for value in page.links("image_src"))]
    named: dict[str, list[Picture]] = {}
    for one in candidates:
        if found := web_url(one.url, url):
            named.setdefault(found, []).append(one)
    # No more are shown, and all pictures of the page are gone through for each.
    best = list(islice(named.items(), PICTURES_MOST))
    return [
        Picture(
            found,
            _first(*(one.alt for one in same), page.alt_of(found, url)),
            _first(*(one.credit for one in same)),
        )
        for found, same in best
    ]


def _categories(page: _Page, linked: LinkedArticle) -> tuple[str, ...]:
    given = [*linked.categories, *page.meta("article:section", "article:tag")]
    return tuple(dict.fromkeys(filter(None, map(plain_text, given))))


def _language(page: _Page, linked: LinkedArticle) -> str:
    given = (*page.attribute("html", "lang"), linked.language, *page.meta("og:locale"))
    return next(filter(None, map(language_tag, given)), "")

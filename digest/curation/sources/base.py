"""The contract of a source; docs/adding-a-source.md walks through one.

A source turns the bytes of one fetched URL into articles. It is pure: no network, no clock, no
database, and the same bytes give the same articles. Fetching is `digest.fetch`, keeping is
`digest.curation.intake`. `digest.testing.sources.SourceContract` runs every source through the same
claims.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from digest.fetch import Fetched


@dataclass(frozen=True, slots=True)
class FoundArticle:
    """One article as a source gives it: all text plain and on one line, all URLs absolute http(s).

    Only `url` and `title` are certain; the rest is empty where the source is silent. `published_at`
    is aware. `body_html` is the full text as cleaned HTML, for sources that give it.
    """

    url: str
    title: str
    summary: str = ""
    author: str = ""
    published_at: datetime | None = None
    image_url: str = ""
    image_alt: str = ""
    image_credit: str = ""
    categories: tuple[str, ...] = ()
    body_html: str = ""
    site_name: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class SourceResult:
    """The articles, and in words for an editor what could not be used and why."""

    articles: tuple[FoundArticle, ...]
    problems: tuple[str, ...] = ()


class Source(Protocol):
    """One kind of source. Constructed without arguments; keeps nothing between two calls."""

    # The Accept header to fetch with (RFC 9110 section 12.5.1).
    accept: ClassVar[str]

    def read(self, fetched: Fetched) -> SourceResult:
        """Return the articles in a body; BadInput, naming the URL, when it cannot be read.

        An entry that cannot be used is a problem in the result, named by its position, and never
        silently lost.
        """

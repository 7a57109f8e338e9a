"""The sample newspaper's website on loopback: pages, pictures and an RSS feed; keeps nothing.

What a page or the feed says is decided by pure functions over the newsroom and `now`; the server
only answers.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from hashlib import sha256
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from xml.etree import ElementTree as Xml

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from digest.demo.newsroom import CONTENT, Newsroom, Paper, SampleArticle, load_newsroom

NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the site says to one request."""

    status: int
    content_type: str
    body: bytes

    @property
    def etag(self) -> str:
        """Return a strong validator of the body (RFC 9110, 8.8.3)."""
        return f'"{sha256(self.body).hexdigest()[:32]}"'


class SampleSite:
    """A context manager: the site is up inside, and its port is closed afterwards."""

    def __init__(self, port: int = 0, *, now: datetime, newsroom: Newsroom | None = None) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one. Articles are dated back from `now`."""
        self._newsroom = newsroom or load_newsroom()
        self._now = now
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.answer = partial(answer, self._newsroom, self.url, now)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="sample-site"
        )

    @property
    def url(self) -> str:
        """Return the site's address without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def answer(newsroom: Newsroom, base: str, now: datetime, path: str) -> Answer:
    """Return what stands at `path` of the site at `base`; status 404 for anything unknown."""
    if path == "/feed.xml":
        return Answer(200, "application/rss+xml; charset=utf-8", feed(newsroom, base, now))
    if path == "/":
        return _page("front.html.j2", newsroom, base, now, articles=newsroom.articles)
    folder, _, name = path.strip("/").partition("/")
    if folder == "articles" and (article := newsroom.article(name)):
        return _page("article.html.j2", newsroom, base, now, article=article)
    picture = next((p for p in newsroom.pictures if f"{p.name}.jpg" == name), None)
    if folder == "pictures" and picture:
        return Answer(200, "image/jpeg", picture.path.read_bytes())
    return Answer(404, "text/plain; charset=utf-8", b"There is no such page at the Courier.\n")


def feed(newsroom: Newsroom, base: str, now: datetime) -> bytes:
    """Return RSS 2.0 with full texts (content:encoded), pictures (Media RSS), authors."""
    paper = newsroom.paper
    rss = Xml.Element("rss", {"version": "2.0", **{f"xmlns:{p}": u for p, u in NAMESPACES.items()}})
    channel = Xml.SubElement(rss, "channel")
    _say(channel, "title", paper.name)
    _say(channel, "link", f"{base}/")
    _say(channel, "description", paper.tagline)
    _say(channel, "language", "en")
    newest = max(article.published_at(now) for article in newsroom.articles)
    _say(channel, "lastBuildDate", format_datetime(newest))
    self_link = {"rel": "self", "type": "application/rss+xml", "href": f"{base}/feed.xml"}
    Xml.SubElement(channel, "atom:link", self_link)
    for article in newsroom.articles:
        _item(channel, article, base, now)
    return bytes(Xml.tostring(rss, encoding="utf-8", xml_declaration=True))


def _item(channel: Xml.Element, article: SampleArticle, base: str, now: datetime) -> None:
    item = Xml.SubElement(channel, "item")
    link = f"{base}/articles/{article.slug}"
    _say(item, "title", article.headline)
    _say(item, "link", link)
    _say(item, "guid", link, isPermaLink="true")
    _say(item, "dc:creator", article.byline)
    _say(item, "category", article.category)
    _say(item, "category", article.kicker)
    _say(item, "pubDate", format_datetime(article.published_at(now)))
    _say(item, "description", article.dek)
    _say(item, "content:encoded", "\n".join(f"<p>{set_text(p)}</p>" for p in article.paragraphs))
    picture = Xml.SubElement(
        item,
        "media:content",
        {
            "url": f"{base}/pictures/{article.picture.name}.jpg",
            "medium": "image",
            "type": "image/jpeg",
            "width": "1200",
            "height": "800",
        },
    )
    _say(picture, "media:description", article.picture.alt, type="plain")
    _say(picture, "media:credit", article.picture.credit, role="illustrator")


def _say(parent: Xml.Element, tag: str, text: str, **attributes: str) -> None:
    Xml.SubElement(parent, tag, attributes).text = text


def set_text(paragraph: str) -> str:
    """Return a paragraph as HTML: everything escaped, ``*words*`` in italics."""
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", escape(paragraph))


def _page(template: str, newsroom: Newsroom, base: str, now: datetime, **values: object) -> Answer:
    html = _PAGES.get_template(template).render(
        paper=newsroom.paper,
        base=base,
        now=now,
        structured=partial(structured, newsroom.paper),
        **values,
    )
    return Answer(200, "text/html; charset=utf-8", html.encode())


def structured(paper: Paper, article: SampleArticle, base: str, now: datetime) -> dict[str, Any]:
    """Return an article as schema.org NewsArticle, ready for a JSON-LD block."""
    return {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.headline,
        "description": article.dek,
        "datePublished": article.published_at(now).isoformat(),
        "articleSection": article.category,
        "author": [{"@type": "Person", "name": name} for name in article.byline.split(" and ")],
        "image": {
            "@type": "ImageObject",
            "url": f"{base}/pictures/{article.picture.name}.jpg",
            "caption": article.picture.alt,
            "creditText": article.picture.credit,
            "width": 1200,
            "height": 800,
        },
        "mainEntityOfPage": f"{base}/articles/{article.slug}",
        "publisher": {"@type": "NewsMediaOrganization", "name": paper.name, "url": paper.url},
        "inLanguage": "en",
    }


_PAGES = Environment(
    loader=FileSystemLoader(CONTENT / "pages"), autoescape=True, undefined=StrictUndefined
)
_PAGES.filters["set_text"] = set_text


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    answer: Callable[[str], Answer]


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD; answers 304 to a validator that still holds (RFC 9110, 13.1.2)."""

    server: _Server
    server_version = "HarbourCourier"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer with a body."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer with the same headers and no body."""
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: the demo's terminal belongs to the issue being sent."""

    def _answer(self, *, with_body: bool) -> None:
        page = self.server.answer(self.path.partition("?")[0])
        fresh = page.status == 200 and _holds(self.headers.get("If-None-Match", ""), page.etag)
        self.send_response(304 if fresh else page.status)
        self.send_header("ETag", page.etag)
        if not fresh:
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        if with_body and not fresh:
            self.wfile.write(page.body)


def _holds(if_none_match: str, etag: str) -> bool:
    candidates = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return "*" in candidates or etag in candidates

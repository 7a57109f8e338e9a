"""The public archive: past issues, the search in them, each as it was approved, and the feed.

Nothing here knows a reader, and nothing is kept of a visitor or of what was searched. What is no
public archive gets the same page as what does not exist.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from digest.app import App
from digest.blocks import FULL
from digest.config import NewsletterConfig
from digest.curation.plain import one_line
from digest.errors import NotFound
from digest.press.archive.hits import show_hit
from digest.press.archive.past import find_around, find_edition, find_order, list_editions
from digest.press.archive.shelf import Shelf
from digest.press.archive.words import QUERY_MOST, words_of
from digest.rendering.offline import shown_inside
from digest.rendering.stored import OFFLINE
from digest.web.archive.cards import ATOM, head_of, issue_card
from digest.web.archive.corrected_page import with_corrections
from digest.web.archive.issue_page import issue_bar, nobodys_copy, with_bar, with_head
from digest.web.archive.kept_feeds import KeptFeeds
from digest.web.archive.lists import Slice, found_list, issue_list, list_head, slice_of
from digest.web.archive.opened import Archive, find_archive
from digest.web.archive.places import (
    Addresses,
    Places,
    served_addresses,
    served_index,
    served_issue,
)
from digest.web.pages import Pages
from digest.web.reader.issue import issue_policy

NUMBER = re.compile(r"[1-9][0-9]{0,8}")
FRESH = "public, max-age=300"


@dataclass(frozen=True, slots=True)
class ArchivePages:
    """The handlers of the archive; NotFound where there is none."""

    instance: App
    pages: Pages
    shelf: Shelf = field(default_factory=Shelf)
    feeds: KeptFeeds = field(default_factory=KeptFeeds)

    def listed(self, slug: str, q: str = "", page: str = "1") -> Response:
        """List past issues, or with `q` those that a search finds."""
        query = one_line(q[:QUERY_MOST])
        words = words_of(query)
        with self._opened(slug) as archive:
            if words:
                return self._found(archive, query, words, number_of(page))
            return self._list(archive, number_of(page))

    def _list(self, archive: Archive, number: int) -> Response:
        part = slice_of(archive.entries(), number)
        shown = Slice(archive.read(*part.shown), part.number, part.pages, part.total)
        configured, places = archive.configured, self._index(archive)
        title = self.pages.words(archive.masthead.language).gettext("Past issues")
        url = _addresses(archive).page_at(number)
        tagline = archive.publication.tagline
        head = list_head(configured, title, url=url, feed=places.feed, description=tagline)
        template, values = issue_list(configured, places, shown, head)
        answer = self.pages.show(template, archive.masthead, **values)
        return _indexed(answer, configured)

    def _found(self, archive: Archive, query: str, words: tuple[str, ...], number: int) -> Response:
        entries = archive.entries()
        found = self.shelf.find(archive.session, archive.newsletter_id, entries, words)
        part = slice_of(found, number)
        hits = [show_hit(issue, words) for issue in archive.read(*part.shown)]
        shown = Slice(hits, part.number, part.pages, part.total)
        template, values = found_list(archive.configured, self._index(archive), shown, query)
        return self.pages.show(template, archive.masthead, **values)

    def _index(self, archive: Archive) -> Places:
        return served_index(archive.configured.slug, joins=archive.configured.signup.open)

    def issue(self, slug: str, number: str) -> Response:
        """Show a past issue as approved, as nobody's copy."""
        with self._opened(slug) as archive:
            around = find_around(archive.entries(), number_of(number))
            rendering = find_edition(archive.session, around.entry, FULL)
            kept = list_editions(archive.session, archive.newsletter_id)
            [issue] = archive.read(around.entry)
            order = find_order(archive.session, issue.id)
        configured = archive.configured
        offline = (issue.id, OFFLINE) in kept
        places = served_issue(slug, issue.public_id, joins=configured.signup.open, offline=offline)
        card = issue_card(issue, configured, url=_addresses(archive).issue_at(issue.number))
        page = nobodys_copy(rendering, places, number)
        page = with_head(page, head_of(card, feed=places.feed))
        page = with_corrections(page, self.pages, archive.masthead, issue.corrections, order)
        page = with_bar(page, issue_bar(self.pages, archive.masthead, around, places))
        answer = HTMLResponse(shown_inside(page, rendering.pictures))
        answer.headers["Content-Security-Policy"] = issue_policy(archive.site)
        return _indexed(answer, configured)

    def feed(self, slug: str, request: Request) -> Response:
        """Hand out the feed, or 304 to whoever has it already."""
        with self._opened(slug) as archive:
            word = self.pages.words(archive.masthead.language).gettext("Correction")
            feed = self.feeds.find(archive, _addresses(archive), word)
        headers = {
            "Cache-Control": FRESH,
            "ETag": feed.etag,
            "Last-Modified": format_datetime(feed.updated.astimezone(UTC), usegmt=True),
        }
        if is_known(request, feed.etag, feed.updated):
            return Response(status_code=304, headers=headers)
        return Response(feed.body, headers=headers, media_type=f"{ATOM}; charset=utf-8")

    @contextmanager
    def _opened(self, slug: str) -> Iterator[Archive]:
        with self.instance.db.read() as session:
            yield find_archive(session, self.instance.config, slug)


def _addresses(archive: Archive) -> Addresses:
    return served_addresses(archive.site, archive.configured.slug)


def number_of(text: str) -> int:
    """Return a number of a path or a query; NotFound for what is none."""
    if not NUMBER.fullmatch(text):
        raise NotFound("no such number")
    return int(text)


def _indexed(answer: Response, configured: NewsletterConfig) -> Response:
    """Let search engines keep an answer, and caches for a while where nobody is at risk by it."""
    answer.headers["X-Robots-Tag"] = "index, follow"
    if not configured.guarded:
        answer.headers["Cache-Control"] = FRESH
    return answer


def is_known(request: Request, etag: str, updated: datetime) -> bool:
    """Return whether a visitor has this already (RFC 9110, section 13.2.2)."""
    if told := request.headers.get("if-none-match"):
        tags = {tag.strip().removeprefix("W/") for tag in told.split(",")}
        return etag in tags or "*" in tags
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and updated.replace(microsecond=0) <= since


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes of the archive."""
    shown = ArchivePages(instance, pages)
    router = APIRouter()
    looks = ["GET", "HEAD"]
    router.add_api_route("/n/{slug}/archive", shown.listed, methods=looks)
    router.add_api_route("/n/{slug}/archive/{number}", shown.issue, methods=looks)
    router.add_api_route("/n/{slug}/feed.atom", shown.feed, methods=looks)
    return router

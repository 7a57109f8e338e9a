"""A poll from the wire to the inbox, against a real server on loopback."""

from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from digest.clock import FixedClock
from digest.curation.inbox import IntakeReport, find_article, list_inbox
from digest.curation.intake import fetch_article, poll
from digest.curation.source_list import add_source, find_source
from digest.db import Database
from digest.errors import BadInput, FetchFailed, NotFound
from digest.models import Source
from digest.testing.web import WebServer, answer, loopback_fetcher

FEED = (
    b'<rss version="2.0"><channel><title>Courier</title>'
    b"<item><title>Fog</title><link>/fog</link></item>"
    b"<item><title>Trap</title><link>javascript:x</link></item></channel></rss>"
)
PAGE = b"<html><head><title>Fog</title><meta name=author content='Ana S\xc3\xa1'></head></html>"


@pytest.fixture
def web() -> Iterator[WebServer]:
    server = WebServer()
    yield server
    server.close()


@pytest.fixture
def source(db: Database, web: WebServer, clock: FixedClock) -> Source:
    """A feed of two entries, one of them usable."""
    web.answers["/feed"] = answer(body=FEED, ETag='"1"', Content_Type="application/rss+xml")
    kind = "digest.curation.sources.feed:FeedSource"
    with db.write() as session:
        return add_source(session, url=web.url("/feed"), kind=kind, name="C", now=clock.now())


def source_now(db: Database, source: Source) -> Source:
    """Read the source's row again."""
    with db.read() as session:
        return find_source(session, source.id)


def test_poll_takes_in_what_is_usable(
    db: Database, web: WebServer, source: Source, clock: FixedClock
) -> None:
    report = poll(db, loopback_fetcher(), source.id, clock)

    assert (report.new, len(report.problems)) == (1, 1)
    with db.read() as session:
        assert [article.url for article in list_inbox(session)] == [web.url("/fog")]
    assert source_now(db, source).etag == '"1"'


def test_second_poll_is_conditional(
    db: Database, web: WebServer, source: Source, clock: FixedClock
) -> None:
    poll(db, loopback_fetcher(), source.id, clock)
    web.answers["/feed"] = answer(304, b"")

    assert poll(db, loopback_fetcher(), source.id, clock) == IntakeReport()
    assert web.asked[1].headers["If-None-Match"] == '"1"'


def test_poll_holds_no_transaction_while_it_fetches(
    db: Database, web: WebServer, source: Source, clock: FixedClock
) -> None:
    def write_meanwhile(request: BaseHTTPRequestHandler) -> None:
        with db.write() as session:
            find_source(session, source.id).name = "Renamed meanwhile"
        answer(body=FEED)(request)

    web.answers["/feed"] = write_meanwhile
    poll(db, loopback_fetcher(timeout_seconds=5), source.id, clock)

    assert source_now(db, source).name == "Renamed meanwhile"


@pytest.mark.parametrize(
    ("status", "body", "error"), [(503, b"", FetchFailed), (200, b"hello", BadInput)]
)
def test_failed_poll_is_recorded_and_raised(
    db: Database,
    web: WebServer,
    source: Source,
    clock: FixedClock,
    status: int,
    body: bytes,
    error: type[Exception],
) -> None:
    web.answers["/feed"] = answer(status, body, ETag='"broken"')

    with pytest.raises(error):
        poll(db, loopback_fetcher(), source.id, clock, every=timedelta(hours=1))
    row = source_now(db, source)
    assert (row.failures, row.etag) == (1, None)
    assert row.next_poll_at == clock.now() + timedelta(hours=2)
    assert row.last_error


def test_poll_of_a_missing_source_is_not_found(db: Database, clock: FixedClock) -> None:
    with pytest.raises(NotFound):
        poll(db, loopback_fetcher(), 7, clock)


def test_pasted_url_becomes_an_article(web: WebServer) -> None:
    web.answers["/fog"] = answer(body=PAGE, Content_Type="text/html; charset=utf-8")

    found = fetch_article(loopback_fetcher(), f" {web.url('/fog')}\n")

    assert (found.title, found.author, found.url) == ("Fog", "Ana Sá", web.url("/fog"))


def test_pasted_picture_is_bad_input(web: WebServer) -> None:
    web.answers["/fog.jpg"] = answer(body=b"\xff\xd8", Content_Type="image/jpeg")

    with pytest.raises(BadInput, match="image/jpeg"):
        fetch_article(loopback_fetcher(), web.url("/fog.jpg"))


def test_polled_article_is_found_by_its_url(
    db: Database, web: WebServer, source: Source, clock: FixedClock
) -> None:
    poll(db, loopback_fetcher(), source.id, clock)

    with db.read() as session:
        assert find_article(session, web.url("/fog?utm_source=x")).title == "Fog"

"""Asking the outside for articles: a source that is due, or the page an editor pasted."""

from datetime import timedelta

from digest.clock import Clock
from digest.curation.inbox import IntakeReport, take_in
from digest.curation.metadata import ReadPage
from digest.curation.source_list import GROUP, POLL_EVERY, find_source, record_poll
from digest.curation.sources.base import FoundArticle
from digest.curation.sources.base import Source as SourcePlugin
from digest.curation.sources.page import PageSource, read_fetched
from digest.db import Database
from digest.errors import DigestError
from digest.fetch.client import Fetcher
from digest.plugins import load_plugin


def poll(
    db: Database, fetcher: Fetcher, source_id: int, clock: Clock, *, every: timedelta = POLL_EVERY
) -> IntakeReport:
    """Ask one source now and take in what it has; call it outside any transaction.

    A failure is recorded with the source, which is asked less and less often, and raised:
    FetchFailed, BadInput, ConfigError for a plug-in that is gone, NotFound for a source that is.
    """
    with db.read() as session:
        source = find_source(session, source_id)
    try:
        plugin: SourcePlugin = load_plugin(GROUP, source.kind)()
        fetched = fetcher.get(
            source.url, etag=source.etag, last_modified=source.last_modified, accept=plugin.accept
        )
        found = None if fetched.not_modified else plugin.read(fetched)
    except DigestError as error:
        with db.write() as session:
            record_poll(session, source_id, error, clock.now(), every=every, asked=source.url)
        raise
    now = clock.now()
    with db.write() as session:
        heeded = record_poll(session, source_id, fetched, now, every=every, asked=source.url)
        if found is None or not heeded:
            return IntakeReport()
        return take_in(session, found.articles, source_id, now, problems=found.problems)


def fetch_article(fetcher: Fetcher, url: str) -> FoundArticle:
    """Return the article at a pasted URL, from its metadata; FetchFailed or BadInput if none."""
    return fetch_page(fetcher, url).article


def fetch_page(fetcher: Fetcher, url: str) -> ReadPage:
    """Return the article at a pasted URL with the pictures to choose from; errors as above."""
    return read_fetched(fetcher.get(url.strip(), accept=PageSource.accept))

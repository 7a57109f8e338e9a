"""Re-reading an article where it is; call it outside any transaction."""

from datetime import datetime, timedelta

from digest.clock import Clock
from digest.curation.drift import Seen
from digest.curation.inbox import find_article
from digest.curation.page_marks import read_marks
from digest.curation.sources.page import PageSource, decode_page, read_fetched
from digest.curation.watches import Watched, claim, record_reading
from digest.db import Database
from digest.errors import BadInput, FetchFailed
from digest.fetch import Fetched
from digest.fetch.client import Fetcher

GONE = frozenset({404, 410})
LONGEST_WORDS = 300


def reread(
    db: Database, fetcher: Fetcher, article_id: int, clock: Clock, *, every: timedelta
) -> Watched | None:
    """Read one watched article's page now and write down what became of it; None when it is not
    watched any more. What goes wrong with the page is a finding, never an error.
    """
    with db.read() as session:
        url = find_article(session, article_id).url
    seen = look_at(fetcher, url, clock.now())
    with db.write() as session:
        return record_reading(session, article_id, seen, clock.now(), every=every)


def claim_and_reread(
    db: Database, fetcher: Fetcher, article_id: int, clock: Clock, *, every: timedelta
) -> Watched | None:
    """Do the same with an article that is due, unless another process does it already."""
    with db.write() as session:
        if not claim(session, article_id, clock.now()):
            return None
    return reread(db, fetcher, article_id, clock, every=every)


def look_at(fetcher: Fetcher, url: str, now: datetime) -> Seen:
    """Return what is at an address; whatever fails is said in it."""
    try:
        fetched = fetcher.get(url.partition("#")[0], accept=PageSource.accept)
    except FetchFailed as error:
        words = str(error)[:LONGEST_WORDS]
        return Seen(gone=words) if error.status in GONE else Seen(unreached=words)
    try:
        return _read(fetched, now)
    except BadInput as error:
        return Seen(url=fetched.url, unreadable=str(error)[:LONGEST_WORDS])


def _read(fetched: Fetched, now: datetime) -> Seen:
    title = read_fetched(fetched).article.title
    marks = read_marks(decode_page(fetched))
    return Seen(
        title=title,
        url=fetched.url,
        text_digest=marks.text_digest,
        marks=marks.marks,
        modified=marks.modified.isoformat() if marks.modified else "",
        embargo=marks.embargo_at(now),
    )

"""What one scrape of /metrics costs: ``python benchmarks/scrape.py ROWS [postgres-url]``.

Fills a fresh store with so many readers and freezes an issue for them, so that the worst moment is
measured: every copy is open. Then it scrapes over HTTP every 15 seconds for five minutes, prints
the first scrape, the median of all, and the CPU seconds a minute that all of it takes, counting in
the background included. The look for alerts, which the scheduler takes every minute, is printed
too.

The URL must name an empty PostgreSQL database; without one, SQLite in a temporary folder is used.
"""

import statistics
import sys
import time
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.freeze import CHUNK_ROWS, fill_readers, say
from digest.clock import SystemClock
from digest.curation.newsletters import find_newsletter
from digest.delivery.ledger.freeze import freeze
from digest.models import Issue, IssueState
from digest.operations.watching.looking import look_over
from digest.operations.watching.metrics import serving_metrics
from digest.testing.newsroom import Newsroom, open_newsroom

SECONDS = 300
EVERY = 15
METRICS = "[watching]\nmetrics_port = 19464\n\n[delivery]"


def main() -> None:
    """Measure and print."""
    rows = int(sys.argv[1])
    url = sys.argv[2] if len(sys.argv) > 2 else "sqlite:///digest.db"
    with TemporaryDirectory() as folder:
        more = {"[delivery]": METRICS}
        with open_newsroom(Path(folder), SystemClock(), url=url, more=more) as newsroom:
            fill(newsroom, rows)
            measure(newsroom)


def fill(newsroom: Newsroom, rows: int) -> None:
    """Write readers, and an issue whose copies are all open."""
    now = datetime.now(UTC)
    with newsroom.app.db.write() as session:
        newsletter_id = find_newsletter(session, "weekly").id
        fill_readers(session, newsletter_id, rows, sqlite=newsroom.app.db.is_sqlite)
        issue = Issue(
            public_id="issue", newsletter_id=newsletter_id, number=1, state=IssueState.SENDING,
            topper={}, quote={}, numbers=[], created_at=now, sending_at=now,
        )  # fmt: skip
        session.add(issue)
        session.flush()
        issue.audience_count = freeze(
            session, issue.id, newsletter_id, not_before=now, now=now, chunk_rows=CHUNK_ROWS
        )


def measure(newsroom: Newsroom) -> None:
    """Scrape, and print what it took."""
    with serving_metrics(newsroom.app) as port:
        assert port is not None
        cpu, began, times = time.process_time(), time.monotonic(), []
        while time.monotonic() - began < SECONDS:
            times.append(scrape(port))
            time.sleep(EVERY)
        used = time.process_time() - cpu
    say(f"first scrape      {times[0] * 1000:8.1f} ms")
    say(f"median of {len(times):3}     {statistics.median(times) * 1000:8.1f} ms")
    say(f"CPU a minute      {used / SECONDS * 60:8.3f} s, every {EVERY} s")
    began = time.monotonic()
    found = look_over(newsroom.app, ())
    say(f"look for alerts   {(time.monotonic() - began) * 1000:8.1f} ms, {len(found)} found")


def scrape(port: int) -> float:
    """Return the seconds of one scrape."""
    began = time.monotonic()
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/metrics")
    answer = connection.getresponse().read()
    connection.close()
    assert b"friday_store_usable 1.0" in answer
    return time.monotonic() - began


if __name__ == "__main__":
    main()

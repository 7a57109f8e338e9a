"""A newsletter in a store of either kind, with issues that were sent."""

import pytest

from digest.clock import FixedClock
from digest.config import NewsletterConfig
from digest.curation.newsletters import seed_newsletters
from digest.db import Database
from digest.testing.past import file_issue, write_issue

WEEKLY = NewsletterConfig(
    slug="weekly",
    name="The Harbour Courier",
    host="courier.example",
    sender={"name": "The Harbour Courier", "address": "letters@courier.example"},
    relay="main",
    postal_address="12 Quay Street, Harbour Town",
    schedule={"timezone": "Pacific/Auckland"},
)


class Desk:
    """The store, and how to put a sent issue into it."""

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self.db = db
        self.clock = clock
        with db.write() as session:
            [newsletter] = seed_newsletters(session, [WEEKLY], now=clock.now())
            self.newsletter_id = newsletter.id

    def send(self, *stories, **options) -> int:
        """Put in an issue that was sent now; return its number."""
        now = self.clock.now()
        with self.db.write() as session:
            issue = write_issue(session, stories or ({"headline": "Fog"},), now=now, **options)
            file_issue(session, issue, now)
            return issue.number

    def draft(self, *stories, **options) -> int:
        """Put in an issue that was not sent; return its number."""
        with self.db.write() as session:
            words = stories or ({"headline": "Draft"},)
            return write_issue(session, words, now=self.clock.now(), **options).number


@pytest.fixture
def desk(any_db: Database, clock: FixedClock) -> Desk:
    return Desk(any_db, clock)

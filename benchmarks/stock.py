"""Builds a newsroom whose Friday has come: ``python -m benchmarks.stock FOLDER READERS URL``.

A real configuration, keys and store, readers by bulk SQL, and one approved issue that is due. Every
round then works on a copy of it.
"""

import secrets
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from benchmarks.edition import APPEAL, stock_issue
from benchmarks.processes import tell
from benchmarks.yardstick import CONNECTIONS
from digest.clock import SystemClock
from digest.curation.newsletters import find_newsletter
from digest.models import Subscriber, Subscription, SubscriptionState
from digest.sealed import Sealer
from digest.subscribers.addresses import parse_address
from digest.testing.newsroom import Newsroom, open_newsroom

BATCH = 20_000
# `port` and `url` are what a round writes anew.
RELAY = """\
backend = "smtp"
host = "127.0.0.1"
port = 1
security = "none"
messages_per_connection = 1000000"""
LAST_LINE = 'timezone = "UTC" }'

DOMAINS = ("gmail.com", "outlook.com", "yahoo.com", "icloud.com", "gmx.net", "courier.example")
NAMES = (None, "Anna Berg", "Åsa Lindqvist", "Tom O’Neill")


def build(folder: Path, readers: int, url: str) -> None:
    """Make the newsroom in a new folder, its store at `url`."""
    more = {LAST_LINE: f"{LAST_LINE}\n{APPEAL}"}
    with open_newsroom(
        folder, SystemClock(), url=url, relay=RELAY, connections=CONNECTIONS, more=more
    ) as newsroom:
        for first in range(0, readers, BATCH):
            _add_readers(newsroom, range(first, min(first + BATCH, readers)))
        stock_issue(newsroom)
        with newsroom.app.db.engine.connect() as connection:
            connection.execute(text("ANALYZE"))
            connection.commit()


def _add_readers(newsroom: Newsroom, numbers: range) -> None:
    app, now = newsroom.app, newsroom.app.clock.now()
    with app.db.write() as session:
        newsletter_id = find_newsletter(session, "weekly").id
        session.execute(
            insert(Subscriber), [_reader(app.sealer, number, now) for number in numbers]
        )
        session.execute(
            insert(Subscription), [_subscription(number, newsletter_id, now) for number in numbers]
        )


def _address(number: int) -> str:
    return f"reader.{number}@{DOMAINS[number % len(DOMAINS)]}"


def _reader(sealer: Sealer, number: int, now: datetime) -> dict[str, Any]:
    address, name = _address(number), NAMES[number % len(NAMES)]
    return {
        "id": number + 1,
        "public_id": secrets.token_urlsafe(16),
        "address_index": sealer.index(address),
        "address_sealed": sealer.seal(address),
        "name_sealed": sealer.seal(name) if name else None,
        "created_at": now,
    }


def _subscription(number: int, newsletter_id: int, now: datetime) -> dict[str, Any]:
    return {
        "public_id": secrets.token_urlsafe(16),
        "subscriber_id": number + 1,
        "newsletter_id": newsletter_id,
        "state": SubscriptionState.ACTIVE,
        "edition": "full",
        "domain_group": parse_address(_address(number)).domain_group,
        "joined_at": now,
        "changed_at": now,
    }


if __name__ == "__main__":
    build(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
    tell({"readers": int(sys.argv[2])})

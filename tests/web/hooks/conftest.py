"""A newsroom that listens to every provider: an issue was sent to many readers, each test takes the
next of them.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email import message_from_bytes
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from digest.clock import FixedClock
from digest.models import Delivery, FeedbackEvent, KeptMessage, Subscriber, Suppression
from digest.subscribers.lifecycle import find_by_address
from digest.testing.newsroom import open_newsroom
from tests.conftest import _run_apart
from tests.delivery.feedback import test_mailgun, test_sendgrid
from tests.delivery.feedback.sns_messages import TOPIC
from tests.web.conftest import WebHouse, serving

FRIDAY = date(2026, 11, 27)
NOW = datetime(2026, 11, 27, 7, 0, 10, tzinfo=UTC)
SECRET = "Zm9yYWxsdGhlc2Vrcm93bnM"
PASSWORD = "a-password-made-by-a-machine"
TABLES = f"""
[relays.pigeon]
backend = "memory"
[relays.owl]
backend = "memory"
[relays.crow]
backend = "memory"

[hooks.mailgun]
relays = ["main"]
signing_key = "{test_mailgun.KEY}"
[hooks.postmark]
relays = ["pigeon"]
username = "friday"
password = "{PASSWORD}"
[hooks.sendgrid]
relays = ["owl"]
public_key = "{test_sendgrid.shown(test_sendgrid.KEY)}"
[hooks.ses]
relays = ["crow"]
topics = ["{TOPIC}"]
secret = "{SECRET}"

[preflight]
"""
RELAYS = {"mailgun": "main", "postmark": "pigeon", "sendgrid": "owl", "ses": "crow"}


@dataclass
class Reader:
    """One who got a copy, and how the copy is called."""

    address: str
    message_id: str
    row: int


@dataclass
class Hooked:
    """The newsroom, and readers of whom nothing was told yet."""

    house: WebHouse
    waiting: list[Reader] = field(default_factory=list)

    def reader(self, provider: str) -> Reader:
        """Return the next reader, whose copy went by the relay of that provider."""
        reader = self.waiting.pop()
        with self.house.app.db.write() as session:
            row = update(Delivery).where(Delivery.id == reader.row)
            session.execute(row.values(relay=RELAYS[provider]))
        return reader

    def post(self, where: str, body: bytes | Iterator[bytes], **headers: str) -> int:
        """Post to a hook; return the status."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.house.client.post(f"/hooks/{where}", content=body, headers=named)
        return answer.status_code

    def reason(self, reader: Reader) -> str | None:
        """Return why a reader is suppressed, if one is."""
        with self.house.app.db.read() as session:
            found = find_by_address(session, self.house.app.sealer, reader.address)
            assert found is not None
            return session.scalar(
                select(Suppression.reason)
                .join(Subscriber, Subscriber.address_index == Suppression.address_index)
                .where(Subscriber.id == found.id)
            )

    def events(self) -> list[FeedbackEvent]:
        """Return what is on record, oldest first."""
        with self.house.app.db.read() as session:
            return list(session.scalars(select(FeedbackEvent).order_by(FeedbackEvent.id)))

    def kept(self) -> list[KeptMessage]:
        """Return what nobody understood."""
        with self.house.app.db.read() as session:
            return list(session.scalars(select(KeptMessage).order_by(KeptMessage.id)))


@pytest.fixture(scope="module")
def open_hooked(
    tmp_path_factory: pytest.TempPathFactory, migrated_file: Path
) -> Callable[..., AbstractContextManager[Hooked]]:
    """Open such a newsroom; `providers` makes what is listened to from its app."""
    return partial(_opened, tmp_path_factory, migrated_file)


@contextmanager
def _opened(
    folders: pytest.TempPathFactory,
    migrated_file: Path,
    readers: int = 30,
    providers: Callable[[Any], Any] = lambda _app: None,
) -> Iterator[Hooked]:
    folder = folders.mktemp("hooked")
    shutil.copyfile(migrated_file, folder / "digest.db")
    more = {"[preflight]\n": TABLES}
    with open_newsroom(folder, FixedClock(NOW), more=more) as newsroom:
        newsroom.subscribe(*(f"reader{n}@example.org" for n in range(readers)))
        newsroom.ready(FRIDAY)
        newsroom.app.sender.tick()
        _run_apart(newsroom.app.sender.drain(asyncio.Event(), until_idle=True))
        sent = [
            Reader(
                envelope.rcpt_to,
                str(message_from_bytes(message)["Message-ID"]),
                int(envelope.reference.removeprefix("delivery ")),
            )
            for envelope, message in newsroom.backend.accepted
        ]
        assert len(sent) == readers
        with serving(newsroom, providers(newsroom.app)) as house:
            yield Hooked(house, sent)


@pytest.fixture(scope="module")
def hooked(open_hooked: Callable[..., AbstractContextManager[Hooked]]) -> Iterator[Hooked]:
    with open_hooked() as opened:
        yield opened

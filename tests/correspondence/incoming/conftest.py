"""A newsroom that readers can write to, and letters to it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.correspondence.incoming.acting import act_on
from digest.correspondence.incoming.commands import Asked
from digest.correspondence.incoming.letter import read_letter
from digest.curation.newsletters import find_newsletter
from digest.models import Notice, ReaderRequest, Subscription, SubscriptionState
from digest.subscribers.lifecycle import find_by_address, join
from digest.subscribers.standing import list_subscriptions
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.tokens import Purpose

MAILBOX = """
[newsletters.mailbox]
address = "friday@courier.example"
"""


@dataclass(frozen=True, slots=True)
class Post:
    """What readers' letters do to a newsroom."""

    newsroom: Newsroom

    def signed(self, verb: str, address: str, purpose: Purpose) -> str:
        """Return a reader's own address for something."""
        token = self.newsroom.app.signer.sign_address(purpose, self.subscription(address).public_id)
        return f"friday+{verb}.{token}@courier.example"

    def leave(self, address: str) -> str:
        return self.signed("leave", address, Purpose.LEAVE_BY_MAIL)

    def pause(self, address: str) -> str:
        return self.signed("pause", address, Purpose.PAUSE_BY_MAIL)

    def confirm(self, address: str) -> str:
        return self.signed("confirm", address, Purpose.CONFIRM_BY_MAIL)

    def ask(self, address: str) -> None:
        """Let somebody ask to join, without confirming."""
        app = self.newsroom.app
        with app.db.write() as session:
            join(
                session,
                app.sealer,
                newsletter_id=find_newsletter(session, "weekly").id,
                address=address,
                name=None,
                language=None,
                timezone=None,
                now=app.clock.now(),
                origin="test",
                wording="Send it to me.",
                policy_version=None,
            )

    def subscription(self, address: str) -> Subscription:
        app = self.newsroom.app
        with app.db.read() as session:
            subscriber = find_by_address(session, app.sealer, address)
            assert subscriber is not None
            ((_, subscription),) = list_subscriptions(session, subscriber.id)
        return subscription

    def state(self, address: str) -> SubscriptionState:
        return self.subscription(address).state

    def receive(self, raw: bytes, to: str | None = None) -> Asked:
        """Act on one message."""
        app = self.newsroom.app
        with app.db.write() as session:
            return act_on(session, app.correspondent, read_letter(raw, to), app.clock.now())

    def answers(self) -> list[tuple[str, str, str]]:
        """Return (address, subject, body) of the letters that wait in the outbox."""
        app = self.newsroom.app
        with app.db.read() as session:
            return [
                (app.sealer.open(n.address_sealed), n.subject, app.sealer.open(n.body_sealed))
                for n in session.query(Notice).order_by(Notice.id)
            ]

    def requests(self) -> list[tuple[str, str]]:
        """Return (kind, address) of the requests that wait for an answer."""
        app = self.newsroom.app
        with app.db.read() as session:
            rows = session.query(ReaderRequest).order_by(ReaderRequest.id)
            return [(row.kind.value, app.sealer.open(row.address_sealed)) for row in rows]


@contextmanager
def opened(folder: Path, clock: FixedClock, url: str = "sqlite:///digest.db") -> Iterator[Post]:
    more = {'07:00:00, timezone = "UTC" }': f'07:00:00, timezone = "UTC" }}\n{MAILBOX}'}
    with open_newsroom(folder, clock, url=url, more=more) as newsroom:
        newsroom.subscribe("anna@example.org")
        yield Post(newsroom)


@pytest.fixture
def post(tmp_path: Path, clock: FixedClock) -> Iterator[Post]:
    """A newsroom with a mailbox and one reader, anna@example.org."""
    with opened(tmp_path, clock) as found:
        yield found


@pytest.fixture(params=["sqlite", "postgres"])
def any_post(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Post]:
    """The same, on each database we speak."""
    url = "sqlite:///digest.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    with opened(tmp_path, clock, url) as found:
        yield found


@pytest.fixture
def mail() -> Callable[..., bytes]:
    """Write a message: headers by name, with dashes for underscores, and nothing that changes
    them.
    """

    def write(to: str, sender: str = "Anna <anna@example.org>", **more: str) -> bytes:
        headers = {"From": sender, "To": to, "Subject": "", **more}
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", "Hello", ""]).encode()

    return write

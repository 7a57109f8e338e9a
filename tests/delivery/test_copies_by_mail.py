"""The address in a copy by which its reader leaves without opening a page."""

import re
from datetime import date
from pathlib import Path

from digest.clock import FixedClock
from digest.scheduler import tick_once
from digest.subscribers.lifecycle import find_by_address
from digest.subscribers.standing import list_subscriptions
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.tokens import Purpose

FRIDAY = date(2026, 11, 27)
READERS = ("anna@example.org", "ben@example.org")
MAILBOX = '[newsletters.mailbox]\naddress = "friday@courier.example"'
WITH_MAILBOX = {'07:00:00, timezone = "UTC" }': f'07:00:00, timezone = "UTC" }}\n{MAILBOX}'}


def ways_to_leave(newsroom: Newsroom, run) -> dict[str, str]:
    """Send an issue, and return the mailto of every reader's copy."""
    newsroom.subscribe(*READERS)
    newsroom.ready(FRIDAY)
    run(tick_once(newsroom.app))
    found = {}
    for envelope, message in newsroom.backend.accepted:
        line = re.search(rb"^List-Unsubscribe: <[^>]+>,\r\n <mailto:([^>]+)>\r\n", message, re.M)
        assert line is not None
        found[envelope.rcpt_to] = line[1].decode()
    return found


def test_each_reader_has_an_address_of_their_own_to_leave_by(
    tmp_path: Path, clock: FixedClock, run
) -> None:
    with open_newsroom(tmp_path, clock, more=WITH_MAILBOX) as newsroom:
        ways = ways_to_leave(newsroom, run)

        assert set(ways) == set(READERS)
        for reader, address in ways.items():
            local, _, domain = address.partition("@")
            name, _, token = local.partition("+leave.")
            assert (name, domain) == ("friday", "courier.example")
            assert newsroom.app.signer.read_address(Purpose.LEAVE_BY_MAIL, token) == public_id_of(
                newsroom, reader
            )


def public_id_of(newsroom: Newsroom, address: str) -> str:
    app = newsroom.app
    with app.db.read() as session:
        subscriber = find_by_address(session, app.sealer, address)
        assert subscriber is not None
        ((_, subscription),) = list_subscriptions(session, subscriber.id)
        return subscription.public_id


def test_without_a_mailbox_everybody_writes_to_the_newsroom(
    tmp_path: Path, clock: FixedClock, run
) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        ways = ways_to_leave(newsroom, run)

    assert set(ways.values()) == {"letters@courier.example?subject=unsubscribe"}

"""Alerts and proofs are mail too: what the checklist asks of every message holds for the bytes a
server took of them, and a receiver verifies both signatures.
"""

import asyncio
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dkim
import pytest

from digest.clock import FixedClock, SystemClock, next_slot
from digest.delivery.dkim.keys import DkimKey, KeyType, new_private_key, write_private_key
from digest.delivery.outcome import Accepted
from digest.scheduler import tick_once
from digest.testing import MailServer
from digest.testing.newsroom import Newsroom, open_newsroom

KEYS = [DkimKey("courier.example", kind, new_private_key(kind)) for kind in KeyType]
ONCE = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type")


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer(pipelining=True) as running:
        yield running


@pytest.fixture
def newsroom(tmp_path: Path, server: MailServer) -> Iterator[Newsroom]:
    """A newsroom with an RSA and an Ed25519 key; its clock is near the machine's, as dkimpy
    doubts signatures from another time.
    """
    for key in KEYS:
        write_private_key(tmp_path / f"{key.selector}.pem", key.private)
    tables = [f'{{ selector = "{k.selector}", key_file = "{k.selector}.pem" }}' for k in KEYS]
    relay = f'backend = "smtp"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"'
    more = {"alerts = ": f"dkim = [{', '.join(tables)}]\nalerts = "}
    clock = FixedClock(SystemClock().now())
    with open_newsroom(tmp_path, clock, relay=relay, more=more) as opened:
        yield opened


def next_friday(newsroom: Newsroom) -> date:
    schedule = newsroom.app.config.newsletter("weekly").schedule.as_schedule()
    return next_slot(schedule, newsroom.app.clock.now()).local_date


@pytest.fixture(params=["alert", "proof"])
def message(request: pytest.FixtureRequest, newsroom: Newsroom, server: MailServer) -> bytes:
    """The alert of a slot with nothing approved; a proof."""
    issue = newsroom.draft(next_friday(newsroom))
    if request.param == "alert":
        newsroom.make_due(issue)
        asyncio.run(tick_once(newsroom.app))
    else:
        ((_, outcome),) = asyncio.run(newsroom.app.send_proofs(issue, ["ada@courier.example"]))
        assert isinstance(outcome, Accepted)
    (content,) = server.contents()
    return content


def names_in(message: bytes) -> list[str]:
    """Return the names of a message's header fields, in lower case."""
    head = message.partition(b"\r\n\r\n")[0].decode()
    return [line.split(":")[0].lower() for line in re.split(r"\r\n(?![ \t])", head)]


def verified(message: bytes, number: int) -> bool:
    """Return what a receiver makes of one signature; the keys are in its DNS."""
    records = {f"{r.name}.".encode(): r.value.encode() for r in (k.dns_record() for k in KEYS)}
    try:
        return bool(
            dkim.DKIM(message).verify(idx=number, dnsfunc=lambda name, timeout: records[name])
        )
    except dkim.DKIMException:
        return False


def test_both_signatures_verify(message: bytes) -> None:
    assert names_in(message).count("dkim-signature") == len(KEYS)
    assert [verified(message, number) for number in range(len(KEYS))] == [True, True]


def test_link_to_leave_by_cannot_be_added(message: bytes) -> None:
    forged = b"List-Unsubscribe: <https://evil.example/u>\r\n" + message

    assert [verified(forged, number) for number in range(len(KEYS))] == [False, False]


def test_m1_every_header_is_there_once(message: bytes) -> None:
    names = [name for name in names_in(message) if name != "dkim-signature"]

    assert [name for name in ONCE if name not in names] == []
    assert len(names) == len(set(names))


def test_m9_bytes_are_ascii_in_short_lines_that_end_in_crlf(message: bytes) -> None:
    head, _, body = message.partition(b"\r\n\r\n")

    assert message.isascii()
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", message)
    assert max(map(len, head.split(b"\r\n"))) <= 200
    assert max(map(len, body.split(b"\r\n"))) <= 76

"""A real Postfix cannot deliver copies and sends them back: by a pipe, and into a mailbox on a real
Dovecot. Whoever is gone is suppressed, whoever is full is counted, and nobody else is touched.
"""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.proofs.postfix import Postfix, wait_until
from digest.clock import SystemClock
from digest.delivery.feedback.showing import list_of_reader
from digest.models import Delivery, DeliveryState, SuppressionReason
from digest.scheduler import tick_once
from digest.subscribers.lifecycle import find_by_address
from digest.subscribers.suppression import find_reason
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.testing.smtp import MailServer
from tests.real.test_letters_by_postfix import USER, folder, runnable
from tests.real.test_mailbox_on_dovecot import PASSWORD, Dovecot, server

__all__ = ["folder", "server"]  # the fixtures of those tests

GONE, FULL, BLOCKED, FINE = (
    f"{name}@example.org" for name in ("anna.gone", "ben.full", "carl.blocked", "dora.fine")
)
ANSWERS = {
    GONE: "550 5.1.1 <anna.gone@example.org>: user unknown",
    FULL: "552 5.2.2 ben.full has no room left",
    BLOCKED: "550 5.7.1 your network is blocked, see our policy",
}
LAST = 'timezone = "UTC" }'
BOUNCES = '\n[newsletters.bounces]\naddress = "bounces@courier.example"\n'
IMAP = """host = "127.0.0.1"
port = {port}
username = "friday"
password = "{password}"
ca_file = "{ca_file}"
"""
RELAY = """backend = "smtp"
host = "127.0.0.1"
port = {port}
security = "none\""""
# As docs/feedback.md shows it.
MAIN = """\
recipient_delimiter = +
virtual_mailbox_domains = courier.example
transport_maps = inline:{ bounces@courier.example=bounces: }
bounces_destination_recipient_limit = 1
"""
MASTER = """\
virtual unix - n n - - virtual
bounces unix - n n - 2 pipe flags=DRX user={user} null_sender= argv={command}
"""


class TheWorld(MailServer):
    """Where Postfix delivers to: it refuses what it was told to refuse, and takes the rest."""

    def __init__(self) -> None:
        super().__init__(pipelining=True)
        self.taken: list[str] = []

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in ANSWERS:
            return ANSWERS[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.taken += envelope.rcpt_tos
        return "250 2.0.0 Ok"


def reason(newsroom: Newsroom, address: str) -> SuppressionReason | None:
    with newsroom.app.db.read() as session:
        return find_reason(session, newsroom.app.sealer, address)


def told(newsroom: Newsroom, address: str) -> list[tuple[str, str]]:
    """Return what came back of a reader's copies: what it means, and what followed."""
    app = newsroom.app
    with app.db.read() as session:
        reader = find_by_address(session, app.sealer, address)
        assert reader is not None
        return [(each.meaning, each.followed) for each in list_of_reader(session, reader.id)]


def send(newsroom: Newsroom) -> None:
    newsroom.subscribe(GONE, FULL, BLOCKED, FINE)
    newsroom.ready(date.today())  # noqa: DTZ011 - any day does
    asyncio.run(tick_once(newsroom.app))


def ticked(newsroom: Newsroom) -> bool:
    """Do one more round; tell whether everything has come back by now."""
    asyncio.run(tick_once(newsroom.app))
    return all(told(newsroom, each) for each in (GONE, FULL, BLOCKED))


def check(newsroom: Newsroom, world: TheWorld) -> None:
    """Wait for what has to come back, and look at what followed."""
    wait_until(lambda: all(told(newsroom, each) for each in (GONE, FULL, BLOCKED)))
    assert reason(newsroom, GONE) is SuppressionReason.BOUNCED
    assert told(newsroom, GONE) == [("the address is dead", "suppressed everywhere")]
    assert told(newsroom, FULL) == [("not now", "counted")]
    assert told(newsroom, BLOCKED) == [("about us", "nothing")]
    assert told(newsroom, FINE) == []
    assert [reason(newsroom, each) for each in (FULL, BLOCKED, FINE)] == [None] * 3
    assert world.taken == [FINE]
    with newsroom.app.db.read() as session:
        states = {row.state for row in session.query(Delivery)}
    assert states == {DeliveryState.ACCEPTED}  # Postfix took them all


@contextmanager
def piped(folder: Path) -> Iterator[tuple[Newsroom, TheWorld]]:
    """Yield a newsroom whose Postfix pipes what comes back into it."""
    words, room = runnable(), folder / "newsroom"
    config = str(room / "config.toml")
    command = [*words, "-m", "digest", "--config", config, "feedback", "receive"]
    command += ["--to", "${recipient}"]
    master = MASTER.format(user=USER, command=" ".join(command))
    with ExitStack() as stack:
        world = stack.enter_context(TheWorld())
        relay = Postfix(folder / "relay", world.port, main=MAIN, master=master)
        postfix = stack.enter_context(relay)
        more = {LAST: f"{LAST}\n{BOUNCES}"}
        smtp = RELAY.format(port=postfix.port)
        newsroom = stack.enter_context(open_newsroom(room, SystemClock(), relay=smtp, more=more))
        for path in (room, *room.rglob("*")):
            shutil.chown(path, USER)
        yield newsroom, world


def test_copies_come_back_by_pipe_and_each_reader_gets_their_due(folder: Path) -> None:
    with piped(folder) as (newsroom, world):
        send(newsroom)
        check(newsroom, world)


def test_copies_come_back_into_a_mailbox_which_is_emptied_after_the_commit(
    folder: Path, server: Dovecot
) -> None:
    settings = IMAP.format(port=server.tls, password=PASSWORD, ca_file=server.ca_file)
    deliver = folder / "deliver.py"
    deliver.write_text(DELIVER.format(port=server.tls, password=PASSWORD))
    deliver.chmod(0o755)
    command = [*runnable(), str(deliver), "${recipient}"]
    master = MASTER.format(user=USER, command=" ".join(command))
    with ExitStack() as stack:
        world = stack.enter_context(TheWorld())
        relay = Postfix(folder / "relay", world.port, main=MAIN, master=master)
        postfix = stack.enter_context(relay)
        newsroom = stack.enter_context(
            open_newsroom(
                folder / "newsroom",
                SystemClock(),
                relay=RELAY.format(port=postfix.port),
                more={LAST: f"{LAST}\n{BOUNCES}{settings}"},
            )
        )
        empty(server)
        send(newsroom)
        wait_until(lambda: ticked(newsroom))
        check(newsroom, world)
        assert count(server) == 0


# What a mail server's own delivery does: it puts a mail into somebody's mailbox.
DELIVER = """\
import imaplib, ssl, sys
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
client = imaplib.IMAP4_SSL("127.0.0.1", {port}, ssl_context=context)
client.authenticate("PLAIN", lambda _: "\\0friday\\0{password}".encode())
mail = b"Delivered-To: " + sys.argv[1].encode() + b"\\n" + sys.stdin.buffer.read()
client.append("INBOX", None, None, mail.replace(b"\\n", b"\\r\\n"))
client.logout()
"""


def count(server: Dovecot) -> int:
    with server.client() as client:
        _, (found,) = client.search(None, "ALL")
        return len(found.split())


def empty(server: Dovecot) -> None:
    with server.client() as client:
        client.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
        client.expunge()

"""A real Postfix takes a reader's mail and pipes it into ``digest letters receive``."""

import os
import shutil
import smtplib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest

import digest
from benchmarks.proofs.postfix import NextHop, NotRoot, Postfix, wait_until
from digest.clock import SystemClock
from digest.delivery.feedback.keeping import count_kept
from digest.models import SubscriptionState
from digest.subscribers.lifecycle import find_by_address
from digest.subscribers.standing import list_subscriptions
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.tokens import Purpose

ANNA = "anna@example.org"
USER = "nobody"  # Postfix runs nothing as root
MAILBOX = '[newsletters.mailbox]\naddress = "friday@courier.example"'
# As docs/by-mail.md shows it.
MAIN = """\
recipient_delimiter = +
virtual_mailbox_domains = courier.example
transport_maps = inline:{ friday@courier.example=letters: }
letters_destination_recipient_limit = 1
"""
MASTER = """\
virtual unix - n n - - virtual
letters unix - n n - 2 pipe flags=DRX user={user} null_sender= argv={command}
"""


def runnable() -> list[str]:
    """Return how Postfix's user starts Python with all that is installed here; skip where it may
    not.
    """
    minor = f"python3.{sys.version_info.minor}"
    path = os.pathsep.join([str(Path(digest.__file__).parents[1]), *filter(None, sys.path)])
    for program in (sys.executable, f"/usr/bin/{minor}"):
        words = ["/usr/bin/env", f"PYTHONPATH={path}", program]
        tried = subprocess.run(
            [*words, "-c", "import digest.app"],
            user=USER,
            cwd="/",
            capture_output=True,
            check=False,
        )
        if tried.returncode == 0:
            return words
    pytest.skip(f"no Python here may be run by {USER}")


@contextmanager
def receiving(folder: Path) -> Iterator[tuple[Newsroom, Postfix]]:
    """Yield a newsroom and a Postfix that pipes the newsroom's mail into it."""
    words = runnable()
    room = folder / "newsroom"
    more = {'07:00:00, timezone = "UTC" }': f'07:00:00, timezone = "UTC" }}\n{MAILBOX}'}
    with NextHop() as next_hop, open_newsroom(room, SystemClock(), more=more) as newsroom:
        newsroom.subscribe(ANNA)
        for path in (room, *room.iterdir()):
            shutil.chown(path, USER)
        config = str(room / "config.toml")
        command = [*words, "-m", "digest", "--config", config, "letters", "receive"]
        command += ["--keep", str(room / "letters"), "--to", "${recipient}"]
        master = MASTER.format(user=USER, command=" ".join(command))
        with Postfix(folder / "relay", next_hop.port, main=MAIN, master=master) as postfix:
            yield newsroom, postfix


@pytest.fixture
def folder(system_part: Callable[[str], Path]) -> Iterator[Path]:
    """A folder that Postfix's own user may enter."""
    system_part("postfix")
    if os.geteuid() != 0:
        pytest.skip(str(NotRoot("only root may start Postfix")))
    with tempfile.TemporaryDirectory(prefix="friday-letters-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def send(postfix: Postfix, to: str, sender: str = ANNA, **headers: str) -> None:
    message = EmailMessage()
    message["From"] = ANNA
    message["To"] = to
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Hello")
    with smtplib.SMTP("127.0.0.1", postfix.port) as client:
        client.send_message(message, from_addr=sender, to_addrs=[to])


def state(newsroom: Newsroom) -> SubscriptionState:
    app = newsroom.app
    with app.db.read() as session:
        subscriber = find_by_address(session, app.sealer, ANNA)
        assert subscriber is not None
        return list_subscriptions(session, subscriber.id)[0][1].state


def leave_address(newsroom: Newsroom) -> str:
    app = newsroom.app
    with app.db.read() as session:
        subscriber = find_by_address(session, app.sealer, ANNA)
        assert subscriber is not None
        ((_, subscription),) = list_subscriptions(session, subscriber.id)
    token = app.signer.sign_address(Purpose.LEAVE_BY_MAIL, subscription.public_id)
    return f"friday+leave.{token}@courier.example"


def kept(newsroom: Newsroom) -> int:
    with newsroom.app.db.read() as session:
        return count_kept(session)


def test_mail_through_postfix_lets_its_reader_leave_and_a_bounce_does_not(folder: Path) -> None:
    with receiving(folder) as (newsroom, postfix):
        to = leave_address(newsroom)
        send(postfix, to, sender="")  # an empty return path: a bounce
        wait_until(lambda: kept(newsroom) == 1)
        assert state(newsroom) is SubscriptionState.ACTIVE

        send(postfix, to)
        wait_until(lambda: state(newsroom) is SubscriptionState.UNSUBSCRIBED)

        assert kept(newsroom) == 1


def test_postfix_comes_again_when_the_store_could_not_be_used(folder: Path) -> None:
    with receiving(folder) as (newsroom, postfix):
        keys = folder / "newsroom" / "keys.toml"
        keys.rename(folder / "keys.toml")
        send(postfix, leave_address(newsroom))
        wait_until(lambda: "status=deferred" in postfix.log.read_text())
        assert state(newsroom) is SubscriptionState.ACTIVE

        (folder / "keys.toml").rename(keys)

        wait_until(lambda: state(newsroom) is SubscriptionState.UNSUBSCRIBED)
        assert "status=bounced" not in postfix.log.read_text()

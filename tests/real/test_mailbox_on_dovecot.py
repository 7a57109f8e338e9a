"""A mailbox on a real Dovecot: letters act once, and nothing is lost, or deleted too early."""

import asyncio
import imaplib
import os
import pwd
import ssl
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.proofs.postfix import free_port, wait_for_port
from digest.clock import FixedClock
from digest.config import MailboxConfig
from digest.correspondence.incoming.commands import Asked
from digest.correspondence.incoming.imap import MailboxDown, open_folder
from digest.db import Database
from digest.delivery.feedback.keeping import count_kept
from digest.errors import ConfigError, DatabaseUnfit
from digest.models import SubscriptionState
from digest.operations.doctor.case import Case
from digest.operations.doctor.registry import select
from digest.operations.doctor.run import examine
from digest.scheduler import run_scheduler, tick_once
from digest.subscribers.lifecycle import find_by_address
from digest.subscribers.standing import list_subscriptions
from digest.testing.certificates import LoopbackCertificate
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.tokens import Purpose

PASSWORD = "sésame-ouvre-toi"
CONFIG = """\
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
mail_location = maildir:{folder}/mail
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = yes
first_valid_uid = 1
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home
}}
service imap-login {{
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
"""
NEWS = "Subject: What a fine issue"
REPORT = 'Content-Type: multipart/report; report-type="delivery-status"; boundary=x'
MAILBOX = """
[newsletters.mailbox]
address = "friday@courier.example"
host = "127.0.0.1"
port = {port}
security = "{security}"
username = "friday"
password_file = "password"
ca_file = "{ca_file}"
"""


@dataclass(frozen=True, slots=True)
class Dovecot:
    """A whole Dovecot in a folder of its own, on two ports of loopback."""

    folder: Path
    plain: int
    tls: int

    @property
    def ca_file(self) -> Path:
        return self.folder / "certificate.pem"

    @contextmanager
    def client(self) -> Iterator[imaplib.IMAP4_SSL]:
        """Yield the connection of somebody else who reads the mailbox."""
        context = ssl.create_default_context(cafile=self.ca_file)
        with imaplib.IMAP4_SSL("127.0.0.1", self.tls, ssl_context=context) as client:
            client.authenticate("PLAIN", lambda _: f"\0friday\0{PASSWORD}".encode())
            client.select("INBOX")
            yield client

    def deliver(self, *headers: str) -> None:
        """Put a message into the mailbox."""
        with self.client() as client:
            message = "\r\n".join([*headers, "", "Hello", ""])
            client.append("INBOX", None, None, message.encode())

    def lies_there(self) -> dict[str, set[str]]:
        """Return, by subject, the flags of every message that is left."""
        with self.client() as client:
            found = {}
            _, numbers = client.search(None, "ALL")
            for number in numbers[0].split():
                _, data = client.fetch(
                    number.decode(), "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])"
                )
                flags = {flag.decode() for flag in imaplib.ParseFlags(data[0][0])} - {r"\Recent"}
                found[data[0][1].decode().removeprefix("Subject: ").strip()] = flags
            return found


@pytest.fixture(scope="module")
def server(system_part: Callable[[str], Path]) -> Iterator[Dovecot]:
    """A Dovecot of its own; ended for sure."""
    program = system_part("dovecot")
    if os.geteuid() != 0:
        pytest.skip("only root may start this Dovecot")
    with tempfile.TemporaryDirectory(prefix="friday-dovecot-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        LoopbackCertificate(folder)
        owner = pwd.getpwnam("nobody")
        for each in ("mail", "home"):
            (folder / each).mkdir()
            os.chown(folder / each, owner.pw_uid, owner.pw_gid)
        found = Dovecot(folder, free_port(), free_port())
        config = CONFIG.format(
            folder=folder,
            password=PASSWORD,
            user=owner.pw_uid,
            group=owner.pw_gid,
            plain=found.plain,
            tls=found.tls,
        )
        (folder / "dovecot.conf").write_text(config)
        with (folder / "said").open("ab") as said:
            process = subprocess.Popen(
                [program, "-F", "-c", folder / "dovecot.conf"], stdout=said, stderr=said
            )
        try:
            wait_for_port(found.tls)
            wait_for_port(found.plain)
            yield found
        finally:
            process.terminate()
            process.wait(20)


@dataclass(frozen=True, slots=True)
class Room:
    """A newsroom whose mailbox is on that server."""

    newsroom: Newsroom
    server: Dovecot

    @property
    def mailbox(self) -> MailboxConfig:
        mailbox = self.newsroom.configured.mailbox
        assert mailbox is not None
        return mailbox

    def read(self) -> Counter[Asked]:
        return self.newsroom.app.mailbox_reader(self.mailbox).read_new()

    def leave_address(self, address: str) -> str:
        app = self.newsroom.app
        with app.db.read() as session:
            subscriber = find_by_address(session, app.sealer, address)
            assert subscriber is not None
            ((_, subscription),) = list_subscriptions(session, subscriber.id)
        token = app.signer.sign_address(Purpose.LEAVE_BY_MAIL, subscription.public_id)
        return f"friday+leave.{token}@courier.example"

    def state(self, address: str) -> SubscriptionState:
        app = self.newsroom.app
        with app.db.read() as session:
            subscriber = find_by_address(session, app.sealer, address)
            assert subscriber is not None
            return list_subscriptions(session, subscriber.id)[0][1].state


@contextmanager
def room_on(server: Dovecot, folder: Path, clock: FixedClock, security: str) -> Iterator[Room]:
    port = server.tls if security == "tls" else server.plain
    mailbox = MAILBOX.format(port=port, security=security, ca_file=server.ca_file)
    more = {'07:00:00, timezone = "UTC" }': f'07:00:00, timezone = "UTC" }}\n{mailbox}'}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "password").write_text(PASSWORD)
    with open_newsroom(folder, clock, more=more) as newsroom:
        newsroom.subscribe("anna@example.org", "ben@example.org")
        yield Room(newsroom, server)


@pytest.fixture
def room(server: Dovecot, tmp_path: Path, clock: FixedClock) -> Iterator[Room]:
    """A newsroom with an empty mailbox."""
    with server.client() as client:
        client.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
        client.expunge()
    with room_on(server, tmp_path, clock, "tls") as opened:
        yield opened


def test_letters_act_and_only_what_was_understood_is_deleted(room: Room) -> None:
    room.server.deliver(f"To: {room.leave_address('anna@example.org')}", "Subject: leaving")
    room.server.deliver("To: friday@courier.example", "From: ben@example.org", NEWS)
    room.server.deliver("To: friday@courier.example", "Subject: Automatic reply: away")
    room.server.deliver("To: friday@courier.example", REPORT, "Subject: Undelivered")

    done = room.read()

    assert done == {Asked.LEAVE: 1, Asked.UNKNOWN: 1, Asked.AUTOMATIC: 1, Asked.KEPT: 1}
    assert room.state("anna@example.org") is SubscriptionState.UNSUBSCRIBED
    assert room.server.lies_there() == {
        "What a fine issue": {r"\Seen", r"\Flagged"},
        "Automatic reply: away": {r"\Seen"},
    }
    with room.newsroom.app.db.read() as session:
        assert count_kept(session) == 1  # the report that nobody understands


def test_what_was_left_alone_is_not_fetched_again(room: Room) -> None:
    room.server.deliver("To: friday@courier.example", "Subject: Automatic reply: away")
    room.read()
    room.server.deliver("To: friday+join.weekly@courier.example", "From: carl@example.org")

    assert room.read() == {Asked.JOIN: 1}
    assert room.read() == {}


def test_letter_that_somebody_has_read_acts_all_the_same(room: Room) -> None:
    room.server.deliver("To: friday@courier.example", "Subject: Automatic reply: away")
    room.read()
    room.server.deliver(f"To: {room.leave_address('anna@example.org')}", "Subject: leaving")
    with room.server.client() as client:
        client.store("2", "+FLAGS", r"\Seen")

    assert room.read() == {Asked.LEAVE: 1}


def test_old_mail_that_was_read_before_the_first_round_is_let_be(room: Room) -> None:
    room.server.deliver("To: friday@courier.example", "From: a@example.org", "Subject: unsubscribe")
    with room.server.client() as client:
        client.store("1", "+FLAGS", r"\Seen")

    assert room.read() == {}


def test_what_somebody_else_marked_as_deleted_stays(room: Room) -> None:
    room.server.deliver("To: friday@courier.example", "Subject: marked by hand")
    with room.server.client() as client:
        client.store("1", "+FLAGS", r"\Deleted")
    room.server.deliver(f"To: {room.leave_address('anna@example.org')}", "Subject: leaving")

    assert room.read() == {Asked.LEAVE: 1}
    assert set(room.server.lies_there()) == {"marked by hand"}


def test_nothing_is_deleted_when_the_store_is_busy(room: Room, tmp_path: Path) -> None:
    room.server.deliver(f"To: {room.leave_address('anna@example.org')}", "Subject: leaving")
    app = room.newsroom.app
    impatient = Database(app.config.database.url, write_patience=0.05)
    with closing(impatient):
        reader = type(app.mailbox_reader(room.mailbox))(
            impatient, app.reception("mailbox"), app.clock, room.mailbox
        )
        with app.db.write() as session:
            session.connection()  # from here on the file is taken
            with pytest.raises(DatabaseUnfit, match="locked"):
                reader.read_new()

    assert room.server.lies_there() == {"leaving": set()}
    assert room.read() == {Asked.LEAVE: 1}
    assert room.server.lies_there() == {}


def test_crash_between_act_and_delete_repeats_a_harmless_act(room: Room) -> None:
    to = room.leave_address("anna@example.org")
    for _ in range(2):  # the second is the one that a crash left there
        room.server.deliver(f"To: {to}", "Message-ID: <one@example.org>")

    assert room.read() == {Asked.LEAVE: 2}
    assert room.state("anna@example.org") is SubscriptionState.UNSUBSCRIBED


def test_letter_that_we_fail_on_is_flagged_and_keeps_no_other_waiting(room: Room) -> None:
    room.server.deliver(f"To: {room.leave_address('anna@example.org')}", "Subject: broken")
    room.server.deliver(f"To: {room.leave_address('ben@example.org')}", "Subject: whole")
    app = room.newsroom.app
    with app.db.write() as session:
        anna = find_by_address(session, app.sealer, "anna@example.org")
        assert anna is not None
        anna.address_sealed = b"damaged"

    room.read()

    assert room.state("ben@example.org") is SubscriptionState.UNSUBSCRIBED
    assert room.server.lies_there() == {"broken": {r"\Seen", r"\Flagged"}}


def test_huge_mail_is_not_fetched_whole(room: Room) -> None:
    to = room.leave_address("anna@example.org")
    room.server.deliver(f"To: {to}", "Subject: big", *(f"X-Big: {'x' * 900}" for _ in range(2000)))
    with open_folder(room.mailbox) as folder:
        (uid,) = folder.list_new(None)
        header = folder.read_header(uid)

    assert header is not None
    assert len(header) == 100_000
    assert room.read() == {Asked.LEAVE: 1}


def test_round_ends_when_the_program_does(room: Room) -> None:
    room.server.deliver(f"To: {room.leave_address('anna@example.org')}", "Subject: leaving")

    done = room.newsroom.app.mailbox_reader(room.mailbox).read_new(lambda: True)

    assert done == {}
    assert room.server.lies_there() == {"leaving": set()}


def test_starttls_is_spoken_where_it_is_configured(
    server: Dovecot, room: Room, tmp_path: Path, clock: FixedClock
) -> None:
    with room_on(server, tmp_path / "starttls", clock, "starttls") as other:
        server.deliver(f"To: {other.leave_address('anna@example.org')}")

        assert other.read() == {Asked.LEAVE: 1}


def test_doctor_opens_the_mailbox_and_marks_nothing_as_read(room: Room) -> None:
    room.server.deliver(NEWS)
    before = room.server.lies_there()

    found = examine(Case(room.newsroom.app), select(["MAILBOX-1"]), online=True).findings

    assert [(one.level.value, one.text) for one in found] == [
        ("ok", "mailbox at 127.0.0.1: INBOX can be opened")
    ]
    assert room.server.lies_there() == before


def test_certificate_that_nobody_vouches_for_is_refused(room: Room) -> None:
    untrusting = room.mailbox.model_copy(update={"ca_file": None})

    with (
        pytest.raises(MailboxDown, match=r"127\.0\.0\.1:\d+: .*certificate"),
        open_folder(untrusting),
    ):
        pass


def test_password_is_not_said_before_a_certificate_is_trusted(room: Room) -> None:
    changes = {"ca_file": None, "security": "starttls", "port": room.server.plain}

    with pytest.raises(MailboxDown), open_folder(room.mailbox.model_copy(update=changes)):
        pass


def test_server_on_this_machine_may_be_read_in_clear(room: Room) -> None:
    room.server.deliver(f"To: {room.leave_address('anna@example.org')}")
    changes = {"security": "none", "port": room.server.plain}

    reader = room.newsroom.app.mailbox_reader(room.mailbox.model_copy(update=changes))

    assert reader.read_new() == {Asked.LEAVE: 1}


def test_wrong_password_is_said_without_it(room: Room, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("open sesame")

    with pytest.raises(MailboxDown, match="Authentication failed") as caught:
        room.read()

    assert "sesame" not in str(caught.value)


def test_missing_password_file_is_named(room: Room, tmp_path: Path) -> None:
    (tmp_path / "password").unlink()

    with pytest.raises(ConfigError, match="password: the secret cannot be read"):
        room.read()


def test_server_that_is_not_there_is_named(room: Room) -> None:
    nowhere = room.mailbox.model_copy(update={"port": free_port()})

    with pytest.raises(MailboxDown, match=r"127\.0\.0\.1:\d+: "), open_folder(nowhere):
        pass


def test_missing_folder_is_said(room: Room) -> None:
    elsewhere = room.mailbox.model_copy(update={"folder": 'No "such" folder'})

    with pytest.raises(MailboxDown, match="doesn't exist"), open_folder(elsewhere):
        pass


def test_scheduler_reads_the_mailbox(room: Room) -> None:
    room.server.deliver(f"To: {room.leave_address('anna@example.org')}")

    async def until_it_has() -> None:
        stop = asyncio.Event()
        scheduler = asyncio.create_task(run_scheduler(room.newsroom.app, stop))
        async with asyncio.timeout(60):
            while room.state("anna@example.org") is SubscriptionState.ACTIVE:
                await asyncio.sleep(0.05)
        stop.set()
        await scheduler

    asyncio.run(until_it_has())

    assert room.server.lies_there() == {}


def test_one_round_by_hand_reads_it_too(room: Room) -> None:
    room.server.deliver(f"To: {room.leave_address('anna@example.org')}")

    asyncio.run(tick_once(room.newsroom.app))

    assert room.state("anna@example.org") is SubscriptionState.UNSUBSCRIBED


def test_round_goes_on_when_the_mailbox_is_down(room: Room, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("open sesame")

    asyncio.run(tick_once(room.newsroom.app))

    told = [envelope.rcpt_to for envelope, _ in room.newsroom.backend.accepted]
    assert told == ["desk@courier.example"]  # that nothing is approved


def test_command_fetches_and_says_what_it_did(room: Room, tmp_path: Path) -> None:
    room.server.deliver(f"To: {room.leave_address('anna@example.org')}")
    room.server.deliver("To: friday@courier.example", NEWS)

    words = ["-m", "digest", "--config", str(tmp_path / "config.toml"), "letters", "fetch"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "127.0.0.1: 1 leave, 1 unknown\n")

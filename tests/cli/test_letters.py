"""``digest letters`` from the outside: what a mail server's pipe sees."""

import mailbox
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from digest.config import load_config
from digest.keys import read_key_file
from digest.tokens import Purpose, TokenSigner

SCHEDULE = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }'
MAILBOX = '[newsletters.mailbox]\naddress = "friday@courier.example"'


@pytest.fixture
def served(line):
    """An instance with a mailbox and one reader."""
    line.configure(SCHEDULE, f"{SCHEDULE}\n{MAILBOX}")
    line.good("subscribers", "add", "anna@example.org")
    return line


def leave_address(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "digest.db")) as connection:
        ((public_id,),) = connection.execute("SELECT public_id FROM subscriptions").fetchall()
    config = load_config(folder / "config.toml")
    signer = TokenSigner(read_key_file(config.keys.file))
    token = signer.sign_address(Purpose.LEAVE_BY_MAIL, public_id)
    return f"friday+leave.{token}@courier.example"


def state(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "digest.db")) as connection:
        ((found,),) = connection.execute("SELECT state FROM subscriptions").fetchall()
    return str(found)


def receive(folder: Path, mail: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Pipe a mail in, as a mail server does."""
    config = str(folder / "config.toml")
    return subprocess.run(
        [sys.executable, "-m", "digest", "--config", config, "letters", "receive", *words],
        input=mail,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_piped_mail_to_a_signed_address_leaves(served) -> None:
    mail = b"From: anna@example.org\nTo: undisclosed-recipients:;\n\nHello\n"

    done = receive(served.folder, mail, "--to", leave_address(served.folder))

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert state(served.folder) == "unsubscribed"


def test_mail_that_asks_nothing_is_kept_for_a_person_where_told(served) -> None:
    mail = b"From: anna@example.org\nTo: friday@courier.example\n\nWhat a fine issue\n"
    place = served.folder / "letters"

    done = receive(served.folder, mail, "--keep", str(place))

    assert done.returncode == 0
    (kept,) = mailbox.Maildir(place, create=False)
    assert kept.get_payload() == "What a fine issue\n"


def test_mail_that_was_acted_on_is_not_kept(served) -> None:
    place = served.folder / "letters"

    receive(served.folder, f"To: {leave_address(served.folder)}\n\n".encode(), "--keep", str(place))

    assert not place.exists()


@pytest.mark.parametrize("mail", [b"", b"\0\xff" * 5000, b"x" * 3_000_000])
def test_rubbish_is_taken_without_a_word(served, mail: bytes) -> None:
    done = receive(served.folder, mail)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert state(served.folder) == "active"


def test_anything_wrong_with_us_makes_the_mail_server_come_again(served) -> None:
    mail = f"To: {leave_address(served.folder)}\n\n".encode()
    (served.folder / "keys.toml").rename(served.folder / "elsewhere.toml")

    done = receive(served.folder, mail)

    assert done.returncode == 75
    assert done.stderr.startswith(b"error: ")
    assert b"Traceback" not in done.stderr
    (served.folder / "elsewhere.toml").rename(served.folder / "keys.toml")
    assert receive(served.folder, mail).returncode == 0
    assert state(served.folder) == "unsubscribed"


def test_place_that_cannot_be_written_makes_the_mail_server_come_again(served) -> None:
    place = served.write("letters", "a file, no folder")

    assert receive(served.folder, b"To: x@example.org\n\n", "--keep", str(place)).returncode == 75


def test_fetch_without_a_server_says_so(served) -> None:
    assert "No newsletter has a mailbox with a host" in served.good("letters", "fetch")


def test_fetch_from_a_server_that_is_not_there_fails(served) -> None:
    served.configure(
        MAILBOX,
        f'{MAILBOX}\nhost = "127.0.0.1"\nport = 1\nusername = "friday"\npassword = "secret"',
    )

    said = served.bad("letters", "fetch")

    assert said.startswith("127.0.0.1:1: ")
    assert "secret" not in said

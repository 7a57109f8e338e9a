"""``digest feedback`` from the outside: a mail server's pipe, and what an operator sees of it."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from digest.config import load_config
from digest.delivery.return_paths import Sent, return_path
from digest.keys import read_key_file
from digest.tokens import TokenSigner

SCHEDULE = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }'
BOUNCES = '[newsletters.bounces]\naddress = "bounces@courier.example"'
STRANGE = b"Return-Path: <>\nFrom: daemon@x.example\n\nanna@example.org did not go well\x1b[2J.\n"


@pytest.fixture
def served(line):
    """An instance with a place for bounces, and a letter to somebody who asked to join."""
    line.configure(SCHEDULE, f"{SCHEDULE}\n{BOUNCES}")
    line.good("subscribers", "add", "anna@example.org")
    return line


def receive(folder: Path, mail: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    config = str(folder / "config.toml")
    return subprocess.run(
        [sys.executable, "-m", "digest", "--config", config, "feedback", "receive", *words],
        input=mail,
        capture_output=True,
        timeout=60,
        check=False,
    )


def some_path(folder: Path) -> str:
    config = load_config(folder / "config.toml")
    signer = TokenSigner(read_key_file(config.keys.file))
    return return_path(signer, config.newsletters[0], Sent.COPY, 1)


def test_strange_message_is_kept_shown_without_its_reader_and_dropped(served) -> None:
    done = receive(served.folder, STRANGE, "--to", some_path(served.folder))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")

    listed = served.good("feedback", "list")
    assert re.search(r"(?m)^1\s.*pipe.*a report of no kind that we know", listed)
    shown = served.good("feedback", "show", "1")
    assert "did not go well" in shown
    assert "anna@" not in shown
    assert "\x1b" not in shown
    assert "anna@example.org did not" in served.good("feedback", "show", "1", "--clear")
    assert "0 of 1 understood" in served.good("feedback", "retry")
    assert "removed" in served.good("feedback", "drop", "1", "--yes")
    assert "no kept message has the number 1" in served.bad("feedback", "show", "1")


def test_refused_reader_is_found_with_what_the_other_side_said(served) -> None:
    with closing(sqlite3.connect(served.folder / "digest.db")) as connection:
        connection.execute(
            "INSERT INTO feedback_events (provider, digest, kind, class, status, detail, found_by,"
            " verdict, subscriber_id, at, received_at) VALUES ('mail', x'00', 'bounced', 'soft',"
            " '5.2.2', 'mailbox full', 'token', 'scored', 1, '2026-11-20 07:00:00.000000',"
            " '2026-11-20 07:00:00.000000')"
        )
        connection.commit()

    said = served.good("subscribers", "find", "anna@example.org")

    assert "2026-11-20 a letter of ours: bounced (not now); counted. 5.2.2 mailbox full" in said


def test_pipe_asks_the_mail_server_to_come_again_when_the_store_is_not_there(served) -> None:
    to = some_path(served.folder)
    (served.folder / "keys.toml").rename(served.folder / "away.toml")

    done = receive(served.folder, STRANGE, "--to", to)

    assert done.returncode == 75

"""Sending and serving by command: tick, status, and what happens when the relay is gone."""

import contextlib
import signal
import socket
import sqlite3
import threading
import urllib.request
from collections.abc import Iterator

import pytest

from digest.app import open_app
from digest.cli.running import in_words
from digest.delivery.ledger.sums import Sums
from digest.models import SuppressionReason
from digest.subscribers.suppression import suppress
from digest.testing.smtp import MailServer

SMTP = """backend = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
timeouts = {{ connect = 1 }}"""
MAILDIR = 'backend = "maildir"\nfolder = "out"'


@pytest.fixture
def due(drafted):
    """An approved issue that is due at once, for two readers."""
    drafted.good("issue", "approve", "weekly")
    drafted.good("issue", "schedule", "weekly", "--now")
    return drafted


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def states(line) -> list[str]:
    """Return the state of every ledger row."""
    with contextlib.closing(sqlite3.connect(line.folder / "digest.db")) as connection:
        return [state for (state,) in connection.execute("SELECT state FROM deliveries")]


def test_tick_sends_and_says_the_sums(due) -> None:
    out = due.good("tick")

    assert out == (
        "weekly/1 sent: accepted=2 rejected=0 skipped=0 expired=0 uncertain=0 audience=2\n"
    )
    assert len(due.mails()) == 2


def test_second_tick_is_silent_and_sends_nothing(due) -> None:
    due.good("tick")

    assert due.good("tick") == ""
    assert len(due.mails()) == 2


def test_tick_with_nothing_due_is_silent(drafted) -> None:
    assert drafted.good("tick") == ""


def test_unreachable_relay_fails_and_the_copies_wait(due) -> None:
    due.configure(MAILDIR, SMTP.format(port=free_port()))

    result = due("tick")

    errors = [row for row in result.err.splitlines() if row.startswith("error: ")]
    assert result.status == 1
    assert len(errors) == 1
    assert errors[0].endswith("(2 copies wait for the next tick)")
    assert "Traceback" not in result.err
    assert states(due) == ["pending", "pending"]


def test_later_tick_sends_what_waited_exactly_once(due) -> None:
    due.configure(MAILDIR, SMTP.format(port=free_port()))
    assert due("tick").status == 1

    with MailServer() as server:
        port = SMTP.format(port=server.port)
        due.configure(f"port = {_port(due)}", port.splitlines()[2])
        out = due.good("tick")
        due.good("tick")
        received = sorted(address for mail in server.received for address in mail.rcpt_to)

    assert out.startswith("weekly/1 sent: accepted=2 ")
    assert received == ["anna@example.org", "bo@example.org"]


def _port(line) -> str:
    config = (line.folder / "config.toml").read_text()
    return config.split("port = ")[1].split("\n")[0]


def test_wrong_option_of_the_relay_is_named(due) -> None:
    due.configure('folder = "out"', 'foldr = "out"')

    result = due("tick")

    assert result.status == 1
    assert "config.toml: relays.main: foldr: this key is unknown" in result.err
    assert "Traceback" not in result.err
    assert set(states(due)) <= {"pending"}


def test_status_tells_a_newcomer_what_is_next(line) -> None:
    out = line.good("status").splitlines()

    assert out[0] == "no scheduler is alive: digest run is one"
    assert out[1] == "weekly: 0 readers"
    assert out[2].startswith("next slot: Fri ")
    assert out[2].endswith(" 07:00 (UTC), no issue yet")


def test_status_names_the_next_issue_and_its_state(drafted) -> None:
    assert "(UTC), weekly/1, draft\n" in drafted.good("status")

    drafted.good("issue", "approve", "weekly")

    assert "(UTC), weekly/1, approved\n" in drafted.good("status")


def test_status_shows_how_the_last_issues_went(due) -> None:
    due.good("tick")

    row = due.good("status").splitlines()[-1].split("\t")

    assert (row[0], row[2], row[3]) == ("weekly/1", "sent", "2 accepted of 2")
    assert row[4:] == ["0 (0.00 %)", "0 (0.00 %)"]


def test_status_marks_an_issue_that_many_complain_about(due) -> None:
    due.good("tick")
    with open_app(due.folder / "config.toml") as app, app.db.write() as session:
        reason = SuppressionReason.COMPLAINED
        suppress(session, app.sealer, "anna@example.org", reason, now=app.clock.now())

    *_, row, worry = due.good("status").splitlines()

    assert row.split("\t")[4:] == ["1 (50.00 %) !!", "0 (0.00 %)"]
    assert worry.startswith("weekly/1: !! complaints are at 0.3 % or above")


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"accepted": 1196, "skipped": 4, "frozen": 1200}, "1,196 accepted, 4 skipped of 1,200"),
        ({"pending": 2, "frozen": 2}, "2 pending of 2"),
        ({}, "0 of 0"),
    ],
)
def test_sums_are_told_in_words(counts: dict[str, int], words: str) -> None:
    names = ("frozen", "pending", "dotted", "accepted", "rejected")
    none = dict.fromkeys((*names, "skipped", "expired", "uncertain"), 0)

    assert in_words(Sums(**{**none, **counts})) == words


@pytest.fixture
def silent_relay() -> Iterator[int]:
    """A relay that takes connections and never says a word; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield door.getsockname()[1]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_tick_ends_in_order(due, silent_relay: int, waited, number, status) -> None:
    due.configure(MAILDIR, SMTP.format(port=silent_relay))
    process = due.start("tick")
    waited(lambda: states(due) == ["pending", "pending"])

    process.send_signal(number)
    _, err = process.communicate(timeout=30)

    assert "Traceback" not in err
    assert process.returncode == status
    assert states(due) == ["pending", "pending"]


def test_port_that_is_taken_is_one_clear_line(line) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        line.configure("[scheduler]", f"port = {port}\n\n[scheduler]")

        assert line.bad("web") == (
            f"web: cannot listen on 127.0.0.1 port {port}: Address already in use"
        )


def test_web_serves_and_ends_on_sigterm_with_0(line, waited) -> None:
    port = free_port()
    line.configure("[scheduler]", f"port = {port}\n\n[scheduler]")
    process = line.start("web")
    waited(lambda: _answers(port))

    process.terminate()
    _, err = process.communicate(timeout=30)

    assert process.returncode == 0
    assert f"reader pages at http://127.0.0.1:{port}" in err
    assert "Traceback" not in err


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_second_scheduler_is_harmless_and_said(due) -> None:
    first, second = due.start("scheduler"), None
    lines: list[str] = []
    try:
        _read_until(first, "issue sent", lines)
        second = due.start("scheduler")
        said = _read_until(second, "another scheduler is alive on this store", [])
    finally:
        for process in filter(None, (first, second)):
            process.terminate()
            process.communicate(timeout=30)

    assert "the two share the work" in said
    assert [first.returncode, second.returncode if second else None] == [0, 0]
    assert len(due.mails()) == 2


def _read_until(process, words: str, lines: list[str]) -> str:
    """Read a process's log up to a line with these words and return it."""
    watchdog = threading.Timer(30, process.kill)
    watchdog.start()
    try:
        for row in process.stderr:
            lines.append(row)
            if words in row:
                return str(row)
    finally:
        watchdog.cancel()
    raise AssertionError(f"never said {words!r}: {lines}")

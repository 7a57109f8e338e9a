"""A run under way and copies in doubt, at the command line."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from digest.clock import FixedClock, SystemClock
from digest.delivery.outcome import Uncertain
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
MINUTE = timedelta(minutes=1)
ANNA, BEN, CLEO = "anna@example.org", "ben@example.org", "cleo@example.org"
HEADINGS = "delivery\tsince\trelay\twhy\tmessage-id"
WAITING = {"uncertain_hours = 0": "uncertain_hours = 6"}


@pytest.fixture
def newsroom(empty, clock: FixedClock) -> Iterator[Newsroom]:
    """A newsroom whose folder the command line works on, too."""
    with open_newsroom(empty.folder, clock, more=WAITING) as opened:
        opened.subscribe(ANNA, BEN, CLEO)
        yield opened


@pytest.fixture
def sending(newsroom: Newsroom) -> str:
    """An issue that is frozen, of which nothing is sent."""
    issue = newsroom.ready(FRIDAY)
    newsroom.app.sender.tick()
    return issue


@pytest.fixture
def doubtful(newsroom: Newsroom, run) -> str:
    """An issue of which two copies are in doubt: Ben's arrived, Cleo's did not."""
    issue = newsroom.ready(FRIDAY)
    lost = Uncertain("no reply")
    newsroom.backend.script(lambda e: e.rcpt_to == BEN, lost, arrives=True)
    newsroom.backend.script(lambda e: e.rcpt_to == CLEO, lost, arrives=False)
    run(tick_once(newsroom.app))
    return issue


def got(newsroom: Newsroom, address: str) -> int:
    return sum(envelope.rcpt_to == address for envelope, _ in newsroom.backend.accepted)


def ids(line) -> list[str]:
    return [
        row.split("\t")[0] for row in line.good("issue", "uncertain", "weekly").splitlines()[1:]
    ]


def test_paused_run_sends_nothing_until_it_is_resumed(empty, newsroom, sending, run) -> None:
    said = empty.good("issue", "pause", "weekly", "--why", "a wrong headline")
    run(tick_once(newsroom.app))
    assert said.startswith("weekly/1 is paused: pending=3 ")
    assert newsroom.sums(sending).pending == 3

    assert empty.good("issue", "resume", "weekly") == "weekly/1 goes on.\n"
    run(tick_once(newsroom.app))

    assert newsroom.sums(sending).accepted == 3


def test_pause_twice_says_so(empty, sending) -> None:
    empty.good("issue", "pause", "weekly")

    assert "is paused already" in empty.good("issue", "pause", "weekly")


def test_resume_of_what_is_not_paused_is_refused(empty, sending) -> None:
    assert empty.bad("issue", "resume", "weekly") == "weekly/1 is not paused"


def test_stop_skips_what_has_not_been_sent(empty, newsroom, sending, run) -> None:
    said = empty.good("issue", "stop", "weekly", "--yes")
    run(tick_once(newsroom.app))

    assert said.startswith("weekly/1 is stopped, 3 copies skipped: ")
    assert newsroom.backend.accepted == []
    assert newsroom.sums(sending).skipped == 3
    assert "balanced" in empty.good("issue", "verify", "weekly")


def test_stop_that_nobody_can_answer_does_nothing(empty, newsroom, sending) -> None:
    assert "--yes" in empty.bad("issue", "stop", "weekly")
    assert newsroom.sums(sending).pending == 3


@pytest.mark.parametrize("command", ["pause", "resume", "stop"])
def test_draft_has_no_run(empty, newsroom, command) -> None:
    newsroom.draft(FRIDAY)

    said = empty.bad("issue", command, "weekly")

    assert said.startswith("weekly/1 is draft and cannot be ")


@pytest.mark.parametrize("command", ["pause", "resume", "stop"])
def test_stopped_run_is_over(empty, sending, command) -> None:
    empty.good("issue", "stop", "weekly", "--yes")

    assert empty.bad("issue", command, "weekly").startswith("weekly/1 was stopped and cannot be ")


def test_doubts_are_listed_without_addresses(empty, doubtful) -> None:
    headings, *rows = empty.good("issue", "uncertain", "weekly").splitlines()

    assert headings == HEADINGS
    assert len(rows) == 2
    assert "Fri 2026-11-27 06:59" in rows[0]
    assert "no reply" in rows[0]
    assert rows[0].endswith("@courier.example>")
    assert "example.org" not in "".join(rows)


def test_addresses_are_not_written_to_a_pipe(empty, doubtful) -> None:
    said = empty.bad("issue", "uncertain", "weekly", "--addresses")

    assert "terminal only" in said


def test_nothing_in_doubt_is_said_in_words_or_not_at_all(empty, sending) -> None:
    assert empty.good("issue", "uncertain", "weekly") == ""
    assert empty.good("issue", "uncertain", "weekly", "--all-accept", "--yes") == (
        "Nothing of weekly/1 is in doubt.\n"
    )


def test_one_is_accepted_and_the_other_stays_in_doubt(empty, newsroom, doubtful) -> None:
    first, second = ids(empty)

    assert empty.good("issue", "uncertain", "weekly", "--accept", first, "--yes") == (
        "weekly/1: 1 accepted.\n"
    )
    assert ids(empty) == [second]
    assert newsroom.sums(doubtful).accepted == 2


def test_all_are_sent_again_and_arrive(empty, newsroom, doubtful, clock, run) -> None:
    said = empty.good("issue", "uncertain", "weekly", "--all-resend", "--yes")
    clock.set(max(clock.now(), SystemClock().now()) + MINUTE)  # the command line has its own
    run(tick_once(newsroom.app))

    assert said == "weekly/1: 2 sent again.\n"
    assert [got(newsroom, reader) for reader in (ANNA, BEN, CLEO)] == [1, 2, 1]
    assert newsroom.sums(doubtful).accepted == 3


def test_delivery_that_is_not_in_doubt_is_named(empty, doubtful) -> None:
    said = empty.bad("issue", "uncertain", "weekly", "--resend", "4711", "--yes")

    assert said == "not in doubt in weekly/1: delivery 4711"


def test_two_decisions_at_once_are_refused(empty, doubtful) -> None:
    said = empty.bad("issue", "uncertain", "weekly", "--all-accept", "--all-resend", "--yes")

    assert "exclude each other" in said


def typed(line, answer: str, *words: str) -> str:
    """Run a command on a terminal, answer its question, and return what the terminal showed."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "digest", "-c", str(line.folder / "config.toml"), *words]
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
    )
    os.close(theirs)
    os.write(ours, answer.encode() + b"\n")
    shown = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            shown += os.read(ours, 4096)
        except OSError:  # Linux says EIO when the other end is closed
            break
    process.wait(timeout=30)
    os.close(ours)
    return shown.decode()


def test_stop_asks_for_the_name_of_the_issue(empty, newsroom, sending) -> None:
    asked = typed(empty, "y", "issue", "stop", "weekly")
    assert "3 readers of weekly/1 will never get it." in asked
    assert newsroom.sums(sending).pending == 3

    typed(empty, "weekly/1", "issue", "stop", "weekly")

    assert newsroom.sums(sending).skipped == 3


def test_addresses_are_shown_on_a_terminal(empty, doubtful) -> None:
    shown = typed(empty, "", "issue", "uncertain", "weekly", "--addresses")

    assert BEN in shown
    assert CLEO in shown

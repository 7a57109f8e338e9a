"""The relay's log at the command line: what it shows is settled, what it lacks only if it is
whole.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from digest.clock import FixedClock, SystemClock
from digest.curation.issues import find_issue
from digest.delivery.evidence import issue_key, name_copies
from digest.delivery.ledger.doubts import list_doubts
from digest.delivery.outcome import Uncertain
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
ANNA, BEN, CLEO = "anna@example.org", "ben@example.org", "cleo@example.org"
Log = Callable[..., str]


@pytest.fixture
def newsroom(empty, clock: FixedClock, run) -> Iterator[Newsroom]:
    """Ben's copy and Cleo's are in doubt: Ben's arrived, Cleo's did not."""
    more = {"uncertain_hours = 0": "uncertain_hours = 6"}
    with open_newsroom(empty.folder, clock, more=more) as opened:
        opened.subscribe(ANNA, BEN, CLEO)
        lost = Uncertain("no reply")
        opened.backend.script(lambda e: e.rcpt_to == BEN, lost, arrives=True)
        opened.backend.script(lambda e: e.rcpt_to == CLEO, lost, arrives=False)
        opened.ready(FRIDAY)
        run(tick_once(opened.app))
        yield opened


@pytest.fixture
def log(empty, newsroom: Newsroom, clock: FixedClock) -> Log:
    """Write the relay's log of this Friday, with the lines that Postfix writes."""

    def write(*, without: str = "", minutes: int = 40, begun: str = "", stamp=iso) -> str:
        began, lines = clock.now() - timedelta(minutes=1), []
        head = f"{stamp(began)} relay postfix/"
        lines.append(f"{head}master[1]: daemon started -- version 3.7.11")
        for number, (envelope, message) in enumerate(newsroom.backend.accepted, 1):
            name = message.split(b"Message-ID: ")[1].split(b"\r\n")[0].decode()
            queue_id = f"{number:X}D92C9AA124"
            if envelope.rcpt_to != without:
                lines += [
                    f"{head}smtpd[7]: {queue_id}: client=localhost[127.0.0.1]",
                    f"{head}cleanup[8]: {queue_id}: message-id={name}",
                    f"{head}qmgr[9]: {queue_id}: from=<>, size=9, nrcpt=1 (queue active)",
                ]
        if begun:
            lines.append(f"{head}cleanup[8]: 9D92C9AA124: message-id={begun}")
        end = clock.now() + timedelta(minutes=minutes)
        lines.append(f"{stamp(end)} relay postfix/anvil[5]: statistics: max cache size 1")
        return str(empty.write("mail.log", "\n".join(lines) + "\n"))

    return write


def iso(at: datetime) -> str:
    return at.isoformat()


def wall(at: datetime) -> str:
    """A stamp as syslog writes it, on a clock in Berlin."""
    return (at + timedelta(hours=1)).strftime("%b %d %H:%M:%S")


def read(line, path: str, *words: str) -> str:
    return line.good("issue", "evidence", "weekly", "--postfix-log", path, *words)


def refused(line, path: str, *words: str) -> str:
    return line.bad("issue", "evidence", "weekly", "--postfix-log", path, "--complete", *words)


def doubts_by_name(newsroom: Newsroom) -> dict[str, int]:
    with newsroom.app.db.read() as session:
        row = find_issue(session, "weekly/1")
        doubts = [doubt.delivery_id for doubt in list_doubts(session, row.id)]
        return name_copies(doubts, issue_key(newsroom.app.keys, row), "courier.example")


def test_copy_in_the_relay_s_queue_is_accepted_and_no_other(empty, newsroom, log) -> None:
    said = read(empty, log())

    assert said == "weekly/1: 1 accepted, 0 rejected, 0 sent again, 1 still in doubt.\n"
    assert newsroom.sums("weekly").accepted == 2


def test_log_is_taken_from_standard_input(empty, newsroom, log, monkeypatch) -> None:
    piped = io.TextIOWrapper(io.BytesIO(Path(log()).read_bytes()))
    monkeypatch.setattr("sys.stdin", piped)

    assert read(empty, "-").startswith("weekly/1: 1 accepted, 0 rejected")


def test_copy_that_a_complete_log_lacks_is_sent_again(empty, newsroom, log, clock, run) -> None:
    said = read(empty, log(), "--complete")
    clock.set(max(clock.now(), SystemClock().now()) + timedelta(minutes=1))  # beyond the command's
    run(tick_once(newsroom.app))

    assert said == "weekly/1: 1 accepted, 0 rejected, 1 sent again, 0 still in doubt.\n"
    reached = Counter(envelope.rcpt_to for envelope, _ in newsroom.backend.accepted)
    assert [reached[reader] for reader in (ANNA, BEN, CLEO)] == [1, 1, 1]
    assert newsroom.state("weekly/1") == "sent"


def test_reading_it_again_is_harmless(empty, newsroom, log) -> None:
    path = log()
    read(empty, path, "--complete")

    assert read(empty, path, "--complete") == "Nothing of weekly/1 is in doubt.\n"


def test_silence_too_soon_after_the_dot_counts_for_nothing(empty, newsroom, log) -> None:
    said = read(empty, log(minutes=29), "--complete")

    assert "1 accepted, 0 rejected, 0 sent again, 1 still in doubt" in said
    assert "30 minutes after its dot" in said


def test_log_of_another_relay_is_not_taken_as_complete(empty, newsroom, log) -> None:
    said = refused(empty, log(without=ANNA))

    assert "the log lacks 1 of 1 copies that the relay acknowledged" in said
    assert newsroom.sums("weekly").uncertain == 2


def test_copy_that_only_began_is_left_to_a_person(empty, newsroom, log) -> None:
    name, id = doubts_by_name(newsroom).popitem()

    said = read(empty, log(begun=name, without=BEN), "--complete")

    assert f"delivery {id}: begun in the log, neither queued nor cut off" in said
    assert id in doubts_by_name(newsroom).values()


def test_stamps_without_a_zone_need_one(empty, newsroom, log) -> None:
    assert "--zone names the relay's" in refused(empty, log(stamp=wall))


def test_relay_and_zone_that_nobody_knows_are_named(empty, newsroom, log) -> None:
    path = log()

    assert "--relay spare" in refused(empty, path, "--relay", "spare")
    assert "--zone Mars/Base" in refused(empty, path, "--zone", "Mars/Base")


def test_missing_log_is_one_clear_line(empty, newsroom) -> None:
    said = empty.bad("issue", "evidence", "weekly", "--postfix-log", "/nowhere/mail.log")

    assert said == "/nowhere/mail.log: No such file or directory"

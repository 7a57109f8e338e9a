"""Hard times: a full disk, a store that may only be read, a database that restarts, a relay that is
dead or slow.

The program runs as its own process wherever the trouble is outside of it; what it says of each
reader is held against what the mail server took. Each case returns the row that ``make proof``
shows.
"""

import asyncio
import contextlib
import logging
import os
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from benchmarks.cluster import Cluster
from benchmarks.processes import HelperFailed
from benchmarks.proofs.postfix import free_port
from benchmarks.proofs.programs import Program
from benchmarks.proofs.room import Room, compare, judge, open_room
from benchmarks.proofs.row import ProofRow
from digest.clock import FixedClock, SystemClock
from digest.errors import BackendDown
from digest.models import Delivery
from digest.scheduler import tick_once
from digest.testing.counting import CountingServer
from digest.testing.faults import FaultServer
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.testing.smtp import MailServer

COPIES, CONNECTIONS = 400, 4
MEGABYTE = 1 << 20
DISK_MEGABYTES = 6
FILLED_SECONDS = 4.0  # the disk stays full for longer than outcomes are tried to be written
PATIENCE_SECONDS = 120.0
FRIDAY = date(2026, 11, 27)
SLOW_READERS = 12


def prove(quick: bool) -> list[ProofRow]:
    """Return the rows of this file; `quick` leaves out the databases that restart."""
    cases: list[tuple[str, Callable[[Path], ProofRow]]] = [
        ("a disk that fills up and empties again", full_disk_row),
        ("a store that may suddenly only be read", read_only_row),
        ("a relay that is dead for an hour", dead_relay_row),
        ("a relay that reads a byte a second", lambda folder: slow_relay_row(folder, "body")),
        ("a relay that answers a byte a second", lambda folder: slow_relay_row(folder, "dot")),
    ]
    if not quick:
        cases += [
            ("PostgreSQL restarted, clients cut off", lambda folder: restart_row(folder, "fast")),
            ("PostgreSQL crashed", lambda folder: restart_row(folder, "immediate")),
        ]
    logging.getLogger("digest.delivery").setLevel(logging.ERROR)  # each failed try is a warning
    return [replace(_row_of(case), what=what) for what, case in cases]


def _row_of(case: Callable[[Path], ProofRow]) -> ProofRow:
    with tempfile.TemporaryDirectory(prefix="friday-hard-") as name:
        try:
            return case(Path(name))
        except (HelperFailed, NotHere) as error:
            return ProofRow("", skipped=str(error))


class NotHere(Exception):
    """This machine does not let the trouble be made."""


def full_disk_row(folder: Path) -> ProofRow:
    """Fill the store's disk while copies leave, for a few seconds; it must go on by itself."""
    with (
        small_disk(folder / "disk") as disk,
        room_in(folder, f"sqlite:///{disk}/digest.db") as room,
    ):
        issue = room.next_issue()
        with daemon(room) as program:
            wait_until(lambda: room.server.accepted >= COPIES // 5)
            fill(disk / "filler")
            reached = wait_until_still(room)
            assert not room.is_sent(issue), "the disk was filled too late"
            (disk / "filler").unlink()
            wait_until(lambda: room.is_sent(issue))
            assert program.end() == 0
        row = judge(room, issue, "full disk", faults=1, limit=CONNECTIONS)
        return replace(row, note=f"full after {reached} copies")


def read_only_row(folder: Path) -> ProofRow:
    """Make the store's files unwritable while copies leave, then writable again."""
    with room_in(folder, "sqlite:///digest.db") as room:
        issue = room.next_issue()
        with daemon(room) as program:
            wait_until(lambda: room.server.accepted >= COPIES // 5)
            with immutable(folder / "digest.db", folder / "digest.db-wal"):
                reached = wait_until_still(room)
                refused = tick_by_hand(room)
            assert not room.is_sent(issue), "it was too late to be in the way"
            wait_until(lambda: room.is_sent(issue))
            said = Path(folder / "daemon").read_text()
            assert program.end() == 0
        row = judge(room, issue, "read only", faults=1, limit=CONNECTIONS)
        unsaid = () if "readonly" in said else ("the log does not say that it cannot write",)
        problems = (*row.problems, *unsaid, *refused)
        return replace(row, problems=problems, note=f"after {reached} copies")


def tick_by_hand(room: Room) -> tuple[str, ...]:
    """Return what is wrong with how ``digest tick`` refuses a store it cannot write to."""
    log = room.folder / "tick"
    with Program(["digest", "--config", room.config, "tick"], log) as program:
        code = program.wait(60)
    said = log.read_text()
    wrong = {
        f"digest tick ended with {code}": code == 0,
        "digest tick shows a traceback": "Traceback" in said,
        "digest tick does not say why it failed": "read" not in said,
    }
    return tuple(problem for problem, is_so in wrong.items() if is_so)


def restart_row(folder: Path, mode: str) -> ProofRow:
    """Restart PostgreSQL three times while one daemon sends; it must go on by itself."""
    restarts = 3
    with (
        RestartedCluster() as cluster,
        cluster.database() as url,
        room_in(folder, url) as room,
    ):
        issue = room.next_issue()
        with daemon(room) as program:
            for number in range(1, restarts + 1):
                wait_until(lambda share=number: room.server.accepted >= share * COPIES // 6)
                cluster.restart(mode)
                room.newsroom.app.db.engine.dispose()  # our own connections are gone as well
            wait_until(lambda: room.is_sent(issue))
            assert program.end() == 0
        return judge(room, issue, "", faults=restarts, limit=restarts * CONNECTIONS)


class RestartedCluster(Cluster):
    """A private cluster that can be restarted under its clients."""

    def restart(self, mode: str) -> None:
        """Restart it: ``fast`` cuts clients off, ``immediate`` is a crash and a recovery."""
        self._run("pg_ctl", "-w", "-m", mode, "-l", f"{self._folder}/log", "restart")


def dead_relay_row(folder: Path) -> ProofRow:
    """Let nobody listen where the relay was, for an hour, with a tick every minute."""
    clock, port = FixedClock(datetime(2026, 11, 27, 7, tzinfo=UTC)), free_port()
    relay = f'backend = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"'
    with open_newsroom(folder, clock, relay=relay) as newsroom:
        readers = subscribe(newsroom, 50)
        issue = newsroom.ready(FRIDAY)
        refused = 0
        for _ in range(60):
            try:
                asyncio.run(tick_once(newsroom.app))
            except BackendDown:
                refused += 1
            clock.advance(timedelta(minutes=1))
        before, tried = newsroom.sums(issue), tries(newsroom)
        with MailServer(port=port) as server:
            asyncio.run(tick_once(newsroom.app))
        got = Counter(one.rcpt_to[0] for one in server.received if one.rcpt_to[0] in readers)
        row = compare(newsroom, issue, got, copies=len(readers), limit=0)
        wrong = (before.pending, before.expired, tried) != (len(readers), 0, 0)
        found = (f"after the hour: {before}, {tried} tries counted",) if wrong else ()
        return replace(
            row, faults=60, problems=(*row.problems, *found), note=f"{refused} ticks said so"
        )


def tries(newsroom: Newsroom) -> int:
    """Return how many tries are counted, of all copies."""
    with newsroom.app.db.read() as session:
        return session.scalar(select(func.sum(Delivery.attempt))) or 0


def slow_relay_row(folder: Path, phase: str) -> ProofRow:
    """Let a relay be slow with the first copy: it is cut off in time and keeps nobody waiting."""
    return asyncio.run(_slow_relay_row(folder, phase))


async def _slow_relay_row(folder: Path, phase: str) -> ProofRow:
    async with FaultServer(phase, "too slow", at=1, pace=1.0) as server:
        patience = "{ block = 2, dot = 2, data = 2, rcpt = 2, mail = 2, reply = 2 }"
        relay = f'backend = "smtp"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"'
        with open_newsroom(
            folder, SystemClock(), relay=f"{relay}\ntimeouts = {patience}", connections=2
        ) as newsroom:
            readers = subscribe(newsroom, SLOW_READERS)
            issue = newsroom.ready(FRIDAY)
            began = time.monotonic()
            await tick_once(newsroom.app)
            took = time.monotonic() - began
            got = Counter(address for address, _ in server.accepted if address in readers)
            late = (f"it took {took:.0f} s",) if took > 15 else ()
            row = compare(newsroom, issue, got, copies=len(readers), limit=1)
            return replace(
                row,
                faults=1,
                problems=(*row.problems, *late),
                note=f"{took:.1f} s for {SLOW_READERS} copies",
            )


def subscribe(newsroom: Newsroom, count: int) -> set[str]:
    readers = [f"reader{number}@example.org" for number in range(count)]
    newsroom.subscribe(*readers)
    return set(readers)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a file system of a few megabytes; NotHere where that is not allowed."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "friday", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        raise NotHere("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (MEGABYTE, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(b"\0" * size) == size:
                    pass


@contextmanager
def immutable(*files: Path) -> Iterator[None]:
    """Forbid even root to write to files, open ones too; NotHere where the file system cannot."""
    names = [str(file) for file in files]
    change = ["chattr", "+i", *names]
    if os.geteuid() != 0 or subprocess.run(change, check=False, capture_output=True).returncode:
        raise NotHere("this file system has no immutable files, or we are not root")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", *names], check=True)


@contextmanager
def room_in(folder: Path, url: str) -> Iterator[Room]:
    """Yield a newsroom that sends to a counting server, twenty milliseconds a copy."""
    with (
        CountingServer(delay=0.02) as server,
        open_room(folder, url, server, connections=CONNECTIONS, copies=COPIES) as room,
    ):
        yield room


def daemon(room: Room) -> AbstractContextManager[Program]:
    """Start the scheduler as an operator does."""
    return Program(["digest", "--config", room.config, "scheduler"], room.folder / "daemon")


def wait_until_still(room: Room) -> int:
    """Wait until nothing more arrives for longer than outcomes are held; return how much has."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    seen, since = -1, 0.0
    while seen != room.server.accepted or time.monotonic() - since < FILLED_SECONDS:
        if seen != room.server.accepted:
            seen, since = room.server.accepted, time.monotonic()
        assert time.monotonic() < deadline, "copies go on leaving"
        time.sleep(0.05)
    return seen


def wait_until(done: Callable[[], bool]) -> None:
    """Wait until it is so; a store that does not answer for a moment is asked again."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with contextlib.suppress(DBAPIError):
            if done():
                return
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.05)


def run_case(case: Callable[[Path], ProofRow], folder: Path) -> None:
    try:
        row = case(folder)
    except (HelperFailed, NotHere) as error:
        pytest.skip(str(error))
    assert row.ok, row


def test_disk_that_fills_up_stops_copies_and_loses_none(tmp_path: Path) -> None:
    run_case(full_disk_row, tmp_path)


def test_store_that_may_only_be_read_stops_copies_and_loses_none(tmp_path: Path) -> None:
    run_case(read_only_row, tmp_path)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_daemon_goes_on_when_postgresql_is_back(
    mode: str, tmp_path: Path, system_part: Callable[[str], Path]
) -> None:
    system_part("postgres")

    run_case(lambda folder: restart_row(folder, mode), tmp_path)


def test_relay_that_is_dead_for_an_hour_costs_nobody_a_try(tmp_path: Path) -> None:
    run_case(dead_relay_row, tmp_path)


@pytest.mark.parametrize("phase", ["body", "dot"])
def test_slow_relay_is_cut_off_and_keeps_nobody_waiting(phase: str, tmp_path: Path) -> None:
    run_case(lambda folder: slow_relay_row(folder, phase), tmp_path)

"""A real Postfix as relay, killed in the middle: every queue id in our ledger is one of its own.

And Postfix's test server that hangs up at the dot, for thousands of copies. The log that settles
what is in doubt is the one that this very Postfix wrote. Each case returns the row that ``make
proof`` shows.
"""

import re
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from benchmarks.proofs.jumping import set_clock
from benchmarks.proofs.postfix import TOOLS, NextHop, NotRoot, Postfix, Sink, wait_until
from benchmarks.proofs.programs import Program
from benchmarks.proofs.room import subscribe_many
from benchmarks.proofs.row import ProofRow
from digest.clock import SystemClock
from digest.curation.issues import find_issue
from digest.delivery.evidence import issue_key, name_copies
from digest.models import Delivery, DeliveryState
from digest.testing.newsroom import Newsroom, open_newsroom

COPIES, QUICK_COPIES = 1_000, 200
CONNECTIONS = 8
FRIDAY = date(2026, 11, 27)
PENDING, DOTTED = DeliveryState.PENDING, DeliveryState.DOTTED
ACCEPTED, UNCERTAIN = DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN
DOUBTS = 3  # dots in a row that a relay may leave unanswered before it has to rest
WATCHED_SECONDS = 10.0
MOST_TURNS = 150
CLOSED = timedelta(minutes=40)  # the log goes on for longer than evidence has to wait

NAMED = re.compile(r" postfix/cleanup\[\d+\]: (\w+): message-id=(<\S+>)")
QUEUED = re.compile(r" postfix/qmgr\[\d+\]: (\w+): from=<.*\(queue active\)")


def prove(quick: bool) -> list[ProofRow]:
    """Return the rows of this file."""
    copies = QUICK_COPIES if quick else COPIES
    cases: list[tuple[str, Callable[[Path], ProofRow]]] = [
        ("a real Postfix, killed and restarted", lambda folder: killed_row(folder, copies)),
        ("a relay that hangs up at every dot", lambda folder: hanging_up_row(folder, copies)),
        ("the same, and well in between", lambda folder: changing_row(folder, copies)),
    ]
    return [replace(_row_of(case), what=what) for what, case in cases]


def _row_of(case: Callable[[Path], ProofRow]) -> ProofRow:
    if not (TOOLS / "postfix").exists():
        return ProofRow("", skipped="Postfix is not installed")
    with tempfile.TemporaryDirectory(prefix="friday-postfix-") as name:
        try:
            return case(Path(name))
        except NotRoot as error:
            return ProofRow("", skipped=str(error))


@dataclass
class Mailing:
    """One newsroom with its readers and one issue that a daemon is to send."""

    newsroom: Newsroom
    folder: Path
    copies: int
    issue: str
    names: Mapping[str, int] = field(default_factory=dict)  # delivery ids by Message-ID

    @property
    def config(self) -> str:
        return str(self.folder / "config.toml")

    def daemon(self) -> AbstractContextManager[Program]:
        """Start the scheduler, by a clock that `jump` sets."""
        self.jump(timedelta())
        words = ["benchmarks.proofs.jumping", self.config, str(self.folder / "clock")]
        return Program(words, self.folder / "daemon")

    def jump(self, ahead: timedelta) -> None:
        """Let the daemon's clock be so much ahead."""
        set_clock(self.folder / "clock", ahead.total_seconds())

    def command(self, *words: str) -> str:
        """Run another command, and return what it says; AssertionError when it fails."""
        log = self.folder / f"command-{time.monotonic_ns()}"
        with Program(["digest", "--config", self.config, *words], log) as program:
            assert program.wait(60) == 0, log.read_text()
        return log.read_text()

    def rows(self) -> list[Any]:
        """Return (id, state, queue id, attempt) of every row."""
        with self.newsroom.app.db.read() as session:
            issue_id = find_issue(session, self.issue).id
            return list(
                session.execute(
                    select(
                        Delivery.id,
                        Delivery.state,
                        Delivery.queue_id,
                        Delivery.attempt,
                        Delivery.next_at,
                    ).where(Delivery.issue_id == issue_id)
                )
            )

    def count(self, *states: DeliveryState) -> int:
        return sum(row.state in states for row in self.rows())

    @property
    def is_busy(self) -> bool:
        """Whether a copy is on its way, or could be now."""
        open_ = [row for row in self.rows() if row.state in {PENDING, DOTTED}]
        return any(row.next_at is None or row.next_at <= datetime.now(UTC) for row in open_)

    @property
    def is_sent(self) -> bool:
        return self.newsroom.state(self.issue) == "sent"


@contextmanager
def mailing(folder: Path, port: int, copies: int, hours: int = 0) -> Iterator[Mailing]:
    """Yield a newsroom whose issue is due, and whose doubts keep it open for so many hours."""
    relay = f'backend = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"'
    with open_newsroom(
        folder,
        SystemClock(),
        relay=relay,
        connections=CONNECTIONS,
        lease_seconds=2,
        more={"uncertain_hours = 0": f"uncertain_hours = {hours}\nchunk_rows = 50"},
    ) as newsroom:
        subscribe_many(newsroom, copies)
        issue = newsroom.ready(FRIDAY)
        newsroom.app.sender.tick()
        sent = Mailing(newsroom, folder, copies, issue)
        with newsroom.app.db.read() as session:
            row = find_issue(session, issue)
            ids = session.scalars(select(Delivery.id).where(Delivery.issue_id == row.id))
            sent.names = name_copies(ids, issue_key(newsroom.app.keys, row), "courier.example")
        yield sent


def killed_row(folder: Path, copies: int, kills: int = 3) -> ProofRow:
    """Kill Postfix while it takes copies in, start it again, and let its log settle the doubts."""
    folder.chmod(0o755)  # its processes are not all root's
    with (
        NextHop() as next_hop,
        Postfix(folder / "relay", next_hop.port) as postfix,
        mailing(folder / "newsroom", postfix.port, copies, hours=6) as sent,
        sent.daemon() as program,
    ):
        for number in range(1, kills + 1):
            wait_until(lambda share=number: sent.count(ACCEPTED) >= share * copies // (kills + 2))
            postfix.kill()
            time.sleep(0.5)
            postfix.start()
        wait_until(lambda: not sent.is_busy)
        doubts = sent.count(UNCERTAIN)
        wait_until(lambda: not pending_in(postfix, next_hop))
        told = settle_by_log(sent, postfix)
        wait_until(lambda: not sent.is_busy)
        sent.jump(timedelta(hours=2))  # what was put off for half an hour is due
        wait_until(lambda: not sent.count(PENDING, DOTTED))
        left = sent.count(UNCERTAIN)
        wait_until(lambda: not pending_in(postfix, next_hop))
        assert program.end() == 0
        row = judge(sent, postfix, next_hop, faults=kills, limit=kills * CONNECTIONS)
        unsettled = (f"{left} still in doubt after the log: {told}",) if left else ()
        many = (f"{doubts} rows in doubt",) if doubts > kills * CONNECTIONS else ()
        note = f"{doubts} in doubt were settled by its log"
        return replace(row, problems=(*row.problems, *unsettled, *many), note=note)


def pending_in(postfix: Postfix, next_hop: NextHop) -> bool:
    """Whether Postfix has something that it has not delivered."""
    queued = queue_ids(postfix.log.read_text())
    return any(not ids <= next_hop.arrived[name] for name, ids in queued.items())


def settle_by_log(sent: Mailing, postfix: Postfix) -> str:
    """Give the log to ``digest issue evidence`` as complete, half an hour after the last dot.

    The log is Postfix's own but for one line that stands for the time in which nothing happens.
    """
    log = sent.folder / "mail.log"
    later = f"{datetime.now(UTC) + CLOSED:%b %e %H:%M:%S} relay"
    quiet = f"{later} postfix/anvil[1]: statistics: max cache size 1\n"
    log.write_text(postfix.log.read_text() + quiet)
    words = ["issue", "evidence", sent.issue, "--postfix-log", str(log), "--complete"]
    return sent.command(*words, "--zone", "UTC")


def queue_ids(log: str) -> dict[str, set[str]]:
    """Return, by Message-ID, the queue ids under which Postfix has queued it."""
    queued, named = set(QUEUED.findall(log)), defaultdict(set)
    for queue_id, name in NAMED.findall(log):
        if queue_id in queued:
            named[name].add(queue_id)
    return named


def judge(
    sent: Mailing, postfix: Postfix, next_hop: NextHop, *, faults: int, limit: int
) -> ProofRow:
    """Hold the ledger against Postfix's log and against what was delivered."""
    by_id = {id: name for name, id in sent.names.items()}
    queued = queue_ids(postfix.log.read_text())
    rows = sent.rows()
    accepted = [row for row in rows if row.state is ACCEPTED]
    strange = [row.id for row in accepted if row.queue_id not in queued.get(by_id[row.id], ())]
    undelivered = [
        row.id for row in accepted if row.queue_id not in next_hop.arrived.get(by_id[row.id], ())
    ]
    twice = [name for name, ids in queued.items() if len(ids) > 1]
    problems = (
        *sent.newsroom.problems(sent.issue),
        *([f"{len(strange)} queue ids are not Postfix's"] if strange else []),
        *([f"{len(undelivered)} accepted copies were not delivered"] if undelivered else []),
        *(
            [f"{len(set(queued) - set(by_id.values()))} strangers"]
            if set(queued) - set(by_id.values())
            else []
        ),
    )
    uncertain = sum(row.state is UNCERTAIN for row in rows)
    return ProofRow(
        "",
        copies=sent.copies,
        faults=faults,
        doubled=len(twice),
        lost=sent.copies - len(accepted) - uncertain,
        uncertain=uncertain,
        limit=limit,
        problems=problems,
    )


def hanging_up_row(folder: Path, copies: int) -> ProofRow:
    """Let a relay hang up at every dot: it must be left alone before it costs the whole audience
    its certainty.
    """
    with Sink(folder) as sink:
        sink.start("-q", ".")
        with mailing(folder / "newsroom", sink.port, copies) as sent, sent.daemon() as program:
            wait_until(lambda: sent.count(UNCERTAIN) > 0)
            time.sleep(WATCHED_SECONDS)
            assert program.end() == 0
            limit = CONNECTIONS + DOUBTS
            return held_against(sent, sink.copies(), faults=sent.count(UNCERTAIN), limit=limit)


def changing_row(folder: Path, copies: int) -> ProofRow:
    """Let the relay be well and hang up at every dot in turns, and every rest end at once."""
    turns = 0
    with Sink(folder) as sink:
        sink.start()
        with mailing(folder / "newsroom", sink.port, copies) as sent, sent.daemon() as program:
            while sent.count(PENDING, DOTTED):
                time.sleep(0.5)
                sink.stop()
                turns += 1
                sent.jump(turns * timedelta(hours=1))
                sink.start(*(("-q", ".") if turns % 2 else ()))
                assert turns < MOST_TURNS, sent.newsroom.sums(sent.issue)
            wait_until(lambda: sent.is_sent)
            assert program.end() == 0
            limit = turns * (CONNECTIONS + DOUBTS)
            return held_against(sent, sink.copies(), faults=turns, limit=limit)


def held_against(sent: Mailing, got: Counter[str], *, faults: int, limit: int) -> ProofRow:
    """Hold the ledger against what a sink read: nothing twice, and nothing it only claims."""
    states = {row.id: row.state for row in sent.rows()}
    claimed = [id for name, id in sent.names.items() if states[id] is ACCEPTED and not got[name]]
    denied = [
        id
        for name, id in sent.names.items()
        if got[name] and states[id] not in {ACCEPTED, UNCERTAIN}
    ]
    lies = {"accepted copies it never had": claimed, "copies of rows that deny it": denied}
    problems = [f"{len(ids)} {what}" for what, ids in lies.items() if ids]
    return ProofRow(
        "",
        copies=sent.copies,
        faults=faults,
        doubled=sum(count > 1 for count in got.values()),
        lost=sent.copies - len(states),
        uncertain=sent.count(UNCERTAIN),
        limit=limit,
        problems=(*sent.newsroom.problems(sent.issue), *problems),
    )


@pytest.fixture
def folder(system_part: Callable[[str], Path]) -> Iterator[Path]:
    """A folder that Postfix's own user may enter."""
    system_part("postfix")
    with tempfile.TemporaryDirectory(prefix="friday-postfix-") as name:
        yield Path(name)


def test_postfix_killed_again_and_again_keeps_every_promise(folder: Path) -> None:
    try:
        row = killed_row(folder, QUICK_COPIES)
    except NotRoot as error:
        pytest.skip(str(error))

    assert row.ok, row


def test_relay_that_hangs_up_at_every_dot_gets_no_copy_twice(folder: Path) -> None:
    row = hanging_up_row(folder, QUICK_COPIES)

    assert row.ok, row


def test_relay_that_is_ill_in_turns_gets_no_copy_twice(folder: Path) -> None:
    row = changing_row(folder, QUICK_COPIES)

    assert row.ok, row

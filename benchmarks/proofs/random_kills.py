"""Two daemons on one store, killed at random moments again and again, with whatever else may go
wrong: broken connections, pauses longer than a lease, clocks that jump by an hour.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from signal import SIGTERM

from benchmarks.proofs.crash_points import add
from benchmarks.proofs.jumping import set_clock
from benchmarks.proofs.programs import Program
from benchmarks.proofs.room import LEASE_SECONDS, Room, judge, open_room
from benchmarks.proofs.row import ProofRow
from digest.delivery.drain import DOT_WITHIN_SECONDS
from digest.testing.counting import CountingServer

DAEMONS = 2
HOUR = 3600.0
AT_WORK_SECONDS = 5.0  # that a daemon gets to lease something before it is disturbed all the same
LONGEST_PEACE = 0.7  # seconds at work before something happens
FINISH_SECONDS = 120.0
PAUSES = (1.3 * LEASE_SECONDS, 3.0 * LEASE_SECONDS, DOT_WITHIN_SECONDS + 1.5)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happens in one trial. `drop` is the share of dots at which the connection breaks."""

    what: str
    kills: int
    pauses: int = 0
    jumps: int = 0
    drop: float = 0.0
    connections: int = 4
    copies: int = 1_200
    delay: float = 0.02


@dataclass(slots=True)
class Done:
    """What was done to the daemons during one issue, and the worst that a kill left behind."""

    kills: int = 0
    pauses: int = 0
    late_dots: int = 0  # pauses after which a dot is not written any more
    jumps: int = 0
    most_dotted: int = 0

    @property
    def faults(self) -> int:
        """Return how often the daemons were disturbed."""
        return self.kills + self.pauses + self.jumps


@dataclass(slots=True)
class Trial:
    """Two daemons on one newsroom, and what is still to be done to them."""

    room: Room
    chance: random.Random
    plan: list[str]
    daemons: list[Program]
    done: Done = field(default_factory=Done)

    def disturb(self, issue: str) -> None:
        """Do the next thing on the plan to one daemon, at a random moment of its work."""
        number = self.chance.randrange(DAEMONS)
        self._wait_for_work(self.daemons[number], issue)
        time.sleep(self.chance.uniform(0, LONGEST_PEACE))
        if self.room.is_sent(issue):
            return
        {"kill": self._kill, "pause": self._pause, "jump": self._jump}[self.plan.pop()](number)

    def _wait_for_work(self, daemon: Program, issue: str) -> None:
        deadline = time.monotonic() + AT_WORK_SECONDS
        while time.monotonic() < deadline and not self.room.works(daemon.pid):
            if not daemon.running:
                raise RuntimeError(f"a daemon ended by itself: {daemon.last_words()}")
            if self.room.is_sent(issue):
                return
            time.sleep(0.02)

    def _kill(self, number: int) -> None:
        victim = self.daemons[number]
        victim.kill()
        self.done.kills += 1
        self.done.most_dotted = max(self.done.most_dotted, self.room.dotted_by(victim.pid))
        self.daemons[number] = start(self.room, number)

    def _pause(self, number: int) -> None:
        self.daemons[number].pause()
        seconds = self.chance.choice(PAUSES)
        self.done.pauses += 1
        self.done.late_dots += seconds > DOT_WITHIN_SECONDS
        time.sleep(seconds)
        self.daemons[number].resume()

    def _jump(self, number: int) -> None:
        self.done.jumps += 1
        set_clock(clock_of(self.room, number), self.chance.choice([-HOUR, 0, HOUR]))

    def begin_again(self, clock: float) -> None:
        """End the daemons as an operator does, and start others whose clocks are wrong by `clock`
        seconds.
        """
        for number, daemon in enumerate(self.daemons):
            code = daemon.end()
            if code not in {0, -SIGTERM}:  # that one is of a daemon that had only just begun
                raise RuntimeError(f"a daemon ended with {code}: {daemon.last_words()}")
            set_clock(clock_of(self.room, number), clock)
            self.daemons[number] = start(self.room, number)

    def let_finish(self, issue: str) -> None:
        """Leave the daemons alone until the issue is sent; TimeoutError when that takes too long.

        Clocks that ran ahead may have leased for an hour; so that hour passes now.
        """
        if self.done.jumps:
            self.begin_again(2 * HOUR)
        deadline = time.monotonic() + FINISH_SECONDS
        while not self.room.is_sent(issue):
            if time.monotonic() > deadline:
                words = self.daemons[0].last_words()
                raise TimeoutError(f"{self.room.newsroom.sums(issue)}; {words}")
            time.sleep(0.05)
        if self.done.jumps:
            self.begin_again(0)
        self.room.server.wait_until_quiet(FINISH_SECONDS)


def kill_row(folder: Path, url: str, trouble: Trouble, chance: random.Random) -> ProofRow:
    """Put one kind of trouble to the store at `url`; as many issues as it takes."""
    rows: list[ProofRow] = []
    most = 0
    with (
        CountingServer(delay=trouble.delay, drop=trouble.drop, chance=chance) as server,
        open_room(
            folder, url, server, connections=trouble.connections, copies=trouble.copies
        ) as room,
        _daemons(room) as daemons,
    ):
        trial = Trial(room, chance, _shuffled(trouble, chance), daemons)
        while trial.plan:
            trial.done = Done()
            rows.append(_one_issue(trial, trouble))
            most = max(most, trial.done.most_dotted)
    row = add(rows)
    problems = row.problems
    if most > trouble.connections:
        problems += (f"a kill left {most} rows dotted by {trouble.connections} connections",)
    return replace(row, problems=problems, note=_note(trouble, most))


def _one_issue(trial: Trial, trouble: Trouble) -> ProofRow:
    room = trial.room
    dropped = room.server.drops
    issue = room.next_issue()
    while trial.plan and not room.is_sent(issue):
        trial.disturb(issue)
    trial.let_finish(issue)
    dropped = room.server.drops - dropped
    done = trial.done
    limit = (done.kills + done.late_dots) * room.connections + dropped
    return judge(room, issue, trouble.what, faults=done.faults + dropped, limit=limit)


def _shuffled(trouble: Trouble, chance: random.Random) -> list[str]:
    plan = ["kill"] * trouble.kills + ["pause"] * trouble.pauses + ["jump"] * trouble.jumps
    chance.shuffle(plan)
    return plan


def _note(trouble: Trouble, most: int) -> str:
    others = {"pauses": trouble.pauses, "clock jumps": trouble.jumps}
    said = [f"{trouble.kills} kills", *(f"{n} {name}" for name, n in others.items() if n)]
    return f"{', '.join(said)}; at most {most} dotted by one kill"


@contextmanager
def _daemons(room: Room) -> Iterator[list[Program]]:
    """Yield two daemons, which may be exchanged for others; none of them outlives the block."""
    for number in range(DAEMONS):
        set_clock(clock_of(room, number), 0)
    daemons: list[Program] = []
    try:
        daemons += (start(room, number) for number in range(DAEMONS))
        yield daemons
    finally:
        for daemon in daemons:
            daemon.kill()


def clock_of(room: Room, number: int) -> Path:
    """Return the file that says how wrong one daemon's clock is."""
    return room.folder / f"clock-{number}"


def start(room: Room, number: int) -> Program:
    """Start one daemon: the scheduler, by a clock that may jump."""
    words = ["benchmarks.proofs.jumping", room.config, str(clock_of(room, number))]
    return Program(words, room.folder / f"daemon-{number}")

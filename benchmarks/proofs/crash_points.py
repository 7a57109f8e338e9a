"""SIGKILL at each named instant of a copy's way, then the program once more without it.

Each crash has an issue of its own. What the killed process left in the ledger is held against what
the server took at once, and again when the next process has finished the issue.
"""

import random
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGKILL

from benchmarks.proofs.programs import Program
from benchmarks.proofs.room import LEASE_SECONDS, Room, judge, list_lies, open_room, states_of
from benchmarks.proofs.row import ProofRow
from digest.delivery.crash import POINTS
from digest.models import DeliveryState
from digest.testing.counting import CountingServer

COPIES = 240
PASSAGES = (2, 12)  # the later of the two crashes at a point is at one of these
ROUND_SECONDS = 60
ROUNDS = 4  # that the next process may need
HEAD_START = 0.5  # seconds of the dead owner's lease that pass while the next process starts


@dataclass(frozen=True, slots=True)
class Crash:
    """One instant at which the program is killed."""

    point: str
    passage: int = 1

    def __str__(self) -> str:
        """Return it as DIGEST_CRASH_AT wants it."""
        return f"{self.point}:{self.passage}"


def plan(chance: random.Random) -> list[Crash]:
    """Return each point twice: the first passage, and a later one."""
    return [Crash(point, passage) for point in POINTS for passage in (1, chance.randint(*PASSAGES))]


def crash_row(
    folder: Path,
    url: str,
    what: str,
    crashes: Sequence[Crash],
    *,
    connections: int,
    chance: random.Random,
) -> ProofRow:
    """Crash at each of these instants on the store at `url`; return what came of them all."""
    with (
        CountingServer(delay=0.002, chance=chance) as server,
        open_room(folder, url, server, connections=connections, copies=COPIES) as room,
    ):
        what = f"{what}, {connections} connection{'s' * (connections > 1)}"
        return add([crash(room, each, what) for each in crashes])


def add(rows: Sequence[ProofRow]) -> ProofRow:
    """Return rows of one kind as one; ValueError without any."""
    first, *others = rows
    for row in others:
        first = replace(
            first,
            copies=first.copies + row.copies,
            faults=first.faults + row.faults,
            doubled=first.doubled + row.doubled,
            lost=first.lost + row.lost,
            uncertain=first.uncertain + row.uncertain,
            limit=None if first.limit is None or row.limit is None else first.limit + row.limit,
            problems=first.problems + row.problems,
        )
    return first


def crash(room: Room, at: Crash, what: str) -> ProofRow:
    """Kill the program at one point of one issue, let another finish it, and judge."""
    issue = room.next_issue()
    log = room.folder / "words"
    words = ["digest", "--config", room.config, "tick"]
    with Program(words, log, {"DIGEST_CRASH_AT": str(at)}) as program:
        problems = _wait_for_crash(program)
    room.server.wait_until_quiet(10)
    left = states_of(room, issue)
    problems += list_lies(left, room.server.copies)
    dotted = sum(state is DeliveryState.DOTTED for state in left.values())
    if dotted > room.connections:
        problems.append(f"{dotted} rows dotted by {room.connections} connections")
    problems += _finish(room, issue, words, log)
    row = judge(room, issue, what, faults=1, limit=room.connections)
    if row.uncertain != dotted:
        problems.append(f"{dotted} rows were dotted and {row.uncertain} are uncertain")
    found = tuple(f"{at}: {problem}" for problem in (*problems, *row.problems))
    return replace(row, problems=found)


def _wait_for_crash(program: Program) -> list[str]:
    try:
        code = program.wait(ROUND_SECONDS)
    except subprocess.TimeoutExpired:
        return [f"it did not end: {program.last_words()}"]
    return [] if code == -SIGKILL else [f"it was not killed there: {program.last_words()}"]


def _finish(room: Room, issue: str, words: list[str], log: Path) -> list[str]:
    """Let the program go on until the issue is sent; return what it had to complain of."""
    for _ in range(ROUNDS):
        time.sleep(LEASE_SECONDS - HEAD_START)
        with Program(words, log) as program:
            try:
                code = program.wait(ROUND_SECONDS)
            except subprocess.TimeoutExpired:
                return [f"the next process did not end: {program.last_words()}"]
            if code != 0:
                return [f"the next process failed: {program.last_words()}"]
        if room.is_sent(issue):
            break
    room.server.wait_until_quiet(10)
    return []

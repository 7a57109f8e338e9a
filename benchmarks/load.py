"""Posts prepared requests with wrk, each once, at a rate (load.lua), and reads what it says.

What a measurement stands on is checked here: a figure of answers that were not all 200 is none.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import HelperFailed
from benchmarks.table import last_json
from benchmarks.yardstick import find_program

SCRIPT = Path(__file__).with_name("load.lua")
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Post:
    """One request that nobody else makes; `visitor` is the address it is said to come from."""

    path: str
    visitor: str
    body: str

    @property
    def line(self) -> str:
        """Return it as load.lua reads it."""
        return f"{self.path}\t{self.visitor}\t{self.body}\n"


@dataclass(frozen=True, slots=True)
class Answered:
    """How long the answers took, in milliseconds, and at which rate they came."""

    p50: float
    p99: float
    slowest: float
    rate: float


def post_all(address: str, posts: Sequence[Post], rate: int, folder: Path) -> Answered:
    """Post them all, `rate` a second on average; HelperFailed unless each was answered with 200."""
    prepared = folder / "posts.txt"
    prepared.write_text("".join(post.line for post in posts), encoding="ascii")
    # Enough for all that come within a second: a late answer must not keep others from coming.
    connections = min(len(posts), rate)
    seconds = len(posts) // rate + PATIENCE_SECONDS
    command = [
        find_program("wrk"),
        *("--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"),
        *("--timeout", f"{PATIENCE_SECONDS}s", "--script", str(SCRIPT), address),
        *("--", str(prepared), str(rate)),
    ]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=seconds + PATIENCE_SECONDS,
        check=False,
        process_group=0,
        text=True,
    )
    return read_answers(done.stdout, len(posts))


def read_answers(output: str, wanted: int) -> Answered:
    """Return what wrk's last line says; HelperFailed unless `wanted` answers came, all of them
    200.
    """
    try:
        said = last_json(output)
    except ValueError as error:
        *_, last = ["nothing", *output.strip().splitlines()]
        raise HelperFailed(f"wrk: {last}") from error
    statuses: dict[str, int] = said["statuses"]
    if statuses != {"200": wanted} or said["broken"]:
        found = ", ".join(f"{count} times {status}" for status, count in sorted(statuses.items()))
        raise HelperFailed(
            f"of {wanted} posts: {found or 'no answer'}, {said['broken']} broken connections"
        )
    return Answered(said["p50"], said["p99"], said["slowest"], wanted / said["seconds"])

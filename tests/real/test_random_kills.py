"""Two daemons killed at random moments: nobody gets two, nobody is lost, no more rows in doubt than
connections were open. ``make proof`` does it for longer.
"""

import os
import random
from pathlib import Path

import pytest

from benchmarks.proofs.random_kills import Trouble, kill_row

KILLED = Trouble("killed", kills=3, drop=0.02, copies=600)
PAUSED = Trouble("killed and paused", kills=2, pauses=2, copies=600)
JUMPED = Trouble("killed while clocks jump", kills=2, jumps=4, copies=600)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Other moments each time, unless FRIDAY_SEED names one; a failure prints the seed."""
    seed = int(os.environ.get("FRIDAY_SEED") or random.randrange(10**6))
    print(f"{request.node.name}: seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    return random.Random(seed)


def test_killed_while_connections_break_on_postgresql(
    chance: random.Random, tmp_path: Path, postgres_url: str
) -> None:
    row = kill_row(tmp_path, postgres_url, KILLED, chance)

    assert row.ok, row


@pytest.mark.parametrize("trouble", [PAUSED, JUMPED], ids=["paused", "jumped"])
def test_killed_and_worse_on_sqlite(
    trouble: Trouble, chance: random.Random, tmp_path: Path
) -> None:
    row = kill_row(tmp_path, "sqlite:///digest.db", trouble, chance)

    assert row.ok, row

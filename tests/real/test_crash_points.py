"""SIGKILL at every named instant of a copy's way: nobody gets two, nobody is lost, and the ledger
says what the server says. ``make proof`` does it everywhere and more often.
"""

import random
from pathlib import Path

import pytest

from benchmarks.proofs.crash_points import Crash, crash_row
from digest.delivery.crash import POINTS

# Every instant once, each database at half of them, first passages and later ones.
CASES = [
    pytest.param(Crash(point, passage), database, id=f"{point}-{passage}-{database}")
    for point, passage, database in zip(
        POINTS, (3, 1, 5, 9, 1, 2), ("sqlite", "postgres") * 3, strict=True
    )
]


@pytest.mark.parametrize(("crash", "database"), CASES)
def test_killed_at_an_instant_everybody_gets_one_copy(
    crash: Crash, database: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = "sqlite:///digest.db"
    if database == "postgres":
        url = request.getfixturevalue("postgres_url")
    row = crash_row(tmp_path, url, str(crash), [crash], connections=8, chance=random.Random(1))

    assert row.ok, row

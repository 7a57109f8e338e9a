"""A disk that fills up while copies leave: the ballast is given back, the run pauses, nobody gets
two, the desk is told, and it goes on by itself when there is room.
"""

from pathlib import Path

import pytest

from benchmarks.proofs.room import compare
from tests.real.test_hard_times import (
    CONNECTIONS,
    COPIES,
    NotHere,
    daemon,
    fill,
    room_in,
    small_disk,
    wait_until,
    wait_until_still,
)

DESK = "desk@courier.example"


def test_run_pauses_on_a_full_disk_and_goes_on(tmp_path: Path) -> None:
    try:
        with small_disk(tmp_path / "disk") as disk:
            _run(tmp_path, disk)
    except NotHere as error:
        pytest.skip(str(error))


def _run(folder: Path, disk: Path) -> None:
    ballast = disk / "digest.db-ballast"
    with room_in(folder, f"sqlite:///{disk}/digest.db") as room:
        config = Path(room.config)
        config.write_text(config.read_text().replace("megabytes = 0", "megabytes = 1"))
        issue = room.next_issue()
        with daemon(room) as program:
            wait_until(lambda: ballast.exists() and room.server.accepted >= COPIES // 5)
            fill(disk / "filler")
            wait_until(lambda: not ballast.exists())
            wait_until_still(room)
            assert not room.is_sent(issue), "the disk was filled too late"
            assert room.server.copies[DESK] == 1
            (disk / "filler").unlink()
            wait_until(lambda: room.is_sent(issue))
            assert ballast.exists()
            assert program.end() == 0
        got = {to: count for to, count in room.server.copies.items() if to != DESK}
        row = compare(room.newsroom, issue, got, copies=COPIES, limit=CONNECTIONS)
        assert row.problems == ()
        assert row.doubled == row.lost == 0

"""A newsroom whose operators are told of trouble, and what they were told."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from digest.clock import FixedClock
from digest.models import Notice
from digest.testing.newsroom import Newsroom, open_newsroom

TABLE = """\
[watching]
operators = ["root@courier.example"]
disk_free_mb = 0
backup_days = 0

[relays.main]
"""


@pytest.fixture
def newsroom(tmp_path: Path, clock: FixedClock, migrated_file: Path) -> Iterator[Newsroom]:
    folder = tmp_path / "newsroom"
    folder.mkdir()
    shutil.copyfile(migrated_file, folder / "digest.db")  # to migrate takes longer than a test
    with open_newsroom(folder, clock, more={"[relays.main]\n": TABLE}) as newsroom:
        yield newsroom


@pytest.fixture
def told(newsroom: Newsroom) -> Callable[[], list[str]]:
    """Return the subjects of every alert to operators so far, oldest first."""

    def list_them() -> list[str]:
        with newsroom.app.db.read() as session:
            rows = session.execute(
                select(Notice.subject, Notice.address_sealed)
                .where(Notice.dedupe_key.startswith("watch-"))
                .order_by(Notice.id)
            ).all()
        assert {newsroom.app.sealer.open(sealed) for _, sealed in rows} <= {"root@courier.example"}
        return [subject for subject, _ in rows]

    return list_them

"""Two programs on one database, the newer one with a revision more: the old one notices while it
sends, ends in good order, and comes back when it is let in.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import text

from digest.clock import SystemClock
from digest.db import Database
from digest.revisions import known_revisions
from digest.testing.newsroom import open_newsroom

ROOT = Path(__file__).resolve().parents[2]
NEWEST = known_revisions()[-1]
READERS = 40
REVISION = '''\
"""{title}."""

import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "{newest}"


def upgrade() -> None:
    {body}


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only; go back with a backup")
'''
ADDS = 'op.add_column("issues", sa.Column("weather", sa.Text(), nullable=True))'
TAKES = 'op.drop_column("articles", "summary")'


@dataclass
class Program:
    """A program in a folder, on the instance of another folder."""

    code: Path
    instance: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "digest", *words],
            cwd=self.instance,
            env={**os.environ, "PYTHONPATH": str(self.code)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def __call__(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err


@pytest.fixture
def newsroom_folder(tmp_path: Path) -> Path:
    """An instance with an issue that is due, for readers who get theirs one after the other."""
    folder = tmp_path / "newsroom"
    relay = 'backend = "maildir"\nfolder = "out"\nper_second = 1'
    with open_newsroom(folder, SystemClock(), relay=relay) as newsroom:
        newsroom.subscribe(*(f"reader{number}@example.org" for number in range(READERS)))
        newsroom.ready(newsroom.app.clock.now().date())
    return folder


@pytest.fixture(scope="module")
def newer_code(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Copy the program, with a revision more; what is compiled goes along, or each copy would be
    compiled anew.
    """

    @cache
    def copy(body: str) -> Path:
        code = tmp_path_factory.mktemp("newer")
        for name in ("digest", "templates", "migrations"):
            shutil.copytree(ROOT / name, code / name)
        shutil.copy2(ROOT / "config.example.toml", code)
        revision = REVISION.format(title="The weather", newest=NEWEST, body=body)
        (code / "migrations/versions/9001_the_weather.py").write_text(revision)
        return code

    return copy


@pytest.fixture
def make_program(
    newer_code: Callable[[str], Path], newsroom_folder: Path
) -> Callable[[str], Program]:
    """Return the newer program, whose further revision does what it is given."""
    return lambda body: Program(newer_code(body), newsroom_folder)


@pytest.fixture
def old(newsroom_folder: Path) -> Iterator[Program]:
    program = Program(ROOT, newsroom_folder)
    yield program
    for process in program.started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def states(folder: Path) -> Counter[str]:
    with (
        closing(Database(f"sqlite:///{folder / 'digest.db'}")) as database,
        database.read() as rows,
    ):
        return Counter(rows.execute(text("SELECT state FROM deliveries")).scalars())


def hurry(folder: Path) -> None:
    config = folder / "config.toml"
    config.write_text(config.read_text().replace("per_second = 1\n", ""))


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def test_old_sender_notices_and_ends_and_the_new_one_sends_the_rest(
    newsroom_folder: Path, old: Program, make_program: Callable[[str], Program]
) -> None:
    new = make_program(ADDS)
    sender = old.start("scheduler")
    wait_until(lambda: states(newsroom_folder)["accepted"] > 1)

    assert new("migrate")[0] == 0
    _, said = sender.communicate(timeout=30)
    assert sender.returncode == 1
    assert "nothing new is begun: the database is at revision 9001, which is newer" in said
    assert (
        f"error: the database is at revision 9001, which is newer than this program ({NEWEST})"
        in said
    )
    assert states(newsroom_folder)["pending"] > 10
    assert states(newsroom_folder).keys() == {"accepted", "pending"}

    hurry(newsroom_folder)
    assert new("tick")[0] == 0
    assert states(newsroom_folder) == {"accepted": READERS}
    copies = [path.read_text() for path in (newsroom_folder / "out" / "new").iterdir()]
    readers = {line for text in copies for line in text.splitlines() if line.startswith("To: ")}
    assert len(copies) == len(readers) == READERS


def test_old_pages_end_as_well(
    newsroom_folder: Path, old: Program, make_program: Callable[[str], Program]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    config = newsroom_folder / "config.toml"
    config.write_text(config.read_text().replace("[web]", f"[web]\nport = {port}"))
    new = make_program(ADDS)
    pages = old.start("web")
    wait_until(lambda: answers(port))

    assert new("migrate")[0] == 0
    _, said = pages.communicate(timeout=30)

    assert pages.returncode == 1
    assert "ending: the database is at revision 9001" in said


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_old_program_comes_back_when_it_is_let_in(
    newsroom_folder: Path, old: Program, make_program: Callable[[str], Program]
) -> None:
    hurry(newsroom_folder)
    new = make_program(ADDS)
    assert new("migrate")[0] == 0

    status, said, _ = new("migrate", "--admit", NEWEST)
    assert (status, said.partition(" may")[0]) == (0, f"Programs of revision {NEWEST}")
    assert old("tick")[0] == 0
    assert states(newsroom_folder) == {"accepted": READERS}

    assert new("migrate")[0] == 0
    assert old("status")[0] == 1


def test_step_that_takes_away_wants_a_backup_and_nobody_else(
    newsroom_folder: Path, old: Program, make_program: Callable[[str], Program]
) -> None:
    new = make_program(TAKES)
    sender = old.start("scheduler")
    wait_until(lambda: states(newsroom_folder)["accepted"] > 0)

    status, said, _ = new("migrate", "--check")
    assert status == 1
    assert "      drops articles.summary and what is in it\n" in said
    assert "The only way back is a backup" in said
    status, _, said = new("migrate", "--backed-up")
    assert (status, "a scheduler gave a sign of life" in said) == (1, True)
    sender.terminate()
    sender.communicate(timeout=30)
    status, _, said = new("migrate")
    assert (status, "--backed-up does it unasked" in said) == (1, True)
    assert old("migrate", "--check")[0] == 0

    assert new("migrate", "--backed-up")[0] == 0
    status, _, said = new("migrate", "--admit", NEWEST)
    assert status == 1
    assert "9001 drops articles.summary and what is in it. Restore the backup" in said

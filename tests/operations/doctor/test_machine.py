"""The machine below: disk, clock, versions, file systems and files."""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.models import Newsletter
from digest.operations.doctor.case import Case
from digest.operations.doctor.files import Owned, judge_file, judge_folder
from digest.operations.doctor.machine import (
    MEGABYTE,
    ClockState,
    Room,
    judge_clock,
    judge_room,
    judge_zones,
    read_clock,
    zones_version,
)
from digest.operations.doctor.mounts import Mount, find_mount, is_remote
from digest.operations.doctor.run import examine
from digest.operations.doctor.store import judge_mount, judge_postgres
from tests.operations.doctor.conftest import Said, ask, levels, texts

NOW = datetime(2026, 11, 27, tzinfo=UTC)
GIGABYTE = 1000 * MEGABYTE


@pytest.mark.parametrize(
    ("room", "pace", "level", "words"),
    [
        (Room("media", 50 * GIGABYTE, None), None, "ok", "50,000 MB free for media"),
        (Room("media", 100 * MEGABYTE, None), None, "error", "100 MB free"),
        (Room("media", 900 * MEGABYTE, None), None, "warn", "900 MB free"),
        (Room("media", 50 * GIGABYTE, 10), None, "warn", "10 files more"),
        (Room("db", 5 * GIGABYTE, None, 6 * GIGABYTE), None, "warn", "a copy of the database"),
        (Room("db", 5 * GIGABYTE, None, GIGABYTE), 10 * MEGABYTE, "ok", "in about 500 days"),
        (Room("db", 5 * GIGABYTE, None, GIGABYTE), 100 * MEGABYTE, "warn", "in about 50 days"),
    ],
)
def test_room_on_disk(room: Room, pace: float | None, level: str, words: str) -> None:
    said = judge_room(room, pace)

    assert (said.level, words in said.text) == (level, True), said.text


def test_pace_is_said_once_an_instance_is_old_enough(room) -> None:
    newsroom = room()
    (young,) = (one for one in ask(newsroom, "DISK-1") if "database" in one.text)
    with newsroom.app.db.write() as session:
        newsletter = session.get_one(Newsletter, 1)
        newsletter.created_at -= timedelta(days=100)
    (old,) = (one for one in ask(newsroom, "DISK-1") if "database" in one.text)

    assert "full in about" not in young.text
    assert "full in about" in old.text


@pytest.mark.parametrize(
    ("state", "level"),
    [(ClockState(True, 0.01), "ok"), (ClockState(False, 16), "warn"), (None, "note")],
)
def test_clock(state: ClockState | None, level: str) -> None:
    assert judge_clock(state).level == level


@pytest.mark.skipif(sys.platform != "linux", reason="adjtimex is Linux's")
def test_kernel_says_how_its_clock_is() -> None:
    state = read_clock()

    assert state is not None
    assert 0 <= state.error_seconds < 10_000


@pytest.mark.parametrize(
    ("version", "level"), [("2026b", "ok"), ("2025c", "ok"), ("2024a", "warn"), ("", "note")]
)
def test_time_zones_grow_old(version: str, level: str) -> None:
    assert judge_zones(version, NOW).level == level


def test_time_zones_here_have_a_release() -> None:
    assert zones_version()[:2] == "20"


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
overlay /box overlay rw 0 0
tmpfs /box/run tmpfs rw 0 0
server:/x /box/my\\040data nfs4 rw 0 0
/dev/sdb1 /box/my\\040data/inner ext4 rw 0 0
/dev/sda2 /double ext4 rw 0 0
none /double tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/nowhere/digest.db", "ext4"),
        ("/double/x", "ext4"),  # /double is not there, so it is on the root
    ],
)
def test_mount_of_a_path_that_is_not_there_is_that_of_its_folder(path: str, kind: str) -> None:
    assert find_mount(Path(path), MOUNTS).kind == kind


def test_deepest_mount_counts_and_of_two_the_last(tmp_path: Path) -> None:
    for name in ("run", "my data/inner", "double"):
        (tmp_path / name).mkdir(parents=True)
    mounts = MOUNTS.replace("/box", str(tmp_path)).replace("/double", f"{tmp_path}/double")

    kinds = {
        name: find_mount(tmp_path / name, mounts).kind
        for name in (".", "run/x.db", "my data/y.db", "my data/inner/z.db", "double/q")
    }

    assert kinds == {
        ".": "overlay",
        "run/x.db": "tmpfs",
        "my data/y.db": "nfs4",
        "my data/inner/z.db": "ext4",
        "double/q": "tmpfs",
    }


@pytest.mark.parametrize(
    ("kind", "database", "level"),
    [
        ("ext4", True, "ok"),
        ("xfs", True, "ok"),
        ("tmpfs", True, "error"),
        ("tmpfs", False, "error"),
        ("overlay", True, "warn"),
        ("nfs4", True, "error"),
        ("nfs4", False, "ok"),
        ("fuse.sshfs", True, "error"),
        ("cifs", True, "error"),
    ],
)
def test_file_systems(kind: str, database: bool, level: str) -> None:
    assert judge_mount("x", Mount(kind, "/x"), holds_database=database).level == level


def test_local_file_systems_are_not_remote() -> None:
    assert not any(is_remote(kind) for kind in ("ext4", "btrfs", "zfs", "fuse", "overlay"))


@pytest.mark.parametrize(
    ("version", "apart", "expected"),
    [(15, 0.1, {"ok"}), (12, 0.1, {"warn"}), (15, 9.0, {"ok", "warn"})],
)
def test_postgres_server(version: int, apart: float, expected: set[str]) -> None:
    assert {said.level.value for said in judge_postgres(version, apart)} == expected


def test_database_is_durable(any_db, room) -> None:
    newsroom = room(url=str(any_db.engine.url).replace("postgresql+psycopg", "postgresql"))

    assert [levels(ask(newsroom, f"STORE-{number}")) for number in (1, 2, 3)] == [{"ok"}] * 3


def test_every_check_can_be_done_on_each_database(any_db, room) -> None:
    newsroom = room(url=str(any_db.engine.url).replace("postgresql+psycopg", "postgresql"))
    newsroom.subscribe("anna@example.org")
    newsroom.ready(newsroom.app.clock.now().date())
    newsroom.app.sender.open_due_slots(newsroom.app.clock.now())

    said = "\n".join(one.text for one in examine(Case(newsroom.app)).findings)

    assert "weekly/1 is being sent" in said
    assert "the check itself broke" not in said
    assert "\nthe database: " not in said


def test_files_of_a_fresh_instance_are_private(said: Said) -> None:
    found = said("FILES-1")

    assert levels(found) == {"ok"}
    assert "keys.toml: its owner's alone" in texts(found, "ok")
    assert "digest.db: its owner's alone" in texts(found, "ok")


def test_files_that_others_may_read_are_errors(tmp_path: Path, room) -> None:
    newsroom = room()
    (tmp_path / "digest.db").chmod(0o644)
    (tmp_path / "keys.toml").chmod(0o640)

    found = ask(newsroom, "FILES-1")

    assert [one.text.split("/")[-1] for one in found if one.level == "error"] == [
        "keys.toml: others than its owner may read it (mode 0640)",
        "digest.db: others than its owner may read it (mode 0644)",
    ]


def test_password_files_and_the_configuration_with_a_password_are_looked_at(tmp_path, room) -> None:
    (tmp_path / "word").write_text("x")
    (tmp_path / "word").chmod(0o604)
    relay = 'backend = "smtp"\nhost = "r.example"\nusername = "u"\npassword_file = "word"'
    box = (
        'mailbox = { address = "f@courier.example", host = "i.example", username = "u", '
        'password = "in place" }\nschedule = {'
    )
    newsroom = room({"schedule = {": box}, relay=relay)
    (tmp_path / "config.toml").chmod(0o644)

    found = texts(ask(newsroom, "FILES-1"), "error")

    assert "word: others than its owner may read it (mode 0604)" in found
    assert "config.toml: others than its owner may read it (mode 0644)" in found
    assert "in place" not in found


def test_file_that_is_gone_is_an_error(tmp_path, room) -> None:
    (tmp_path / "word").write_text("x")
    relay = 'backend = "smtp"\nhost = "r.example"\nusername = "u"\npassword_file = "word"'
    newsroom = room(relay=relay)
    (tmp_path / "word").unlink()

    assert "word: No such file" in texts(ask(newsroom, "FILES-1"), "error")


def test_folder_that_all_may_write_to_is_an_error(tmp_path, room) -> None:
    newsroom = room()
    tmp_path.chmod(0o777)
    found = ask(newsroom, "FILES-1")
    tmp_path.chmod(0o1777)  # as /tmp is
    sticky = ask(newsroom, "FILES-1")

    assert "others may put other files there (mode 0777)" in texts(found, "error")
    assert levels(sticky) == {"ok"}


def test_file_of_another_user_is_a_warning() -> None:
    file = Owned(Path("keys.toml"), 0o600, 1234)

    assert judge_file(file, 1234).level == "ok"
    assert judge_file(file, 1000).level == "warn"
    assert judge_file(Owned(Path("keys.toml"), 0o600, 0), 1000).level == "ok"
    assert [said.level for said in judge_folder(Owned(Path("x"), 0o770, 1234), 1000)] == ["error"]
    assert list(judge_folder(Owned(Path("x"), 0o770, 1000), 1000)) == []


def test_owner_is_read() -> None:
    assert Owned.of(Path("/")).owner == 0
    assert Owned.of(Path(__file__)).owner == os.stat(__file__).st_uid

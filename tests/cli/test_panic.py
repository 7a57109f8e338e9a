"""After panic nobody can read an address: keys gone, processes ended, nothing left."""

import os
import socket
import sqlite3

import pytest

from digest.keys import read_key_file
from digest.operations.keys.processes import find_processes

READERS = "email,name\nanna@example.org,Anna\nbo@example.org,Bo\n"


@pytest.fixture
def readers(line):
    path = line.write("r.csv", READERS)
    line.good("subscribers", "import", path, "--yes")
    path.unlink()
    return line


def contents(line) -> bytes:
    return b"".join(path.read_bytes() for path in line.folder.rglob("*") if path.is_file())


def test_nobody_is_ruined_unasked(readers) -> None:
    assert "--yes-destroy does it unasked" in readers.bad("panic")

    assert readers.good("subscribers", "find", "anna@example.org")


def test_no_key_and_no_address_is_left(readers) -> None:
    ring = read_key_file(readers.folder / "keys.toml")

    said = readers.good("panic", "--yes-destroy")

    assert f"destroyed: {readers.folder / 'keys.toml'}" in said
    assert "copies of the keys" in said
    left = contents(readers)
    assert not [key for key in (*ring.seal, *ring.index) if key.secret in left]
    assert b"anna@example.org" not in left.lower()
    log = readers.folder / "digest.db-wal"
    assert not log.exists() or log.stat().st_size == 0


@pytest.mark.parametrize(
    "words",
    [("subscribers", "find", "anna@example.org"), ("subscribers", "export", "out.csv"),
     ("status",), ("keys", "verify"), ("tick",)],
)  # fmt: skip
def test_no_command_can_read_an_address_afterwards(readers, words) -> None:
    readers.good("panic", "--yes-destroy")

    assert "the key file cannot be read" in readers.bad(*words)


def test_cut_off_change_of_the_keys_and_unfinished_imports_go_too(readers) -> None:
    readers.write(".keys.toml.0a1b2c3d", "half of a key file")
    readers.write(f"import-1-{'a' * 32}.sqlite3", "half of an import")

    readers.good("panic", "--yes-destroy")

    names = {path.name for path in readers.folder.iterdir()}
    assert not {name for name in names if "keys" in name or name.startswith("import-")}


def test_database_stays_unless_it_is_asked_for(readers) -> None:
    readers.good("panic", "--yes-destroy")
    with sqlite3.connect(readers.folder / "digest.db") as connection:
        (count,) = connection.execute("SELECT count(*) FROM subscribers").fetchone()

    readers.good("panic", "--database", "--yes-destroy")

    assert count == 2
    assert not list(readers.folder.glob("digest.db*"))


def test_linked_key_file_is_destroyed_where_it_lies(readers) -> None:
    keys = readers.folder / "keys.toml"
    elsewhere = readers.folder / "elsewhere"
    elsewhere.mkdir()
    keys.rename(elsewhere / "real.toml")
    keys.symlink_to(elsewhere / "real.toml")

    readers.good("panic", "--yes-destroy")

    assert not list(elsewhere.iterdir())
    assert not keys.is_symlink()


def test_what_cannot_be_destroyed_is_said(readers) -> None:
    keys = readers.folder / "keys.toml"
    keys.unlink()
    keys.mkdir()

    result = readers("panic", "--yes-destroy")

    assert result.status == 1
    assert f"{keys}: Is a directory" in result.err


def test_running_parts_are_killed_and_other_programs_are_not(readers, waited) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    readers.configure("[scheduler]", f"port = {port}\n\n[scheduler]")
    process = readers.start("run")
    config = readers.folder / "config.toml"
    waited(lambda: [each.role for each in find_processes(config)].count("scheduler") == 1)
    waited(lambda: "no scheduler" not in readers.good("status"))
    found = {each.role for each in find_processes(config)}

    said = readers.good("panic", "--yes-destroy")
    process.communicate(timeout=30)

    assert found == {"run", "scheduler", "web"}
    assert said.count("killed: ") == 3
    assert process.returncode == -9
    waited(lambda: not find_processes(config))
    assert find_processes(readers.folder / "other.toml") == []
    assert os.getpid() not in [each.pid for each in find_processes(config)]


def test_second_panic_says_that_nothing_is_left(readers) -> None:
    readers.good("panic", "--yes-destroy")

    said = readers.good("panic", "--yes-destroy")

    assert f"There was no key file {readers.folder / 'keys.toml'}." in said
    assert "elsewhere (" not in said

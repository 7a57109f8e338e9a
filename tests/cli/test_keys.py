"""New keys, sealing anew, verifying and copies, at the command line."""

import re
import sqlite3
import stat

import pytest

from digest.keys import new_key_ring, read_key_file, write_key_file

READERS = "email,name\nanna@example.org,Anna\nbo@example.org,Bo\n"
ANNA = "anna@example.org"


@pytest.fixture
def readers(line):
    line.good("subscribers", "import", line.write("r.csv", READERS), "--yes")
    return line


def ring(line):
    return read_key_file(line.folder / "keys.toml")


@pytest.mark.parametrize("purpose", ["seal", "sign", "message"])
def test_new_key_is_the_newest_and_the_older_one_stays(readers, purpose: str) -> None:
    before = ring(readers)

    said = readers.good("keys", "new", purpose)

    newest, *older = getattr(ring(readers), purpose)
    assert tuple(older) == getattr(before, purpose)
    assert f"The newest {purpose} key is {newest.id}" in said
    assert "restart digest run" in said
    assert readers.good("subscribers", "find", ANNA)


def test_key_file_is_replaced_at_one_blow_and_stays_private(readers) -> None:
    readers.good("keys", "new", "seal")

    files = [path.name for path in readers.folder.iterdir() if "keys" in path.name]
    assert files == ["keys.toml"]
    assert stat.S_IMODE((readers.folder / "keys.toml").stat().st_mode) == 0o600


def test_index_key_is_never_replaced(readers) -> None:
    before = ring(readers)

    said = readers.bad("keys", "new", "index")

    assert "docs/safety.md" in said
    assert ring(readers) == before


def test_purpose_that_there_is_not(readers) -> None:
    assert "seal, sign or message" in readers.bad("keys", "new", "door")


def test_from_a_new_key_to_a_retired_one(readers) -> None:
    old = ring(readers).seal[0].id
    readers.good("keys", "new", "seal")
    assert "values are sealed under" in readers.bad("keys", "retire", old)

    said = readers.good("keys", "rotate")
    assert f"digest keys retire {old}" in said
    assert re.search(r"Sealed anew under s\w+: 2 rows\.", said)
    readers.good("keys", "retire", old)

    assert len(ring(readers).seal) == 1
    assert "weekly" in readers.good("subscribers", "find", ANNA)
    assert "4 open" in readers.good("keys", "verify", "--all")


def test_verify_says_what_does_not_open(readers) -> None:
    with sqlite3.connect(readers.folder / "digest.db") as connection:
        connection.execute("UPDATE subscribers SET name_sealed = x'0178' WHERE id = 1")

    result = readers("keys", "verify", "--all")

    assert result.status == 1
    assert result.err == "error: subscribers.name_sealed: 1 values do not open\n"
    assert "3 open" in result.out
    assert "1 values under keys that are not here" in result.out


def test_values_are_counted_by_key(readers) -> None:
    rows = [row.split("\t") for row in readers.good("keys", "list").splitlines()]

    (seal,) = (row for row in rows if row[0] == "seal")
    assert seal == ["seal", ring(readers).seal[0].id, "newest", "4"]


def test_copy_is_private_never_overwrites_and_brings_everything_back(readers) -> None:
    copy = readers.folder / "copy.toml"
    readers.good("keys", "export", copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert "never overwritten" in readers.bad("keys", "export", copy)
    assert "is there" in readers.bad("keys", "restore", copy)

    (readers.folder / "keys.toml").unlink()
    said = readers.good("keys", "restore", copy)

    assert "the keys of this database" in said
    assert readers.good("subscribers", "find", ANNA)


def test_keys_of_another_database_are_not_restored(readers) -> None:
    copy = readers.folder / "copy.toml"
    write_key_file(copy, new_key_ring())
    (readers.folder / "keys.toml").unlink()

    assert "not the keys of this database" in readers.bad("keys", "restore", copy)
    assert not (readers.folder / "keys.toml").exists()


def test_passphrase_cannot_be_asked_for_on_a_pipe(readers) -> None:
    said = readers.bad("keys", "export", readers.folder / "copy", "--passphrase")

    assert "nobody is there" in said
    assert not (readers.folder / "copy").exists()


def test_copy_that_was_made_is_remembered_until_the_keys_change(readers) -> None:
    assert "no copy" in readers.good("keys", "verify")
    readers.good("keys", "export", readers.folder / "copy")
    during = readers.good("keys", "verify")
    readers.good("keys", "new", "sign")

    assert "no copy" not in during
    assert "no copy" in readers.good("keys", "verify")


@pytest.mark.parametrize("change", ["new", "retire"])
def test_program_with_the_older_keys_does_not_start(readers, change: str) -> None:
    """After `new` and `rotate` the canary is under the new key, so old copies of the file are
    refused.
    """
    path = readers.folder / "keys.toml"
    before = ring(readers)
    readers.good("keys", "new", "seal")
    readers.good("keys", "rotate")
    if change == "retire":
        readers.good("keys", "retire", before.seal[0].id)
    path.unlink()
    write_key_file(path, before)

    assert "not the keys of this database" in readers.bad("status")

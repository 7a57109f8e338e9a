"""Erasing a person, and addresses that must not be mailed, at the command line."""

import sqlite3

import pytest

READERS = "email,name\nanna@example.org,Anna\nbo@example.org,Bo\n"
ANNA = "anna@example.org"


@pytest.fixture
def readers(line):
    line.good("subscribers", "import", line.write("r.csv", READERS), "--yes")
    return line


def suppressions(line) -> list[tuple[str, str]]:
    with sqlite3.connect(line.folder / "digest.db") as connection:
        return connection.execute("SELECT reason, detail FROM suppressions").fetchall()


def test_erased_reader_is_unknown_and_stays_out(readers) -> None:
    assert readers.good("subscribers", "erase", ANNA, "--yes") == "Erased.\n"

    assert readers.bad("subscribers", "find", ANNA) == "nobody with this address is known"
    again = readers.good("subscribers", "import", readers.folder / "r.csv", "--yes")
    assert "0 new, 1 subscribed already, 1 suppressed" in again


def test_not_even_the_hash_need_stay(readers) -> None:
    readers.good("subscribers", "erase", ANNA, "--forget-suppression", "--yes")

    assert suppressions(readers) == []


def test_the_hash_can_go_later(readers) -> None:
    readers.good("subscribers", "erase", ANNA, "--yes")

    readers.good("subscribers", "erase", ANNA, "--forget-suppression", "--yes")

    assert suppressions(readers) == []
    assert "nobody" in readers.bad("subscribers", "erase", ANNA, "--forget-suppression", "--yes")


def test_erasing_is_asked_about(readers) -> None:
    assert "--yes" in readers.bad("subscribers", "erase", ANNA)

    assert readers.good("subscribers", "find", ANNA)


def test_erasing_nobody_is_not_found(readers) -> None:
    said = readers.bad("subscribers", "erase", "nobody@example.org", "--yes")

    assert said == "nobody with this address is known"


def test_erasing_empties_the_log_of_the_database(readers) -> None:
    readers.good("subscribers", "erase", ANNA, "--yes")

    log = readers.folder / "digest.db-wal"
    assert not log.exists() or log.stat().st_size == 0


def test_unfinished_import_is_named(readers) -> None:
    path = readers.write(f"import-1-{'a' * 32}.sqlite3", b"")

    assert str(path) in readers.good("subscribers", "erase", ANNA, "--yes")


def test_suppressed_by_hand_and_back(readers) -> None:
    readers.good("subscribers", "suppress", ANNA, "--reason", f"asked by phone, {ANNA}")
    during = suppressions(readers)

    readers.good("subscribers", "unsuppress", ANNA, "--yes")

    assert during == [("manual", "asked by phone, ‹address›")]
    assert suppressions(readers) == []


def test_what_is_not_suppressed_cannot_be_lifted(readers) -> None:
    said = readers.bad("subscribers", "unsuppress", ANNA, "--yes")

    assert said == "this address is not suppressed"

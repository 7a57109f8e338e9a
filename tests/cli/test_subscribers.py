"""Readers in from files of every kind and out to one, at the command line."""

import csv
import io
import sqlite3
import stat

import pytest

GOOD = "email,name\nanna@example.org,Anna\nbo@example.org,Bo\n"
BAD = "email,name\nanna@example.org,Anna\nnobody,Eve\nbo@example.org,Bo\n"


def active(line) -> int:
    """Return how many subscriptions are active."""
    rows = [row.split("\t") for row in line.good("subscribers", "count").splitlines()[1:]]
    return sum(int(number) for _, state, number in rows if state == "active")


def test_dry_run_says_what_would_happen_and_subscribes_nobody(line) -> None:
    out = line.good("subscribers", "import", line.write("r.csv", GOOD), "--dry-run")

    assert out == "read as: a plain list\n2 rows: 2 new\n"
    assert active(line) == 0
    assert not list(line.folder.glob("import-*"))


def test_columns_that_are_not_read_are_named(line) -> None:
    path = line.write("r.csv", "email,shoe size\nanna@example.org,38\n")

    out = line.good("subscribers", "import", path, "--dry-run")

    assert (
        out == "read as: a plain list\nnote: columns that are not read: shoe size\n1 rows: 1 new\n"
    )


def test_import_subscribes(line) -> None:
    out = line.good("subscribers", "import", line.write("r.csv", GOOD), "--yes")

    assert out == "read as: a plain list\n2 rows: 2 new\nImported: 2 new readers of weekly.\n"
    assert active(line) == 2


def test_import_again_subscribes_nobody_twice(line) -> None:
    line.good("subscribers", "import", line.write("r.csv", GOOD), "--yes")

    out = line.good("subscribers", "import", line.write("r.csv", GOOD), "--yes")

    assert "2 rows: 0 new, 2 subscribed already\nImported: 0 new readers of weekly.\n" in out
    assert active(line) == 2


def test_bad_rows_are_listed_and_stop_the_import(line) -> None:
    path = line.write("r.csv", BAD)

    result = line("subscribers", "import", path, "--yes")

    assert result.status == 1
    assert (
        result.out
        == "read as: a plain list\nrow 3, address: not an e-mail address\n3 rows: 2 new, 1 bad\n"
    )
    assert result.err == (
        f"error: {path}: nothing was imported, bad rows: 1. Mend them, or say --skip-bad\n"
    )
    assert active(line) == 0


def test_bad_rows_may_be_skipped(line) -> None:
    out = line.good("subscribers", "import", line.write("r.csv", BAD), "--skip-bad", "--yes")

    assert out.endswith("Imported: 2 new readers of weekly.\n")
    assert active(line) == 2


def test_many_bad_rows_are_counted_not_listed(line) -> None:
    path = line.write("r.csv", "email\nanna@example.org\n" + "nobody\n" * 50)

    out = line.good("subscribers", "import", path, "--dry-run")

    assert "… and 30 more bad rows\n" in out
    assert len(out.splitlines()) == 23


def test_import_on_a_pipe_asks_nobody_and_imports_nothing(line) -> None:
    result = line("subscribers", "import", line.write("r.csv", GOOD))

    assert result.status == 1
    assert "--yes does it unasked" in result.err
    assert active(line) == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("utf-16", ("email,name\nanna@example.org,Зоя\n").encode("utf-16")),
        ("bom", b"\xef\xbb\xbf" + "email;name\nanna@example.org;Zoë\n".encode()),
        ("cp1252", "email\tname\nanna@example.org\tZoë\n".encode("cp1252")),
        ("excel", b"sep=;\r\nE-mail;Name\r\nanna@example.org;Zo\r\n"),
        ("headless", b"anna@example.org\n"),
        ("old mac", b"email,name\ranna@example.org,Zo\r"),
    ],
)
def test_odd_files_are_read(line, name: str, content: bytes) -> None:
    line.good("subscribers", "import", line.write(f"{name}.csv", content), "--yes")

    assert active(line) == 1


@pytest.mark.parametrize(
    "content", [b"", b"name,town\nAnna,X\n", b"\x00\x01\x02\xff", b'email\n"' + b"x" * 9]
)
def test_file_that_is_no_list_is_one_clear_line(line, content: bytes) -> None:
    path = line.write("r.csv", content)
    before = line.store()

    result = line("subscribers", "import", path, "--yes")

    assert result.status == 1
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert "r.csv" in result.err
    assert active(line) == 0 or line.store() == before


def test_missing_file_is_one_clear_line(line) -> None:
    assert "none.csv" in line.bad("subscribers", "import", line.folder / "none.csv", "--yes")


def test_abandoning_what_was_not_begun_takes_nobody_out(line) -> None:
    path = line.write("r.csv", GOOD)
    line.good("subscribers", "import", path, "--yes")

    line("subscribers", "abandon", path)

    assert active(line) == 2


def test_export_gives_the_readers_back_and_only_to_their_owner(drafted) -> None:
    path = drafted.folder / "out.csv"

    out = drafted.good("subscribers", "export", path)

    assert out == f"2 subscribers written to {path}. It holds their addresses: keep it safe.\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(newline="") as file:
        assert {row["email"] for row in csv.DictReader(file)} == {
            "anna@example.org",
            "bo@example.org",
        }


def test_export_replaces_no_file(drafted) -> None:
    path = drafted.write("out.csv", "precious")

    assert "already there" in drafted.bad("subscribers", "export", path)
    assert path.read_text() == "precious"


def test_export_that_fails_leaves_no_half_file(drafted) -> None:
    with sqlite3.connect(drafted.folder / "digest.db") as connection:
        connection.execute("UPDATE subscribers SET address_sealed = x'00' WHERE id = 2")
    connection.close()

    drafted.bad("subscribers", "export", drafted.folder / "out.csv")

    assert not (drafted.folder / "out.csv").exists()


def test_exported_file_may_be_imported_again(drafted) -> None:
    path = drafted.folder / "out.csv"
    drafted.good("subscribers", "export", path)

    out = drafted.good("subscribers", "import", path, "--yes")

    assert "2 rows: 0 new, 2 subscribed already\n" in out


def test_address_may_be_read_in_so_that_no_record_of_commands_has_it(line, monkeypatch) -> None:
    line.good("subscribers", "add", "anna@example.org")
    monkeypatch.setattr("sys.stdin", io.StringIO("anna@example.org\n"))

    assert "active" in line.good("subscribers", "find", "-")


def test_reader_is_added_found_and_let_go(line) -> None:
    assert line.good("subscribers", "add", "Anna@Example.org", "--name", "Anna") == (
        "Subscribed to weekly.\n"
    )
    found = line.good("subscribers", "find", "anna@example.org").splitlines()
    assert found[1].split("\t")[:2] == ["weekly", "active"]

    assert line.good("subscribers", "leave", "anna@example.org") == "Unsubscribed from weekly.\n"
    assert "unsubscribed" in line.good("subscribers", "find", "anna@example.org")


def test_several_newsletters_must_be_told_apart(line) -> None:
    config = (line.folder / "config.toml").read_text()
    second = config[config.index("[[newsletters]]") :].replace('"weekly"', '"sport"')
    line.write("config.toml", config + "\n" + second)
    line.good("migrate")

    said = line.bad("subscribers", "add", "anna@example.org")

    assert said == "say --newsletter, there are several: weekly, sport"
    line.good("subscribers", "add", "anna@example.org", "-n", "sport")


def test_reader_chooses_edition_and_parts(line) -> None:
    line.good("subscribers", "add", "anna@example.org")

    out = line.good(
        *("subscribers", "choose", "anna@example.org", "--edition", "headlines"),
        *("--without", "Opinion", "--without", "whole texts", "--member-until", "2027-11-27"),
    )

    assert out == "Set: the headlines edition of weekly, without Opinion, whole texts.\n"
    assert "headlines" in line.good("subscribers", "find", "anna@example.org")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--edition", "half"), "no edition is called 'half'"),
        (("--without", "Sport"), "no part is called 'Sport' (there are: news,"),
    ],
)
def test_choices_that_there_are_not_are_one_clear_line(line, words, said: str) -> None:
    line.good("subscribers", "add", "anna@example.org")

    result = line("subscribers", "choose", "anna@example.org", *words)

    assert result.status == 1
    assert said in result.err


MAILCHIMP = "Email Address,LEID,EUID\n"


def test_export_of_another_system_is_named_and_its_people_are_told_apart(line) -> None:
    folder = line.folder / "mailchimp"
    folder.mkdir()
    for name, letter in (("subscribed", "s"), ("unsubscribed", "u"), ("cleaned", "c")):
        rows = f"{MAILCHIMP}{letter}@example.org,1,a\n"
        (folder / f"{name}_members_export_1.csv").write_text(rows)

    out = line.good("subscribers", "import", folder, "--dry-run")
    done = line.good("subscribers", "import", folder, "--yes")

    assert out.splitlines() == [
        "read as: Mailchimp",
        "note: columns that are not read: LEID, EUID",
        "rows that say\trows\twhat becomes of them",
        "cleaned\t1\tthey are never mailed",
        "subscribed\t1\tthey join",
        "unsubscribed\t1\tthey have left, and stay so",
        "3 rows: 1 new, 1 left there, 1 never to be mailed",
    ]
    assert "Kept from being mailed: 2, of whom 0 were readers until now." in done
    assert active(line) == 1


def test_late_leavings_take_readers_out_once(line) -> None:
    line.good("subscribers", "import", line.write("r.csv", GOOD), "--yes")
    path = line.write("late.csv", GOOD.splitlines()[0] + "\nanna@example.org,Anna\n")

    first = line.good("subscribers", "import", path, "--leaves", "--yes")
    again = line.good("subscribers", "import", path, "--leaves", "--yes")

    assert "readers here now whom this takes out: 1" in first
    assert "of whom 1 were readers until now" in first
    assert "of whom 0 were readers until now" in again
    assert active(line) == 1


def test_question_of_an_import_names_the_option_that_answers_it(line) -> None:
    path = line.write(
        "r.csv", "uuid,email,name,attributes,status,created_at\n1,a@x.org,,,enabled,\n"
    )

    assert "--status confirmed, or --leaves" in line.bad("subscribers", "import", path, "--yes")
    assert "known are" in line.bad("subscribers", "import", path, "--from", "aweber")
    line.good("subscribers", "import", path, "--status", "confirmed", "--yes")

    assert active(line) == 1


def test_everything_is_written_out_and_comes_back(line) -> None:
    line.good("subscribers", "import", line.write("r.csv", GOOD), "--yes")
    line.good("subscribers", "suppress", "bad@example.org", "--reason", "manual")

    out = line.good("export", line.folder / "out")
    again = line.good("export", line.folder / "out")
    back = line.good("subscribers", "import", line.folder / "out", "--dry-run")

    assert "subscribers-weekly.csv\t2\n" in out
    assert "suppressions.csv\t1\n" in again
    assert "read as: Friday" in back
    assert "2 subscribed already" in back
    assert "has other files in it" in line.bad("export", line.folder)

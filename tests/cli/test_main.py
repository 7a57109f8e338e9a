"""The command line as a whole: help, wrong words, and one clear line for every failure."""

import re
import sqlite3
from collections.abc import Iterator

import pytest
import typer

from digest.cli.main import app
from digest.keys import new_key_ring, write_key_file

WORDS = typer.main.get_command(app)


def commands(group: object = WORDS, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield every command there is as its words, groups included."""
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


@pytest.mark.parametrize("words", list(commands()), ids=lambda words: " ".join(words) or "digest")
def test_help_says_what_a_command_does(empty, words: tuple[str, ...]) -> None:
    out = empty.good(*words, "--help")

    assert out.startswith("Usage: ")
    assert re.search(r"\n\n {2}[A-Z][^\n]{15,}", out)
    arguments = re.search(r"\nArguments:\n((?: .*\n)+)", out)
    assert not arguments or all(
        re.search(r"\S {2,}\S", row) for row in arguments[1].splitlines()[:1]
    )


@pytest.mark.parametrize("words", [(), ("sources",), ("articles",), ("issue",), ("subscribers",)])
def test_overview_cuts_no_sentence(empty, words: tuple[str, ...]) -> None:
    out = empty.good(*words, "--help")

    cut = [row for row in out.splitlines() if row.endswith("...") and "demo" not in row]
    assert [row for row in cut if not row.startswith("Usage")] == []


def test_version_is_shown(empty) -> None:
    assert re.fullmatch(r"digest \d+\.\d+\S*\n", empty.good("--version"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fly",), "No such command 'fly'"),
        (("issue", "new"), "Missing argument"),
        (("issue", "pick", "weekly", "1"), "Missing option '--section'"),
        (("issue", "move", "weekly", "1", "--position", "0"), "Invalid value for '--position'"),
        (("articles", "list", "--limit", "0"), "Invalid value for '--limit'"),
    ],
)
def test_wrong_words_are_answered_with_the_usage_and_2(empty, words, said: str) -> None:
    result = empty(*words)

    assert result.status == 2
    assert said in result.err
    assert "Traceback" not in result.err


def test_missing_configuration_is_named(empty) -> None:
    said = empty.bad("status")

    assert said.endswith(
        "config.toml: cannot be read: No such file or directory (digest init makes one)"
    )


def test_wrong_key_of_the_configuration_is_named(line) -> None:
    line.configure("tick_seconds", "tick_second")

    assert line.bad("status").endswith("config.toml: scheduler.tick_second: this key is unknown")


def test_every_wrong_key_has_a_line_of_its_own(line) -> None:
    line.configure("tick_seconds = 0.2", "tick_seconds = 0\nfly = 1")

    result = line("status")

    assert result.status == 1
    assert len(result.err.splitlines()) == 2
    assert all(row.startswith("error: ") for row in result.err.splitlines())


def test_file_that_is_not_toml_is_named_with_its_line(line) -> None:
    line.write("config.toml", "[web\n")

    assert "config.toml: not a TOML file: " in line.bad("status")


def test_missing_key_file_is_named(line) -> None:
    (line.folder / "keys.toml").unlink()

    assert "keys.toml: the key file cannot be read: No such file" in line.bad("status")


def test_key_file_open_to_others_is_refused(line) -> None:
    (line.folder / "keys.toml").chmod(0o644)

    assert "keys.toml: other users may read the keys; run chmod 600" in line.bad("status")


def test_keys_of_another_instance_are_refused(line) -> None:
    (line.folder / "keys.toml").unlink()
    write_key_file(line.folder / "keys.toml", new_key_ring())
    before = line.store()

    for command in ("status", "migrate"):
        assert line.bad(command).endswith("keys.toml: these are not the keys of this database")
    assert line.store() == before


def test_empty_database_says_what_to_do(line) -> None:
    (line.folder / "digest.db").unlink()

    said = line.bad("status")

    assert said == f"there is no database at {line.folder / 'digest.db'}: run digest migrate"
    assert not (line.folder / "digest.db").exists()


def test_database_newer_than_the_program_is_left_alone(line) -> None:
    with sqlite3.connect(line.folder / "digest.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = line.store()

    for command in ("status", "migrate"):
        assert "revision 9999, which is newer than this program" in line.bad(command)
    assert line.store() == before


def test_file_that_is_no_database_is_said(line) -> None:
    line.write("digest.db", b"not a database" * 100)

    assert "file is not a database" in line.bad("status")


def test_folder_that_cannot_be_written_is_named(line) -> None:
    line.write("file", "in the way")

    said = line.bad("subscribers", "export", line.folder / "file" / "out.csv")

    assert said.endswith("file/out.csv: Not a directory")


def test_unreachable_database_server_is_said(line) -> None:
    line.configure("[scheduler]", '[database]\nurl = "postgresql://x@127.0.0.1:9/x"\n\n[scheduler]')

    result = line("status")

    assert result.status == 1
    assert result.err.startswith("error: the database cannot be opened: ")
    assert "Traceback" not in result.err


FAILURES = [
    ("no newsletter has the slug 'monthly'", "issue", "new", "monthly"),
    ("number 1 is already planned for", "issue", "new", "weekly"),
    ("--date '2026-13-01': a date is written", "issue", "new", "weekly", "--date", "2026-13-01"),
    ("this day is over", "issue", "new", "weekly", "--date", "2001-01-05"),
    ("exclude each other", "issue", "new", "weekly", "--extra", "--date", "2099-01-02"),
    ("there is no issue weekly/9", "issue", "show", "weekly/9"),
    ("no newsletter has the slug 'monthly'", "issue", "show", "monthly/1"),
    ("an issue is called newsletter/number", "issue", "approve", "weekly/one"),
    ("no section 'Sport' (there are: News", "issue", "pick", "weekly", "1", "--section", "Sport"),
    ("there is no article 99", "issue", "pick", "weekly", "99", "--section", "News"),
    ("there is no article", "issue", "pick", "weekly", "https://x.example/", "--section", "News"),
    ("already in number 1", "issue", "pick", "weekly", "1", "--section", "News"),
    ("no section 'X'", "issue", "move", "weekly", "1", "--position", "1", "--section", "X"),
    ("there is no article 7", "issue", "unpick", "weekly", "7"),
    ("an issue has no field 'x'", "issue", "set", "weekly", "preheader=p", "x=1"),
    ("'subject': write field=value (fields: appeal", "issue", "set", "weekly", "subject"),
    ("appeal=maybe: write yes or no", "issue", "set", "weekly", "appeal=maybe"),
    ("numbers: write figure|words", "issue", "set", "weekly", "numbers=38"),
    ("a pick has no field 'x'", "issue", "set", "weekly", "--article", "1", "x=1"),
    ("no layout is called 'big'", "issue", "set", "weekly", "--article", "1", "layout=big"),
    ("takes --at or --now", "issue", "schedule", "weekly"),
    ("takes --at or --now", "issue", "schedule", "weekly", "--now", "--at", "2099-01-01 07:00"),
    ("--at 'soon': write", "issue", "schedule", "weekly", "--at", "soon"),
    ("this moment is over in UTC", "issue", "schedule", "weekly", "--at", "2001-01-01 07:00"),
    ("takes an address or --file", "articles", "add"),
    ("takes an address or --file", "articles", "add", "https://x.example/", "--file", "x.toml"),
    ("x.toml: cannot be read: No such file", "articles", "add", "--file", "x.toml"),
    ("there is no article 99", "articles", "dismiss", "99"),
    ("article 1 is picked", "articles", "dismiss", "1"),
    ("https:// address", "sources", "add", "ftp://courier.example/feed"),
    ("no plug-in named 'fax'", "sources", "add", "https://x.example/", "--kind", "fax"),
    ("no newsletter has the slug 'x'", "subscribers", "import", "x.csv", "-n", "x"),
    ("not an e-mail address", "subscribers", "add", "nobody"),
    ("nobody with this address is known", "subscribers", "find", "eve@example.org"),
    ("this address is not subscribed to weekly", "subscribers", "leave", "eve@example.org"),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: " ".join(failure[1:]))
def test_failure_is_one_clear_line_and_changes_nothing(drafted, failure, monkeypatch) -> None:
    said, *words = failure
    monkeypatch.chdir(drafted.folder)
    before = drafted.store()

    assert said in drafted.bad(*words)
    assert drafted.store() == before


def test_failure_names_no_address(drafted) -> None:
    for words in (("find", "eve@example.org"), ("leave", "eve@example.org"), ("add", "eve@@x")):
        assert "eve@" not in drafted.bad("subscribers", *words)

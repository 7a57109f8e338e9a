"""Every command refuses a database that is newer than the program, says what to do, and changes
nothing.
"""

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import typer

from digest.cli.main import app
from digest.revisions import known_revisions

# These need no database, or are there for one that cannot be used.
WITHOUT = {
    "init": "makes the folder a database will be in",
    "demo": "has a newsroom of its own",
    "dkim new": "makes a key and prints what to publish",
    "dkim show": "prints what to publish",
    "keys restore": "puts the keys back that opening a database needs",
    "doctor": "looks as far as that goes; tests/operations/doctor has what it says",
    "feedback receive": "never says more to a mail server than: later; see below",
    "letters receive": "never says more to a mail server than: later; see below",
    "panic": "must destroy the keys whatever the database is like",
    "restore": "is for a database that a backup holds; tests/operations/backup has that",
}
WORDS = {
    "article": "1",
    "fields": "subject=Fog",
    "role": "editor",
    "purpose": "seal",
    "id": "s1",
    "position": "2",
    "number": "1",
}
CHOICES = {  # one of several ways to say it, where the command wants one, or a yes
    "feedback drop": ("--yes",),
    "articles add": ("https://courier.example/wind",),
    "issue schedule": ("--now",),
    "mirrors order": ("pages", "https://mirror.example"),
}
NEWER = (
    "the database is at revision 9999, which is newer than this program"
    f" ({known_revisions()[-1]}): use the newer program; to come back to this one, let the newer"
    f" one say digest migrate --admit {known_revisions()[-1]}, or restore the backup from before"
)


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands())


def words_for(command: Any, file: str) -> Iterator[str]:
    """Return words a command asks for; never looked at, for the database is opened before."""
    for parameter in command.params:
        if parameter.required:
            if parameter.opts[0].startswith("-"):
                yield parameter.opts[0]
            path = "file" in parameter.name or "log" in parameter.name
            yield file if path else WORDS.get(parameter.name, "weekly")


def make_newer(line: Any) -> None:
    with closing(sqlite3.connect(line.folder / "digest.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - WITHOUT.keys()))
def test_command_refuses_a_newer_database_and_changes_nothing(line: Any, name: str) -> None:
    make_newer(line)
    before = line.store()
    file = str(line.write("file.csv", "email\nanna@example.org\n"))

    said = line.bad(*name.split(), *words_for(COMMANDS[name], file), *CHOICES.get(name, ()))

    assert said == NEWER
    assert line.store() == before


@pytest.mark.parametrize("room", ["feedback", "letters"])
def test_mail_waits_for_the_newer_program(
    line: Any, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_newer(line)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Subject: unsubscribe\n\n")))

    result = line(room, "receive")

    assert (result.status, result.err) == (75, f"error: {NEWER}\n")


def test_commands_that_need_no_database_are_there() -> None:
    assert WITHOUT.keys() <= COMMANDS.keys()

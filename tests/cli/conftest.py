"""An instance in a folder, and the command line on it: in this process for most, as a program of
its own where that is the point.
"""

import contextlib
import io
import logging
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from digest.cli.main import main
from digest.keys import new_key_ring, write_key_file
from digest.testing.web import WebServer

CONFIG = """\
[web]
public_url = "http://127.0.0.1:8000"

[scheduler]
tick_seconds = 0.2

[storage]
ballast_megabytes = 0

[fetch]
timeout_seconds = 5
allow_networks = ["127.0.0.0/8"]

[preflight]
spamassassin = false

[relays.main]
backend = "maildir"
folder = "out"
connections = 2

[[newsletters]]
slug = "weekly"
name = "The Harbour Courier"
host = "courier.example"
sender = { name = "The Harbour Courier", address = "letters@courier.example" }
relay = "main"
postal_address = "12 Quay Street, Harbour Town"
alerts = ["desk@courier.example"]
schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }
"""
ARTICLES = """\
[[article]]
url = "https://courier.example/fog"
title = "[Updated] Fog :fog: [/b]"
summary = "Thick."
author = "Ada"

[[article]]
url = "https://courier.example/rain"
title = "Rain"
"""
READERS = "email,name\nanna@example.org,Anna\nbo@example.org,Bo\n"


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended and what it said where."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Line:
    """The command line on one instance."""

    folder: Path

    def __call__(self, *words: object, config: Path | None = None) -> Result:
        """Run a command in this process."""
        out, err = io.StringIO(), io.StringIO()
        argv = ["digest", "--config", str(config or self.folder / "config.toml"), *map(str, words)]
        with (
            _argv(argv),
            _own_logging(),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 0
        return Result(status, out.getvalue(), err.getvalue())

    def good(self, *words: object) -> str:
        """Run a command that must succeed; return what it said."""
        result = self(*words)
        assert (result.status, result.err) == (0, ""), result
        return result.out

    def bad(self, *words: object) -> str:
        """Run a command that must fail as commands do: exit 1, one ``error:`` line, nothing else;
        return that line's text.
        """
        result = self(*words)
        assert result.status == 1, result
        assert result.err.startswith("error: "), result
        assert result.err.count("\n") == 1, result
        return result.err.removeprefix("error: ").rstrip("\n")

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command as a program of its own, in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "digest", "--config", str(self.folder / "config.toml"), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            process_group=0,
        )

    def program(self, *words: str) -> Result:
        """Run a command as a program of its own, to its end."""
        process = self.start(*words)
        out, err = process.communicate(timeout=60)
        return Result(process.returncode, out, err)

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file into the instance's folder and return its path."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def configure(self, old: str, new: str) -> None:
        """Replace a text of the configuration."""
        path = self.folder / "config.toml"
        before = path.read_text()
        assert old in before
        path.write_text(before.replace(old, new))

    def store(self) -> list[str]:
        """Return everything in the database, as SQL."""
        with contextlib.closing(sqlite3.connect(self.folder / "digest.db")) as connection:
            return list(connection.iterdump())

    def mails(self) -> list[str]:
        """Return the copies in the relay's maildir."""
        return [path.read_text() for path in sorted((self.folder / "out" / "new").glob("*"))]


@contextlib.contextmanager
def _argv(argv: list[str]) -> Iterator[None]:
    before, sys.argv = sys.argv, argv
    try:
        yield
    finally:
        sys.argv = before


@contextlib.contextmanager
def _own_logging() -> Iterator[None]:
    """Commands set logging up for a whole program; here it is theirs for one command."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated instance with two articles; copy it, never run a command in it."""
    line = Line(tmp_path_factory.mktemp("prepared"))
    line.write("config.toml", CONFIG)
    write_key_file(line.folder / "keys.toml", new_key_ring())
    line.good("migrate")
    line.good("articles", "add", "--file", line.write("articles.toml", ARTICLES))
    return line.folder


@pytest.fixture
def line(prepared: Path, tmp_path: Path) -> Line:
    """The command line on a migrated instance with two articles."""
    shutil.copytree(prepared, tmp_path / "instance")
    return Line(tmp_path / "instance")


@pytest.fixture
def empty(tmp_path: Path) -> Line:
    """The command line on a folder with nothing in it."""
    (tmp_path / "empty").mkdir()
    return Line(tmp_path / "empty")


@pytest.fixture(scope="session")
def prepared_draft(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with two readers and a draft; copy it, never run a command in it."""
    line = Line(tmp_path_factory.mktemp("drafted") / "instance")
    shutil.copytree(prepared, line.folder)
    line.good("subscribers", "import", line.write("readers.csv", READERS), "--yes")
    line.good("issue", "new", "weekly")
    line.good("issue", "pick", "weekly", 1, "--section", "News", "--set", "layout=lead")
    line.good("issue", "pick", "weekly", 2, "--section", "Opinion")
    line.good("issue", "set", "weekly", "subject=Fog & rain")
    return line.folder


@pytest.fixture
def drafted(prepared_draft: Path, tmp_path: Path) -> Line:
    """An instance with two readers and the draft ``weekly/1``, ready to be approved."""
    shutil.copytree(prepared_draft, tmp_path / "drafted")
    return Line(tmp_path / "drafted")


@pytest.fixture
def web() -> Iterator[WebServer]:
    """A web server for feeds and pages."""
    server = WebServer()
    yield server
    server.close()


@pytest.fixture
def waited() -> Callable[[Callable[[], object]], None]:
    """Wait until something is true, for as long as a busy machine may need."""
    return _wait_until


def _wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)

"""What every test may ask for: a clean environment, keys, a clock, real databases, and parts of the
system.
"""

import asyncio
import itertools
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings

from digest.clock import FixedClock
from digest.db import Database
from digest.keys import KeyRing, new_key_ring
from digest.migrating import migrate
from digest.sealed import Sealer

for _name in [name for name in os.environ if name.startswith("DIGEST_")]:
    if _name != "DIGEST_REQUIRE":
        del os.environ[_name]

# A busy machine is no reason for a property to fail.
settings.register_profile("friday", deadline=None)
settings.load_profile("friday")

ROOT = Path(__file__).resolve().parent.parent
FRIDAY = datetime(2026, 11, 27, 6, 59, tzinfo=UTC)


# What a test with this fixture takes beside one without: a Chromium, a web server, a PostgreSQL.
WEIGHTS = {"browser": 20, "open_house": 4, "postgres_server": 2}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give the workers of xdist the longest files first, so that they end at the same time; by
    itself it goes by the number of tests, and a long journey alone in its file comes last.
    """
    if not hasattr(config, "workerinput"):
        return
    weights = Counter[Path]()
    for item in items:
        names = getattr(item, "fixturenames", ())
        weights[item.path] += max((WEIGHTS.get(name, 1) for name in names), default=1)
    items.sort(key=lambda item: -weights[item.path])


@pytest.fixture
def clock() -> FixedClock:
    """A minute to seven, UTC, on a Friday."""
    return FixedClock(FRIDAY)


@pytest.fixture
def keys() -> KeyRing:
    return new_key_ring()


@pytest.fixture
def sealer(keys: KeyRing) -> Sealer:
    return Sealer(keys)


@pytest.fixture
def run() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Run a coroutine to its end in a loop and a thread of its own: a browser that a test has
    opened keeps a loop on this one.
    """
    return _run_apart


def _run_apart(work: Coroutine[Any, Any, Any]) -> Any:
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def system_part() -> Callable[[str], Path]:
    """Find a program (chromium, postgres, postfix, dovecot, nsd, spamassassin, systemd, promtool)
    or axe-core, which ``make judges`` installs; or skip the test, saying why.

    Names listed in DIGEST_REQUIRE (with commas between) fail instead: a place that promises them
    must have them.
    """
    return _find_system_part


def _find_system_part(name: str) -> Path:
    places = {
        "chromium": [Path("/usr/bin/chromium")],
        "postgres": sorted(
            Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name)
        ),
        "postfix": [Path("/usr/sbin/postfix")],
        "dovecot": [Path("/usr/sbin/dovecot")],
        "nsd": [Path("/usr/sbin/nsd")],
        "spamassassin": [Path("/usr/bin/spamassassin")],
        "systemd": [Path("/usr/bin/systemd-analyze")],
        "promtool": [Path("/usr/bin/promtool")],
        "axe": [ROOT / "tools/judges/node_modules/axe-core/axe.min.js"],
    }
    found = [path for path in places[name] if path.exists()]
    if found:
        return found[-1]
    if name in os.environ.get("DIGEST_REQUIRE", "").split(","):
        pytest.fail(f"{name} is required by DIGEST_REQUIRE and not installed")
    pytest.skip(f"{name} is not installed")


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file; copy it, never write to it."""
    path = tmp_path_factory.mktemp("migrated") / "digest.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path


@pytest.fixture
def db(migrated_file: Path, tmp_path: Path) -> Iterator[Database]:
    """A migrated SQLite store in a file of its own."""
    shutil.copyfile(migrated_file, tmp_path / "digest.db")
    database = Database(f"sqlite:///{tmp_path / 'digest.db'}")
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def empty_db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A store without tables, on each database we speak."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'digest.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    database = Database(url)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def any_db(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated store, on each database we speak."""
    if request.param == "sqlite":
        yield request.getfixturevalue("db")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database(template=request.getfixturevalue("postgres_migrated")) as url:
        database = Database(url)
        yield database
        database.close()


@pytest.fixture
def postgres_url(postgres_server: "PostgresServer") -> Iterator[str]:
    """The URL of a fresh, empty PostgreSQL database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_migrated(postgres_server: "PostgresServer") -> Iterator[str]:
    """The name of a migrated PostgreSQL database, to be copied as a template."""
    with postgres_server.database() as url:
        database = Database(url)
        migrate(database)
        database.close()
        yield postgres_server.name_in(url)


@pytest.fixture(scope="session")
def postgres_server(system_part: Callable[[str], Path]) -> Iterator["PostgresServer"]:
    """A PostgreSQL cluster of our own on a socket in a temporary folder, stopped at the end."""
    server = PostgresServer(system_part("postgres"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


class PostgresServer:
    """Owns one private cluster; PostgreSQL refuses to run as root, so root lends it another
    name.
    """

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._numbers = itertools.count(1)
        # Not below pytest's own folder, which only its owner may enter; and a socket's path must be
        # short.
        self.folder = Path(tempfile.mkdtemp(prefix="friday-pg-"))
        self._identity: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            self._identity = {"user": "postgres", "group": "postgres", "extra_groups": []}

    def start(self) -> None:
        """Make the cluster and wait until it answers; it forces its commits to the disk like any
        other.
        """
        self._run("initdb", "-U", "friday", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=on"
        self._run("pg_ctl", "-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self) -> None:
        """Stop the cluster, if it runs, and remove it."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", f"{self.folder}/data", *arguments]
        # A file, not a pipe: the server keeps it open after pg_ctl has ended.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                command,
                cwd=self.folder,
                stdout=output,
                stderr=output,
                check=False,
                **self._identity,
            )
            output.seek(0)
            assert done.returncode == 0, output.read().decode()

    def database(self, template: str = "template0") -> "PostgresDatabase":
        """Return a new database as a context that yields its URL and drops it at the end."""
        return PostgresDatabase(self, f"test{next(self._numbers)}", template)

    def execute(self, statement: str) -> None:
        """Run one statement outside any transaction."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def url(self, name: str) -> str:
        """Return the URL of a database of this cluster."""
        return f"postgresql://friday@/{name}?host={self.folder}"

    def name_in(self, url: str) -> str:
        """Return the database's name in a URL made here."""
        return url.split("/")[3].split("?")[0]


class PostgresDatabase:
    """One database for the length of a ``with`` block."""

    def __init__(self, server: PostgresServer, name: str, template: str) -> None:
        self._server, self._name, self._template = server, name, template

    def __enter__(self) -> str:
        self._server.execute(f"CREATE DATABASE {self._name} TEMPLATE {self._template}")
        return self._server.url(self._name)

    def __exit__(self, *_error: object) -> None:
        self._server.execute(f"DROP DATABASE {self._name} WITH (FORCE)")

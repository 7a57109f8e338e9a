"""A private PostgreSQL cluster on a socket in a temporary folder, for the length of a ``with``.

It forces its commits to the disk like any other; nothing else about it is tuned.
"""

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from benchmarks.processes import HelperFailed

STEP_SECONDS = 60


def find_programs() -> Path:
    """Return the folder of the newest PostgreSQL; HelperFailed when there is none."""
    places = Path("/usr/lib/postgresql").glob("*/bin")
    found = sorted(places, key=lambda path: float(path.parent.name))
    if found:
        return found[-1]
    initdb = shutil.which("initdb")
    if initdb is None:
        raise HelperFailed("PostgreSQL is not installed")
    return Path(initdb).resolve().parent


class Cluster:
    """Owns the cluster; a context manager."""

    def __init__(self) -> None:
        self._programs = find_programs()
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        """Make the cluster and wait until it answers; HelperFailed when it does not."""
        # Not below the benchmark's folder: the path of a socket must be short.
        self._folder = Path(tempfile.mkdtemp(prefix="friday-bench-pg-"))
        self._identity: dict[str, Any] = {}
        try:
            if os.geteuid() == 0:  # as which PostgreSQL refuses to run
                shutil.chown(self._folder, "postgres", "postgres")
                self._identity = {"user": "postgres", "group": "postgres", "extra_groups": []}
            self._run("initdb", "-U", "friday", "-A", "trust", "-E", "UTF8", "--locale=C")
            options = f"-c listen_addresses= -c unix_socket_directories={self._folder}"
            self._run("pg_ctl", "-w", "-l", f"{self._folder}/log", "-o", options, "start")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the cluster, if it runs, and remove it."""
        if (self._folder / "data" / "postmaster.pid").exists():
            self._run("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(self._folder)

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Yield the URL of a new database, a copy of `template`, and drop it afterwards."""
        name = f"bench{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self._url(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def name_in(self, url: str) -> str:
        """Return the database's name in a URL made here."""
        return url.split("/")[3].split("?")[0]

    def _url(self, name: str) -> str:
        return f"postgresql://friday@/{name}?host={self._folder}"

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", f"{self._folder}/data", *arguments]
        # A file, not a pipe: the server keeps it open after pg_ctl has ended.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                command,
                cwd=self._folder,
                stdout=output,
                stderr=output,
                timeout=STEP_SECONDS,
                check=False,
                process_group=0,
                **self._identity,
            )
            output.seek(0)
            if done.returncode != 0:
                raise HelperFailed(f"{program}: {output.read().decode().strip()[-300:]}")

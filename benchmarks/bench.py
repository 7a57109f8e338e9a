"""What all measurements share: how much to measure, and the parts that are built once and used by
many.
"""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.cluster import Cluster
from benchmarks.rounds import SQLITE_URL, Stock, build_stock
from benchmarks.sample import catch_copy
from benchmarks.yardstick import Sink

SAMPLE_READERS = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """How many copies and rounds."""

    rounds: int
    copies: int  # of a full send
    yardstick: int  # messages of smtp-source before each of them
    jinja: int  # messages of the slowest baseline
    smtplib: int
    late: tuple[int, int]  # copies of Friday and of smtplib over the slow link
    growth: tuple[int, ...]
    rows: int  # of an import and a freeze
    readers: int  # of the newsroom whose pages are visited
    visit_seconds: int  # of each load
    visit_rounds: int  # as `rounds`, for pages: one of them is six loads and as many programs


QUICK = Settings(
    rounds=3,
    copies=1_500,
    yardstick=1_500,
    jinja=60,
    smtplib=600,
    late=(500, 250),
    growth=(500, 1_500),
    rows=5_000,
    readers=5_000,
    visit_seconds=1,
    visit_rounds=1,
)
WHOLE = Settings(
    rounds=5,
    copies=100_000,
    yardstick=20_000,
    jinja=500,
    smtplib=5_000,
    late=(5_000, 2_000),
    growth=(1_000, 10_000, 100_000),
    rows=100_000,
    readers=20_000,
    visit_seconds=10,
    visit_rounds=5,
)


class Bench:
    """One run; a context manager that removes what was built. `say` prints a line of progress."""

    def __init__(self, settings: Settings, folder: Path | None, say: Callable[[str], None]) -> None:
        self.settings = settings
        self.say = say
        self._parent = folder
        self._stack = ExitStack()
        self._stocks: dict[tuple[int, str], Stock] = {}
        self._sinks: list[Sink] = []

    def __enter__(self) -> Self:
        """Make the folder that everything lives in."""
        directory = tempfile.TemporaryDirectory(prefix="friday-bench-", dir=self._parent)
        self.folder = Path(self._stack.enter_context(directory))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every server and remove every file."""
        self._stack.close()

    def port(self, number: int = 0) -> int:
        """Return the port of a sink that runs for the whole benchmark."""
        while len(self._sinks) <= number:
            self._sinks.append(self._stack.enter_context(Sink()))
        return self._sinks[number].port

    @cached_property
    def cluster(self) -> Cluster:
        """The PostgreSQL cluster; HelperFailed when there can be none."""
        self.say("starting PostgreSQL")
        return self._stack.enter_context(Cluster())

    def stock(self, readers: int, *, postgres: bool = False) -> Stock:
        """Return a newsroom with that many readers, built on first use."""
        key = (readers, "postgres" if postgres else "sqlite")
        if key not in self._stocks:
            url = SQLITE_URL
            if postgres:
                url = self._stack.enter_context(self.cluster.database())
            self.say(f"building a newsroom of {readers:,} readers ({key[1]})")
            self._stocks[key] = build_stock(self.folder / f"{key[1]}-{readers}", readers, url)
        return self._stocks[key]

    @cached_property
    def sample(self) -> Path:
        """A file with one copy as it arrives, unsigned."""
        path = self.folder / "sample.eml"
        path.write_bytes(catch_copy(self.stock(SAMPLE_READERS)))
        return path

    @cached_property
    def size(self) -> int:
        """The bytes of that copy."""
        return self.sample.stat().st_size

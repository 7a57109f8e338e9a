"""How long a list of addresses takes to come in from a CSV file, and how long it keeps others from
writing.

    python benchmarks/import_csv.py 1000000
    python benchmarks/import_csv.py 1000000 --writer

makes a list of that many made-up readers in a temporary folder, imports it into a fresh SQLite
store in a fresh process, and prints rows and CPU microseconds a row of both halves, the peak of
memory, and for how long each step had the write lock. With --writer another process writes a row
every few milliseconds meanwhile, as a sender would, and its waiting is printed too.
"""

import argparse
import json
import multiprocessing
import os
import random
import sqlite3
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from digest.clock import SystemClock
from digest.db import Database
from digest.keys import new_key_ring
from digest.migrating import migrate
from digest.models import Newsletter
from digest.sealed import Sealer
from digest.subscribers.audience import audience_count
from digest.subscribers.transfer.merge import merge_import
from digest.subscribers.transfer.staging import StagedImport, stage_csv

DOMAINS = ("gmail.com", "yahoo.com", "web.de", "outlook.com", "example.org", "mail.example.net")
WRITER_PAUSE_SECONDS = 0.005
WRITER_RETRY_SECONDS = 0.0005  # as digest.db waits


class TimedDatabase(Database):
    """A store that notes for how long each write kept its lock, commit included."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.held: list[float] = []

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        with super()._one_writer():
            began = time.perf_counter()
            yield
            self.held.append(time.perf_counter() - began)


class Stopwatch:
    """Wall and CPU seconds since it was made: of this process and of children that have ended."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), _cpu_seconds()

    def read(self) -> tuple[float, float]:
        """Return (wall, CPU) seconds."""
        return time.perf_counter() - self._wall, _cpu_seconds() - self._cpu


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def write_list(path: Path, rows: int) -> None:
    """Write a list of made-up readers, the same each time."""
    draw = random.Random(rows)  # noqa: S311 - nothing secret
    with path.open("w", encoding="utf-8") as file:
        file.write("email,name,language,joined\n")
        for row in range(rows):
            domain = DOMAINS[draw.randrange(len(DOMAINS))]
            day = (
                f"20{draw.randrange(10, 26)}-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"
            )
            file.write(
                f"reader.{draw.randrange(10**6)}.{row}@{domain},Anna Reader {row},en,"
                f"{day} {draw.randrange(24):02}:{draw.randrange(60):02}:00\n"
            )


def import_list(folder: Path, path: Path, told: Connection) -> None:
    """Import the list and send the figures; runs in a process of its own."""
    db, clock = TimedDatabase(f"sqlite:///{folder / 'digest.db'}"), SystemClock()
    with db.write() as session:
        newsletter = Newsletter(slug="weekly", furniture={}, skip_dates=[], created_at=clock.now())
        session.add(newsletter)
        session.flush()
        newsletter_id = newsletter.id
    sealer = Sealer(new_key_ring())
    watch = Stopwatch()
    staged: StagedImport = stage_csv(
        db, sealer, path, newsletter_id=newsletter_id, folder=folder, clock=clock
    )
    staging = watch.read()
    db.held.clear()
    watch = Stopwatch()
    report = merge_import(db, staged, clock=clock)
    merging = watch.read()
    with db.read() as session:
        watch = Stopwatch()
        readers = audience_count(session, newsletter_id, clock.now())
        counting = watch.read()
    figures = {"staging": staging, "merging": merging, "counting": counting, "held": db.held}
    told.send({**figures, "added": report.added, "readers": readers, "peak": _peak_megabytes()})
    db.close()


def _peak_megabytes() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def write_all_the_time(path: Path, told: Connection) -> None:
    """Write as a sender does until told to stop, then send how long each write had to wait."""
    waited = []
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as store:
        store.execute("PRAGMA synchronous = full")
        while not told.poll(WRITER_PAUSE_SECONDS):
            began = time.perf_counter()
            while not _began(store):
                time.sleep(WRITER_RETRY_SECONDS)
            waited.append(time.perf_counter() - began)
            store.execute("UPDATE newsletters SET last_number = last_number + 1")
            store.execute("COMMIT")
    told.send(waited)


def _began(store: sqlite3.Connection) -> bool:
    try:
        store.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    return True


def run(rows: int, *, with_writer: bool) -> dict[str, Any]:
    """Return the figures of one import, of a store that is gone afterwards."""
    start = multiprocessing.get_context("spawn")
    with TemporaryDirectory(prefix="friday-import-") as name:
        folder = Path(name)
        write_list(folder / "readers.csv", rows)
        store = Database(f"sqlite:///{folder / 'digest.db'}")
        migrate(store)
        store.close()
        here, there = start.Pipe()
        writer = start.Process(target=write_all_the_time, args=(folder / "digest.db", there))
        heard, told = start.Pipe(duplex=False)
        importer = start.Process(target=import_list, args=(folder, folder / "readers.csv", told))
        if with_writer:
            writer.start()
        importer.start()
        told.close()
        figures: dict[str, Any] = heard.recv()
        importer.join()
        if with_writer:
            here.send("stop")
            figures["waited"] = here.recv()
            writer.join()
    return figures


def lines(rows: int, figures: dict[str, Any]) -> Iterator[str]:
    """Yield the figures of one import, a line each."""
    for half in ("staging", "merging"):
        wall, cpu = figures[half]
        work = f"{rows / wall:,.0f} rows/s, CPU {cpu:.1f} s = {cpu / rows * 1e6:.1f} us a row"
        yield f"{half} {wall:.2f} s, {work}"
    yield f"{figures['added']:,} new readers"
    yield f"counting the audience of {figures['readers']:,}: {figures['counting'][0]:.2f} s"
    yield f"peak memory: {figures['peak']:.0f} MB"
    yield f"write lock held: {_spread(figures['held'])}"
    if "waited" in figures:
        yield f"another process waited to write: {_spread(figures['waited'])}"


def summary(rounds: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the medians and all rounds, as benchmarks/scripts.py reads them."""
    staging, merging = ([each[half][0] for each in rounds] for half in ("staging", "merging"))
    both = [sum(halves) for halves in zip(staging, merging, strict=True)]
    for what, seconds in (("staging", staging), ("merging", merging), ("both", both)):
        each = " ".join(f"{one:.2f}" for one in seconds)
        yield f"{what}  {statistics.median(seconds):.2f} s  ({each})"


def _spread(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p50, p90, p99 = (ordered[int(len(ordered) * share)] * 1e3 for share in (0.5, 0.9, 0.99))
    return (
        f"{len(ordered):,} times, p50 {p50:.1f}, p90 {p90:.1f}, p99 {p99:.1f},"
        f" max {ordered[-1] * 1e3:.1f} ms"
    )


def main() -> None:
    """Run as the module's docstring says."""
    parser = argparse.ArgumentParser(description="Import a made-up list and print how long it took")
    parser.add_argument("rows", type=int)
    parser.add_argument("--writer", action="store_true", help="another process writes meanwhile")
    parser.add_argument("--json", action="store_true", help="print all figures as JSON")
    parser.add_argument("--rounds", type=int, default=1, help="how often; 1 without it")
    chosen = parser.parse_args()
    rounds = []
    for _ in range(chosen.rounds):
        rounds.append(run(chosen.rows, with_writer=chosen.writer))
        told = [json.dumps(rounds[-1])] if chosen.json else lines(chosen.rows, rounds[-1])
        sys.stdout.writelines(f"{line}\n" for line in told)
    if not chosen.json:
        sys.stdout.writelines(f"{line}\n" for line in summary(rounds))


if __name__ == "__main__":
    main()

"""The parts of the proof, in the table's order: ours, and test files that prove on their own.

A file that has ``prove(quick: bool) -> list[ProofRow]`` is asked; of another, pytest's count of
its cases is one row, with FRIDAY_PROOF=full in the environment.
"""

import importlib.util
import os
import random
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.cluster import Cluster
from benchmarks.processes import HelperFailed
from benchmarks.proofs import crash_points, random_kills
from benchmarks.proofs.crash_points import Crash
from benchmarks.proofs.programs import ROOT
from benchmarks.proofs.random_kills import Trouble
from benchmarks.proofs.row import ProofRow

TEST_FILES = {
    "hypothesis": ("the ledger as a state machine", "tests/delivery/test_ledger_machine.py"),
    "faults": ("every fault at every phase of SMTP", "tests/real/test_fault_matrix.py"),
    "hard-times": ("full disks and lying ones", "tests/real/test_hard_times.py"),
    "postfix": ("real Postfix, killed too", "tests/real/test_postfix.py"),
}
FILE_SECONDS = 1800
CONNECTIONS = (1, 8)
QUICK_CONNECTIONS = (8,)
TROUBLES = {
    "sqlite": (
        Trouble("killed at random", kills=35),
        Trouble("killed at random, 2 % of dots broken off", kills=30, drop=0.02, connections=8),
        Trouble("killed and paused beyond the lease", kills=10, pauses=12, drop=0.01),
        Trouble("killed while clocks jump by an hour", kills=12, jumps=16, drop=0.01),
    ),
    "postgresql": (
        Trouble("killed at random", kills=30),
        Trouble("killed at random, 2 % of dots broken off", kills=25, drop=0.02, connections=8),
        Trouble("killed and paused beyond the lease", kills=10, pauses=12, drop=0.01),
        Trouble("killed while clocks jump by an hour", kills=12, jumps=16, drop=0.01),
    ),
}
QUICK_TROUBLES = {
    "sqlite": (Trouble("killed and paused", kills=4, pauses=1, drop=0.02, copies=800),),
    "postgresql": (Trouble("killed, 2 % of dots broken off", kills=4, drop=0.02, copies=800),),
}
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a proof is run: its short form or not, and the seed of all its chance."""

    quick: bool
    seed: int

    def chance(self, part: str) -> random.Random:
        """Return the chance of one part, the same for the same seed whatever else is run."""
        return random.Random(f"{self.seed} {part}")  # noqa: S311 - guards nothing


Part = Callable[[Plan], Iterator[ProofRow]]


def list_parts() -> dict[str, Part]:
    """Return every part by its name."""
    parts: dict[str, Part] = {}
    for database in NAMES:
        parts[f"points-{database}"] = _points(database)
        parts[f"kills-{database}"] = _kills(database)
    return parts | {name: _file(name) for name in TEST_FILES}


def _points(database: str) -> Part:
    what = f"killed at a named instant, {NAMES[database]}"

    def run(plan: Plan) -> Iterator[ProofRow]:
        chance = plan.chance(f"points {database}")
        with _stores(database) as store:
            for connections in QUICK_CONNECTIONS if plan.quick else CONNECTIONS:
                crashes = _instants(plan, database, chance)
                with _folder() as folder:
                    yield crash_points.crash_row(
                        folder, store(), what, crashes, connections=connections, chance=chance
                    )

    return run


def _instants(plan: Plan, database: str, chance: random.Random) -> Sequence[Crash]:
    """Return all twelve; in the short form three, others on each database."""
    crashes = crash_points.plan(chance)
    if not plan.quick:
        return crashes
    return crashes[1::4] if database == "sqlite" else crashes[2::4]


def _kills(database: str) -> Part:
    def run(plan: Plan) -> Iterator[ProofRow]:
        with _stores(database) as store:
            for trouble in (QUICK_TROUBLES if plan.quick else TROUBLES)[database]:
                chance = plan.chance(f"{trouble.what} {database}")
                named = replace(trouble, what=f"{trouble.what}, {NAMES[database]}")
                with _folder() as folder:
                    yield random_kills.kill_row(folder, store(), named, chance)

    return run


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="friday-proof-") as name:
        yield Path(name)


@contextmanager
def _stores(database: str) -> Iterator[Callable[[], str]]:
    """Yield what returns the URL of a new store; HelperFailed when there is no PostgreSQL."""
    if database == "sqlite":
        yield lambda: "sqlite:///digest.db"
        return
    with Cluster() as cluster, ExitStack() as databases:
        yield lambda: databases.enter_context(cluster.database())


def _file(name: str) -> Part:
    what, path = TEST_FILES[name]

    def run(plan: Plan) -> Iterator[ProofRow]:
        if not (ROOT / path).exists():
            yield ProofRow(what, problems=(f"there is no {path}",))
        elif re.search(r"^def prove\(quick\b", (ROOT / path).read_text(), re.MULTILINE):
            yield from _proven(ROOT / path, plan)
        elif plan.quick:
            yield ProofRow(what, skipped=f"`make test` runs {path}")
        else:
            yield _tested(what, path)

    return run


def _proven(path: Path, plan: Plan) -> list[ProofRow]:
    spec = importlib.util.spec_from_file_location(f"proofs_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    rows: list[ProofRow] = module.prove(plan.quick)
    return rows


def _tested(what: str, path: str) -> ProofRow:
    """Run one test file; each case passed is a fault survived."""
    with _folder() as folder:
        report = folder / "report.xml"
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path]
        try:
            done = subprocess.run(
                [*words, f"--junitxml={report}"],
                cwd=ROOT,
                env=os.environ | {"FRIDAY_PROOF": "full"},
                capture_output=True,
                text=True,
                timeout=FILE_SECONDS,
                check=False,
                process_group=0,
            )
        except subprocess.TimeoutExpired as error:
            raise HelperFailed(f"{path} took more than {FILE_SECONDS} s and was ended") from error
        if not report.exists():
            raise HelperFailed(f"{path}: {done.stdout.strip()[-300:]}")
        return report_row(what, report.read_text(encoding="utf-8"))


def report_row(what: str, report: str) -> ProofRow:
    """Return the row that a JUnit report amounts to."""
    root = ElementTree.fromstring(report)  # noqa: S314 - pytest wrote it a moment ago
    cases = list(root.iter("testcase"))
    failed = [c for c in cases if c.find("failure") is not None or c.find("error") is not None]
    skipped = [message for c in cases for message in _skip_reasons(c)]
    if skipped and len(skipped) == len(cases):
        return ProofRow(what, skipped=skipped[0])
    note = f"{len(cases) - len(skipped)} cases" + (f", {len(skipped)} skipped" if skipped else "")
    problems = tuple(f"{case.get('name')} failed" for case in failed)
    problems += () if cases else ("no case was found",)
    return ProofRow(what, faults=len(cases) - len(skipped), problems=problems, note=note)


def _skip_reasons(case: ElementTree.Element) -> list[str]:
    return [found.get("message") or "skipped" for found in case.iter("skipped")]

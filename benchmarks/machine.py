"""The machine and the programs that figures were measured on: without them a figure says little."""

import os
import platform
import re
import sqlite3
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.cluster import find_programs
from benchmarks.processes import HelperFailed
from benchmarks.yardstick import find_program

SYNCS = 100


def describe_machine(folder: Path | None) -> dict[str, str]:
    """Return what is known about this machine; `folder` is where the benchmark keeps its stores."""
    return {
        "CPU": f"{_cpu_model()}, {os.cpu_count()} cores",
        "Memory": f"{_memory_gigabytes():.0f} GB",
        "Disk": f"{_sync_milliseconds(folder):.2f} ms for 4 kB and fdatasync (median of {SYNCS})",
        "System": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "SQLite": sqlite3.sqlite_version,
        "PostgreSQL": _postgres_version(),
        "Postfix": _postfix_version(),
    }


def _cpu_model() -> str:
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def _memory_gigabytes() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _sync_milliseconds(folder: Path | None) -> float:
    """Return what it takes to make a page durable: with a group commit a round, this matters."""
    seconds = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(SYNCS):
            started = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds) * 1e3


def _postgres_version() -> str:
    try:
        return _said([str(find_programs() / "postgres"), "--version"]).split()[2]
    except (HelperFailed, IndexError):
        return "not installed"


def _postfix_version() -> str:
    try:
        return _said([find_program("postconf"), "-d", "-h", "mail_version"])
    except HelperFailed:
        return "not installed"


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except subprocess.TimeoutExpired:
        return "unknown"
    return done.stdout.strip() or "unknown"

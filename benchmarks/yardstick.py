"""Postfix's own programs: smtp-sink takes and forgets, smtp-source sends. The second is the
yardstick.

Every sender is measured against the same sink, which is one thread of C and often the ceiling.
"""

import os
import resource
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.processes import HelperFailed, end, run_quietly

CONNECTIONS = 20
START_SECONDS = 30.0
POSTFIX = " (it comes with postfix)"
PACKAGES = {"smtp-sink": POSTFIX, "smtp-source": POSTFIX, "postconf": POSTFIX}
SLOWEST = 200  # messages a second; a sender below that hangs


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast something sent: copies a second, and the sender's own CPU µs a copy."""

    rate: float
    cpu: float


def find_program(name: str) -> str:
    """Return where a system program is; HelperFailed when it is not installed."""
    places = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
    found = shutil.which(name, path=places)
    if found is None:
        raise HelperFailed(f"skipped: {name} is not installed{PACKAGES.get(name, '')}")
    return found


class Sink:
    """A running smtp-sink on a free port; a context manager. With `dump`, a folder, it keeps what
    it gets.
    """

    def __init__(self, *, dump: Path | None = None) -> None:
        self._dump = ["-d", f"{dump}/copy."] if dump else []
        self.port = 0

    def __enter__(self) -> Self:
        """Start it and wait until it answers."""
        self.port = free_port()
        # It refuses to run as root without being told whom to become.
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        place = [f"127.0.0.1:{self.port}", "1000"]
        self._process = subprocess.Popen(
            [find_program("smtp-sink"), *user, "-m", "1000", *self._dump, *place],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        try:
            wait_for(self.port, lambda: self._process.poll() is None)
        except BaseException:
            end(self._process)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end(self._process)


def measure_yardstick(port: int, copies: int, size: int) -> Speed:
    """Let smtp-source send that many messages of `size` bytes over 20 connections."""
    numbers = ["-s", str(CONNECTIONS), "-l", str(size), "-m", str(copies)]
    command = [find_program("smtp-source"), "-d", *numbers, f"127.0.0.1:{port}"]
    cpu, started = _children_cpu(), time.perf_counter()
    run_quietly(command, seconds=30 + copies / SLOWEST)
    return speed(copies, time.perf_counter() - started, _children_cpu() - cpu)


def speed(copies: int, seconds: float, cpu_seconds: float) -> Speed:
    """Return rate and CPU µs a copy."""
    return Speed(copies / seconds, cpu_seconds / copies * 1e6)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def free_port() -> int:
    """Return a port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int, alive: Callable[[], bool], name: str = "smtp-sink") -> None:
    """Return once somebody listens there; HelperFailed when it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and alive():
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise HelperFailed(f"{name} does not start")

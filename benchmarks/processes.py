"""Child programs of the benchmarks: started, listened to, and ended for sure.

A child answers with one JSON object on its last line. One that takes too long is killed, by its
own id; so is every child whose ``with`` block ends. Children are in groups of their own, so that a
Ctrl-C reaches the harness alone.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.table import last_json

ROOT = Path(__file__).parent.parent


class HelperFailed(Exception):
    """A child program failed, or took too long; the message says which and why."""


class Helper:
    """One Python child program, by module or file name; a context manager."""

    def __init__(self, program: str, *arguments: str | Path, seconds: float) -> None:
        """Prepare ``python -m program`` or ``python program.py``, which has `seconds` for all."""
        target = [program] if program.endswith(".py") else ["-m", program]
        self._command = [sys.executable, *target, *map(str, arguments)]
        self._name = Path(program).name
        self._seconds = seconds
        self._late = False

    def __enter__(self) -> Self:
        """Start the program, with pipes to it and from it."""
        self._complaints = tempfile.TemporaryFile(mode="w+")
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            process_group=0,
        )
        self._alarm = threading.Timer(self._seconds, self._kill_late)
        self._alarm.daemon = True
        self._alarm.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill the program if it still runs: what it had to say was heard before."""
        self._alarm.cancel()
        end(self._process)
        for pipe in (self._process.stdin, self._process.stdout, self._complaints):
            if pipe is not None:
                pipe.close()

    def hear(self) -> str:
        """Return the next line; HelperFailed when there is none."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise HelperFailed(self._why())
        return line.strip()

    def say(self, line: str) -> None:
        """Write one line to the program; HelperFailed when it is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise HelperFailed(self._why()) from error

    @property
    def alive(self) -> bool:
        """Whether the program runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """The program's process id."""
        return self._process.pid

    def cpu(self) -> float:
        """Return the CPU seconds the program has used until now."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="utf-8")
        used = stat.rpartition(")")[2].split()[11:13]  # user and system time: proc(5)
        return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")

    def output(self) -> str:
        """Wait for the end and return all that was not heard yet; HelperFailed when it failed."""
        assert self._process.stdout is not None
        output = self._process.stdout.read()
        if self._process.wait() != 0 or self._late:
            raise HelperFailed(self._why())
        return output

    def answer(self) -> dict[str, Any]:
        """Wait for the end and return the JSON of the last line; HelperFailed otherwise."""
        try:
            return last_json(self.output())
        except ValueError as error:
            raise HelperFailed(f"{self._name}: no JSON on its last line") from error

    def _kill_late(self) -> None:
        self._late = True
        self._process.kill()

    def _why(self) -> str:
        if self._late:
            return f"{self._name} took more than {self._seconds:.0f} s and was ended"
        self._complaints.seek(0)
        *_, last = ["it ended without a word", *self._complaints.read().strip().splitlines()]
        return f"{self._name}: {last.strip()}"


def ask(program: str, *arguments: str | Path, seconds: float) -> dict[str, Any]:
    """Run a child program to its end and return its answer; HelperFailed says what went wrong."""
    with Helper(program, *arguments, seconds=seconds) as helper:
        return helper.answer()


def describe_failure(error: Exception) -> str:
    """Return what a table says of an error: a helper's own words, any other with its name."""
    return str(error) if isinstance(error, HelperFailed) else f"{type(error).__name__}: {error}"


def tell(answer: dict[str, Any]) -> None:
    """Write a child's answer as its last line; the other end of `ask`."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def end(process: subprocess.Popen[Any]) -> None:
    """Kill a process, which holds nothing worth a goodbye, and wait for it."""
    if process.poll() is None:
        process.kill()
    process.wait()


def run_quietly(command: Sequence[str], *, seconds: float) -> None:
    """Run a system program that says nothing worth reading; HelperFailed when it fails or hangs."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=seconds,
            check=False,
            process_group=0,
            text=True,
        )
    except subprocess.TimeoutExpired as error:
        raise HelperFailed(f"{command[0]} took more than {seconds:.0f} s and was ended") from error
    if done.returncode != 0:
        raise HelperFailed(f"{command[0]}: {done.stderr.strip().splitlines()[-1:] or 'failed'}")

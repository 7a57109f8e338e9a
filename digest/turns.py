"""Whose turn it is to write to the embedded store: first among the threads of one process, then
among the processes.

SQLite lets whoever asks at the right instant write next, and somebody who has just committed asks
first: a sender that commits all the time keeps the pages waiting. Threads get their turn in the
order of asking; of processes, nobody who has just written comes before somebody who waits. That is
a courtesy: whoever waits too long for it asks SQLite all the same, so a process that was stopped
while it waited holds nobody up.
"""

import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

COURTESY_SECONDS = 0.1
LOOK_SECONDS = 0.0002


class Turns:
    """A lock that is handed over in the order of asking.

    A plain lock goes back to whoever just released it, and a sender that commits all the time would
    starve every other writer of its process.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = False
        self._waiting = deque[threading.Lock]()

    def __enter__(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append(gate)
        gate.acquire()  # opened by whoever hands over

    def __exit__(self, *_error: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


class Queue:
    """A turnstile for the processes that write to one store: one of them writes, one waits next in
    line, and whoever has just written comes behind it. Two empty files beside the store.
    """

    def __init__(self, store: Path) -> None:
        self._paths = [store.with_name(f"{store.name}-{name}") for name in ("next", "turn")]
        self._doors: list[int] | None = None  # descriptors of the two files

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold the turn, or none where it could not be had in time; used by one thread at once."""
        turn = self._wait()
        try:
            yield
        finally:
            if turn is not None:
                with suppress(OSError):  # closed meanwhile, and given back by that
                    fcntl.flock(turn, fcntl.LOCK_UN)

    def _wait(self) -> int | None:
        try:
            line, turn = self._doors = self._doors or self._open()
        except OSError:
            return None  # a folder that cannot be written to: SQLite will say so
        deadline = time.monotonic() + COURTESY_SECONDS
        if not _locked(line, deadline):
            return None
        try:
            return turn if _locked(turn, deadline) else None
        finally:
            fcntl.flock(line, fcntl.LOCK_UN)

    def _open(self) -> list[int]:
        return [os.open(path, os.O_RDWR | os.O_CREAT, 0o600) for path in self._paths]

    def close(self) -> None:
        """Give the files back; they stay, for others may be in line."""
        for door in self._doors or []:
            os.close(door)
        self._doors = None


def _locked(door: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS)
        else:
            return True

"""The program under proof as processes of its own: started as an operator starts it, killed,
paused, ended for sure.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).parents[2]
GOODBYE_SECONDS = 30


class Program:
    """One child process; its words go to a file. A context manager that never leaves it behind."""

    def __init__(self, words: Sequence[str], log: Path, more: Mapping[str, str] = {}) -> None:
        """Start ``python -m`` with `words`, and `more` in its environment."""
        self._log = log
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT,
                env=os.environ | more,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                process_group=0,  # a Ctrl-C reaches the harness alone
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill it if it still runs, paused or not."""
        self.kill()

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it by SIGKILL, and wait until it is gone."""
        if self.running:
            self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Stop it where it is, as a machine that is suspended does."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> int:
        """Ask it to end, and return its exit code; TimeoutExpired when it does not."""
        self._process.send_signal(signal.SIGTERM)
        return self.wait(GOODBYE_SECONDS)

    def wait(self, seconds: float) -> int:
        """Return its exit code, minus the signal that ended it; TimeoutExpired when it goes on."""
        return self._process.wait(seconds)

    def last_words(self) -> str:
        """Return the end of what it has said."""
        return self._log.read_text(errors="replace").strip()[-600:]

"""Develops pictures, each in a child process of its own that is ended when it takes too long.

One at a time: a picture may take some hundred megabytes for a second, and mail must go on. No
picture's failure is anybody else's; what kills the decoder kills the child and is bad input.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from digest.errors import BadInput, Refused
from digest.media.shapes import Cut

CHILD = "digest.media.developing_child"
PICTURE_MOST = 10_000_000  # bytes of a file that is taken in
PATIENCE_SECONDS = 60.0
WAITING_MOST = 8  # who waits keeps a thread of the web from readers


@dataclass(frozen=True, slots=True)
class Developed:
    """One file that was made: its bytes, its kind (jpg or png), and its measures in pixels."""

    data: bytes
    kind: str
    width: int
    height: int


class Darkroom:
    """Callable from any thread; whoever comes while another picture is being made waits, and is
    turned away when too many do.
    """

    def __init__(self, *, child: str = CHILD, patience: float = PATIENCE_SECONDS) -> None:
        self._child = child
        self._patience = patience
        self._places = threading.BoundedSemaphore(WAITING_MOST)
        self._free = threading.Lock()

    def develop(self, data: bytes, cut: Cut) -> tuple[Developed, Developed]:
        """Return a file from outside as the original that we keep, and its first print.

        BadInput says what is wrong with the file, Refused that the room is taken for too long.
        """
        if len(data) > PICTURE_MOST:
            raise BadInput(f"The file is larger than {PICTURE_MOST // 1_000_000} MB.")
        original, shown = self._ask(data, cut, strip=True)
        return original, shown

    def print(self, original: bytes, cut: Cut) -> Developed:
        """Return another print of an original that `develop` made."""
        (shown,) = self._ask(original, cut, strip=False)
        return shown

    def _ask(self, data: bytes, cut: Cut, *, strip: bool) -> list[Developed]:
        asked = {"x": cut.x, "y": cut.y, "shape": cut.shape.value, "strip": strip}
        with self._turn():
            answer = self._run_child(json.dumps(asked).encode() + b"\n" + data)
        return _heard(answer, 2 if strip else 1)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        busy = Refused("Other pictures are being made. Try again in a minute.")
        if not self._places.acquire(blocking=False):
            raise busy
        try:
            if not self._free.acquire(timeout=self._patience):
                raise busy
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._places.release()

    def _run_child(self, asked: bytes) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - our own module, no shell
                [sys.executable, "-P", "-m", self._child],
                input=asked,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # it would quote the file
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                timeout=self._patience,
                process_group=0,  # a Ctrl-C is for the parent
                check=True,
            )
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
            raise _broken() from error
        return done.stdout


def _heard(answer: bytes, expected: int) -> list[Developed]:
    line, _, rest = answer.partition(b"\n")
    said: dict[str, Any] = json.loads(line)
    if "error" in said:
        raise BadInput(str(said["error"]))
    files, start = [], 0
    for each in said["files"]:
        data = rest[start : start + each["size"]]
        files.append(Developed(data, each["kind"], each["wide"], each["high"]))
        start += each["size"]
    if len(files) != expected or start != len(rest):
        raise _broken()
    return files


def _broken() -> BadInput:
    return BadInput(
        "The file is broken, or asks for more than a picture needs: it cannot be shown."
    )

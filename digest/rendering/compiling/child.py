"""The compile in one persistent child process: what kills mrml kills the child and nothing else.

The parent talks to the child over a socket pair in frames of bytes. A child that dies or takes too
long is ended and the next compile starts a new one. It never compiles by itself; `mjml` does that,
inside the child.
"""

import contextlib
import os
import resource
import socket
import struct
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from digest.errors import DigestError, RenderingFailed
from digest.plugins import load_plugin

COMPILE = "digest.rendering.compiling.mjml:compile_mjml"
READY, GOOD, BAD = b"!", b"+", b"-"
START_SECONDS = 60.0  # for an interpreter and its imports, on a busy machine
MOST_MEMORY = 2 << 30  # bytes of address space; the largest document takes 80 MB


class MjmlCompiler:
    """Callable like `compile_mjml`, from any thread, one compile at a time; close it after use.

    `target` names the function the child calls, as ``package.module:function``; `timeout` is in
    seconds.
    """

    def __init__(self, *, target: str = COMPILE, timeout: float = 20.0) -> None:
        self._target = target
        self._timeout = timeout
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def __call__(self, source: str) -> str:
        """Return the HTML of an MJML document; RenderingFailed when refused, fatal or too slow."""
        with self._lock:
            if self._child is None:
                self._child = _Child(self._target, self._timeout)
            try:
                return self._child.ask(source, self._timeout)
            except _ChildGone as gone:
                self._drop_child()
                raise RenderingFailed(f"MJML: {gone}") from gone

    @property
    def pid(self) -> int | None:
        """Return the child's process id, None when none is running."""
        return self._child.process.pid if self._child else None

    def close(self) -> None:
        """End the child; harmless when there is none. A later call starts another."""
        with self._lock:
            self._drop_child()

    def _drop_child(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _ChildGone(Exception):
    """The child died or was too slow; it must be replaced."""


class _Child:
    """One child process and our end of the line to it."""

    def __init__(self, target: str, timeout: float) -> None:
        ours, theirs = socket.socketpair()
        # A stopped child must not block us half-way through a frame.
        limit = struct.pack("ll", int(timeout), int(timeout % 1 * 1e6))
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-P", "-m", __name__, str(theirs.fileno()), target],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=_environment(),
                process_group=0,  # a Ctrl-C is for the parent, who ends the child itself
            )
        self._line = Connection(ours.detach())
        self._ready = False

    def ask(self, source: str, timeout: float) -> str:
        """Return the child's answer; RenderingFailed when it refuses, _ChildGone when silent."""
        try:
            if not self._ready:
                self._ready = self._heard_within(START_SECONDS) == READY
            self._line.send_bytes(source.encode(errors="surrogatepass"))
            answer = self._heard_within(timeout)
        except (OSError, EOFError) as error:
            raise _ChildGone("the compiler's process died on this document") from error
        if answer[:1] == BAD:
            raise RenderingFailed(answer[1:].decode())
        return answer[1:].decode()

    def _heard_within(self, seconds: float) -> bytes:
        if not self._line.poll(seconds):
            raise _ChildGone(f"the compiler gave no answer within {seconds:g} s and was ended")
        return self._line.recv_bytes()

    def end(self) -> None:
        """Kill the process and wait for it: it holds nothing worth a polite goodbye."""
        self._line.close()
        self.process.kill()
        self.process.wait()


def _environment() -> dict[str, str]:
    """Return our environment, with our import path, so that the child finds the same packages."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def serve(line: Connection, target: str) -> None:
    """Answer compile requests until the other end closes; the child's whole life."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the unpublished issue
    with contextlib.suppress(ValueError, OSError):  # where the system knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    compile_source = load_plugin("digest.compilers", target)
    with line, contextlib.suppress(EOFError, ConnectionError):
        line.send_bytes(READY)
        while True:
            source = line.recv_bytes().decode(errors="surrogatepass")
            try:
                answer = GOOD + compile_source(source).encode()
            except (DigestError, ValueError) as refused:
                answer = BAD + str(refused).encode(errors="replace")
            line.send_bytes(answer)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])), sys.argv[2])

"""``digest run``: keeps the scheduler and the web process alive, each in a process of its own.

A child that ends is started again after a growing pause. On SIGTERM, SIGINT or SIGHUP both children
are asked to end and waited for: the scheduler lets copies in flight finish before it goes. When
this process is killed outright, the children notice (`end_with_supervisor`) and end as well.

Each child says, as it would to systemd, when its start is over and then that it does its work. The
supervisor says the same of the whole to systemd while no child is silent; a hung one is left to
systemd's watchdog, which ends and starts all of it.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

from digest.keys import KeyRing
from digest.keys.source import HANDED_ON, hand_on
from digest.operations.watching.notifier import SIGNS, Notifier

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
PAUSES_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0)
STEADY_SECONDS = 60.0  # a child that ran this long starts its pauses from the first again
SILENCE_SECONDS = 60.0  # a child that was heard once and then not for so long hangs
LIFELINE = "DIGEST_LIFELINE"  # the descriptor of a pipe that closes when the supervisor is gone


@dataclass(slots=True)
class Child:
    """One process we keep alive."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    ends: int = 0
    start_at: float = 0.0
    signs: socket.socket | None = None  # our end of what it says of itself
    heard: float | None = None  # when it last said that it is alive; None: not yet
    ready: bool = False  # whether its start was ever over


class Supervisor:
    """Owns the children from start to end.

    `keys` are handed to each child through a pipe of its own, with every start anew; None: the
    children find theirs in the key file. A child that is silent for longer than `silence` seconds
    hangs.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        keys: KeyRing | None = None,
        notifier: Notifier | None = None,
        silence: float = SILENCE_SECONDS,
    ) -> None:
        self._keys = keys
        self._notifier = notifier or Notifier(None)
        self._silence = silence
        self._fed = 0.0
        self._ready = False
        self._hung: list[str] = []
        self._children = [Child(name, command) for name, command in commands.items()]
        self._stop = threading.Event()
        self._lifeline, self._our_end = os.pipe()

    def run(self) -> None:
        """Keep the children alive until a signal asks to stop; returns when all of them have
        ended.
        """
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        while not self._stop.is_set():
            for child in self._children:
                self._look_after(child)
                _listen(child, time.monotonic())
            self._say_signs(time.monotonic())
            self._stop.wait(LOOK_SECONDS)
        self._notifier.stopping()
        self._end_all()
        os.close(self._our_end)
        os.close(self._lifeline)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is not None and child.process.poll() is not None:
            self._note_end(child, child.process.returncode, now)
        if child.process is None and now >= child.start_at:
            child.process = self._start(child)
            child.started = now
            log.info("started %s", child.name, extra={"fields": {"pid": child.process.pid}})

    def _say_signs(self, now: float) -> None:
        """Say once that every part has started, and then that none hangs. One that died is not
        one: it is being started again.
        """
        if not self._ready and all(child.ready for child in self._children):
            self._ready = True
            self._notifier.ready()
        hung = [child.name for child in self._children if self._hangs(child, now)]
        if hung != self._hung:
            self._hung = hung
            for name in hung:
                log.error("%s hangs", name, extra={"fields": {"silent_seconds": self._silence}})
            self._notifier.tell(f"hangs: {', '.join(hung)}" if hung else "all parts are well")
        if not hung and now - self._fed >= self._notifier.interval:
            self._fed = now
            self._notifier.alive()

    def _hangs(self, child: Child, now: float) -> bool:
        if child.process is None:
            return False
        # A start may take as long again.
        heard = child.started + self._silence if child.heard is None else child.heard
        return now - heard > self._silence

    def _start(self, child: Child) -> subprocess.Popen[bytes]:
        child.signs, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        inherited = {LIFELINE: self._lifeline, SIGNS: theirs.fileno()}
        if self._keys is not None:
            inherited[HANDED_ON] = hand_on(self._keys)
        try:
            return subprocess.Popen(  # noqa: S603 - our own program
                child.command,
                pass_fds=list(inherited.values()),
                env={**os.environ, **{name: str(fd) for name, fd in inherited.items()}},
                process_group=0,  # a Ctrl-C is for us; the children end when we ask them to
            )
        finally:
            theirs.close()
            if self._keys is not None:
                os.close(inherited[HANDED_ON])

    def _note_end(self, child: Child, status: int, now: float) -> None:
        child.ends = 1 if now - child.started > STEADY_SECONDS else child.ends + 1
        pause = PAUSES_SECONDS[min(child.ends - 1, len(PAUSES_SECONDS) - 1)]
        child.process, child.start_at = None, now + pause
        child.heard = None
        if child.signs is not None:
            child.signs.close()
        fields = {"status": status, "pause_seconds": pause}
        log.error("%s ended and is started again", child.name, extra={"fields": fields})

    def _end_all(self) -> None:
        alive = [child.process for child in self._children if child.process is not None]
        for process in alive:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in alive:
            self._wait_for(process)
        log.info("all parts have ended")

    def _wait_for(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for as long as it takes: copies in flight may need ten minutes."""
        while True:
            try:
                process.wait(self._notifier.interval)
            except subprocess.TimeoutExpired:
                self._notifier.alive()
            else:
                return


def _listen(child: Child, now: float) -> None:
    """Hear what a child has said of itself since the last time."""
    while child.signs is not None and child.process is not None:
        try:
            words = child.signs.recv(200, socket.MSG_DONTWAIT)
        except OSError:  # nothing more for now
            return
        if not words:
            return
        child.ready = child.ready or words == b"READY=1"
        if words in (b"READY=1", b"WATCHDOG=1"):
            child.heard = now


def end_with_supervisor() -> None:
    """Send this process SIGTERM when its supervisor is gone; nothing when it was started by
    hand.
    """
    number = os.environ.pop(LIFELINE, None)
    if number is not None:
        threading.Thread(target=_wait_for_the_end, args=[int(number)], daemon=True).start()


def _wait_for_the_end(lifeline: int) -> None:
    if not os.read(lifeline, 1):  # nothing is ever written: it returns when the other end closes
        os.kill(os.getpid(), signal.SIGTERM)


def own_command(config: str, *words: str) -> list[str]:
    """Return the command line that runs another part of this program on the same configuration."""
    return [sys.executable, "-m", "digest", "--config", config, *words]

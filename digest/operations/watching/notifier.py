"""Says to whoever started this process how it is, in the words of sd_notify(3): READY=1,
WATCHDOG=1, STOPPING=1.

That is systemd, by the socket named in NOTIFY_SOCKET, or our own supervisor, by a descriptor it
opened; without either nothing is said. Datagrams, never waited for: a sign that cannot be given now
is given the next time.
"""

import contextlib
import os
import socket
from collections.abc import MutableMapping

SIGNS = "DIGEST_SIGNS"  # the descriptor that a supervisor of ours reads signs from
SIGN_SECONDS = 5.0  # between two signs of life, unless systemd wants them oftener


class Notifier:
    """One end of such a socket; `interval` is how many seconds apart signs of life are wanted."""

    def __init__(self, door: socket.socket | None, interval: float = SIGN_SECONDS) -> None:
        self._door = door
        self.interval = interval

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str]) -> "Notifier":
        """Return what the environment asks for, and take it out of there, so that no child of this
        process speaks in its name.
        """
        signs = environment.pop(SIGNS, None)
        address = environment.pop("NOTIFY_SOCKET", None)
        microseconds = environment.pop("WATCHDOG_USEC", None)
        meant_for = environment.pop("WATCHDOG_PID", None)
        if signs is not None:
            return cls(socket.socket(fileno=int(signs)))
        interval = SIGN_SECONDS
        if microseconds and meant_for in (None, str(os.getpid())):
            # Half of it would do; a third forgives a late one.
            interval = min(interval, int(microseconds) / 3_000_000)
        return cls(_reach(address) if address else None, interval)

    def ready(self) -> None:
        """Say that the start is over."""
        self._say(b"READY=1")

    def alive(self) -> None:
        """Say that every part of the process does its work."""
        self._say(b"WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._say(b"STOPPING=1")

    def tell(self, text: str) -> None:
        """Say in one line how things are; `systemctl status` shows it."""
        self._say(b"STATUS=" + text.encode().replace(b"\n", b" "))

    def _say(self, words: bytes) -> None:
        if self._door is not None:
            with contextlib.suppress(OSError):  # nobody listens any more, or the queue is full
                self._door.send(words, socket.MSG_DONTWAIT)

    def close(self) -> None:
        """Close our end."""
        if self._door is not None:
            self._door.close()


def _reach(address: str) -> socket.socket | None:
    """Return a socket that speaks to a path, or to an abstract name written with an @."""
    door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        door.connect(f"\0{address[1:]}" if address.startswith("@") else address)
    except OSError:
        door.close()
        return None
    return door

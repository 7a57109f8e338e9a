"""Which of a process's loops still turn: each says so as it goes, and one that is silent for longer
than it may be hangs.
"""

from collections.abc import Callable

Pulse = Callable[[], None]


def unwatched() -> None:
    """Stand in for a pulse where nobody watches."""


class Pulses:
    """Owns when each loop was last heard; `monotonic` gives seconds that never run backwards."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._patience: dict[str, float] = {}
        self._heard: dict[str, float] = {}

    def expect(self, name: str, patience: float) -> Pulse:
        """Expect a sign of a loop at least every `patience` seconds, the first from now on; return
        what gives it.
        """
        self._patience[name] = patience

        def beat() -> None:
            self._heard[name] = self._monotonic()

        beat()
        return beat

    def silent(self) -> list[str]:
        """Return the loops that were not heard for longer than they may be, by name."""
        now = self._monotonic()
        return sorted(
            name for name, heard in self._heard.items() if now - heard > self._patience[name]
        )

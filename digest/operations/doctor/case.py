"""What a check may look at: the opened instance, the DNS, and each answer of the network once."""

import queue
import threading
from collections.abc import Callable, Hashable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from digest.app import App
from digest.errors import DigestError

if TYPE_CHECKING:
    from digest.operations.doctor.dns.resolver import Dns

T = TypeVar("T")
R = TypeVar("R")

STEP_SECONDS = 10.0  # for one conversation with one server


class Case:
    """One instance as the doctor sees it. Safe to use from several threads."""

    def __init__(self, app: App, *, resolvers: Iterable[str] = ()) -> None:
        """Look at `app`; `resolvers` (``address`` or ``address:port``) stand for the configured
        ones.
        """
        self.app = app
        self._resolvers = [*resolvers] or app.config.doctor.resolvers
        self._lock = threading.Lock()
        self._answers: dict[Hashable, _Once] = {}

    @cached_property
    def dns(self) -> "Dns":
        """The way to the DNS; nothing is asked before somebody does."""
        from digest.operations.doctor.dns.resolver import Dns

        return Dns(self._resolvers)

    def once(self, key: Hashable, ask: Callable[[], T]) -> T:
        """Return what `ask` returned, or raise what it raised, for the first who came with `key`;
        others wait for that.
        """
        with self._lock:
            answer = self._answers.setdefault(key, _Once())
        found: T = answer.get(ask)
        return found


class _Once:
    """One answer that several may want."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[Any, DigestError | None] | None = None

    def get(self, ask: Callable[[], Any]) -> Any:
        with self._lock:
            if self._known is None:
                try:
                    self._known = (ask(), None)
                except DigestError as error:
                    self._known = (None, error)
        value, failure = self._known
        if failure is not None:
            raise failure
        return value


def side_by_side(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Return what `work` returns for each item, in their order; all are under way at once, for they
    wait for the network. Raises what the first that failed raised.
    """
    wanted = list(items)
    answers: queue.SimpleQueue[tuple[int, Any, BaseException | None]] = queue.SimpleQueue()

    def do(number: int, item: T) -> None:
        try:
            answers.put((number, work(item), None))
        except BaseException as error:  # carried over to the thread that asked
            answers.put((number, None, error))

    for number, item in enumerate(wanted):
        # As daemons, so that nobody waits for a slow server after an interrupt.
        threading.Thread(target=do, args=(number, item), daemon=True).start()
    found: dict[int, R] = {}
    while len(found) < len(wanted):
        number, value, error = answers.get()
        if error is not None:
            raise error
        found[number] = value
    return [found[number] for number in range(len(wanted))]

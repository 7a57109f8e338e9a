"""Backend ``memory``: keeps accepted copies in a list and misbehaves as told; for tests and
rehearsals.

Deterministic: without a script every copy is accepted. It lives in one process and forgets
everything with it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from digest.config import Strict
from digest.delivery.backends.base import Ahead, Envelope
from digest.delivery.outcome import Accepted, Deferred, Outcome, Rejected
from digest.errors import BackendDown

Which = str | Callable[[Envelope], bool]


class MemoryOptions(Strict):
    """Nothing to set."""


@dataclass(slots=True)
class _Cue:
    which: Which
    then: Outcome | BaseException
    at: Literal["stage", "release"]
    times: int | None
    arrives: bool

    def fits(self, envelope: Envelope, at: str) -> bool:
        if self.times == 0 or self.at != at:
            return False
        return self.which(envelope) if callable(self.which) else self.which == envelope.reference

    def use(self) -> None:
        if self.times is not None:
            self.times -= 1


class MemoryBackend:
    """The ledger's test double.

    `accepted` holds (envelope, message) in the order of release; `staged` counts successful stages;
    `opened` counts channels. A non-empty `down` makes `open` raise BackendDown with that text.
    """

    Options: ClassVar[type[MemoryOptions]] = MemoryOptions
    idempotent: ClassVar[bool] = False

    def __init__(self, options: MemoryOptions | None = None) -> None:
        """Start empty and willing."""
        self.options = options or MemoryOptions()
        self.accepted: list[tuple[Envelope, bytes]] = []
        self.staged = 0
        self.opened = 0
        self.down = ""
        self._cues: list[_Cue] = []

    def script(
        self,
        which: Which,
        then: Outcome | BaseException,
        *,
        at: Literal["stage", "release"] = "release",
        times: int | None = 1,
        arrives: bool = False,
    ) -> None:
        """Say what becomes of the next `times` copies (None: all) whose reference or envelope fits
        `which`.

        An outcome is returned, an exception raised. An Accepted always arrives in `accepted`; any
        other answer at release only when `arrives` is true, which is how an Uncertain copy that did
        get through is played. Cues are tried in the order they were given. Raises ValueError for an
        answer `stage` may not give.
        """
        if at == "stage" and not isinstance(then, Deferred | Rejected | BaseException):
            raise ValueError("stage refuses, raises or says nothing; it cannot accept")
        self._cues.append(_Cue(which, then, at, times, arrives))

    async def open(self) -> "MemoryChannel":
        """Return a channel; BackendDown while `down` says so."""
        if self.down:
            raise BackendDown(self.down)
        self.opened += 1
        return MemoryChannel(self)

    async def close(self) -> None:
        """Do nothing: what was accepted stays readable."""

    def _cue(self, envelope: Envelope, at: Literal["stage", "release"]) -> _Cue | None:
        cue = next((cue for cue in self._cues if cue.fits(envelope, at)), None)
        if cue is not None:
            cue.use()
        return cue


class MemoryChannel:
    """A channel of a MemoryBackend; an exception played at it makes it unusable, like a broken
    connection.
    """

    def __init__(self, backend: MemoryBackend) -> None:
        """Serve `backend`."""
        self._backend = backend
        self._staged: tuple[Envelope, bytes] | None = None
        self._open = True

    @property
    def usable(self) -> bool:
        """Whether another copy may be staged here."""
        return self._open and self._staged is None

    async def stage(self, envelope: Envelope, message: bytes) -> Deferred | Rejected | None:
        """Hold the copy, or answer as scripted."""
        if not self.usable:
            raise BackendDown("memory: the channel is spent")
        cue = self._backend._cue(envelope, "stage")
        if cue is not None:
            answer = self._answer(cue)
            if isinstance(answer, Deferred | Rejected):
                return answer
        self._staged = (envelope, message)
        self._backend.staged += 1
        return None

    async def release(self, ahead: Ahead | None = None) -> Outcome:
        """Accept the copy, or answer as scripted. Raises RuntimeError when nothing is staged."""
        if self._staged is None:
            raise RuntimeError("release without a staged copy")
        copy, self._staged = self._staged, None
        cue = self._backend._cue(copy[0], "release")
        if cue is None or cue.arrives or isinstance(cue.then, Accepted):
            self._backend.accepted.append(copy)
        if cue is None:
            return Accepted(250, "kept", str(len(self._backend.accepted)))
        return self._answer(cue)

    async def discard(self) -> None:
        """Forget the staged copy."""
        self._staged = None

    async def close(self) -> None:
        """Forget the staged copy and serve no more."""
        self._staged = None
        self._open = False

    def _answer(self, cue: _Cue) -> Outcome:
        if isinstance(cue.then, BaseException):
            self._open = False
            raise cue.then
        return cue.then

"""Backend ``console``: one line a copy on standard output or error, and nothing leaves the machine.

The line shows subject, size and a redacted recipient; it is for people trying things out, not a
record.
"""

import re
import sys
from email import policy
from email.parser import BytesHeaderParser
from typing import ClassVar, Literal

from digest.config import Strict
from digest.delivery.backends.base import Ahead, Envelope
from digest.delivery.outcome import Accepted, Deferred, Outcome, Rejected
from digest.errors import BackendDown

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class ConsoleOptions(Strict):
    """Where the lines go."""

    stream: Literal["stdout", "stderr"] = "stdout"


class ConsoleBackend:
    """Prints instead of sending."""

    Options: ClassVar[type[ConsoleOptions]] = ConsoleOptions
    idempotent: ClassVar[bool] = False

    def __init__(self, options: ConsoleOptions) -> None:
        """Remember which stream; it is looked up at each line, so a redirected one is respected."""
        self._options = options

    async def open(self) -> "ConsoleChannel":
        """Return a channel."""
        return ConsoleChannel(self._options.stream)

    async def close(self) -> None:
        """Do nothing."""


class ConsoleChannel:
    """Prints each copy when it is released."""

    def __init__(self, stream: Literal["stdout", "stderr"]) -> None:
        """Print to that stream."""
        self._stream = stream
        self._staged: tuple[Envelope, bytes] | None = None
        self._open = True

    @property
    def usable(self) -> bool:
        """Whether another copy may be staged here."""
        return self._open and self._staged is None

    async def stage(self, envelope: Envelope, message: bytes) -> Deferred | Rejected | None:
        """Hold the copy."""
        if not self.usable:
            raise BackendDown("console: the channel is spent")
        self._staged = (envelope, message)
        return None

    async def release(self, ahead: Ahead | None = None) -> Outcome:
        """Print the copy's line. Raises RuntimeError when nothing is staged."""
        if self._staged is None:
            raise RuntimeError("release without a staged copy")
        (envelope, message), self._staged = self._staged, None
        stream = sys.stdout if self._stream == "stdout" else sys.stderr
        try:
            stream.write(summary(envelope, message) + "\n")
            stream.flush()
        except (OSError, ValueError) as error:
            self._open = False
            return Deferred(0, f"console: {error}")
        return Accepted(250, "printed")

    async def discard(self) -> None:
        """Forget the staged copy."""
        self._staged = None

    async def close(self) -> None:
        """Forget the staged copy and serve no more."""
        self._staged = None
        self._open = False


def summary(envelope: Envelope, message: bytes) -> str:
    """Return one line: ``[7] r…@example.org  “This week”  61,234 bytes``."""
    subject = (
        BytesHeaderParser(policy=policy.default).parsebytes(message)["Subject"] or "(no subject)"
    )
    local, _, domain = envelope.rcpt_to.rpartition("@")
    line = f"[{envelope.reference}] {local[:1]}…@{domain}  “{subject}”  {len(message):,} bytes"
    return _CONTROL.sub(" ", line)

"""The contract of a delivery backend; docs/adding-a-backend.md walks through one.

A *backend* opens *channels*; a channel carries one copy at a time in two steps. `stage` does
everything that can be undone: connect, envelope, the whole body except the final dot. `release`
does what cannot: it writes the dot (or sends the HTTP request, or renames the file) and reports the
outcome. Between the two the ledger commits ``dotted``, so a crash at any instant leaves a row that
says whether the copy may have gone. `digest.testing.BackendContract` runs every backend through the
same claims.
"""

from typing import ClassVar, NamedTuple, Protocol

from pydantic import BaseModel

from digest.delivery.outcome import Accepted, Deferred, Outcome, Rejected, Uncertain


class Envelope(NamedTuple):
    """The SMTP envelope of one copy: one sender, exactly one recipient.

    `reference` names the copy in logs and errors (a delivery id); it never holds an address.
    `wire_ready`: the message's maker vouches for its bytes: CRLF lines, none led by a dot, 7-bit
    but for an address in its To that is this `rcpt_to`. The copy press makes such ones by
    construction; looking through 60 kB again for each copy costs as much as making it. A backend
    may skip that look, and only that.
    """

    mail_from: str
    rcpt_to: str
    reference: str = ""
    wire_ready: bool = False


class Ahead(NamedTuple):
    """The next copy's envelope and the size of its message in bytes, known before its turn."""

    envelope: Envelope
    size: int


class Channel(Protocol):
    """One connection's worth of work: strictly stage, then release or discard, then again."""

    async def stage(self, envelope: Envelope, message: bytes) -> Deferred | Rejected | None:
        """Hand over all but the dot. None: staged. An outcome: refused, and nothing is staged.

        `message` is RFC 5322 bytes with CRLF line ends, ending in one. Raises BackendDown when the
        channel cannot be used any more; nothing was accepted then.
        """

    async def release(self, ahead: Ahead | None = None) -> Outcome:
        """Write the dot of the staged copy and return what became of it; never raises for a broken
        wire.

        `ahead` tells what will be staged next, for a backend that saves a round trip by it; the
        next `stage` must then be for this very envelope, or the channel be discarded. Uncertain
        when the dot may have been read and no reply was understood. The channel may need replacing
        afterwards: see `usable`.
        """

    async def discard(self) -> None:
        """Take back the staged copy, or the one told ahead: it is never delivered. Closes the
        channel where there is no other way.
        """

    async def close(self) -> None:
        """End politely; harmless when already closed."""

    @property
    def usable(self) -> bool:
        """Whether another copy may be staged here."""


class Backend(Protocol):
    """One configured way out. Constructed with its checked options; opens nothing until asked."""

    Options: ClassVar[type[BaseModel]]
    # True only where a repeated hand-over under the same Message-ID provably yields one copy.
    idempotent: ClassVar[bool]

    async def open(self) -> Channel:
        """Return a channel ready to stage; BackendDown when there is none to be had now."""

    async def close(self) -> None:
        """Release what the backend itself holds."""


__all__ = [
    "Accepted",
    "Ahead",
    "Backend",
    "Channel",
    "Deferred",
    "Envelope",
    "Outcome",
    "Rejected",
    "Uncertain",
]

"""Backend ``maildir``: each copy becomes a file in a Maildir, as a mail server on this machine
would file it.

Durability: `stage` writes the whole message into ``tmp/`` and fsyncs the file; `release` renames it
into ``new/`` and fsyncs that folder, and only then says Accepted. The rename is the dot. A crash
before it leaves a file in ``tmp/`` that no mail reader looks at and that Maildir readers sweep
after 36 hours.

The message keeps its bytes and its CRLF line ends; two trace headers go in front, as a delivering
server adds them: Return-Path (RFC 5321 section 4.4) and Delivered-To.
"""

import asyncio
import itertools
import os
import socket
from pathlib import Path
from typing import ClassVar

from digest.clock import Clock, SystemClock
from digest.config import Strict
from digest.delivery.backends.base import Ahead, Envelope
from digest.delivery.outcome import Accepted, Deferred, Outcome, Rejected, Uncertain
from digest.delivery.smtp.envelopes import path as address_path
from digest.errors import BackendDown

_count = itertools.count(1)


class MaildirOptions(Strict):
    """The Maildir; made where there is none."""

    folder: Path


class MaildirBackend:
    """Files copies in one Maildir; any number of channels and processes may do so at once."""

    Options: ClassVar[type[MaildirOptions]] = MaildirOptions
    idempotent: ClassVar[bool] = False

    def __init__(self, options: MaildirOptions, clock: Clock | None = None) -> None:
        """File into `options.folder`; `clock` dates the file names."""
        self._folder = options.folder
        self._clock = clock or SystemClock()

    async def open(self) -> "MaildirChannel":
        """Return a channel, the Maildir's folders made; BackendDown when they cannot be."""
        try:
            for part in ("tmp", "new", "cur"):
                (self._folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BackendDown(f"{self._folder}: not a usable Maildir: {error.strerror}") from error
        return MaildirChannel(self._folder, self._clock)

    async def close(self) -> None:
        """Do nothing."""


class MaildirChannel:
    """Files one copy at a time; the disk is waited for in a thread, never on the loop."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """File into `folder`, which is a Maildir."""
        self._folder = folder
        self._clock = clock
        self._staged: Path | None = None
        self._open = True

    @property
    def usable(self) -> bool:
        """Whether another copy may be staged here."""
        return self._open and self._staged is None

    async def stage(self, envelope: Envelope, message: bytes) -> Deferred | Rejected | None:
        """Write the copy to ``tmp/``, durably. Raises BackendDown when the disk refuses, with
        nothing left behind.
        """
        if not self.usable:
            raise BackendDown(f"{self._folder}: the channel is spent")
        trace = _trace(envelope)
        if trace is None:
            return Rejected(553, "not an e-mail address", reason="address")
        file = self._folder / "tmp" / _unique_name(self._clock)
        self._staged = file
        try:
            await asyncio.to_thread(_write_durably, file, trace + message)
        except OSError as error:
            await self.close()
            raise BackendDown(f"{self._folder}: cannot be written: {error.strerror}") from error
        return None

    async def release(self, ahead: Ahead | None = None) -> Outcome:
        """Rename the copy into ``new/``, durably. Raises RuntimeError when nothing is staged."""
        if self._staged is None:
            raise RuntimeError("release without a staged copy")
        file, self._staged = self._staged, None
        try:
            await asyncio.to_thread(file.rename, self._folder / "new" / file.name)
        except OSError as error:
            self._open = False
            return Deferred(0, f"maildir: {error.strerror}")
        try:
            await asyncio.to_thread(_sync_folder, self._folder / "new")
        except OSError as error:
            self._open = False
            return Uncertain(f"maildir: filed, but perhaps not durably: {error.strerror}")
        return Accepted(250, "filed", file.name)

    async def discard(self) -> None:
        """Remove the staged file."""
        if self._staged is not None:
            file, self._staged = self._staged, None
            file.unlink(missing_ok=True)

    async def close(self) -> None:
        """Remove a staged file and serve no more."""
        self._open = False
        await self.discard()


def _trace(envelope: Envelope) -> bytes | None:
    """Return the trace headers, or None where the recipient is no address; ValueError where the
    sender is none.
    """
    sender = address_path(envelope.mail_from) if envelope.mail_from else ""
    recipient = address_path(envelope.rcpt_to)
    if sender is None:
        raise ValueError(f"copy {envelope.reference}: the envelope sender is not an e-mail address")
    if recipient is None:
        return None
    return f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n".encode()


def _unique_name(clock: Clock) -> str:
    """Return a file name no other delivery has: seconds, microseconds, process, count, host (as
    mailbox.Maildir).
    """
    now = clock.now()
    host = socket.gethostname().replace("/", r"\057").replace(":", r"\072")
    return f"{int(now.timestamp())}.M{now.microsecond}P{os.getpid()}Q{next(_count)}.{host}"


def _write_durably(file: Path, content: bytes) -> None:
    with file.open("xb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""The demo's mail server: takes every message for anyone into a Maildir and passes nothing on.

Listens on loopback only. The envelope is written in front of each message as Return-Path,
Delivered-To and X-RcptTo, so that a viewer can show who it was really for. Nothing is flushed to
disk: this is a stage prop.
"""

import asyncio
import os
import socket
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from digest.clock import Clock, SystemClock

MOST_BYTES = 8_000_000


class CatchAllServer:
    """A context manager: mail is taken inside, and the port is closed afterwards."""

    def __init__(self, maildir: Path, port: int = 0, *, clock: Clock | None = None) -> None:
        """Listen on 127.0.0.1 (port 0: a free one) and store into `maildir`, made if missing."""
        self._maildir = maildir
        for name in ("tmp", "new", "cur"):
            (maildir / name).mkdir(parents=True, exist_ok=True)
        listening = socket.create_server(("127.0.0.1", port), backlog=512)
        self.host, self.port = listening.getsockname()
        keeper = _Keeper(maildir, clock or SystemClock())
        self._controller = _Listener(keeper, listening)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._controller.stop()

    def count(self) -> int:
        """Return how many messages lie in the Maildir, those of earlier runs included."""
        return sum(len(os.listdir(self._maildir / name)) for name in ("new", "cur"))


class _Listener(Controller):
    """aiosmtpd's thread, on a socket that is bound already: it cannot itself start on port 0."""

    def __init__(self, keeper: "_Keeper", listening: socket.socket) -> None:
        host, port = listening.getsockname()
        super().__init__(keeper, hostname=host, port=port, data_size_limit=MOST_BYTES)
        self._listening = listening

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listening)


class _Keeper:
    """aiosmtpd's handler: greets, and writes each message into the Maildir."""

    # One count for the whole process: two servers in one second must not name two mails the same.
    _serial = count(1)

    def __init__(self, maildir: Path, clock: Clock) -> None:
        self._maildir = maildir
        self._clock = clock

    async def handle_EHLO(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Offer PIPELINING (RFC 2920).

        aiosmtpd answers commands that arrive together one by one and in order, but never says so.
        """
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Store one message and answer with its queue id; 452 when the disk will not take it."""
        content = envelope.original_content or b""
        queue_id = f"{os.getpid():X}{next(self._serial):06X}"
        head = _envelope_headers(
            envelope.mail_from or "", [str(rcpt) for rcpt in envelope.rcpt_tos]
        )
        try:
            await asyncio.to_thread(self._keep, queue_id, head + content)
        except OSError:
            return "452 4.3.1 Insufficient storage"
        return f"250 2.0.0 Ok: queued as {queue_id}"

    def _keep(self, queue_id: str, data: bytes) -> None:
        name = f"{int(self._clock.now().timestamp())}.{queue_id}.catch-all"
        (self._maildir / "tmp" / name).write_bytes(data)
        os.rename(self._maildir / "tmp" / name, self._maildir / "new" / name)


def _envelope_headers(sender: str, recipients: list[str]) -> bytes:
    lines = [f"Return-Path: <{sender}>", *(f"Delivered-To: {one}" for one in recipients)]
    lines.append(f"X-RcptTo: {', '.join(recipients)}")
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")

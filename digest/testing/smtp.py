"""A working SMTP server on loopback for tests: aiosmtpd in a thread of its own, keeping what it
accepts.
"""

import asyncio
import hmac
import ssl
import threading
from dataclasses import dataclass
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


@dataclass(frozen=True, slots=True)
class Received:
    """One message a MailServer accepted."""

    mail_from: str
    rcpt_to: list[str]
    content: bytes
    peer_name: str


class MailServer:
    """A real SMTP server on 127.0.0.1 that keeps what it accepts; a context manager.

    `tls` gives it a certificate: offered by STARTTLS (and then required), or spoken from the first
    byte with `implicit`. `credentials` makes AUTH mandatory.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        credentials: tuple[str, str] | None = None,
        pipelining: bool = False,
        smtputf8: bool = False,
        port: int = 0,
    ) -> None:
        """Set up; nothing listens before ``with``. Any free port is taken unless one is given."""
        self.received: list[Received] = []
        self.port = port
        self._tls, self._implicit = tls, implicit
        self._credentials = credentials
        self._pipelining = pipelining
        self._smtputf8 = smtputf8
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail server")

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_error: object) -> None:
        """Hang up on everybody and stop."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def contents(self) -> list[bytes]:
        """Return the messages accepted so far, oldest first."""
        return [received.content for received in self.received]

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(
            self._protocol, "127.0.0.1", self.port, ssl=self._tls if self._implicit else None
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _hang_up(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _protocol(self) -> asyncio.BaseProtocol:
        starttls = self._tls is not None and not self._implicit
        protocol: asyncio.BaseProtocol = SMTP(
            self,
            hostname="mail.test",
            loop=self._loop,
            enable_SMTPUTF8=self._smtputf8,
            tls_context=self._tls if starttls else None,
            require_starttls=starttls,
            # aiosmtpd takes only STARTTLS for TLS, and warns of `auth_required` without it.
            auth_require_tls=starttls,
            authenticator=self._authenticate,
        )
        return protocol

    def _authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _how: str, data: Any
    ) -> Any:
        if self._credentials is None or not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        wanted = (credential.encode() for credential in self._credentials)
        good = all(map(hmac.compare_digest, (data.login, data.password), wanted))
        return AuthResult(success=good, handled=good)

    async def handle_EHLO(
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer PIPELINING too where asked for: aiosmtpd copes with it and does not say so."""
        session.host_name = hostname
        return [responses[0], *(["250-PIPELINING"] if self._pipelining else []), *responses[1:]]

    async def handle_MAIL(
        self, _server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Take nothing from strangers where there are credentials."""
        if self._credentials is not None and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:
        """Keep the message."""
        self.received.append(
            Received(envelope.mail_from, envelope.rcpt_tos, envelope.content, session.host_name)
        )
        return f"250 2.0.0 Ok: queued as {len(self.received):04X}"

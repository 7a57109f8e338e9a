"""Backend ``smtp``: a relay reached over SMTP, verified TLS by default, one recipient a message.

What it owns is the set-up that all its channels share; the conversation is in digest/delivery/smtp.
"""

from typing import ClassVar

from digest.delivery.smtp.channel import SmtpChannel
from digest.delivery.smtp.connect import connect, tls_context
from digest.delivery.smtp.options import SmtpOptions
from digest.delivery.smtp.survey import Survey, survey


class SmtpBackend:
    """Opens phased SMTP channels to one relay."""

    Options: ClassVar[type[SmtpOptions]] = SmtpOptions
    # SMTP has no idempotency key; a relay that drops doubles by Message-ID does not say so.
    idempotent: ClassVar[bool] = False

    def __init__(self, options: SmtpOptions) -> None:
        """Read certificates, password and token now, so that a wrong file is a ConfigError at start
        and not on Friday; a token is read again at each connection.
        """
        self._options = options
        self._context = tls_context(options)
        self._password = options.read_password()
        if options.auth == "xoauth2":
            options.read_token()

    async def open(self) -> SmtpChannel:
        """Return a connected, authenticated channel; BackendDown names relay and reason."""
        wire, offered = await connect(self._options, self._context, self._password)
        return SmtpChannel(
            wire,
            offered,
            timeouts=self._options.timeouts,
            messages=self._options.messages_per_connection,
        )

    async def survey(self) -> Survey:
        """Connect, secure, greet and log in without mailing anything; return what the relay said of
        itself. BackendDown names relay and reason.
        """
        return await survey(self._options, self._context, self._password)

    async def close(self) -> None:
        """Do nothing: channels hold the connections and are closed by who opened them."""

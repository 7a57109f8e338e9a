"""Opens an SMTP connection: aiosmtplib connects, secures and authenticates, then the socket is
ours.

Certificates are verified and STARTTLS, once configured, is mandatory: a relay that does not offer
it is refused. The takeover needs no second thread or loop; host names are looked up by the loop as
for any connection.
"""

import asyncio
import socket
import ssl
from typing import cast

import aiosmtplib
from pydantic import SecretStr

from digest.delivery.outcome import short_reply
from digest.delivery.smtp.envelopes import Extensions
from digest.delivery.smtp.options import SmtpOptions
from digest.delivery.smtp.wire import Wire
from digest.errors import BackendDown, ConfigError


def tls_context(options: SmtpOptions) -> ssl.SSLContext | None:
    """Return how to verify the relay, or None for plaintext; ConfigError when `ca_file` cannot be
    used.
    """
    if options.security == "none":
        return None
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.ca_file is not None:
        try:
            context.load_verify_locations(cafile=options.ca_file)
        except OSError as error:  # ssl.SSLError is one too
            raise ConfigError(
                f"{options.ca_file}: not a usable certificate file: {error}"
            ) from error
    return context


async def connect(
    options: SmtpOptions, context: ssl.SSLContext | None, password: SecretStr | None
) -> tuple[Wire, Extensions]:
    """Return a connection on which MAIL may be said, and what the server offered on it.

    Raises BackendDown, naming relay and reason, for anything that goes wrong on the way.
    """
    smtp = client_for(options, context)
    try:
        await smtp.connect(timeout=options.timeouts.connect)
        if smtp.is_ehlo_or_helo_needed:
            await introduce(smtp)
        if options.username is not None:
            await authenticate(smtp, options, options.username, password)
        return _take_over(smtp, options)
    except (aiosmtplib.SMTPException, ConfigError, OSError, ValueError) as error:
        drop(smtp)
        code = error.code if isinstance(error, aiosmtplib.SMTPResponseException) else 0
        raise BackendDown(f"{options.name}: {in_words(error)}", code=code) from error
    except BaseException:
        drop(smtp)
        raise


def client_for(options: SmtpOptions, context: ssl.SSLContext | None) -> aiosmtplib.SMTP:
    """Return a client that connects as the options say, once it is told to."""
    # Without a name of our own aiosmtplib would ask the resolver for one, in a thread, at every
    # connection.
    return aiosmtplib.SMTP(
        hostname=options.host,
        port=options.port,
        local_hostname=options.helo_name or socket.gethostname() or "localhost",
        timeout=options.timeouts.reply,
        use_tls=options.security == "tls",
        start_tls=options.security == "starttls",
        tls_context=context,
    )


async def introduce(smtp: aiosmtplib.SMTP) -> None:
    """Say EHLO, or HELO to a server that knows no better (RFC 5321 section 3.2)."""
    try:
        await smtp.ehlo()
    except aiosmtplib.SMTPHeloError as error:
        if error.code < 500 or not smtp.is_connected:
            raise
        await smtp.helo()


async def authenticate(
    smtp: aiosmtplib.SMTP, options: SmtpOptions, username: str, password: SecretStr | None
) -> None:
    """Log in as the options say; nothing secret is said to a relay that does not offer the way."""
    if options.auth == "auto":
        # It takes what the relay offers in the order CRAM-MD5, PLAIN, LOGIN.
        await smtp.login(username, _revealed(password))
        return
    if options.auth not in smtp.server_auth_methods:
        raise BackendDown(f"{options.name}: it does not offer AUTH {options.auth.upper()}")
    if options.auth == "plain":
        await smtp.auth_plain(username, _revealed(password))
    elif options.auth == "login":
        await smtp.auth_login(username, _revealed(password))
    else:
        # Read now and not at start: a token outlives no afternoon, and something else renews it.
        await smtp.auth_xoauth2(username, _revealed(options.read_token()))


def _revealed(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def _take_over(smtp: aiosmtplib.SMTP, options: SmtpOptions) -> tuple[Wire, Extensions]:
    """Put our protocol on aiosmtplib's transport, which is the TLS one where there is TLS."""
    if smtp.transport is None or smtp.transport.is_closing():
        raise BackendDown(f"{options.name}: it closed the connection after its greeting")
    offered = Extensions.from_ehlo(smtp.esmtp_extensions, dsn=options.dsn)
    return Wire(cast(asyncio.Transport, smtp.transport), options.name), offered


def drop(smtp: aiosmtplib.SMTP) -> None:
    """Close at once: aiosmtplib's own close waits for the other side to end TLS."""
    if smtp.transport is not None:
        cast(asyncio.Transport, smtp.transport).abort()
    smtp.close()


def in_words(error: Exception) -> str:
    """Return why a conversation ended, without anybody's address."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return short_reply(f"{error.code} {error.message}")
    return short_reply(str(error)) or type(error).__name__

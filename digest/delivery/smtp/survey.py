"""What a relay says of itself: one conversation up to the log-in, and no mail."""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import aiosmtplib
from pydantic import SecretStr

from digest.delivery.smtp.connect import authenticate, client_for, drop, in_words, introduce
from digest.delivery.smtp.envelopes import Extensions
from digest.delivery.smtp.options import SmtpOptions
from digest.errors import BackendDown, ConfigError


@dataclass(frozen=True, slots=True)
class Survey:
    """A relay that let us in. `calls_itself` is the name in its answer to EHLO, `limits` what RFC
    9422 lets it state; `tls` and `certificate_ends` are empty in clear.
    """

    relay: str
    calls_itself: str
    offered: Extensions
    keywords: tuple[str, ...]
    limits: dict[str, int]
    ways_in: tuple[str, ...]
    logged_in: bool
    tls: str
    certificate_ends: datetime | None


async def survey(
    options: SmtpOptions, context: ssl.SSLContext | None, password: SecretStr | None
) -> Survey:
    """Connect, secure, greet and log in as for a copy, then say QUIT; return what the relay said.

    Raises BackendDown, naming relay and reason, for anything that goes wrong on the way.
    """
    smtp = client_for(options, context)
    transport: asyncio.BaseTransport | None = None
    try:
        await smtp.connect(timeout=options.timeouts.connect)
        transport = smtp.transport
        if smtp.is_ehlo_or_helo_needed:
            await introduce(smtp)
        if options.username is not None:
            await authenticate(smtp, options, options.username, password)
        found = _read(smtp, options)
        await smtp.quit(timeout=options.timeouts.quit)
    except (aiosmtplib.SMTPException, ConfigError, OSError, ValueError) as error:
        code = error.code if isinstance(error, aiosmtplib.SMTPResponseException) else 0
        raise BackendDown(f"{options.name}: {in_words(error)}", code=code) from error
    finally:
        transport = smtp.transport or transport
        drop(smtp)
        if transport is not None:
            cast(asyncio.Transport, transport).abort()
        await asyncio.sleep(0)  # the loop may end behind us, and has to let go of the socket first
    return found


def _read(smtp: aiosmtplib.SMTP, options: SmtpOptions) -> Survey:
    offered = smtp.esmtp_extensions
    greeted = smtp.last_ehlo_response.message if smtp.last_ehlo_response else ""
    secured = smtp.transport.get_extra_info("ssl_object") if smtp.transport else None
    certificate = secured.getpeercert() if secured else None
    ends = ssl.cert_time_to_seconds(certificate["notAfter"]) if certificate else None
    return Survey(
        relay=options.name,
        calls_itself=(greeted.split() or [""])[0].lower(),
        offered=Extensions.from_ehlo(offered),
        keywords=tuple(sorted(name.upper() for name in offered)),
        limits=_limits(offered.get("limits", "")),
        ways_in=tuple(way.upper() for way in smtp.server_auth_methods),
        logged_in=options.username is not None,
        tls=secured.version() or "" if secured else "",
        certificate_ends=datetime.fromtimestamp(ends, UTC) if ends is not None else None,
    )


def _limits(text: str) -> dict[str, int]:
    """Return the limits of ``MAILMAX=20 RCPTMAX=100``."""
    pairs = (word.partition("=") for word in text.upper().split())
    return {name: int(value) for name, _, value in pairs if value.isdecimal()}

"""The way in: TLS verified, STARTTLS mandatory, AUTH never in clear; then the socket is ours."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from digest.config import check
from digest.delivery.backends.base import Envelope
from digest.delivery.backends.smtp import SmtpBackend
from digest.delivery.outcome import Accepted, Outcome
from digest.delivery.smtp.options import SmtpOptions
from digest.errors import BackendDown, ConfigError
from digest.testing import LoopbackCertificate, MailServer

ENVELOPE = Envelope("b+1@news.example", "reader@readers.example", "1")
MESSAGE = b"Subject: x\r\n\r\nbody\r\n"
# Larger than every buffer on the way, TLS records included.
LARGE = b"Subject: x\r\n\r\n" + (b"0123456789" * 90 + b"\r\n") * 8_000


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> LoopbackCertificate:
    return LoopbackCertificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(params=["none", "starttls", "tls"])
def secured(
    request: pytest.FixtureRequest, certificate: LoopbackCertificate
) -> Iterator[tuple[MailServer, dict[str, Any]]]:
    """A server, and the options that reach it, for each kind of security."""
    security = request.param
    tls = None if security == "none" else certificate.server
    with MailServer(tls=tls, implicit=security == "tls", pipelining=True) as server:
        options = {"host": "127.0.0.1", "port": server.port, "security": security}
        yield server, options if tls is None else {**options, "ca_file": certificate.file}


async def copies(options: dict[str, Any], *messages: bytes) -> list[Outcome | None]:
    """Send messages over one channel."""
    channel = await SmtpBackend(SmtpOptions(**options)).open()
    try:
        return [
            await channel.stage(ENVELOPE, message) or await channel.release()
            for message in messages
        ]
    finally:
        await channel.close()


def test_takeover_works_over_every_kind_of_security(
    secured: tuple[MailServer, dict[str, Any]],
) -> None:
    server, options = secured

    outcomes = asyncio.run(copies(options, MESSAGE, LARGE, MESSAGE))

    assert [type(outcome) for outcome in outcomes] == [Accepted] * 3
    assert server.contents() == [MESSAGE, LARGE, MESSAGE]


def test_dot_is_withheld_over_every_kind_of_security(
    secured: tuple[MailServer, dict[str, Any]],
) -> None:
    server, options = secured

    async def scenario() -> None:
        channel = await SmtpBackend(SmtpOptions(**options)).open()
        assert await channel.stage(ENVELOPE, LARGE) is None
        await asyncio.sleep(0.1)
        assert server.received == []
        await channel.discard()
        assert not channel.usable
        await channel.close()

    asyncio.run(scenario())

    assert server.received == []


def test_takeover_needs_no_thread_of_its_own(secured: tuple[MailServer, dict[str, Any]]) -> None:
    _, options = secured
    before = set(threading.enumerate())
    seen: set[threading.Thread] = set()

    async def scenario() -> None:
        await copies(options, MESSAGE)
        seen.update(threading.enumerate())

    asyncio.run(scenario())

    assert seen == before


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "tls"])
def test_password_is_sent_inside_tls(certificate: LoopbackCertificate, implicit: bool) -> None:
    with MailServer(
        tls=certificate.server, implicit=implicit, credentials=("friday", "secret")
    ) as server:
        options = {
            "host": "127.0.0.1",
            "port": server.port,
            "security": "tls" if implicit else "starttls",
            "ca_file": certificate.file,
            "username": "friday",
            "password": "secret",
        }
        outcomes = asyncio.run(copies(options, MESSAGE))

    assert [type(outcome) for outcome in outcomes] == [Accepted]


def test_wrong_password_is_backend_down_without_the_password(
    certificate: LoopbackCertificate,
) -> None:
    with MailServer(tls=certificate.server, credentials=("friday", "secret")) as server:
        options = SmtpOptions(
            host="127.0.0.1",
            port=server.port,
            ca_file=certificate.file,
            username="friday",
            password="wrong-one",
        )
        with pytest.raises(BackendDown, match="535") as caught:
            asyncio.run(SmtpBackend(options).open())

    assert "wrong-one" not in f"{caught.value}{options!r}"


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "tls"])
def test_unknown_certificate_is_refused(certificate: LoopbackCertificate, implicit: bool) -> None:
    with MailServer(tls=certificate.server, implicit=implicit) as server:
        security = "tls" if implicit else "starttls"
        options = SmtpOptions(host="127.0.0.1", port=server.port, security=security)
        with pytest.raises(BackendDown, match="self-signed"):
            asyncio.run(SmtpBackend(options).open())


def test_server_without_starttls_is_refused() -> None:
    with MailServer() as server:
        options = SmtpOptions(host="127.0.0.1", port=server.port)
        with pytest.raises(BackendDown, match="STARTTLS"):
            asyncio.run(SmtpBackend(options).open())


def test_password_in_clear_is_refused_by_the_options() -> None:
    values = {"host": "x", "security": "none", "username": "friday", "password": "secret"}

    with pytest.raises(ConfigError, match="never sent in clear"):
        check(SmtpOptions, values, where="config.toml: relays.main")


@pytest.mark.parametrize(
    "values",
    [
        {"username": "friday"},
        {"password": "secret"},
        {"username": "friday", "password": "secret", "password_env": "SECRET"},
    ],
)
def test_options_want_exactly_one_password_for_a_username(values: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="username"):
        check(SmtpOptions, {"host": "x", **values}, where="config.toml: relays.main")


def test_missing_certificate_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.pem"):
        SmtpBackend(SmtpOptions(host="x", ca_file=tmp_path / "absent.pem"))


def test_missing_password_file_is_named(tmp_path: Path) -> None:
    options = SmtpOptions(host="x", username="friday", password_file=tmp_path / "absent")

    with pytest.raises(ConfigError, match="absent"):
        SmtpBackend(options)


def test_password_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    options = SmtpOptions(host="x", username="friday", password_file=tmp_path / "secret")

    secret = options.read_password()

    assert secret is not None
    assert secret.get_secret_value() == "from the file"

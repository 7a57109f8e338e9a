"""How we prove who we are to a relay: each mechanism inside TLS, and never a secret in clear."""

import asyncio
import base64
import ssl
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

ENVELOPE = Envelope("b@gazette.example", "jane@example.org", "delivery 1")
MESSAGE = b"Subject: x\r\n\r\nbody\r\n"
TOKEN = "ya29.a0AfB_by-first"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> LoopbackCertificate:
    return LoopbackCertificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def relay(certificate: LoopbackCertificate) -> Iterator[MailServer]:
    with MailServer(tls=certificate.server, credentials=("friday", "s3crét")) as server:
        yield server


def options(port: int, certificate: LoopbackCertificate, **more: Any) -> SmtpOptions:
    return SmtpOptions(
        host="127.0.0.1", port=port, ca_file=certificate.file, username="friday", **more
    )


async def one_copy(backend: SmtpBackend) -> Outcome:
    channel = await backend.open()
    try:
        return await channel.stage(ENVELOPE, MESSAGE) or await channel.release()
    finally:
        await channel.close()


@pytest.mark.parametrize("auth", ["auto", "plain", "login"])
def test_password_is_taken_by_each_mechanism(
    relay: MailServer, certificate: LoopbackCertificate, auth: str
) -> None:
    backend = SmtpBackend(options(relay.port, certificate, auth=auth, password="s3crét"))

    assert isinstance(asyncio.run(one_copy(backend)), Accepted)


@pytest.mark.parametrize("auth", ["auto", "plain", "login"])
def test_wrong_password_is_backend_down_with_its_code(
    relay: MailServer, certificate: LoopbackCertificate, auth: str
) -> None:
    backend = SmtpBackend(options(relay.port, certificate, auth=auth, password="wrong-one"))

    with pytest.raises(BackendDown, match="535") as caught:
        asyncio.run(one_copy(backend))

    assert caught.value.code == 535
    assert "wrong-one" not in str(caught.value)


class TokenServer:
    """A relay on 127.0.0.1 that speaks TLS from the first byte and takes one access token.

    A wrong one gets the challenge that the protocol has for errors. `said` is what it heard.
    """

    def __init__(self, tls: ssl.SSLContext, mechanisms: str = "XOAUTH2") -> None:
        self.token = TOKEN
        self.said: list[bytes] = []
        self.port = 0
        self._tls, self._mechanisms = tls, mechanisms.encode()

    async def __aenter__(self) -> "TokenServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 token.test ESMTP\r\n")
        while line := await reader.readline():
            self.said.append(line.rstrip(b"\r\n"))
            writer.write(self._answer(self.said[-1]) + b"\r\n")
        writer.transport.abort()

    def _answer(self, line: bytes) -> bytes:
        if line.startswith(b"EHLO"):
            return b"250-token.test\r\n250 AUTH " + self._mechanisms
        if line.startswith(b"AUTH"):
            bearer = f"user=friday\x01auth=Bearer {self.token}\x01\x01".encode()
            good = base64.b64decode(line.split()[2]) == bearer
            challenge = base64.b64encode(b'{"status":"400"}')
            return b"235 2.7.0 Accepted" if good else b"334 " + challenge
        return b"221 Bye" if line == b"QUIT" else b"535 5.7.8 no"


async def open_and_close(backend: SmtpBackend) -> None:
    await (await backend.open()).close()


def token_options(
    server: TokenServer, certificate: LoopbackCertificate, file: Path, **more: Any
) -> SmtpOptions:
    given = {"security": "tls", "auth": "xoauth2", "token_file": file, **more}
    return options(server.port, certificate, **given)


def test_access_token_is_read_anew_at_each_connection(
    certificate: LoopbackCertificate, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")

    async def scenario() -> None:
        async with TokenServer(certificate.server) as server:
            backend = SmtpBackend(token_options(server, certificate, file))
            await open_and_close(backend)
            server.token = "ya29.second"
            with pytest.raises(BackendDown, match="535"):
                await open_and_close(backend)
            file.write_text("ya29.second")
            await open_and_close(backend)

    asyncio.run(scenario())


def test_refused_token_is_backend_down_without_the_token(
    certificate: LoopbackCertificate, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("ya29.stale")

    async def scenario() -> list[bytes]:
        async with TokenServer(certificate.server) as server:
            backend = SmtpBackend(token_options(server, certificate, tmp_path / "token"))
            with pytest.raises(BackendDown, match="535") as caught:
                await open_and_close(backend)
            assert "stale" not in f"{caught.value}{caught.value.__cause__}"
            return server.said

    said = asyncio.run(scenario())

    assert said[2] == b""  # how the client takes note of the error (Google's XOAUTH2 protocol)


@pytest.mark.parametrize("auth", ["plain", "login", "xoauth2"])
def test_secret_is_not_said_to_a_relay_that_does_not_offer_the_way(
    certificate: LoopbackCertificate, tmp_path: Path, auth: str
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    given = {"token_file": tmp_path / "token"} if auth == "xoauth2" else {"password": "secret"}

    async def scenario() -> list[bytes]:
        async with TokenServer(certificate.server, "GSSAPI") as server:
            chosen = options(server.port, certificate, security="tls", auth=auth, **given)
            with pytest.raises(BackendDown, match=f"does not offer AUTH {auth.upper()}"):
                await open_and_close(SmtpBackend(chosen))
            return server.said

    assert [line[:4] for line in asyncio.run(scenario())] == [b"EHLO"]


@pytest.mark.parametrize(
    ("auth", "said"), [("auto", b"PLAIN"), ("plain", b"PLAIN"), ("login", b"LOGIN")]
)
def test_mechanism_is_the_chosen_one(
    certificate: LoopbackCertificate, auth: str, said: bytes
) -> None:
    async def scenario() -> list[bytes]:
        async with TokenServer(certificate.server, "LOGIN PLAIN") as server:
            chosen = options(server.port, certificate, security="tls", auth=auth, password="x")
            with pytest.raises(BackendDown):
                await open_and_close(SmtpBackend(chosen))
            return server.said

    assert asyncio.run(scenario())[1].split()[1] == said


def test_token_that_vanishes_is_backend_down_and_missing_at_start_a_config_error(
    certificate: LoopbackCertificate, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)

    async def scenario() -> None:
        async with TokenServer(certificate.server) as server:
            chosen = token_options(server, certificate, file)
            backend = SmtpBackend(chosen)
            file.unlink()
            with pytest.raises(BackendDown, match="token"):
                await open_and_close(backend)
            with pytest.raises(ConfigError, match="token"):
                SmtpBackend(chosen)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "content", [b"", b"two words", b"a\x01auth=Bearer b", b"\xff\xfe", b"t\n\nt"]
)
def test_token_that_cannot_be_one_is_refused_unrepeated(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    chosen = SmtpOptions(host="x", username="friday", auth="xoauth2", token_file=tmp_path / "token")

    with pytest.raises(ConfigError) as caught:
        SmtpBackend(chosen)

    assert str(caught.value) == f"{tmp_path / 'token'}: this is not an access token"


def test_token_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_TOKEN", TOKEN)
    chosen = SmtpOptions(host="x", username="friday", auth="xoauth2", token_env="RELAY_TOKEN")

    assert chosen.read_token().get_secret_value() == TOKEN
    assert TOKEN not in repr(chosen)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"auth": "plain"}, "kind of auth is given and no username"),
        ({"token_env": "T"}, "token is given and no username"),
        ({"username": "u", "auth": "plain", "token_env": "T"}, "xoauth2"),
        ({"username": "u", "auth": "login"}, "username needs one of password"),
        ({"username": "u", "auth": "xoauth2"}, "one of token_file, token_env"),
        ({"username": "u", "auth": "xoauth2", "password": "p"}, "one of token_file, token_env"),
        (
            {"username": "u", "auth": "xoauth2", "token_env": "T", "token_file": "t"},
            "one of token_file, token_env",
        ),
        (
            {"username": "u", "auth": "xoauth2", "token_env": "T", "security": "none"},
            "never sent in clear",
        ),
        ({"username": "u", "auth": "cram-md5", "password": "p"}, "auth"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(values: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        check(SmtpOptions, {"host": "x", **values}, where="config.toml: relays.main")

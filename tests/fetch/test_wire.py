"""Connections go to the checked address, under the host's name, within one deadline."""

import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from digest.errors import FetchFailed
from digest.fetch.client import Fetcher
from digest.testing.certificates import LoopbackCertificate
from digest.testing.web import Answer, WebServer, answer, loopback_fetcher


@pytest.fixture
def web() -> Iterator[WebServer]:
    server = WebServer()
    yield server
    server.close()


def test_rebinding_name_is_connected_at_the_checked_address(web: WebServer) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    asked: list[str] = []

    def resolve(host: str) -> list[str]:
        asked.append(host)
        return next(answers)

    web.answers["/"] = answer()
    fetched = loopback_fetcher(resolve=resolve).get(web.url("/", host="rebind.example"))

    assert (fetched.body, asked) == (b"hello", ["rebind.example"])
    assert web.asked[0].headers["Host"] == f"rebind.example:{web.port}"


def test_next_address_is_tried_when_one_is_closed(web: WebServer) -> None:
    web.answers["/"] = answer()
    resolve = {"two.example": ["127.0.0.9", "127.0.0.1"]}

    assert (
        loopback_fetcher(resolve=resolve.__getitem__).get(web.url("/", "two.example")).body
        == b"hello"
    )


def drip(where: str) -> Answer:
    """Return what answers with a byte every 20 ms for two seconds, in the headers or the body."""

    def respond(request: BaseHTTPRequestHandler) -> None:
        head = b"HTTP/1.1 200 OK\r\nX-Slow: " + (b"\r\n\r\n" if where == "body" else b"")
        try:
            request.wfile.write(head)
            for _ in range(100):
                request.wfile.write(b"x")
                time.sleep(0.02)
        except OSError:
            pass

    return respond


@pytest.mark.parametrize("where", ["headers", "body"])
def test_dripping_server_meets_the_total_deadline(web: WebServer, where: str) -> None:
    web.answers["/"] = drip(where)
    started = time.monotonic()

    with pytest.raises(FetchFailed, match=r"within 0\.3 seconds"):
        loopback_fetcher(timeout_seconds=0.3).get(web.url("/"))
    assert time.monotonic() - started < 1.5


def test_redirects_share_one_deadline(web: WebServer) -> None:
    def slow(request: BaseHTTPRequestHandler) -> None:
        time.sleep(0.15)
        answer(302, b"", Location="/")(request)

    web.answers["/"] = slow

    with pytest.raises(FetchFailed, match="no full answer"):
        loopback_fetcher(timeout_seconds=0.4).get(web.url("/"))


def test_slow_resolver_meets_the_deadline() -> None:
    release = threading.Event()

    with pytest.raises(FetchFailed, match="no full answer"):
        loopback_fetcher(
            timeout_seconds=0.2, resolve=lambda _host: [str(release.wait(5)), "127.0.0.1"]
        ).get("http://slow.example/")
    release.set()


class Authority:
    """A certificate authority of our own, and one certificate for a host."""

    def __init__(self, folder: Path, host_name: str = "tls.example") -> None:
        self._host_name = host_name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        authority = self._certificate(self._name, self._key, authority=True)
        host_key = ec.generate_private_key(ec.SECP256R1())
        host = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host_name)])
        self.trust = authority.public_bytes(serialization.Encoding.PEM).decode()
        self.chain = folder / "tls.pem"
        self.chain.write_bytes(
            host_key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + self._certificate(host, host_key, authority=False).public_bytes(
                serialization.Encoding.PEM
            )
        )

    def _certificate(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        issuer = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        builder = (
            x509.CertificateBuilder(self._name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        )
        if not authority:
            names = x509.SubjectAlternativeName([x509.DNSName(self._host_name)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def secure_web(authority: Authority) -> Iterator[WebServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.chain)
    server = WebServer(context)
    server.answers["/"] = answer()
    yield server
    server.close()


def trusting(authority: Authority | None) -> Fetcher:
    """Return a fetcher that resolves every name to loopback and trusts that authority."""
    context = ssl.create_default_context(cadata=authority.trust) if authority else None
    return loopback_fetcher(tls=context)


def test_certificate_of_the_host_name_is_accepted(
    secure_web: WebServer, authority: Authority
) -> None:
    url = secure_web.url("/", "tls.example", "https")

    assert trusting(authority).get(url).body == b"hello"


def test_answer_says_when_the_certificate_ends_and_what_time_it_was_there(
    secure_web: WebServer, authority: Authority
) -> None:
    found = trusting(authority).get(secure_web.url("/", "tls.example", "https"))

    now = datetime.now(UTC)
    assert found.certificate_ends is not None
    assert found.served_at is not None
    assert timedelta(minutes=50) < found.certificate_ends - now < timedelta(minutes=61)
    assert abs(found.served_at - now) < timedelta(minutes=1)


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 03 Jan 99999999999999 07:00:00 GMT"])
def test_time_that_is_none_is_left_out(web: WebServer, date: str) -> None:
    def dated(request) -> None:
        request.send_response_only(200)
        request.send_header("Date", date)
        request.send_header("Content-Length", "0")
        request.end_headers()

    web.answers["/"] = dated

    found = loopback_fetcher().get(web.url("/"))

    assert (found.served_at, found.certificate_ends) == (None, None)


def test_certificate_of_another_name_is_refused(
    secure_web: WebServer, authority: Authority
) -> None:
    with pytest.raises(FetchFailed, match=r"(?i)certificate"):
        trusting(authority).get(secure_web.url("/", "other.example", "https"))


def test_certificate_of_an_unknown_authority_is_refused(secure_web: WebServer) -> None:
    with pytest.raises(FetchFailed, match=r"(?i)certificate"):
        trusting(None).get(secure_web.url("/", "tls.example", "https"))


def test_authority_that_the_system_trusts_is_believed(tmp_path: Path) -> None:
    certificate = LoopbackCertificate(tmp_path)
    web = WebServer(certificate.server)
    web.answers["/"] = answer(200, b"hello")
    program = (
        "from digest.testing.web import loopback_fetcher\n"
        f"print(loopback_fetcher().get('https://127.0.0.1:{web.port}/').body)"
    )
    try:
        said = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "SSL_CERT_FILE": str(certificate.file)},
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        web.close()

    assert said.stdout == "b'hello'\n"

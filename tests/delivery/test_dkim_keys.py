"""The keys that sign: the files they are kept in, the ones that are refused, the DNS records."""

import base64
import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
)

from digest.config import DkimConfig
from digest.delivery.dkim.keys import (
    DkimKey,
    KeyType,
    check_rsa_size,
    load_keys,
    new_private_key,
    read_private_key,
    signing_domain,
    write_private_key,
)
from digest.errors import ConfigError

RSA = DkimKey("courier.example", "r2025", new_private_key(KeyType.RSA))
ED25519 = DkimKey("courier.example", "e2025", new_private_key(KeyType.ED25519))


def config(path: Path, domain: str | None = None) -> DkimConfig:
    return DkimConfig(selector="r2025", key_file=path, domain=domain)


@pytest.fixture
def pem(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a key or anything else into a file only we may read."""

    def write(key: object, locked: bool = False) -> Path:
        lock = BestAvailableEncryption(b"secret") if locked else NoEncryption()
        if not isinstance(key, bytes):
            key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)  # type: ignore[attr-defined]
        path = tmp_path / "key.pem"
        path.touch(mode=0o600)
        path.write_bytes(key)
        return path

    return write


@pytest.mark.parametrize(
    ("domain", "sender", "signing"),
    [
        (None, "a@Mail.Courier.example", "mail.courier.example"),
        ("mail.courier.example", "a@mail.courier.example", "mail.courier.example"),
        ("courier.example", "a@mail.courier.example", "courier.example"),
    ],
)
def test_signing_domain_is_the_senders_or_above(
    domain: str | None, sender: str, signing: str
) -> None:
    assert signing_domain(config(Path("k.pem"), domain), sender) == signing


@pytest.mark.parametrize(
    "domain", ["other.example", "mail.courier.example", "ourier.example", "xcourier.example"]
)
def test_domain_receivers_would_not_align_is_refused(domain: str) -> None:
    with pytest.raises(ConfigError, match=f"k.pem: the domain {domain}"):
        signing_domain(config(Path("k.pem"), domain), "a@courier.example")


def test_two_keys_of_one_selector_are_refused(pem: Callable[..., Path]) -> None:
    twice = [config(pem(ED25519.private)), config(pem(ED25519.private))]

    with pytest.raises(ConfigError, match="two keys have the selector 'r2025'"):
        load_keys(twice, "letter@courier.example")


def test_key_file_is_ours_alone_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    write_private_key(path, ED25519.private)
    before = path.read_bytes()

    with pytest.raises(ConfigError, match=re.escape(f"{path}: a key file is already there")):
        write_private_key(path, RSA.private)
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o600


def test_key_in_a_missing_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none" / "k.pem"

    with pytest.raises(ConfigError, match=re.escape(f"{path}: the key cannot be written")):
        write_private_key(path, ED25519.private)
    with pytest.raises(ConfigError, match=re.escape(f"{path}: the key cannot be read")):
        read_private_key(path)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606])
def test_key_others_may_read_is_refused(pem: Callable[..., Path], mode: int) -> None:
    path = pem(ED25519.private)
    path.chmod(mode)

    with pytest.raises(ConfigError, match=re.escape(f"{path}: other users may read")):
        read_private_key(path)


@pytest.mark.parametrize(
    ("content", "locked", "says"),
    [
        (b"not a key", False, "not a private key in PEM form"),
        (b"", False, "not a private key in PEM form"),
        (ED25519.private, True, "passphrase"),
        (ec.generate_private_key(ec.SECP256R1()), False, "neither an RSA nor an Ed25519 key"),
    ],
    ids=["text", "empty", "locked", "ec"],
)
def test_file_without_a_key_that_signs_is_refused(
    pem: Callable[..., Path], content: object, locked: bool, says: str
) -> None:
    path = pem(content, locked)

    with pytest.raises(ConfigError, match=f"{re.escape(str(path))}: .*{says}"):
        read_private_key(path)


def test_rsa_key_nobody_verifies_is_refused(pem: Callable[..., Path]) -> None:
    path = pem(small_rsa_key())

    with pytest.raises(ConfigError, match=f"{re.escape(str(path))}: an RSA key of 777 bits"):
        read_private_key(path)


def small_rsa_key() -> rsa.RSAPrivateKey:
    """Return the RSA key of two known primes; the library makes none so small."""
    e, p, q = 65537, 2**521 - 1, 2**256 - 189
    d = pow(e, -1, (p - 1) * (q - 1))
    shortcuts = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *shortcuts, rsa.RSAPublicNumbers(e, p * q)).private_key()


@pytest.mark.parametrize("bits", [512, 1023, 4097, 8192])
def test_rsa_size_outside_rfc_8301_is_refused(bits: int) -> None:
    with pytest.raises(ConfigError, match=f"k.pem: an RSA key of {bits} bits"):
        check_rsa_size(Path("k.pem"), bits)


def test_weak_rsa_key_is_taken_with_a_warning(
    pem: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    path = pem(rsa.generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505

    with caplog.at_level(logging.WARNING):
        assert isinstance(read_private_key(path), rsa.RSAPrivateKey)
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: an RSA key of 1024 bits is weak; 2048 are usual"
    ]


def test_zone_line_holds_the_value_in_short_strings() -> None:
    record = RSA.dns_record()

    line = record.zone_line()
    strings = re.findall(r'"([^"]*)"', line)
    assert line.startswith("r2025._domainkey.courier.example. IN TXT ( ")
    assert "".join(strings) == record.value
    assert [len(string) for string in strings] == [255, len(record.value) - 255]


def test_record_holds_the_public_key_in_its_type_s_form() -> None:
    """RSA as SubjectPublicKeyInfo (dkimpy would take others), Ed25519 as 32 bare bytes."""
    rsa_form, bare = (
        base64.b64decode(key.dns_record().value.rpartition("p=")[2]) for key in (RSA, ED25519)
    )

    assert load_der_public_key(rsa_form) == RSA.private.public_key()
    assert rsa_form.startswith(b"\x30\x82\x01\x22\x30\x0d\x06\x09")  # the algorithm's name first
    assert bare == ED25519.private.public_key().public_bytes_raw()

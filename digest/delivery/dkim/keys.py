"""The keys that sign: made, kept in PEM files, checked, and published as DNS records.

Sizes follow RFC 8301, Ed25519 follows RFC 8463. It never signs and never asks the DNS.
"""

import base64
import logging
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from digest.config import DkimConfig
from digest.errors import ConfigError

log = logging.getLogger(__name__)

RSA_BITS = 2048
LEAST_RSA_BITS = 1024  # RFC 8301, 3.2: fewer is never verified,
MOST_RSA_BITS = 4096  # and more need not be
TXT_STRING = 255  # bytes of one string in a TXT record (RFC 1035, 3.3)

PrivateKey = RSAPrivateKey | Ed25519PrivateKey


class KeyType(StrEnum):
    """The kinds of key receivers know."""

    RSA = "rsa"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """The TXT record in which receivers find a public key; `name` has no dot at its end."""

    name: str
    value: str

    def zone_line(self) -> str:
        """Return the record as one line of a zone file, the value in strings of at most 255."""
        starts = range(0, len(self.value), TXT_STRING)
        strings = " ".join(f'"{self.value[start : start + TXT_STRING]}"' for start in starts)
        return f"{self.name}. IN TXT ( {strings} )"


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A private key and where its public half is published."""

    domain: str
    selector: str
    private: PrivateKey

    @property
    def type(self) -> KeyType:
        """Return which kind it is."""
        return KeyType.RSA if isinstance(self.private, RSAPrivateKey) else KeyType.ED25519

    def dns_record(self) -> DnsRecord:
        """Return what to publish (RFC 6376, 3.6.1): RSA as SubjectPublicKeyInfo, Ed25519 bare."""
        public = self.private.public_key()
        if self.type is KeyType.RSA:
            raw = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        value = f"v=DKIM1; k={self.type}; p={base64.b64encode(raw).decode()}"
        return DnsRecord(f"{self.selector}._domainkey.{self.domain}", value)


def new_private_key(kind: KeyType) -> PrivateKey:
    """Return a fresh key; RSA ones have 2048 bits."""
    if kind is KeyType.ED25519:
        return Ed25519PrivateKey.generate()
    return generate_private_key(public_exponent=65537, key_size=RSA_BITS)


def write_private_key(path: Path, key: PrivateKey) -> None:
    """Write a new PEM file (PKCS #8), readable by its owner only; never replaces one that is
    there.
    """
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigError(
            f"{path}: a key file is already there; it is never overwritten"
        ) from error
    except OSError as error:
        raise ConfigError(f"{path}: the key cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())


def load_keys(configs: Sequence[DkimConfig], sender_address: str) -> tuple[DkimKey, ...]:
    """Read the keys of a newsletter whose From is `sender_address`.

    ConfigError names the file that is missing, open to others, no such key or too small, and a
    domain or selector that cannot do.
    """
    keys = tuple(
        DkimKey(
            signing_domain(config, sender_address),
            config.selector,
            read_private_key(config.key_file),
        )
        for config in configs
    )
    places = [(key.domain, key.selector) for key in keys]
    if len(set(places)) < len(places):
        raise ConfigError(f"dkim: two keys have the selector {keys[0].selector!r}")
    return keys


def signing_domain(config: DkimConfig, sender_address: str) -> str:
    """Return d=; ConfigError unless it is the From's domain or one above it, as DMARC wants."""
    sender = sender_address.rpartition("@")[2].lower()
    domain = config.domain or sender
    if not f".{sender}".endswith(f".{domain}"):
        raise ConfigError(
            f"dkim: {config.key_file}: the domain {domain} is neither {sender}, which the sender's"
            " address has, nor one above it"
        )
    return domain


def read_private_key(path: Path) -> PrivateKey:
    """Read a PEM file; ConfigError when it is missing, open to others, or not a key that may sign.

    RSA keys under 2048 bits are taken with a warning, as RFC 8301 allows.
    """
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigError(f"{path}: other users may read the key; run chmod 600 on it")
        pem = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: the key cannot be read: {error.strerror}") from error
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise ConfigError(f"{path}: the key is locked with a passphrase") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{path}: not a private key in PEM form, or a broken one") from error
    if isinstance(key, RSAPrivateKey):
        check_rsa_size(path, key.key_size)
        return key
    if isinstance(key, Ed25519PrivateKey):
        return key
    raise ConfigError(f"{path}: neither an RSA nor an Ed25519 key")


def check_rsa_size(path: Path, bits: int) -> None:
    """Raise ConfigError for a size receivers need not verify, warn of a weak one (RFC 8301)."""
    if not LEAST_RSA_BITS <= bits <= MOST_RSA_BITS:
        raise ConfigError(
            f"{path}: an RSA key of {bits} bits; it must have {LEAST_RSA_BITS} to {MOST_RSA_BITS}"
        )
    if bits < RSA_BITS:
        log.warning("%s: an RSA key of %d bits is weak; %d are usual", path, bits, RSA_BITS)

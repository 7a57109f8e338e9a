"""DKIM keys as they are published (RFC 6376, 3.6; RFC 8463): can a receiver use one, and is it the
other half of the key we sign with?
"""

import base64
import binascii
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from digest.delivery.dkim.keys import LEAST_RSA_BITS, RSA_BITS, DkimKey
from digest.errors import BadInput
from digest.operations.doctor.dns.tags import read_tags
from digest.operations.doctor.findings import Said, note, warn, well, wrong

PublicKey = RSAPublicKey | Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class Published:
    """A key record: the key, None when it was revoked, and its flags (``t=``)."""

    key: PublicKey | None
    flags: frozenset[str] = field(default_factory=frozenset)

    @property
    def bits(self) -> int:
        """Return the length of an RSA key; 0 for another."""
        return self.key.key_size if isinstance(self.key, RSAPublicKey) else 0


def read_record(text: str) -> Published:
    """Return a key record as a receiver reads it; BadInput says why it cannot be used."""
    tags = read_tags(text)
    if tags.get("v", "DKIM1") != "DKIM1" or ("v" in tags and next(iter(tags)) != "v"):
        raise BadInput("v= must come first and say DKIM1")
    if "p" not in tags:
        raise BadInput("it has no p=, the key itself")
    hashes = {name.strip() for name in tags.get("h", "sha256").split(":")}
    if "sha256" not in hashes:
        raise BadInput("h= leaves out sha256, which copies are signed with")
    services = {name.strip() for name in tags.get("s", "*").split(":")}
    if not services & {"*", "email"}:
        raise BadInput("s= says that it is not for mail")
    flags = frozenset(name.strip() for name in tags.get("t", "").split(":") if name.strip())
    raw = "".join(tags["p"].split())
    return Published(_key(tags.get("k", "rsa"), raw) if raw else None, flags)


def _key(kind: str, text: str) -> PublicKey:
    try:
        raw = base64.b64decode(text, validate=True)
        if kind == "ed25519":
            return Ed25519PublicKey.from_public_bytes(raw)
        key = load_der_public_key(raw)
    except (binascii.Error, ValueError, UnsupportedAlgorithm) as error:
        raise BadInput("p= is not a key: it was cut off, or quotes and blanks got in") from error
    if kind != "rsa" or not isinstance(key, RSAPublicKey):
        raise BadInput(f"k={kind[:20]} is not the kind of key that p= holds")
    return key


def judge_key(ours: DkimKey, records: tuple[str, ...]) -> list[Said]:
    """Judge what is published at a selector against the private key we sign with; pure."""
    name = ours.dns_record().name
    again = "digest dkim show prints what to publish"
    if len(records) != 1:
        return [wrong(f"{name}: there are {len(records)} records, and there must be one", again)]
    try:
        published = read_record(records[0])
    except BadInput as error:
        return [wrong(f"{name}: {error}", again)]
    if published.key is None:
        return [wrong(f"{name}: the key was revoked (p= is empty)", "sign with another key")]
    if _bytes(published.key) != _bytes(ours.private.public_key()):
        text = f"{name}: another key is published than the one copies are signed with"
        return [wrong(text, f"publish ours, or correct key_file; {again}")]
    return [_size(name, published), *_flags(name, published)]


def _bytes(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _size(name: str, published: Published) -> Said:
    if published.bits and published.bits < LEAST_RSA_BITS:
        return wrong(f"{name}: {published.bits} bits: no receiver takes it", "digest dkim new")
    if published.bits and published.bits < RSA_BITS:
        return warn(
            f"{name}: {published.bits} bits are weak, and receivers ask for {RSA_BITS}",
            "make a new key (digest dkim new) and publish it before you change config.toml",
        )
    kind = f"RSA, {published.bits} bits" if published.bits else "Ed25519"
    return well(f"{name}: our key is published ({kind})")


def _flags(name: str, published: Published) -> list[Said]:
    if "y" in published.flags:
        return [note(f"{name}: t=y says that it is a trial", "take t=y out when mail is signed")]
    return []

"""The prepared HMAC is the standard library's, byte for byte."""

import hashlib
import hmac

import pytest

from digest.keyed import KeyedHash


@pytest.mark.parametrize("length", [1, 32, 63, 64, 65, 200])
@pytest.mark.parametrize("prefix", [b"", b"address\0"])
def test_keyed_hash_is_hmac_sha256(length: int, prefix: bytes) -> None:
    secret = bytes(number % 251 for number in range(length))

    found = KeyedHash(secret, prefix).digest(b"reader@example.org")

    assert found == hmac.digest(secret, prefix + b"reader@example.org", hashlib.sha256)


def test_keyed_hash_keeps_nothing_of_what_it_hashed() -> None:
    keyed = KeyedHash(b"secret")
    first = keyed.digest(b"one")

    keyed.digest(b"two")

    assert keyed.digest(b"one") == first

"""Personal values at rest: sealed for reading back, indexed for looking up.

A sealed value is AES-256-GCM (NIST SP 800-38D) under the newest seal key: key id, a 12-byte random
nonce, then ciphertext and tag. The index of an address is HMAC-SHA-256, so equal addresses meet and
a stolen database names nobody. Neither ever appears in a log.
"""

import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from digest.errors import ConfigError
from digest.keys import KeyRing

NONCE_BYTES = 12
CANARY = "friday: the right key opens this"


class Sealer:
    """Seals, opens and indexes values with the keys of one instance; holds no state but the
    keys.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._newest = ring.seal[0]
        self._ciphers = {key.id.encode(): AESGCM(key.secret) for key in ring.seal}
        self._macs = [_begun(key.secret) for key in ring.index]

    def seal(self, value: str) -> bytes:
        """Return `value` encrypted; two calls never return the same bytes."""
        key_id = self._newest.id.encode()
        nonce = os.urandom(NONCE_BYTES)
        box = self._ciphers[key_id].encrypt(nonce, value.encode(), key_id)
        return bytes([len(key_id)]) + key_id + nonce + box

    def seal_all(self, values: Sequence[str]) -> list[bytes]:
        """Return each value encrypted as `seal` does; asks for the random bytes of all at once."""
        key_id = self._newest.id.encode()
        encrypt = self._ciphers[key_id].encrypt
        head = bytes([len(key_id)]) + key_id
        noise = os.urandom(NONCE_BYTES * len(values))
        nonces = [noise[at : at + NONCE_BYTES] for at in range(0, len(noise), NONCE_BYTES)]
        return [
            head + nonce + encrypt(nonce, value.encode(), key_id)
            for nonce, value in zip(nonces, values, strict=True)
        ]

    def open(self, sealed: bytes) -> str:
        """Return what was sealed; ConfigError when its key is not in the ring or the bytes were
        altered.
        """
        key_id = sealed[1 : 1 + sealed[0]] if sealed else b""
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise ConfigError(f"the key file lacks the seal key {key_id.decode(errors='replace')}")
        box = sealed[1 + len(key_id) :]
        try:
            return cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], key_id).decode()
        except (InvalidTag, ValueError) as error:  # ValueError: too short to hold nonce and tag
            raise ConfigError(
                "a sealed value does not open: wrong key file or altered data"
            ) from error

    def index(self, address: str) -> bytes:
        """Return the look-up value of a normalised address under the current index key (32
        bytes).
        """
        return _finished(self._macs[0], address)

    def indexes(self, address: str) -> tuple[bytes, ...]:
        """Return the look-up values under every index key, retired ones included (for
        suppressions).
        """
        return tuple([_finished(mac, address) for mac in self._macs])


def _begun(secret: bytes) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """Return the inner and the outer hash of HMAC-SHA-256 (RFC 2104) that have taken the key in: of
    a short text that is most of the work, and an import has a million.
    """
    padded = secret.ljust(hashlib.sha256().block_size, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + b"address\0")
    return inner, hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))


def _finished(begun: tuple["hashlib._Hash", "hashlib._Hash"], address: str) -> bytes:
    inner, outer = begun[0].copy(), begun[1].copy()
    inner.update(address.encode())
    outer.update(inner.digest())
    return outer.digest()

"""Personal values at rest: sealed for reading back, indexed for looking up.

A sealed value is AES-256-GCM (NIST SP 800-38D) under the newest seal key: key id, a 12-byte random
nonce, then ciphertext and tag. The index of an address is HMAC-SHA-256, so equal addresses meet and
a stolen database names nobody. Neither ever appears in a log.
"""

import contextlib
import os
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from digest.errors import ConfigError
from digest.keyed import KeyedHash
from digest.keys import KeyRing

NONCE_BYTES = 12
CANARY = "friday: the right key opens this"


class Sealer:
    """Seals, opens and indexes values with the keys of one instance; holds no state but the
    keys.

    `look_again` returns the ring as it is kept by now: what another process has sealed under a
    newer key opens without a restart.
    """

    def __init__(self, ring: KeyRing, look_again: Callable[[], KeyRing] | None = None) -> None:
        self._newest = ring.seal[0]
        self._ciphers = _ciphers_of(ring)
        self._look_again = look_again
        self._macs = [KeyedHash(key.secret, b"address\0") for key in ring.index]
        self._networks = KeyedHash(ring.index[0].secret, b"network\0")

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
        head = self.newest
        noise = os.urandom(NONCE_BYTES * len(values))
        nonces = [noise[at : at + NONCE_BYTES] for at in range(0, len(noise), NONCE_BYTES)]
        return [
            head + nonce + encrypt(nonce, value.encode(), key_id)
            for nonce, value in zip(nonces, values, strict=True)
        ]

    @property
    def newest(self) -> bytes:
        """Return what every value begins with that is sealed now."""
        return head_of(self._newest.id)

    def open(self, sealed: bytes) -> str:
        """Return what was sealed; ConfigError when its key is not in the ring or the bytes were
        altered.
        """
        key_id = sealed[1 : 1 + sealed[0]] if sealed else b""
        cipher = self._ciphers.get(key_id) or self._find_anew(key_id)
        if cipher is None:
            raise ConfigError(f"the key file lacks the seal key {key_id.decode(errors='replace')}")
        start = 1 + len(key_id)
        nonce_end = start + NONCE_BYTES
        try:
            return cipher.decrypt(sealed[start:nonce_end], sealed[nonce_end:], key_id).decode()
        except (InvalidTag, ValueError) as error:  # ValueError: too short to hold nonce and tag
            raise ConfigError(
                "a sealed value does not open: wrong key file or altered data"
            ) from error

    def _find_anew(self, key_id: bytes) -> AESGCM | None:
        if self._look_again is not None:
            with contextlib.suppress(ConfigError):  # gone, or half-way to being restored
                self._ciphers = {**_ciphers_of(self._look_again()), **self._ciphers}
        return self._ciphers.get(key_id)

    def index(self, address: str) -> bytes:
        """Return the look-up value of a normalised address under the current index key (32
        bytes).
        """
        return self._macs[0].digest(address.encode())

    def indexes(self, address: str) -> tuple[bytes, ...]:
        """Return the look-up values under every index key, retired ones included (for
        suppressions).
        """
        return tuple([mac.digest(address.encode()) for mac in self._macs])

    def network(self, network: str) -> bytes:
        """Return what stands for a visitor's network (8 bytes): the same for the same network, and
        useless for finding out where it is without the index key.
        """
        return self._networks.digest(network.encode())[:8]


def _ciphers_of(ring: KeyRing) -> dict[bytes, AESGCM]:
    return {key.id.encode(): AESGCM(key.secret) for key in ring.seal}


def head_of(key_id: str) -> bytes:
    """Return what every value begins with that is sealed under a key of that id."""
    return bytes([len(key_id)]) + key_id.encode()

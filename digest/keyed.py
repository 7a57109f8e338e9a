"""HMAC-SHA-256 for short texts, with the key's part of the work done once (RFC 2104).

An HMAC of a short text is mostly two hashes of the padded key. Copying hashes that have taken it in
halves the time; the standard library's own `copy` takes as long as the rest, and its one-call form
gives the interpreter away to another thread each time.
"""

import hashlib


class KeyedHash:
    """One key, and a prefix that every text begins with; holds no other state."""

    def __init__(self, secret: bytes, prefix: bytes = b"") -> None:
        block = hashlib.sha256().block_size
        if len(secret) > block:
            secret = hashlib.sha256(secret).digest()
        padded = secret.ljust(block, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + prefix)
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))

    def digest(self, text: bytes) -> bytes:
        """Return the 32 bytes of HMAC-SHA-256 over prefix and `text`."""
        inner = self._inner.copy()
        inner.update(text)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

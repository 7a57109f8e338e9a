"""The keys as values: what a ring is, how it grows and shrinks, and its text.

The text is TOML with one list per purpose. In each list the first key is the newest: it seals or
signs; the others still open and verify.
"""

import base64
import hashlib
import re
import secrets
import tomllib
from dataclasses import dataclass, replace

from digest.errors import ConfigError

PURPOSES = ("seal", "index", "sign", "message")
KEY_BYTES = 32
ID = r"[A-Za-z0-9_-]{1,20}"  # what the database keeps beside what a key made
_HEAD = "# Friday's keys. Keep a copy elsewhere: without this file no address can be read again.\n"


@dataclass(frozen=True, slots=True)
class Key:
    """One secret of 32 bytes and the short id that is stored beside what it made."""

    id: str
    secret: bytes


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one instance, newest first for each purpose.

    `seal` encrypts personal columns, `index` makes the look-up value of an address, `sign` signs
    links, `message` makes Message-IDs.
    """

    seal: tuple[Key, ...]
    index: tuple[Key, ...]
    sign: tuple[Key, ...]
    message: tuple[Key, ...]

    def of(self, purpose: str) -> tuple[Key, ...]:
        """Return the keys of one of `PURPOSES`."""
        keys: tuple[Key, ...] = getattr(self, purpose)
        return keys


def new_key_ring() -> KeyRing:
    """Return a ring of fresh random keys, one for each purpose."""
    return KeyRing(**{purpose: (_new_key(purpose),) for purpose in PURPOSES})


def with_new_key(ring: KeyRing, purpose: str) -> KeyRing:
    """Return the ring with a fresh random key as the newest of a purpose."""
    return replace(ring, **{purpose: (_new_key(purpose), *ring.of(purpose))})


def without_key(ring: KeyRing, purpose: str, id: str) -> KeyRing:
    """Return the ring without one key of a purpose."""
    return replace(ring, **{purpose: tuple(key for key in ring.of(purpose) if key.id != id)})


def fingerprint(ring: KeyRing) -> str:
    """Return 16 hexadecimal letters that tell this ring from any other and reveal none of it."""
    parts = [f"{name} {key.id} {key.secret.hex()}" for name in PURPOSES for key in ring.of(name)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _new_key(purpose: str) -> Key:
    return Key(f"{purpose[0]}{secrets.token_hex(3)}", secrets.token_bytes(KEY_BYTES))


def ring_as_text(ring: KeyRing) -> str:
    """Return what stands in a key file."""
    lines = [_HEAD]
    for purpose in PURPOSES:
        for key in ring.of(purpose):
            secret = base64.b64encode(key.secret).decode()
            lines.append(f'\n[[{purpose}]]\nid = "{key.id}"\nsecret = "{secret}"\n')
    return "".join(lines)


def ring_from_text(text: str, where: str) -> KeyRing:
    """Read the text of a key file; ConfigError, led by `where`, when it is malformed."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not a TOML file: {error}") from error
    return KeyRing(**{purpose: _read_purpose(where, tables, purpose) for purpose in PURPOSES})


def _read_purpose(where: str, tables: dict[str, object], purpose: str) -> tuple[Key, ...]:
    rows = tables.get(purpose)
    if not isinstance(rows, list) or not rows:
        raise ConfigError(f"{where}: no [[{purpose}]] key")
    keys: list[Key] = []
    for number, row in enumerate(rows, 1):
        try:
            key = Key(str(row["id"]), base64.b64decode(row["secret"], validate=True))
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(
                f"{where}: [[{purpose}]] number {number} needs id and secret"
            ) from error
        if not re.fullmatch(ID, key.id) or key.id in [other.id for other in keys]:
            raise ConfigError(
                f"{where}: [[{purpose}]] number {number} needs an id of its own, such as s1"
            )
        if len(key.secret) != KEY_BYTES:
            raise ConfigError(
                f"{where}: [[{purpose}]] {key.id}: the secret is not {KEY_BYTES} bytes"
            )
        keys.append(key)
    return tuple(keys)

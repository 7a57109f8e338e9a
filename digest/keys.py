"""The key file: every secret the program makes for itself, kept outside the database and its
backups.

A TOML file, mode 0600, with one list per purpose. In each list the first key is the newest: it
seals or signs; the others still open and verify. Losing this file means losing every address;
nothing else can open them.
"""

import base64
import os
import re
import secrets
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path

from digest.errors import ConfigError

PURPOSES = ("seal", "index", "sign", "message")
KEY_BYTES = 32
ID = r"[A-Za-z0-9_-]{1,20}"  # what the database keeps beside what a key made


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


def new_key_ring() -> KeyRing:
    """Return a ring of fresh random keys, one for each purpose."""
    return KeyRing(**{purpose: (_new_key(purpose),) for purpose in PURPOSES})


def _new_key(purpose: str) -> Key:
    return Key(f"{purpose[0]}{secrets.token_hex(3)}", secrets.token_bytes(KEY_BYTES))


def write_key_file(path: Path, ring: KeyRing) -> None:
    """Write a new key file, readable by its owner only; never replaces one that is there."""
    lines = [
        "# Friday's keys. Keep a copy elsewhere: without this file no address can be read again.\n"
    ]
    for purpose in PURPOSES:
        for key in getattr(ring, purpose):
            secret = base64.b64encode(key.secret).decode()
            lines.append(f'\n[[{purpose}]]\nid = "{key.id}"\nsecret = "{secret}"\n')
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigError(
            f"{path}: a key file is already there; it is never overwritten"
        ) from error
    with os.fdopen(descriptor, "w") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())


def read_key_file(path: Path) -> KeyRing:
    """Read a key file; ConfigError when it is missing, open to others, or malformed."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigError(f"{path}: other users may read the keys; run chmod 600 on it")
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: the key file cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from error
    return KeyRing(**{purpose: _read_purpose(path, tables, purpose) for purpose in PURPOSES})


def _read_purpose(path: Path, tables: dict[str, object], purpose: str) -> tuple[Key, ...]:
    rows = tables.get(purpose)
    if not isinstance(rows, list) or not rows:
        raise ConfigError(f"{path}: no [[{purpose}]] key")
    keys: list[Key] = []
    for number, row in enumerate(rows, 1):
        try:
            key = Key(str(row["id"]), base64.b64decode(row["secret"], validate=True))
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(
                f"{path}: [[{purpose}]] number {number} needs id and secret"
            ) from error
        if not re.fullmatch(ID, key.id) or key.id in [other.id for other in keys]:
            raise ConfigError(
                f"{path}: [[{purpose}]] number {number} needs an id of its own, such as s1"
            )
        if len(key.secret) != KEY_BYTES:
            raise ConfigError(
                f"{path}: [[{purpose}]] {key.id}: the secret is not {KEY_BYTES} bytes"
            )
        keys.append(key)
    return tuple(keys)

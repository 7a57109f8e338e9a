"""The key ring: every secret the program makes for itself, kept outside the database and its
backups.

Losing it means losing every address; nothing else can open them.
"""

from digest.keys.files import read_key_file, write_key_file
from digest.keys.ring import (
    ID,
    KEY_BYTES,
    PURPOSES,
    Key,
    KeyRing,
    fingerprint,
    new_key_ring,
    ring_as_text,
    ring_from_text,
    with_new_key,
    without_key,
)

__all__ = [
    "ID",
    "KEY_BYTES",
    "PURPOSES",
    "Key",
    "KeyRing",
    "fingerprint",
    "new_key_ring",
    "read_key_file",
    "ring_as_text",
    "ring_from_text",
    "with_new_key",
    "without_key",
    "write_key_file",
]

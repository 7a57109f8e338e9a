"""Key files on the disk: for their owner only, never half written, never overwritten unasked."""

import contextlib
import os
import secrets
import stat
from pathlib import Path

from digest.errors import ConfigError
from digest.keys.locked import is_locked
from digest.keys.ring import KeyRing, ring_as_text, ring_from_text


def write_key_file(path: Path, ring: KeyRing) -> None:
    """Write a new key file, readable by its owner only; never replaces one that is there."""
    write_new(path, ring_as_text(ring))


def write_new(path: Path, text: str) -> None:
    """Write the text of a key file, or of a locked one, to a file that is not there yet."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigError(
            f"{path}: a key file is already there; it is never overwritten"
        ) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _settle_folder(path)


def replace_text(path: Path, text: str) -> None:
    """Put a new text in the place of a key file: whoever reads finds the old one or the new one,
    whole, whatever happens meanwhile.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        write_new(beside, text)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _settle_folder(path)


def _settle_folder(path: Path) -> None:
    """Have the folder's own entry on the disk, too."""
    with contextlib.suppress(OSError):  # not every file system can
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_text(path: Path) -> str:
    """Return what is in a key file; ConfigError when it is missing or open to others."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigError(f"{path}: other users may read the keys; run chmod 600 on it")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: the key file cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from error


def read_key_file(path: Path) -> KeyRing:
    """Read a key file; ConfigError when it is missing, open to others, malformed or locked."""
    text = read_text(path)
    if is_locked(text):
        raise ConfigError(f'{path}: it is locked with a passphrase: set keys.source = "prompt"')
    return ring_from_text(text, str(path))

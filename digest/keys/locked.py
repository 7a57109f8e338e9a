"""A key file locked with a passphrase: scrypt (RFC 7914) makes a key of it, AES-256-GCM seals the
text.
"""

import base64
import os
import tomllib
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from digest.errors import BadInput, ConfigError

COST = 17  # 2**17 blocks of 1 KiB: 128 MB and some tenths of a second for each guess
MOST_COST = 20
BLOCKS = 8
SALT_BYTES, NONCE_BYTES = 16, 12
FEWEST_LETTERS = 12
_HEAD = "# Friday's keys, locked with a passphrase. Nothing opens them without it.\n"


def is_locked(text: str) -> bool:
    """Tell whether a key file's text is a locked one."""
    return "\n[locked]\n" in text


def lock(text: str, passphrase: str, *, cost: int = COST) -> str:
    """Return the text of a locked key file; BadInput for a passphrase that is quickly guessed."""
    if len(passphrase) < FEWEST_LETTERS:
        raise BadInput(f"a passphrase needs {FEWEST_LETTERS} letters at least; six words are good")
    salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    box = _cipher(passphrase, salt, cost).encrypt(nonce, text.encode(), _label(cost))
    values = {"salt": salt, "nonce": nonce, "box": box}
    lines = [f'{name} = "{base64.b64encode(value).decode()}"\n' for name, value in values.items()]
    return f"{_HEAD}\n[locked]\ncost = {cost}\n{''.join(lines)}"


def unlock(text: str, passphrase: str, where: str) -> str:
    """Return what was locked; ConfigError, led by `where`, for a wrong passphrase or a damaged
    file.
    """
    try:
        table: dict[str, Any] = tomllib.loads(text)["locked"]
        salt, nonce, box = (
            base64.b64decode(table[name], validate=True) for name in ("salt", "nonce", "box")
        )
        cost = int(table["cost"])
        if not 1 <= cost <= MOST_COST:
            raise ValueError("this would take for ever")
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{where}: the locked key file is damaged") from error
    try:
        return _cipher(passphrase, salt, cost).decrypt(nonce, box, _label(cost)).decode()
    except (InvalidTag, ValueError) as error:
        raise ConfigError(f"{where}: this is not the passphrase, or the file is damaged") from error


def _cipher(passphrase: str, salt: bytes, cost: int) -> AESGCM:
    derive = Scrypt(salt=salt, length=32, n=2**cost, r=BLOCKS, p=1)
    return AESGCM(derive.derive(passphrase.encode()))


def _label(cost: int) -> bytes:
    return f"friday keys {cost} {BLOCKS}".encode()

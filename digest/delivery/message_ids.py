"""Message-IDs that are the same at every try of one copy, differ for any other, and tell nothing to
a stranger.
"""

import base64
import hashlib
import hmac

from digest.keys import Key


def make_message_id(key: Key, name: str, host: str) -> str:
    """Return ``<token@host>`` for the thing called `name`: 26 characters of base32 of an
    HMAC-SHA-256.

    130 bits, lower case (RFC 5322 section 3.6.4 asks for uniqueness); the name cannot be read back
    from it.
    """
    mac = hmac.new(key.secret, b"message-id\0" + name.encode(), hashlib.sha256).digest()
    token = base64.b32encode(mac).decode().lower()[:26]
    return f"<{token}@{host}>"

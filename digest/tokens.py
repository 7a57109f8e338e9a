"""Signed links: one salt per purpose, so a link made for one thing opens nothing else.

The newest key signs and retired ones verify for as long as they stay in the key file, which keeps
unsubscribe links of old issues working for years. Tokens carry a random public id, never an address
or a database id.
"""

import enum
import hashlib
from collections.abc import Mapping

from itsdangerous import BadData, URLSafeSerializer

from digest.errors import BadInput
from digest.keys import KeyRing


class Purpose(enum.StrEnum):
    """What a link may do; its value is the salt, so it must never change."""

    UNSUBSCRIBE = "digest.unsubscribe.1"
    REMIND_LATER = "digest.remind-later.1"


class TokenSigner:
    """Makes and reads the tokens in reader links."""

    def __init__(self, ring: KeyRing) -> None:
        # itsdangerous signs with the last key of a list and verifies with any of them.
        secrets = [key.secret for key in reversed(ring.sign)]
        self._serializers: Mapping[Purpose, URLSafeSerializer] = {
            purpose: URLSafeSerializer(
                secrets, salt=purpose.value, signer_kwargs={"digest_method": hashlib.sha256}
            )
            for purpose in Purpose
        }

    def sign(self, purpose: Purpose, public_id: str) -> str:
        """Return a URL-safe token for one public id and one purpose."""
        return self._serializers[purpose].dumps(public_id)

    def read(self, purpose: Purpose, token: str) -> str:
        """Return the public id in a token; BadInput, with one text for all causes, when it is not
        ours.
        """
        try:
            public_id = self._serializers[purpose].loads(token)
        except (BadData, UnicodeError) as error:
            raise BadInput("this link is not valid") from error
        if not isinstance(public_id, str):
            raise BadInput("this link is not valid")
        return public_id

"""Signed links: one salt per purpose, so a link made for one thing opens nothing else.

A mail's own links hold for ever and only leave, pause or show. Whatever may do more, or shows
anything about a reader, runs out (`sign_until`); what may be done once is remembered by its digest
(subscribers.door.spent). `sign_address` makes the same fit for the local part of an address.

The newest key signs and retired ones verify for as long as they stay in the key file, which keeps
unsubscribe links of old issues working for years. Tokens of readers carry a random public id, never
an address or a database id; those of the desk carry an editor's number (editors.tickets).
"""

import enum
import hashlib
import hmac
import json
import re
import secrets
from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from digest.errors import BadInput
from digest.keyed import KeyedHash
from digest.keys import KeyRing

NOT_VALID = "this link is not valid"
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
SEALED_BYTES = 12  # of the MAC in an address: 96 bits, and short enough for a local part
LOCAL_PART = re.compile(r"([a-z2-7]{1,24})\.([a-z2-7]{20})")
LETTER_PAIRS = [a + b for a in LETTERS for b in LETTERS]
URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Purpose(enum.StrEnum):
    """What a link may do; its value is the salt, so it must never change."""

    UNSUBSCRIBE = "digest.unsubscribe.1"
    REMIND_LATER = "digest.remind-later.1"
    FORM = "digest.form.1"  # a form that we have shown, and when
    CONFIRM = "digest.confirm.1"
    COME_BACK = "digest.come-back.1"  # the button of the page that says somebody has left
    OPEN_SETTINGS = "digest.open-settings.1"  # the mailed link, good for one opening
    SETTINGS = "digest.settings.1"  # what the opened pages post with
    ERASE = "digest.erase.1"
    MOVE_FROM = "digest.move-from.1"  # a change of address: what the old mailbox agrees by
    MOVE_TO = "digest.move-to.1"
    LEAVE_BY_MAIL = "digest.leave-by-mail.1"
    PAUSE_BY_MAIL = "digest.pause-by-mail.1"
    CONFIRM_BY_MAIL = "digest.confirm-by-mail.1"
    RETURN_PATH = "digest.return-path.1"  # whose copy it is that comes back
    DESK_CODE = "digest.desk-code.1"  # an editor's password was right; the code is asked for
    DESK_MUST_SET_UP = "digest.desk-must-set-up.1"  # the same of who has no second factor yet
    DESK_NEW_FACTOR = "digest.desk-new-factor.1"  # a second factor that waits for its first code
    DESK_LINK = "digest.desk-link.1"  # the mailed link to sign in
    DESK_INVITATION = "digest.desk-invitation.1"


class Expired(BadInput):
    """The link was ours and its time is over: a fresh one can be asked for."""


@dataclass(frozen=True, slots=True)
class Passing:
    """What a link that runs out says: whose it is, when it runs out, and a digest (32 bytes) by
    which a second use is known.
    """

    public_id: str
    until: datetime
    digest: bytes


class TokenSigner:
    """Makes and reads the tokens in reader links."""

    def __init__(self, ring: KeyRing) -> None:
        # itsdangerous signs with the last key of a list and verifies with any of them.
        keys = [key.secret for key in reversed(ring.sign)]
        self._serializers: Mapping[Purpose, URLSafeSerializer] = {
            purpose: _serializer(keys, purpose) for purpose in Purpose
        }
        self._newest = {
            purpose: KeyedHash(_derived_key(serializer))
            for purpose, serializer in self._serializers.items()
        }
        self._rings = {
            purpose: [
                KeyedHash(_derived_key(_serializer([key.secret], purpose))) for key in ring.sign
            ]
            for purpose in Purpose
        }
        self._last = ("", "")  # a public id, and what it is in a token

    def sign(self, purpose: Purpose, public_id: str) -> str:
        """Return a URL-safe token for one public id and one purpose.

        Byte for byte what itsdangerous makes of a short string, at a tenth of its time: every copy
        carries two. Made of A-Z, a-z, 0-9, "-", "_" and one dot.
        """
        last = self._last  # read once: another thread may sign for somebody else meanwhile
        if last[0] != public_id:  # a copy's tokens follow each other
            last = self._last = (public_id, _encoded(json.dumps(public_id).encode()))
        payload = last[1]
        return f"{payload}.{_encoded(self._newest[purpose].digest(payload.encode()))}"

    def read(self, purpose: Purpose, token: str) -> str:
        """Return the public id in a token; BadInput, with one text for all causes, when it is not
        ours.
        """
        public_id = self._load(purpose, token)
        if not isinstance(public_id, str):
            raise BadInput(NOT_VALID)
        return public_id

    def sign_until(self, purpose: Purpose, public_id: str, until: datetime) -> str:
        """Return a URL-safe token that runs out; no two are alike."""
        stamp = [public_id, int(until.timestamp()), secrets.token_urlsafe(9)]
        signed = self._serializers[purpose].dumps(stamp)
        return signed if isinstance(signed, str) else signed.decode()

    def read_until(self, purpose: Purpose, token: str, now: datetime) -> Passing:
        """Return what `sign_until` signed; Expired when its time is over, BadInput when it is not
        ours.
        """
        match self._load(purpose, token):
            case [str(public_id), int(second), str()]:
                until = datetime.fromtimestamp(second, UTC)
            case _:
                raise BadInput(NOT_VALID)
        if now >= until + timedelta(seconds=1):
            raise Expired("this link has run out")
        # Of what is signed, not of the token: base64 has many spellings of one signature, and each
        # would be a first use.
        signed = token.rpartition(".")[0]
        return Passing(public_id, until, hashlib.sha256(signed.encode()).digest())

    def _load(self, purpose: Purpose, token: str) -> object:
        try:
            return self._serializers[purpose].loads(token)
        except (BadData, UnicodeError, RecursionError) as error:
            raise BadInput(NOT_VALID) from error

    def sign_address(self, purpose: Purpose, public_id: str) -> str:
        """Return what goes behind the separator of an address we receive mail at: lower-case
        letters, digits and one dot, 37 characters for an id of 16. It holds for ever.
        """
        return f"{public_id}.{_letters(self._newest[purpose].digest(_in_address(public_id)))}"

    def read_address(self, purpose: Purpose, text: str) -> str:
        """Return the public id that `sign_address` signed, whatever case a mail program made of it;
        BadInput when it is not ours.
        """
        found = LOCAL_PART.fullmatch(text.lower())
        if found is None:
            raise BadInput(NOT_VALID)
        said = _in_address(found[1])
        for ring in self._rings[purpose]:
            if hmac.compare_digest(_letters(ring.digest(said)), found[2]):
                return found[1]
        raise BadInput(NOT_VALID)


def _serializer(keys: list[bytes], purpose: Purpose) -> URLSafeSerializer:
    return URLSafeSerializer(
        keys, salt=purpose.value, signer_kwargs={"digest_method": hashlib.sha256}
    )


def _in_address(public_id: str) -> bytes:
    return b"address\0" + public_id.encode()


def _letters(digest: bytes) -> str:
    """Return the base32 (RFC 4648, small letters, unpadded) of the bytes that are kept, at a fifth
    of the standard library's time: a copy may carry one.
    """
    bits = int.from_bytes(digest[:SEALED_BYTES]) << 4  # 96 of them, and 4 to make whole letters
    return "".join([LETTER_PAIRS[bits >> shift & 1023] for shift in range(90, -1, -10)])


def _derived_key(serializer: URLSafeSerializer) -> bytes:
    return serializer.make_signer(serializer.salt).derive_key()


def _encoded(data: bytes) -> str:
    """Return the URL-safe alphabet's base64 (RFC 4648, section 5), unpadded."""
    return b2a_base64(data, newline=False).translate(URL_SAFE).rstrip(b"=").decode("ascii")

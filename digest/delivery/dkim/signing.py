"""DKIM-Signature headers (RFC 6376): relaxed/relaxed, SHA-256, RSA and Ed25519 (RFC 8463).

It runs once for every copy, so what does not change from copy to copy is made beforehand. It never
changes the message and never waits; signing lets other threads run.
"""

import hashlib
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache, partial

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from digest.config import DkimConfig
from digest.delivery.dkim.canonical import canonical_body, canonical_fields
from digest.delivery.dkim.keys import KeyType, PrivateKey, load_keys

LINE = 77  # characters; RFC 5322 asks for fewer than 79
FIRST, NEXT = 73, 76  # characters of b= in its first line, behind " b=", and in the others

# A second one of these would be shown to the reader, or followed, in place of ours: they are listed
# once more than they occur, so that none can be added (RFC 6376, 8.15; RFC 8058, 4).
OVERSIGNED = (b"from", b"subject", b"message-id", b"list-unsubscribe", b"list-unsubscribe-post")
SIGNED = (
    *OVERSIGNED,
    b"to",
    b"date",
    b"reply-to",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
    b"list-id",
    b"feedback-id",
)


class DkimSigner:
    """One key that signs; safe to use from several threads."""

    def __init__(self, domain: str, selector: str, private_key: PrivateKey) -> None:
        """Take d=, s= and the key."""
        self._key_operation = _key_operation(private_key)
        kind = "rsa" if isinstance(private_key, RSAPrivateKey) else "ed25519"
        tags = f"v=1; a={kind}-sha256; c=relaxed/relaxed; d={domain}; s={selector};"
        words = [b" " + tag.encode("ascii") for tag in tags.split()]
        self._opening = _folded([b"DKIM-Signature:", *words])
        self._hashed_opening = b"dkim-signature:" + b"".join(words).strip()

    def header(self, fields: bytes, rest: bytes, hashed_rest: bytes) -> bytes:
        """Return the whole header with its CRLF.

        `fields` are the signed fields of the message in canonical form; `rest` is what follows s=
        up to ``b=``, `hashed_rest` the same in canonical form.
        """
        hashed = b"%b%b%b" % (fields, self._hashed_opening, hashed_rest)
        raw = self._key_operation(hashlib.sha256(hashed).digest())
        signature = b2a_base64(raw, newline=False)
        lines = [
            signature[:FIRST],
            *[signature[at : at + NEXT] for at in range(FIRST, len(signature), NEXT)],
        ]
        return b"%b%b%b\r\n" % (self._opening, rest, b"\r\n ".join(lines))


def _key_operation(key: PrivateKey) -> Callable[[bytes], bytes]:
    """Return what turns a SHA-256 digest into a signature (Ed25519: RFC 8463, 3)."""
    if isinstance(key, RSAPrivateKey):
        return partial(key.sign, padding=PKCS1v15(), algorithm=Prehashed(SHA256()))
    return key.sign


def load_signers(configs: Sequence[DkimConfig], sender_address: str) -> tuple[DkimSigner, ...]:
    """Return the signers of a newsletter whose From is `sender_address`; ConfigError as load_keys.

    RSA comes first: a receiver that looks at the top signature only knows at least that.
    """
    keys = sorted(load_keys(configs, sender_address), key=lambda key: key.type is not KeyType.RSA)
    return tuple(DkimSigner(key.domain, key.selector, key.private) for key in keys)


def sign(signers: Sequence[DkimSigner], head: bytes, body: bytes, now: datetime) -> bytes:
    """Return a DKIM-Signature header of each signer, to be put before the message.

    `head` is every header line with its CRLF, without the empty line; `body` is all after that
    line. `now` becomes t=.
    """
    return sign_canonical(signers, head, (canonical_body(body),), now)


def sign_canonical(
    signers: Sequence[DkimSigner], head: bytes, pieces: Iterable[bytes], now: datetime
) -> bytes:
    """Return what `sign` does, for a body in pieces that are known to be in relaxed form and to end
    in just one CRLF: that saves looking through it, and joining it.
    """
    if not signers:
        return b""
    hashed = hashlib.sha256()
    for piece in pieces:
        hashed.update(piece)
    body_hash = b2a_base64(hashed.digest(), newline=False)
    names, values = canonical_fields(head)
    listed, places = _layout(names)
    fields = b"".join([b"%b:%b\r\n" % (name, values[place]) for name, place in places])
    rest = b"\r\n t=%d; bh=%b;\r\n%b\r\n b=" % (int(now.timestamp()), body_hash, listed)
    hashed_rest = rest.replace(b"\r\n ", b" ")
    return b"".join([signer.header(fields, rest, hashed_rest) for signer in signers])


@lru_cache(maxsize=64)
def _layout(names: tuple[bytes, ...]) -> tuple[bytes, tuple[tuple[bytes, int], ...]]:
    """Return h= for a head with fields of these names, and which of them to hash in that order.

    Remembered: the copies of an issue are all alike in this.
    """
    listed: list[bytes] = []
    places: list[tuple[bytes, int]] = []
    spelled = [name.rstrip(b" ").lower() for name in names]
    for name in SIGNED:
        found = [place for place, other in enumerate(spelled) if other == name]
        listed += [name] * (len(found) + (name in OVERSIGNED))
        # Of fields with one name the lowest comes first (RFC 6376, 5.4.2).
        places += [(name, place) for place in reversed(found)]
    first, *others = listed
    return _folded([b" h=" + first, *[b":" + name for name in others], b";"]), tuple(places)


def _folded(words: Iterable[bytes]) -> bytes:
    """Return the words in lines of at most LINE characters, as far as the words allow."""
    lines = [b""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) > LINE:
            lines.append(b" " + word.lstrip(b" "))
        else:
            lines[-1] += word
    return b"\r\n".join(lines)


def sign_message(signers: Sequence[DkimSigner], message: bytes, now: datetime) -> bytes:
    """Return a whole message with its signatures before it: for single mails, not for copies."""
    head, _, body = message.partition(b"\r\n\r\n")
    return sign(signers, head + b"\r\n", body, now) + message

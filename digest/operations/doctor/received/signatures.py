"""DKIM signatures of a received message, verified (RFC 6376, section 6; RFC 8463)."""

import base64
import enum
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from digest.delivery.dkim.canonical import canonical_body
from digest.errors import BadInput
from digest.operations.doctor.dns.dkim import PublicKey
from digest.operations.doctor.dns.tags import read_tags
from digest.operations.doctor.received.copy import CRLF, Copy, Field

_SIGNATURE_ITSELF = re.compile(rb"([;:\s]b[ \t\r\n]*=)[^;]*")
_BLANKS = re.compile(rb"[ \t]+")

FindKey = Callable[[str, str], PublicKey | None]
"""Returns the key of a domain and selector; None where nobody was asked, BadInput where there is
none that could be used."""


class Outcome(enum.StrEnum):
    """What became of verifying one signature."""

    VALID = "valid"
    BODY_CHANGED = "the body was changed on its way"
    HEADERS_CHANGED = "a signed header was changed on its way, or the key is another one"
    NO_KEY = "not verified"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class Verified:
    """One signature: whose, over which fields, and what came of it; `why` explains it."""

    domain: str
    selector: str
    signed: tuple[str, ...]
    outcome: Outcome
    why: str = ""
    limited: bool = False  # l=: more could be added below without anybody noticing


def verify_all(copy: Copy, find_key: FindKey) -> list[Verified]:
    """Return every signature of a message with what came of it, from the top."""
    return [_verify(copy, field, find_key) for field in copy.all("dkim-signature")]


def _verify(copy: Copy, field: Field, find_key: FindKey) -> Verified:
    try:
        tags = read_tags(field.value)
        domain, selector = tags["d"].lower(), tags["s"].lower()
        signed = tuple(name.strip().lower() for name in tags["h"].split(":"))
        kind = _check_form(tags, signed)
        body_hash, signature = _decoded(tags["bh"]), _decoded(tags["b"])
    except (BadInput, KeyError) as error:
        why = str(error) if isinstance(error, BadInput) else f"it has no {error.args[0]}="
        return Verified("", "", (), Outcome.UNUSABLE, why)

    def so(outcome: Outcome, why: str = "") -> Verified:
        return Verified(domain, selector, signed, outcome, why, "l" in tags)

    headers, _, body = tags.get("c", "simple/simple").partition("/")
    if _hash_body(copy.body, body or "simple", tags.get("l")) != body_hash:
        return so(Outcome.BODY_CHANGED)
    try:
        key = find_key(domain, selector)
    except BadInput as error:
        return so(Outcome.NO_KEY, str(error))
    if key is None:
        return so(Outcome.NO_KEY, "its body is unchanged; the key was not looked up")
    hashed = _hash_head(copy, field, signed, relaxed=headers == "relaxed")
    if isinstance(key, RSAPublicKey) != (kind == "rsa"):
        return so(Outcome.UNUSABLE, f"a={kind}-sha256, and the key is of another kind")
    return so(Outcome.VALID if _is_valid(key, signature, hashed) else Outcome.HEADERS_CHANGED)


def _check_form(tags: dict[str, str], signed: tuple[str, ...]) -> str:
    """Return the kind of key that signed; BadInput for what no receiver may take."""
    kind, _, hashing = tags["a"].lower().partition("-")
    if hashing != "sha256" or kind not in {"rsa", "ed25519"}:
        raise BadInput(f"a={tags['a'][:20]}: receivers take rsa-sha256 and ed25519-sha256")
    if "from" not in signed:
        raise BadInput("From is not among the signed fields")
    return kind


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise BadInput("b= or bh= is not base64") from error


def _hash_body(body: bytes, canonical: str, length: str | None) -> bytes:
    if canonical == "relaxed":
        whole = canonical_body(body)
    else:
        whole = re.sub(rb"(\r\n)*\Z", b"", body) + CRLF
    if length is not None and length.isdecimal():
        whole = whole[: int(length)]
    return hashlib.sha256(whole).digest()


def _hash_head(copy: Copy, itself: Field, signed: tuple[str, ...], *, relaxed: bool) -> bytes:
    """Return the hash over the signed fields, the lowest of a name first (section 5.4.2), and over
    the signature's own field with an empty b=.
    """
    left = {name: [field.raw for field in copy.all(name)] for name in set(signed)}
    picked = [left[name].pop() for name in signed if left[name]]
    own = _SIGNATURE_ITSELF.sub(rb"\1", itself.raw.removesuffix(CRLF), count=1)
    form = _relaxed if relaxed else bytes
    return hashlib.sha256(b"".join(map(form, picked)) + form(own).removesuffix(CRLF)).digest()


def _relaxed(raw: bytes) -> bytes:
    name, _, value = raw.partition(b":")
    flat = _BLANKS.sub(b" ", value.replace(CRLF, b"")).strip(b" \t")
    return name.strip().lower() + b":" + flat + CRLF


def _is_valid(key: PublicKey, signature: bytes, hashed: bytes) -> bool:
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature, hashed, PKCS1v15(), Prehashed(SHA256()))
        else:
            key.verify(signature, hashed)
    except InvalidSignature:
        return False
    return True

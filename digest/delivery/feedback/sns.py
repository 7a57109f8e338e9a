"""Amazon SNS's messages: who signed them, for which topic, and what they hold. Pure.

A topic of anybody's may be pointed at our address, and SNS signs it as well as ours: a signature
says that Amazon sent it, the topic and the secret in our path that it is meant.

The signature is RSA (PKCS #1 v1.5) over the fields named in ``SIGNED``, each as name, line feed,
value, line feed: SHA-1 in version 1, SHA-256 in version 2. Its certificate lies at
``SigningCertURL``.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from digest.delivery.feedback.records import Record
from digest.errors import BadInput

PROVIDER = "ses"
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
SIGNED["UnsubscribeConfirmation"] = SIGNED["SubscriptionConfirmation"]
HASHES: dict[str, type[hashes.SHA1 | hashes.SHA256]] = {"1": hashes.SHA1, "2": hashes.SHA256}
LONGEST_VALUE = 300_000  # characters; SNS takes 256 kB
_SUBJECT = re.compile(r"sns(?:[.-][a-z0-9.-]{1,80})?\.amazonaws\.com(?:\.cn)?")
SMALLEST_KEY = 2048  # bits


@dataclass(frozen=True, slots=True)
class SnsPlaces:
    """Where certificates of SNS may lie, and which addresses confirm a subscription."""

    certificate: re.Pattern[str]
    confirmation: re.Pattern[str]

    @classmethod
    def at(cls, hosts: str) -> "SnsPlaces":
        """Return the places on hosts that match a pattern, https always."""
        return cls(
            re.compile(rf"https://{hosts}/SimpleNotificationService-[0-9a-f]{{8,64}}\.pem"),
            re.compile(
                rf"https://{hosts}/\?Action=ConfirmSubscription&[A-Za-z0-9%&=:._~-]{{1,2000}}"
            ),
        )


# Regions and nothing else: sns.s3.amazonaws.com would be somebody's bucket called "sns".
REGION = r"[a-z]{2}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}"
AMAZON = SnsPlaces.at(rf"sns\.{REGION}\.amazonaws\.com(?:\.cn)?")


@dataclass(frozen=True, slots=True)
class SnsMessage:
    """One message as SNS sent it; `content` is what was published, not yet read."""

    kind: str
    id: str
    topic: str
    at: datetime
    content: str = field(repr=False)
    certificate_url: str
    subscribe_url: str = field(repr=False)
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    version: str


def read_sns(body: bytes) -> SnsMessage:
    """Return the message in a request's body; BadInput, naming the field, for what is none."""
    record = Record.of_body(PROVIDER, body)
    kind = record.text("Type")
    if kind not in SIGNED:
        raise record.unknown("Type", kind, "kind of message")
    version = record.text("SignatureVersion")
    if version not in HASHES:
        raise record.unknown("SignatureVersion", version, "version")
    try:
        signature = base64.b64decode(record.text("Signature", longest=2000), validate=True)
    except (binascii.Error, ValueError):
        raise record.wrong("Signature", "no base64") from None
    subscribes = kind != "Notification"
    return SnsMessage(
        kind=kind,
        id=record.text("MessageId"),
        topic=record.text("TopicArn"),
        at=record.instant("Timestamp"),
        content=_value(record, "Message"),
        certificate_url=record.text("SigningCertURL"),
        subscribe_url=record.text("SubscribeURL", longest=2000) if subscribes else "",
        signed=_signed(record, kind),
        signature=signature,
        version=version,
    )


def _signed(record: Record, kind: str) -> bytes:
    """Return the bytes that are signed; a Subject that there is not is left out."""
    names = [name for name in SIGNED[kind] if record.values.get(name) is not None]
    try:
        return "".join(f"{name}\n{_value(record, name)}\n" for name in names).encode()
    except UnicodeEncodeError:
        raise record.wrong("Message", "half a character") from None


def _value(record: Record, name: str) -> str:
    value = record.values.get(name)
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        raise record.wrong(name, "missing, no text, or too long")
    return value


def load_certificate(pem: bytes, now: datetime) -> x509.Certificate:
    """Return the certificate of SNS in a file fetched from SNS.

    BadInput for another's, one that does not hold at this moment, and a key that is too small.
    """
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        raise BadInput(f"{PROVIDER}: the certificate cannot be read") from None
    if not (isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_KEY):
        raise BadInput(f"{PROVIDER}: the certificate has no RSA key of {SMALLEST_KEY} bits")
    if not any(_SUBJECT.fullmatch(str(name.value)) for name in names):
        raise BadInput(f"{PROVIDER}: the certificate is not of Amazon SNS")
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise BadInput(f"{PROVIDER}: the certificate does not hold now")
    return certificate


def is_signed(message: SnsMessage, certificate: x509.Certificate) -> bool:
    """Whether the certificate's key signed this message."""
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(message.signature, message.signed, padding.PKCS1v15(), HASHES[message.version]())
    except InvalidSignature:
        return False
    return True

"""Messages as Amazon SNS posts them, signed by a key of our own."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from digest.delivery.feedback.sns import HASHES, SIGNED

TOPIC = "arn:aws:sns:eu-west-1:123456789012:friday"
HOST = "sns.eu-west-1.amazonaws.com"
PATH = "/SimpleNotificationService-7ff5318490ec183fbaddaa2a969abfda.pem"
NOW = datetime(2026, 11, 27, 7, 0, 10, tzinfo=UTC)
KEY = rsa.generate_private_key(65537, 2048)
OTHER_KEY = rsa.generate_private_key(65537, 2048)


def certificate(
    name: str = "sns.amazonaws.com",
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = KEY,
    since: datetime = NOW - timedelta(days=100),
    until: datetime = NOW + timedelta(days=100),
) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)


def notification(content: Any, **changed: Any) -> dict[str, Any]:
    message = content if isinstance(content, str) else json.dumps(content)
    return {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": message,
        "Timestamp": "2026-11-27T07:00:07.000Z",
        "SignatureVersion": "1",
        "SigningCertURL": f"https://{HOST}{PATH}",
        "UnsubscribeURL": f"https://{HOST}/?Action=Unsubscribe",
        **changed,
    }


def confirmation(**changed: Any) -> dict[str, Any]:
    token = "2336412f37fb687f5d51e6e2425e"
    where = f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={token}"
    message = notification("You have chosen to subscribe to the topic.")
    del message["Subject"]
    more = {"Type": "SubscriptionConfirmation", "Token": token, "SubscribeURL": where}
    return {**message, **more, **changed}


def signed(message: dict[str, Any], key: rsa.RSAPrivateKey = KEY) -> bytes:
    """Return the body of the request, signed over what SNS signs."""
    names = [name for name in SIGNED[message["Type"]] if name in message]
    text = "".join(f"{name}\n{message[name]}\n" for name in names)
    digest = HASHES[message["SignatureVersion"]]()
    signature = key.sign(text.encode(), padding.PKCS1v15(), digest)
    return json.dumps({**message, "Signature": base64.b64encode(signature).decode()}).encode()

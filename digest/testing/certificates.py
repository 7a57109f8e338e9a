"""A certificate for 127.0.0.1, made on the spot: a server's TLS context, and a file to trust. A bad
one, too: one that has run out, or is for another host.
"""

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class LoopbackCertificate:
    """`server` is what a server speaks TLS with, `file` what its client has to trust."""

    def __init__(self, folder: Path, *, days: float = 1, address: str = "127.0.0.1") -> None:
        """Make key and certificate in `folder`, for an address and from a month ago until `days`
        from now, which may be below zero.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / "certificate.pem"
        self.file.write_bytes(
            _certificate(key, days, address).public_bytes(serialization.Encoding.PEM)
        )
        key_file = folder / "key.pem"
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(self.file, key_file)


def _certificate(key: ec.EllipticCurvePrivateKey, days: float, address: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    loopback = x509.IPAddress(ipaddress.ip_address(address))
    return (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - 30 * day)
        .not_valid_after(now + days * day)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
        .sign(key, hashes.SHA256())
    )

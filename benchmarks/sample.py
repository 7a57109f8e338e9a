"""A copy as it arrives, caught by smtp-sink: how large it is, and whether it is signed.

The size is what smtp-source is told to send; the text is what the baselines make their template of.
"""

import re
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from benchmarks.processes import HelperFailed
from benchmarks.rounds import Stock, fresh_copy, send
from benchmarks.yardstick import Sink

# smtp-sink puts its own lines before the first of ours.
OURS = re.compile(rb"^(DKIM-Signature|From): ", re.MULTILINE)


def dkim_tables(stock: Stock, kind: str) -> str:
    """Write a new private key into a stock and return the TOML that signs with it."""
    key = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else _rsa_key()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = stock.folder / f"{kind}.pem"
    path.touch(mode=0o600)
    path.write_bytes(pem)
    return f'\n[[newsletters.dkim]]\nselector = "bench"\nkey_file = "{path.name}"\n'


def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def catch_copy(stock: Stock, *, more: str = "") -> bytes:
    """Send a stock's few copies and return the largest, with CRLF; HelperFailed when none comes."""
    with tempfile.TemporaryDirectory(prefix="friday-dump-") as name:
        folder = Path(name)
        folder.chmod(0o777)  # the sink is nobody when we are root
        with Sink(dump=folder) as sink, fresh_copy(stock, [sink.port], more=more) as configs:
            send(configs, stock.readers)
        dumps = sorted((path.read_bytes() for path in folder.iterdir()), key=len)
    first = OURS.search(dumps[-1]) if dumps else None
    if first is None:
        raise HelperFailed("no copy arrived")
    return dumps[-1][first.start() :].replace(b"\n", b"\r\n")


def is_signed(copy: bytes) -> bool:
    """Whether a copy carries a DKIM signature."""
    return (
        copy.startswith(b"DKIM-Signature:")
        or b"\r\nDKIM-Signature:" in copy.partition(b"\r\n\r\n")[0]
    )

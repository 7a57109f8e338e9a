"""Where the key of a signature comes from: given, our own, or the DNS."""

from collections.abc import Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from digest.config import Config
from digest.delivery.dkim.keys import load_keys
from digest.errors import BadInput, ConfigError
from digest.operations.doctor.dns.dkim import PublicKey, read_record
from digest.operations.doctor.dns.dmarc import aligned, read_standing
from digest.operations.doctor.dns.resolver import Dns
from digest.operations.doctor.names import are_related


def read_key(raw: bytes, name: str) -> PublicKey:
    """Return a key from a PEM file, public or private, or from a record as it is published;
    BadInput names the file.
    """
    try:
        if b"PRIVATE KEY-----" in raw:
            key: object = load_pem_private_key(raw, password=None).public_key()
        elif b"PUBLIC KEY-----" in raw:
            key = load_pem_public_key(raw)
        else:
            key = read_record(raw.decode("ascii").replace('"', "").replace("\n", "")).key
    except (ValueError, TypeError, UnsupportedAlgorithm, BadInput) as error:
        raise BadInput(f"{name}: neither a key in PEM form nor a DKIM record") from error
    if not isinstance(key, RSAPublicKey | Ed25519PublicKey):
        raise BadInput(f"{name}: neither an RSA nor an Ed25519 key")
    return key


class Keyring:
    """Finds keys: the one that was given for all signatures, else our own, else the DNS's where it
    may be asked.
    """

    def __init__(
        self,
        config: Config | None,
        given: PublicKey | None,
        resolvers: Sequence[str],
        *,
        online: bool,
    ) -> None:
        self._given = given
        self._own = _own_keys(config)
        servers = [*resolvers] or (config.doctor.resolvers if config else [])
        self._dns = Dns(servers) if online else None

    def find(self, domain: str, selector: str) -> PublicKey | None:
        """Return the key of a signature; None where nobody was asked, BadInput where there is none
        that could be used.
        """
        if self._given is not None:
            return self._given
        if self._dns is None:
            return self._own.get((domain, selector))
        name = f"{selector}._domainkey.{domain}"
        answer = self._dns.txt(name)
        if len(answer.values) != 1:
            raise BadInput(f"{name}: {answer.why or answer.fate}")
        key = read_record(answer.values[0]).key
        if key is None:
            raise BadInput(f"{name}: the key was revoked")
        return key

    def counts_for(self, sender: str, other: str) -> bool:
        """Return whether a domain counts for the From's: as DMARC records say where the DNS may be
        asked, else by the names.
        """
        if self._dns is None:
            return are_related(sender, other)
        first = read_standing(self._dns, sender)
        return aligned(first, read_standing(self._dns, other), strict=False)


def _own_keys(config: Config | None) -> dict[tuple[str, str], PublicKey]:
    found: dict[tuple[str, str], PublicKey] = {}
    for newsletter in config.newsletters if config else []:
        try:
            keys = load_keys(newsletter.dkim, newsletter.sender.address)
        except ConfigError:
            continue  # the machine that judges need not be the one that signs
        found |= {(key.domain, key.selector): key.private.public_key() for key in keys}
    return found

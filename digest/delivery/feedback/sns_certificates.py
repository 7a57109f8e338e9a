"""The certificates that SNS signs with: fetched from Amazon's own hosts, and kept for a day.

Whether a message's certificate is Amazon's rests on where it comes from: an https address of SNS,
whose own certificate the guarded fetch checks against the authorities it believes.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography.x509 import Certificate

from digest.clock import Clock
from digest.delivery.feedback.sns import AMAZON, PROVIDER, SnsPlaces, load_certificate
from digest.errors import BadInput
from digest.fetch import Fetched

KEPT = timedelta(days=1)
MOST = 20  # certificates; a region has one, and changes it once a year
LARGEST = 20_000  # bytes


class SigningCertificates:
    """Remembers what it fetched; `fetch` is the guarded GET, `places` where certificates may
    lie.
    """

    def __init__(
        self,
        fetch: Callable[[str], Fetched],
        clock: Clock,
        places: SnsPlaces = AMAZON,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._places = places
        self._kept: dict[str, tuple[Certificate, datetime]] = {}

    def get(self, url: str) -> Certificate:
        """Return the certificate at an address that a message names.

        BadInput where the address or what lies there is not of SNS; FetchFailed where it cannot be
        had just now.
        """
        if not self._places.certificate.fullmatch(url):
            raise BadInput(f"{PROVIDER}: SigningCertURL: no address of Amazon SNS")
        now = self._clock.now()
        kept = self._kept.get(url)
        if kept is not None and now < kept[1]:
            return kept[0]
        fetched = self._fetch(url)
        if fetched.url != url or len(fetched.body) > LARGEST:
            raise BadInput(f"{PROVIDER}: SigningCertURL: it leads elsewhere, or to too much")
        certificate = load_certificate(fetched.body, now)
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[url] = certificate, min(now + KEPT, certificate.not_valid_after_utc)
        return certificate

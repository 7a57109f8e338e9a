"""What strangers may make us do, as limits of the front door: how many forms, how many notices."""

from datetime import timedelta

from digest.config import LimitsConfig
from digest.subscribers.door.limits import Limit

EVERYWHERE = b"everywhere"
HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)


def form_limits(limits: LimitsConfig, network: bytes) -> list[tuple[Limit, bytes]]:
    """Return how many forms one network, keyed, may send in, and everybody together, the last."""
    return [
        (Limit("network", limits.network_per_hour, HOUR), network),
        (Limit("forms", limits.all_per_hour, HOUR), EVERYWHERE),
    ]


def letter_limits(limits: LimitsConfig, mailbox: bytes) -> list[tuple[Limit, bytes]]:
    """Return how many notices one mailbox, keyed, may be sent because somebody typed an address of
    it.
    """
    return [
        (Limit("letter", limits.letters_per_day, DAY), mailbox),
        (Limit("letter", limits.letters_per_month, MONTH), mailbox),
    ]

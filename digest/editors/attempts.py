"""How often signing in may be tried: from one network, at one account from one network, and at one
account from everywhere.

An attempt is counted before the password, or the code of a second factor, is looked at, so that
many at once are no way round; signing in takes back what counts against its account. To ask for a
mailed link counts as well.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from digest.editors.audit import note
from digest.errors import BadInput, Refused
from digest.sealed import Sealer
from digest.subscribers.addresses import parse_address
from digest.subscribers.door.limits import Limit, allow, forget_keys

HOUR = timedelta(hours=1)
FROM_NETWORK = Limit("desk network", 100, HOUR)
AT_ACCOUNT = Limit("desk account", 10, HOUR)  # from one network: strangers lock nobody out
AT_ACCOUNT_FROM_EVERYWHERE = Limit("desk anywhere", 100, HOUR)
# Who knows the password and guesses codes, three of a million good at a time, gets this many
# guesses from wherever they come.
CODES = Limit("desk codes", 30, timedelta(days=1))
LINKS = Limit("desk links", 5, HOUR)  # nobody's mailbox is flooded
TOLD = Limit("desk told", 1, HOUR)  # a flood is on record once an hour, not a thousand times


class TooMany(Refused):
    """It was tried too often."""

    def __init__(self) -> None:
        super().__init__("Too many attempts. Try again in an hour.")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt by its keys, which are keyed hashes: of an address, whether there is an account
    or not, and of a network.
    """

    network: bytes
    account: bytes
    account_from_here: bytes


def attempt_of(sealer: Sealer, address: str, network: str) -> Attempt:
    """Return an attempt at an address, as it was typed, from a network."""
    try:
        key = parse_address(address).key
    except BadInput:
        key = "no address"
    return Attempt(
        sealer.network(f"desk {network}"),
        sealer.index(f"desk {key}"),
        sealer.index(f"desk {key} {network}"),
    )


def may_try(session: Session, attempt: Attempt, now: datetime, more: Limit | None = None) -> bool:
    """Count an attempt, towards a further limit of its account too where one is given; False, and
    nothing is counted but the record told, when there were too many.
    """
    wanted = [
        (FROM_NETWORK, attempt.network),
        (AT_ACCOUNT, attempt.account_from_here),
        (AT_ACCOUNT_FROM_EVERYWHERE, attempt.account),
    ]
    if more is not None:
        wanted.append((more, attempt.account))
    reached = allow(session, wanted, now)
    if reached is None:
        return True
    if allow(session, [(TOLD, dict(wanted)[reached])], now) is None:
        note(session, None, "too many attempts", "the desk", now, {"limit": reached.scope})
    return False


def forgive(session: Session, attempt: Attempt) -> None:
    """Take back what counts against an account, whose editor has just signed in."""
    forget_keys(session, [attempt.account, attempt.account_from_here])

"""What a provider's request is, and what is made of it: values, and the judgement of its time."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from digest.delivery.feedback.events import Feedback
from digest.delivery.feedback.records import NotUnderstood
from digest.errors import DigestError

TRAVEL = timedelta(minutes=5)  # how far two clocks, and a request on its way, may be apart


class NotGenuine(DigestError):
    """A request that is not the provider's, or not meant for us; the message names no content."""


@dataclass(frozen=True, slots=True)
class Posted:
    """One request: its raw body, its headers by small names, and the secret in its path."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    secret: str = field(repr=False)
    now: datetime


@dataclass(frozen=True, slots=True)
class Heard:
    """What a genuine request tells: events, those that are not understood, and a token that makes
    all of it count once (empty where every event has a name of its own).
    """

    told: Sequence[Feedback] = ()
    odd: Sequence[NotUnderstood] = ()
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Hook(ABC):
    """One provider we listen to; `path` is where, below ``/hooks/``, and `relays` are those whose
    copies it may speak about.
    """

    provider: ClassVar[str]
    path: ClassVar[str]
    relays: frozenset[str]

    def knows(self, _secret: str) -> bool:
        """Whether the secret in a path is the agreed one; always where there is none."""
        return True

    @abstractmethod
    def hear(self, posted: Posted) -> Heard:
        """Return what a request tells, once it is proved to be the provider's.

        May ask the network, so never inside a transaction. Raises NotGenuine, and FetchFailed where
        it cannot be proved just now.
        """


def check_time(signed_at: datetime, now: datetime, *, tried_for: timedelta) -> None:
    """Raise NotGenuine for a request of another time than now.

    `tried_for` is how long the provider goes on trying after an answer of 500: it sends the same
    signature again then, so a shorter patience would lose what came while we were out of order.
    """
    if not now - tried_for - TRAVEL <= signed_at <= now + TRAVEL:
        raise NotGenuine("signed at another time")

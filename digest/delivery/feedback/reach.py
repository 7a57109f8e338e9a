"""Whose mail a provider may speak about. Only reads.

A verified request proves who tells, not that it is theirs to tell: a secret may leak, and one
account may send for a shop and a newsroom. So a provider is heard about copies that its own relays
got the dot of, and, where an event names no copy, about readers of newsletters that send through
them; never about a message that bears another's Message-ID.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.config import Config
from digest.delivery.feedback.events import Feedback
from digest.delivery.feedback.finding import Found
from digest.models import Delivery, Newsletter, Subscription


@dataclass(frozen=True, slots=True)
class Reach:
    """The relays of one provider, and the newsletters (by slug) that send through them."""

    relays: frozenset[str]
    newsletters: frozenset[str]

    @classmethod
    def of(cls, relays: Collection[str], config: Config) -> "Reach":
        """Return the reach of whoever is behind some relays, as it is configured now."""
        slugs = [
            newsletter.slug
            for newsletter in config.newsletters
            if {newsletter.relay, *newsletter.spare_relays}.intersection(relays)
        ]
        return cls(frozenset(relays), frozenset(slugs))

    def holds(
        self, session: Session, found: Found, event: Feedback, hosts: Collection[str]
    ) -> bool:
        """Whether the provider has a say over what was found; `hosts` are those of our own
        Message-IDs.
        """
        if found.by == "token" and found.delivery_id is None:
            return True  # a notice, and only who carried it knows its signed name
        if found.by == "recipient" and _is_anothers(event.own_message_id, hosts):
            return False
        if found.delivery_id is not None:
            row = select(Delivery.relay).where(Delivery.id == found.delivery_id)
            return session.scalar(row) in self.relays
        return self._reads(session, found.subscriber_id)

    def _reads(self, session: Session, subscriber_id: int | None) -> bool:
        subscription = (
            select(Subscription.id)
            .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
            .where(
                Subscription.subscriber_id == subscriber_id,
                Newsletter.slug.in_(self.newsletters),
            )
        )
        return session.scalar(subscription.limit(1)) is not None


def _is_anothers(message_id: str, hosts: Collection[str]) -> bool:
    host = message_id.rpartition("@")[2].rstrip(">").lower()
    return bool(host) and host not in hosts

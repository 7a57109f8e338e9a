"""Whose link was opened: a mail's own links hold for ever, and show nothing about a reader."""

from dataclasses import dataclass

from digest.app import App
from digest.config import NewsletterConfig
from digest.errors import NotFound
from digest.models import Newsletter, Subscription
from digest.subscribers.lifecycle import find_subscription
from digest.tokens import Purpose
from digest.web.pages import Masthead, find_masthead


@dataclass(frozen=True, slots=True)
class Linked:
    """What a mail's link leads to; `configured` is None when its newsletter is published no
    more.
    """

    subscription: Subscription
    slug: str
    configured: NewsletterConfig | None
    masthead: Masthead

    @property
    def zone(self) -> str:
        """The time zone in which this reader's days begin."""
        own = self.configured.schedule.timezone if self.configured else "UTC"
        return self.subscription.timezone or own

    @property
    def is_guarded(self) -> bool:
        """Whether nothing about money may be kept; of what is unknown, too."""
        return self.configured is None or self.configured.guarded


def linked(instance: App, purpose: Purpose, token: str) -> Linked:
    """Return what a mail's link leads to; BadInput or NotFound when it is not valid."""
    public_id = instance.signer.read(purpose, token)
    config = instance.config
    with instance.db.read() as session:
        subscription = find_subscription(session, public_id)
        if subscription is None:
            raise NotFound("no such subscription")
        slug = session.get_one(Newsletter, subscription.newsletter_id).slug
        configured = next((each for each in config.newsletters if each.slug == slug), None)
        masthead = find_masthead(session, config, subscription.newsletter_id, subscription.language)
    return Linked(subscription, slug, configured, masthead)


def masthead_of(instance: App, purpose: Purpose, token: str) -> Masthead:
    """Return the newsletter a mail's link belongs to; BadInput or NotFound when it is not valid."""
    return linked(instance, purpose, token).masthead

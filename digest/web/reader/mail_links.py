"""Whose link was opened: a mail's own links hold for ever, and show nothing about a reader."""

from digest.app import App
from digest.errors import NotFound
from digest.subscribers.lifecycle import find_subscription
from digest.tokens import Purpose
from digest.web.pages import Masthead, find_masthead


def masthead_of(instance: App, purpose: Purpose, token: str) -> Masthead:
    """Return the newsletter a mail's link belongs to; BadInput or NotFound when it is not valid."""
    public_id = instance.signer.read(purpose, token)
    with instance.db.read() as session:
        subscription = find_subscription(session, public_id)
        if subscription is None:
            raise NotFound("no such subscription")
        return find_masthead(session, instance.config, subscription.newsletter_id)

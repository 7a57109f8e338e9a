"""In whose name we write to a reader about themselves, and not about one newsletter."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.config import Config, NewsletterConfig
from digest.models import Newsletter, Subscriber, SubscriptionState
from digest.subscribers.person import list_own


def home_of(session: Session, config: Config, subscriber: Subscriber) -> NewsletterConfig:
    """Return the newsletter whose sender and whose pages serve a reader: a guarded one before all
    others, because a notice in another's name would say what they read; one they still get before
    one they left.
    """
    slugs = {row.id: row.slug for row in session.scalars(select(Newsletter))}
    configured = {newsletter.slug: newsletter for newsletter in config.newsletters}
    theirs = [
        (not found.guarded, each.state is SubscriptionState.UNSUBSCRIBED, each.id, found)
        for each in list_own(session, subscriber.id)
        if (found := configured.get(slugs[each.newsletter_id]))
    ]
    if not theirs:
        return config.newsletters[0]
    return min(theirs, key=lambda each: each[:3])[3]

"""What visitors of the reader pages post, prepared beforehand, and what the store says came of it.

Each post is another person's: a token of another subscription, an address nobody has, a network of
its own.
"""

import random

from sqlalchemy import func, select

from benchmarks.load import Post
from digest.app import App
from digest.delivery.ledger.sums import count_sums
from digest.models import Issue, Subscription, SubscriptionState
from digest.tokens import Purpose

ONE_CLICK = "List-Unsubscribe=One-Click"  # RFC 8058, section 3.2


def hello_posts(path: str, count: int) -> list[Post]:
    """Return posts of the same size for a server that looks at none of it."""
    return [Post(path, _visitor(number), ONE_CLICK) for number in range(count)]


def one_click_posts(app: App, count: int) -> list[Post]:
    """Return the one-click posts of that many readers, from all over the list."""
    there = Subscription.state != SubscriptionState.UNSUBSCRIBED
    with app.db.read() as session:
        ids = session.scalars(select(Subscription.public_id).where(there)).all()
    chosen = random.Random(count).sample(ids, count)  # noqa: S311 - guards nothing
    tokens = (app.signer.sign(Purpose.UNSUBSCRIBE, public_id) for public_id in chosen)
    return [Post(f"/u/{token}", _visitor(n), ONE_CLICK) for n, token in enumerate(tokens)]


def count_left(app: App) -> int:
    """Return how many subscriptions have ended."""
    left = Subscription.state == SubscriptionState.UNSUBSCRIBED
    with app.db.read() as session:
        return session.scalars(select(func.count()).where(left)).one()


def count_accepted(app: App) -> int:
    """Return how many copies a relay has taken."""
    with app.db.read() as session:
        issue_id = session.scalars(select(Issue.id)).one()
        return count_sums(session, issue_id).accepted


def _visitor(number: int) -> str:
    """Return an address in a /24 of its own."""
    return f"{20 + number // 65_536}.{number // 256 % 256}.{number % 256}.7"

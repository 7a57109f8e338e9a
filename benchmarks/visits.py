"""What visitors of the reader pages post, prepared beforehand, and what the store says came of it.

Each post is another person's: a token of another subscription, an address nobody has, a network of
its own.
"""

import random
from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import func, select

from benchmarks.load import Post
from digest.app import App
from digest.correspondence.terms import Terms, terms_of
from digest.delivery.ledger.sums import count_sums
from digest.models import Issue, ReaderRequest, Subscription, SubscriptionState
from digest.tokens import Purpose, TokenSigner
from digest.web.reader.stamps import make_stamp

SLUG = "weekly"
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


def signup_posts(app: App, count: int) -> list[Post]:
    """Return the sign-up forms of that many strangers, each shown to them some seconds ago."""
    configured = app.config.newsletter(SLUG)
    terms = terms_of(app.templates.catalogues.words(configured.language), configured)
    shown = app.clock.now() - timedelta(seconds=10)
    return [
        Post(f"/n/{SLUG}", _visitor(number), _form(app.signer, terms, number, shown))
        for number in range(count)
    ]


def _form(signer: TokenSigner, terms: Terms, number: int, shown: datetime) -> str:
    stamp = make_stamp(signer, f"{SLUG} {terms.digest}", shown)
    fields = {"stamp": stamp, "address": f"stranger.{number}@new.example", "name": "A. Stranger"}
    return urlencode(fields)


def count_asked(app: App) -> int:
    """Return how many people asked to join: they wait for a letter, or have it."""
    waiting = select(func.count()).select_from(ReaderRequest).scalar_subquery()
    pending = Subscription.state == SubscriptionState.PENDING
    answered = select(func.count()).where(pending).scalar_subquery()
    with app.db.read() as session:
        return session.scalars(select(waiting + answered)).one()


def count_left(app: App) -> int:
    """Return how many subscriptions have ended."""
    left = Subscription.state == SubscriptionState.UNSUBSCRIBED
    with app.db.read() as session:
        return session.scalars(select(func.count()).where(left)).one()


def count_accepted(app: App) -> int:
    """Return how many copies a relay has taken."""
    with app.db.read() as session:
        issue_id = session.scalars(select(Issue.id).where(Issue.number == 1)).one()
        return count_sums(session, issue_id).accepted


def _visitor(number: int) -> str:
    """Return an address in a /24 of its own."""
    return f"{20 + number // 65_536}.{number // 256 % 256}.{number % 256}.7"

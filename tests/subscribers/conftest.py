"""What the tests of this room share: a newsletter, and a quick way to put readers into a state."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from digest.clock import FixedClock
from digest.db import Database
from digest.models import Newsletter, Subscription
from digest.sealed import Sealer
from digest.subscribers.lifecycle import confirm, join, leave, pause

Reader = Callable[..., Subscription]


@pytest.fixture
def newsletter_in(clock: FixedClock) -> Callable[..., int]:
    """Make a newsletter in a store and return its id: ``newsletter_in(db, "slug")``."""

    def make(db: Database, slug: str = "weekly") -> int:
        with db.write() as session:
            newsletter = Newsletter(slug=slug, furniture={}, skip_dates=[], created_at=clock.now())
            session.add(newsletter)
            session.flush()
            return newsletter.id

    return make


@pytest.fixture
def newsletter_id(db: Database, newsletter_in: Callable[..., int]) -> int:
    """A newsletter in the store called ``db``."""
    return newsletter_in(db)


@pytest.fixture
def reader(sealer: Sealer, clock: FixedClock) -> Reader:
    """Make a reader: ``reader(session, newsletter_id, address, "pending|active|paused|left")``."""

    def make(
        session: Session, newsletter_id: int, address: str, state: str = "active"
    ) -> Subscription:
        now = clock.now()
        made = join(
            session,
            sealer,
            newsletter_id=newsletter_id,
            address=address,
            name="Anna",
            language=None,
            timezone=None,
            now=now,
            origin="form",
            wording="Yes, every Friday.",
            policy_version="2026-01",
        )
        if state != "pending":
            confirm(session, made.public_id, now=now, origin="link")
        if state == "paused":
            pause(session, made.public_id, until=now + timedelta(days=30), now=now, origin="link")
        if state == "left":
            leave(session, made.public_id, now=now, origin="link")
        session.flush()
        return made

    return make

"""In whose name a reader is written to about themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from digest.clock import FixedClock
from digest.correspondence.home import home_of
from digest.correspondence.moving import write_about_erasing, write_about_moving
from digest.curation.newsletters import find_newsletter
from digest.models import Notice
from digest.subscribers.lifecycle import add_active, find_by_address, leave
from digest.testing.newsroom import Newsroom, open_newsroom

ANNA = "anna@example.org"
LAST_LINE = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }\n'
OTHERS = """
[[newsletters]]
slug = "monthly"
name = "The Harbour Monthly"
host = "courier.example"
sender = { name = "The Harbour Monthly", address = "monthly@courier.example" }
relay = "main"
postal_address = "12 Quay Street, Harbour Town"

[[newsletters]]
slug = "letters"
name = "The Harbour Unbound"
host = "post.example"
sender = { name = "Letters", address = "letters@post.example" }
relay = "main"
public_url = "https://pages.post.example"
guarded = true
guarded_names = ["Harbour"]
postal_address = "12 Quay Street, Harbour Town"
"""


@pytest.fixture
def newsroom(tmp_path: Path, clock: FixedClock) -> Iterator[Newsroom]:
    """A newsroom of three newsletters, the last of them guarded."""
    with open_newsroom(tmp_path, clock, more={LAST_LINE: LAST_LINE + OTHERS}) as opened:
        yield opened


def _subscribe(newsroom: Newsroom, *slugs: str) -> dict[str, str]:
    """Subscribe Anna; return the subscriptions' public ids by slug."""
    app = newsroom.app
    with app.db.write() as session:
        return {
            slug: add_active(
                session,
                app.sealer,
                newsletter_id=find_newsletter(session, slug).id,
                address=ANNA,
                name=None,
                language=None,
                timezone=None,
                now=app.clock.now(),
                origin="test",
            ).public_id
            for slug in slugs
        }


def _home(newsroom: Newsroom) -> str:
    with newsroom.app.db.read() as session:
        anna = find_by_address(session, newsroom.app.sealer, ANNA)
        assert anna is not None
        return home_of(session, newsroom.app.config, anna).slug


@pytest.mark.parametrize(
    ("slugs", "home"),
    [
        (["weekly"], "weekly"),
        (["monthly", "weekly"], "monthly"),
        (["weekly", "letters"], "letters"),
    ],
)
def test_home_is_the_guarded_one_or_the_first(newsroom, slugs: list[str], home: str) -> None:
    _subscribe(newsroom, *slugs)

    assert _home(newsroom) == home


def test_home_is_one_that_was_not_left(newsroom: Newsroom) -> None:
    theirs = _subscribe(newsroom, "weekly", "monthly")
    with newsroom.app.db.write() as session:
        leave(session, theirs["weekly"], now=newsroom.app.clock.now(), origin="test")

    assert _home(newsroom) == "monthly"


def test_guarded_one_stays_home_after_it_was_left(newsroom: Newsroom) -> None:
    theirs = _subscribe(newsroom, "weekly", "letters")
    with newsroom.app.db.write() as session:
        leave(session, theirs["letters"], now=newsroom.app.clock.now(), origin="test")

    assert _home(newsroom) == "letters"


def test_letters_of_the_settings_come_from_home_and_lead_there(newsroom: Newsroom) -> None:
    _subscribe(newsroom, "weekly", "letters")
    app, now = newsroom.app, newsroom.app.clock.now()
    with app.db.write() as session:
        anna = find_by_address(session, app.sealer, ANNA)
        assert anna is not None
        write_about_moving(session, app.correspondent, anna, "new@example.net", now=now)
        write_about_erasing(session, app.correspondent, anna, now=now)

    with app.db.read() as session:
        notices = session.scalars(select(Notice)).all()
    assert {notice.newsletter_slug for notice in notices} == {"letters"}
    for notice in notices:
        text = notice.subject + app.sealer.open(notice.body_sealed)
        assert "https://pages.post.example/" in text
        assert "harbour" not in text.lower()
        assert "courier" not in text.lower()

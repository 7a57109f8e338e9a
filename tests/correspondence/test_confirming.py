"""Confirming from several sides at once: one reader, one welcome, one copy, on each database."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from digest.clock import FixedClock
from digest.correspondence.confirming import confirm_reader
from digest.correspondence.requests import answer_requests
from digest.curation.issues import find_issue
from digest.curation.newsletters import find_newsletter
from digest.errors import NotFound, Refused
from digest.models import Delivery, Notice, Origin, RequestKind, Subscription, Tombstone
from digest.scheduler import run_scheduler, tick_once
from digest.subscribers.consent import list_events
from digest.subscribers.door.requests import Asked, put_request
from digest.subscribers.lifecycle import leave
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
NEW = "nora@example.net"


@pytest.fixture(params=["sqlite", "postgres"])
def newsroom(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock, run: Callable[..., object]
) -> Iterator[Newsroom]:
    """A newsroom that has sent an issue to one reader, while somebody else has asked to join."""
    url = {}
    if request.param == "postgres":
        url = {"url": request.getfixturevalue("postgres_url")}
    with open_newsroom(tmp_path, clock, **url) as opened:
        opened.subscribe("anna@example.org")
        opened.ready(FRIDAY)
        run(tick_once(opened.app))
        ask(opened)
        answer_requests(opened.app.db, opened.app.correspondent, clock, pause=0)
        yield opened


def ask(newsroom: Newsroom) -> None:
    app = newsroom.app
    with app.db.write() as session:
        newsletter_id = find_newsletter(session, "weekly").id
        wish = Asked(RequestKind.JOIN, newsletter_id, NEW, "test")
        put_request(session, app.sealer, wish, app.clock.now())


def pending(newsroom: Newsroom) -> Subscription:
    with newsroom.app.db.read() as session:
        return session.scalars(select(Subscription).order_by(Subscription.id.desc())).first()


def confirm(newsroom: Newsroom, public_id: str) -> Subscription:
    app = newsroom.app
    with app.db.write() as session:
        return confirm_reader(
            session, app.correspondent, public_id, now=app.clock.now(), origin="test"
        )


def joined(newsroom: Newsroom) -> int:
    with newsroom.app.db.read() as session:
        rows = select(func.count()).where(Delivery.origin == Origin.JOINED)
        return session.scalar(rows) or 0


def welcomes(newsroom: Newsroom) -> int:
    with newsroom.app.db.read() as session:
        return session.scalar(select(func.count()).where(Notice.kind == "welcome")) or 0


def test_many_confirmations_at_once_make_one_reader(newsroom: Newsroom, run) -> None:
    mine = pending(newsroom)
    start = threading.Barrier(8)

    def press() -> None:
        start.wait()
        confirm(newsroom, mine.public_id)

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with newsroom.app.db.read() as session:
        kinds = [event.kind for event in list_events(session, mine.subscriber_id)]
    assert (welcomes(newsroom), joined(newsroom), kinds) == (1, 1, ["asked", "confirmed"])
    run(tick_once(newsroom.app))
    assert newsroom.problems("weekly/1") == []
    assert newsroom.state("weekly/1") == "sent"


def test_copy_of_a_joiner_is_tried_for_as_long_as_anybody_s(newsroom: Newsroom, clock, run) -> None:
    """The issue's own window is long over; the joiner's begins when they join."""
    clock.advance(timedelta(days=10))
    confirm(newsroom, pending(newsroom).public_id)

    with newsroom.app.db.read() as session:
        row = session.scalars(select(Delivery).where(Delivery.origin == Origin.JOINED)).one()
    assert row.not_before == clock.now()
    run(tick_once(newsroom.app))
    assert newsroom.sums("weekly/1").accepted == 2


def test_reader_of_before_the_erasure_gets_no_second_copy(newsroom: Newsroom, clock) -> None:
    sealer = newsroom.app.sealer
    with newsroom.app.db.write() as session:
        issue_id = find_issue(session, "weekly/1").id
        index = sealer.index(NEW)
        session.add(Tombstone(issue_id=issue_id, address_index=index, at=clock.now()))

    confirm(newsroom, pending(newsroom).public_id)

    assert (welcomes(newsroom), joined(newsroom)) == (1, 0)


def test_reader_who_left_is_refused(newsroom: Newsroom, clock) -> None:
    mine = pending(newsroom)
    with newsroom.app.db.write() as session:
        leave(session, mine.public_id, now=clock.now(), origin="test")

    with pytest.raises(Refused):
        confirm(newsroom, mine.public_id)

    assert (welcomes(newsroom), joined(newsroom)) == (0, 0)


def test_reader_who_came_back_is_welcomed_again(newsroom: Newsroom, clock) -> None:
    mine = pending(newsroom)
    confirm(newsroom, mine.public_id)
    with newsroom.app.db.write() as session:
        leave(session, mine.public_id, now=clock.now(), origin="test")
    clock.advance(timedelta(days=1))
    ask(newsroom)
    answer_requests(newsroom.app.db, newsroom.app.correspondent, clock, pause=0)

    confirm(newsroom, mine.public_id)

    assert (welcomes(newsroom), joined(newsroom)) == (2, 1)


def test_unknown_subscription_is_not_found(newsroom: Newsroom) -> None:
    with pytest.raises(NotFound):
        confirm(newsroom, "aaaaaaaaaaaaaaaa")


def test_daemon_answers_and_sends_by_itself(newsroom: Newsroom, clock, run) -> None:
    clock.advance(timedelta(days=2))
    before = len(newsroom.backend.accepted)
    ask(newsroom)

    async def until_written() -> None:
        stop = asyncio.Event()
        daemon = asyncio.create_task(run_scheduler(newsroom.app, stop))
        while len(newsroom.backend.accepted) < before + 2 and not daemon.done():
            await asyncio.sleep(0.02)
        stop.set()
        await daemon

    run(asyncio.wait_for(until_written(), 60))

    written = [envelope.rcpt_to for envelope, _ in newsroom.backend.accepted[before:]]
    assert written == [NEW, NEW]  # the letter of two days ago, and this one

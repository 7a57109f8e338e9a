"""Erasure removes everything that names a reader or leads to one, and leaves counts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from digest.clock import FixedClock
from digest.correspondence.erasing import erase_reader
from digest.db import Database
from digest.delivery.ledger.tombstones import remove_tombstones
from digest.delivery.outcome import Rejected, Uncertain
from digest.errors import NotFound
from digest.models import (
    AddressChange,
    Base,
    ConsentEvent,
    ConsentText,
    Delivery,
    DeliveryState,
    Issue,
    Notice,
    PublicHit,
    ReaderRequest,
    RequestKind,
    Subscriber,
    Subscription,
    SuppressionReason,
    Tombstone,
)
from digest.outbox import NoticeText, enqueue
from digest.scheduler import tick_once
from digest.sealed import Sealer
from digest.subscribers import lifecycle
from digest.subscribers.door.limits import Limit, allow
from digest.subscribers.door.requests import Asked, put_request
from digest.subscribers.standing import list_subscriptions
from digest.subscribers.suppression import find_reason
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
ANNA, BEN = "anna@example.org", "ben@example.org"


@pytest.fixture(params=["sqlite", "postgres"])
def newsroom(request, tmp_path, clock: FixedClock) -> Iterator[Newsroom]:
    url = "sqlite:///digest.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    with open_newsroom(tmp_path, clock, url=url) as opened:
        opened.subscribe(ANNA, BEN)
        yield opened


def erase(newsroom: Newsroom, address: str = ANNA, **choices: Any) -> int:
    app = newsroom.app
    with app.db.write() as session:
        found = lifecycle.find_by_address(session, app.sealer, address)
        assert found is not None
        erase_reader(session, app.sealer, found.id, now=app.clock.now(), **choices)
        return found.id


def count(db: Database, model: type[Base]) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def tombstones(newsroom: Newsroom) -> list[bytes]:
    with newsroom.app.db.read() as session:
        return list(session.scalars(select(Tombstone.address_index)))


def row_of(newsroom: Newsroom, subscriber_id: int) -> tuple[str, str]:
    with newsroom.app.db.read() as session:
        found = session.scalars(
            select(Delivery).where(Delivery.subscriber_id == subscriber_id)
        ).one()
        return found.state.value, found.reason


def write_around(session: Session, sealer: Sealer, address: str, now: datetime) -> None:
    """Leave everything there can be about an address."""
    index = sealer.index(address)
    for number, text in enumerate([NoticeText("Hello", "…"), NoticeText("Again", "…")]):
        enqueue(
            session,
            sealer,
            kind="welcome",
            newsletter_slug="weekly",
            address=address,
            text=text,
            dedupe_key=f"{index.hex()}{number}",
            now=now,
            address_index=index,
        )
    asked = Asked(RequestKind.JOIN, 1, address, "form", wording="Every Friday.")
    put_request(session, sealer, asked, now)
    allow(session, [(Limit("letters", 3, timedelta(days=1)), index)], now)


def test_everything_about_a_reader_goes_and_what_is_others_stays(newsroom) -> None:
    app, now = newsroom.app, newsroom.app.clock.now()
    with app.db.write() as session:
        for address in (ANNA, BEN):
            write_around(session, app.sealer, address, now)
            found = lifecycle.find_by_address(session, app.sealer, address)
            session.add(
                AddressChange(public_id=f"change{found.id}", subscriber_id=found.id,
                              address_index=app.sealer.index(f"new{address}"),
                              address_sealed=app.sealer.seal(f"new{address}"), asked_at=now)
            )  # fmt: skip

    erase(newsroom)

    tables = (Subscriber, Subscription, ConsentEvent, ReaderRequest, PublicHit, AddressChange)
    assert [count(app.db, table) for table in tables] == [1] * 6
    with app.db.read() as session:
        indexes = {notice.address_index for notice in session.scalars(select(Notice))}
        assert indexes == {app.sealer.index(BEN)}
        assert find_reason(session, app.sealer, ANNA) is SuppressionReason.ERASED


def test_text_that_others_have_agreed_to_stays(newsroom) -> None:
    app = newsroom.app
    with app.db.write() as session:
        for address in ("cleo@example.org", "dan@example.org"):
            lifecycle.join(session, app.sealer, newsletter_id=1, address=address, name=None,
                           language=None, timezone=None, now=app.clock.now(), origin="form",
                           wording="Yes.", policy_version=None)  # fmt: skip

    erase(newsroom, "cleo@example.org")
    before = count(app.db, ConsentText)
    erase(newsroom, "dan@example.org")

    assert (before, count(app.db, ConsentText)) == (1, 0)


def test_change_of_somebody_else_to_the_address_goes_too(newsroom) -> None:
    app = newsroom.app
    with app.db.write() as session:
        ben = lifecycle.find_by_address(session, app.sealer, BEN)
        session.add(
            AddressChange(public_id="change", subscriber_id=ben.id,
                          address_index=app.sealer.index(ANNA),
                          address_sealed=app.sealer.seal(ANNA), asked_at=app.clock.now())
        )  # fmt: skip

    erase(newsroom)

    assert count(app.db, AddressChange) == 0


def test_reader_may_decline_even_the_suppression(newsroom) -> None:
    erase(newsroom, keep_suppression=False)

    with newsroom.app.db.read() as session:
        assert find_reason(session, newsroom.app.sealer, ANNA) is None


def test_erasing_nobody_is_not_found(newsroom) -> None:
    app = newsroom.app

    with app.db.write() as session, pytest.raises(NotFound):
        erase_reader(session, app.sealer, 99, now=app.clock.now())


def test_copy_that_left_leaves_a_tombstone_and_its_row_a_number(newsroom, run) -> None:
    issue = newsroom.ready(FRIDAY)
    run(tick_once(newsroom.app))

    erased = erase(newsroom)

    assert tombstones(newsroom) == [newsroom.app.sealer.index(ANNA)]
    assert row_of(newsroom, erased) == ("accepted", "")
    assert newsroom.problems(issue) == []


def test_copy_that_waits_is_skipped_and_leaves_none(newsroom, run) -> None:
    issue = newsroom.ready(FRIDAY)
    newsroom.app.sender.tick()

    erased = erase(newsroom)
    run(tick_once(newsroom.app))

    assert tombstones(newsroom) == []
    assert row_of(newsroom, erased) == ("skipped", "gone")
    assert newsroom.state(issue) == "sent"
    assert newsroom.problems(issue) == []
    assert [envelope.rcpt_to for envelope, _ in newsroom.backend.accepted] == [BEN]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [(Uncertain("no reply"), 1), (Rejected(550, "no such user"), 0)],
    ids=["uncertain", "refused"],
)
def test_only_what_is_provably_undelivered_leaves_none(newsroom, run, outcome, expected) -> None:
    newsroom.backend.script(lambda e: e.rcpt_to == ANNA, outcome)
    newsroom.ready(FRIDAY)
    run(tick_once(newsroom.app))

    erase(newsroom)

    assert len(tombstones(newsroom)) == expected


def test_row_that_waits_again_after_a_dot_leaves_a_tombstone(newsroom) -> None:
    """It was in doubt, and an editor had it sent again."""
    newsroom.ready(FRIDAY)
    newsroom.app.sender.tick()
    now = newsroom.app.clock.now()
    with newsroom.app.db.write() as session:
        session.execute(update(Delivery).values(dotted_at=now))

    erased = erase(newsroom)

    assert tombstones(newsroom) == [newsroom.app.sealer.index(ANNA)]
    assert row_of(newsroom, erased) == ("skipped", "gone")


def test_row_that_a_sender_is_just_committing_is_not_waited_for(newsroom) -> None:
    app = newsroom.app
    if app.db.is_sqlite:
        pytest.skip("SQLite has one writer: there is no such moment")
    newsroom.ready(FRIDAY)
    app.sender.tick()
    with app.db.write() as sending:
        sending.execute(
            update(Delivery).values(state=DeliveryState.DOTTED, dotted_at=app.clock.now())
        )

        erase(newsroom)

    assert tombstones(newsroom) == [app.sealer.index(ANNA)]


def test_erasing_beside_a_press_waits_for_it_and_neither_fails(newsroom) -> None:
    app = newsroom.app
    if app.db.is_sqlite:
        pytest.skip("SQLite has one writer: there is no such moment")
    with app.db.read() as session:
        reader = lifecycle.find_by_address(session, app.sealer, ANNA)
        [(_, mine)] = list_subscriptions(session, reader.id)
    with ThreadPoolExecutor(1) as threads:
        with app.db.write() as pressing:
            lifecycle.take_subscription(pressing, mine.public_id)
            erasing = threads.submit(erase, newsroom)
            with pytest.raises(TimeoutError):
                erasing.result(timeout=0.5)  # it waits
            lifecycle.leave(pressing, mine.public_id, now=app.clock.now(), origin="test")
        erasing.result(timeout=30)

    with app.db.read() as session:
        assert lifecycle.find_by_address(session, app.sealer, ANNA) is None


def test_joining_again_makes_a_subscriber_whom_the_tombstone_knows(newsroom, run) -> None:
    newsroom.ready(FRIDAY)
    run(tick_once(newsroom.app))
    erased = erase(newsroom, keep_suppression=False)

    newsroom.subscribe("Anna@example.org")

    app = newsroom.app
    with app.db.read() as session:
        again = lifecycle.find_by_address(session, app.sealer, ANNA)
        assert again is not None
        assert again.id != erased
        assert session.get(Tombstone, (1, again.address_index)) is not None
        theirs = select(Delivery).where(Delivery.subscriber_id == again.id)
        assert session.scalars(theirs).all() == []


def test_old_issue_needs_no_tombstone(newsroom, clock: FixedClock, run) -> None:
    newsroom.ready(FRIDAY)
    run(tick_once(newsroom.app))
    clock.advance(timedelta(days=15))

    erase(newsroom)

    assert tombstones(newsroom) == []


def test_tombstones_go_after_two_weeks_but_not_from_an_issue_still_sending(
    newsroom, clock: FixedClock, run
) -> None:
    newsroom.ready(FRIDAY)
    run(tick_once(newsroom.app))
    erase(newsroom)
    left: list[int] = []

    def remove_after(days: int, state: str) -> None:
        with newsroom.app.db.write() as session:
            session.execute(update(Issue).values(state=state))
            remove_tombstones(session, clock.now() + timedelta(days=days))
        left.append(len(tombstones(newsroom)))

    for days, state in [(13, "sent"), (15, "sending"), (15, "sent")]:
        remove_after(days, state)

    assert left == [1, 1, 0]

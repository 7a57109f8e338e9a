"""Who is answered and how: one letter to the mailbox, or silence, on each database."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from digest.clock import FixedClock
from digest.correspondence.forgetting import forget_old
from digest.correspondence.requests import answer_requests
from digest.curation.newsletters import find_newsletter
from digest.models import (
    Newsletter,
    Notice,
    PublicHit,
    ReaderRequest,
    RequestKind,
    SpentLink,
    Subscriber,
    Subscription,
    SuppressionReason,
)
from digest.subscribers.consent import find_wording, list_events
from digest.subscribers.door.requests import Asked, put_request
from digest.subscribers.door.spent import spend
from digest.subscribers.lifecycle import confirm, find_by_address, find_subscription
from digest.subscribers.suppression import suppress
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.tokens import Purpose

ANNA = "anna@example.org"
NEW = "nora@example.net"
CONFIRM = "Please confirm your subscription"
ALREADY = "You are subscribed already"
SETTINGS = "The link to your settings"
SCHEDULE = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }\n'
MONTHLY = """
[[newsletters]]
slug = "monthly"
name = "The Harbour Almanac"
host = "courier.example"
sender = { name = "The Harbour Courier", address = "letters@courier.example" }
relay = "main"
postal_address = "12 Quay Street, Harbour Town"
"""
Opened = Callable[..., Newsroom]


@pytest.fixture(params=["sqlite", "postgres"])
def newsroom(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock
) -> Iterator[Newsroom]:
    """A newsroom of two newsletters, in which Anna reads one."""
    url = {}
    if request.param == "postgres":
        url = {"url": request.getfixturevalue("postgres_url")}
    with open_newsroom(tmp_path, clock, more={SCHEDULE: SCHEDULE + MONTHLY}, **url) as opened:
        opened.subscribe(ANNA)
        yield opened


def ask(newsroom: Newsroom, address: str = NEW, slug: str = "weekly", **more: Any) -> None:
    kind = more.pop("kind", RequestKind.JOIN)
    app = newsroom.app
    with app.db.write() as session:
        newsletter_id = find_newsletter(session, slug).id
        asked = Asked(kind, newsletter_id, address, "sign-up page", **more)
        put_request(session, app.sealer, asked, app.clock.now())


def answer(newsroom: Newsroom) -> int:
    app = newsroom.app
    return answer_requests(app.db, app.correspondent, app.clock, pause=0)


def letters(newsroom: Newsroom) -> list[tuple[str, str]]:
    """Return subject and address of every letter in the outbox."""
    open_ = newsroom.app.sealer.open
    with newsroom.app.db.read() as session:
        rows = session.scalars(select(Notice).order_by(Notice.id))
        return [(row.subject, open_(row.address_sealed)) for row in rows]


def body(newsroom: Newsroom) -> str:
    """Return the last letter's text."""
    with newsroom.app.db.read() as session:
        sealed = session.scalars(select(Notice.body_sealed).order_by(Notice.id.desc())).first()
    return newsroom.app.sealer.open(sealed or b"")


def states(newsroom: Newsroom, address: str) -> list[str]:
    with newsroom.app.db.read() as session:
        found = find_by_address(session, newsroom.app.sealer, address)
        theirs = select(Subscription.state).where(
            Subscription.subscriber_id == (found.id if found else 0)
        )
        return sorted(state.value for state in session.scalars(theirs))


def count(newsroom: Newsroom, table: type) -> int:
    with newsroom.app.db.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def make_suppressed(newsroom: Newsroom, address: str, reason: SuppressionReason) -> None:
    app = newsroom.app
    with app.db.write() as session:
        suppress(session, app.sealer, address, reason, now=app.clock.now())


def test_stranger_gets_one_confirmation_letter_and_stays_pending(newsroom: Newsroom) -> None:
    ask(newsroom)

    assert (answer(newsroom), answer(newsroom)) == (1, 0)
    assert letters(newsroom) == [(CONFIRM, NEW)]
    assert states(newsroom, NEW) == ["pending"]


def test_evidence_has_what_was_shown_and_when(newsroom: Newsroom) -> None:
    asked_at = newsroom.app.clock.now()
    shown = {"wording": "Yes, weekly.", "policy": "We keep little.", "policy_version": "abc"}
    ask(newsroom, network="00ff00ff00ff00ff", name="Nora", **shown)
    newsroom.app.clock.advance(timedelta(minutes=5))
    answer(newsroom)

    with newsroom.app.db.read() as session:
        subscriber = find_by_address(session, newsroom.app.sealer, NEW)
        assert subscriber is not None
        [event] = list_events(session, subscriber.id)
        texts = [find_wording(session, d or "") for d in (event.text_digest, event.policy_digest)]
    assert (event.kind, event.at, event.origin) == ("asked", asked_at, "sign-up page")
    assert texts == ["Yes, weekly.", "We keep little."]
    assert (event.policy_version, event.evidence) == ("abc", {"network": "00ff00ff00ff00ff"})


def test_letter_holds_nothing_that_a_visitor_typed(newsroom: Newsroom) -> None:
    ask(newsroom, name="FREE PILLS https://pills.example")
    answer(newsroom)

    text = body(newsroom)
    assert not [word for word in ("pills", "PILLS", "nora", NEW) if word in text]
    assert text.count("http") == 1
    assert "http://127.0.0.1:8000/c/" in text


def test_link_in_the_letter_confirms_this_subscription_for_seven_days(newsroom: Newsroom) -> None:
    ask(newsroom)
    answer(newsroom)
    app = newsroom.app
    token = body(newsroom).partition("/c/")[2].split()[0]

    passing = app.signer.read_until(Purpose.CONFIRM, token, app.clock.now())

    with app.db.read() as session:
        assert find_subscription(session, passing.public_id) is not None
    assert passing.until == app.clock.now() + timedelta(days=7)


@pytest.mark.parametrize("paused", [False, True])
def test_reader_who_asks_again_is_told_so_and_stays_as_they_are(newsroom, paused: bool) -> None:
    if paused:
        with newsroom.app.db.write() as session:
            session.execute(update(Subscription).values(state="paused"))
    before = states(newsroom, ANNA)
    ask(newsroom, ANNA)
    answer(newsroom)

    assert letters(newsroom) == [(ALREADY, ANNA)]
    assert "http://127.0.0.1:8000/s/" in body(newsroom)
    assert states(newsroom, ANNA) == before


def test_reader_who_left_may_ask_again(newsroom: Newsroom) -> None:
    newsroom.unsubscribe(ANNA)
    ask(newsroom, ANNA)
    answer(newsroom)

    assert letters(newsroom) == [(CONFIRM, ANNA)]
    assert states(newsroom, ANNA) == ["pending"]


@pytest.mark.parametrize(
    ("reason", "written"), [("bounced", 1), ("erased", 1), ("complained", 0), ("manual", 0)]
)
def test_suppressed_address_is_asked_where_it_may_undo_that(newsroom, reason, written) -> None:
    make_suppressed(newsroom, NEW, SuppressionReason(reason))
    ask(newsroom)

    assert answer(newsroom) == 1
    assert len(letters(newsroom)) == written
    assert count(newsroom, ReaderRequest) == 0
    if not written:
        assert states(newsroom, NEW) == []


@pytest.mark.parametrize("address", [NEW, ANNA])
def test_address_gets_so_many_letters_a_day_and_a_month(newsroom, clock, address: str) -> None:
    written = []
    for _day in range(6):
        for _ in range(5):
            ask(newsroom, address)
            ask(newsroom, address.upper(), "monthly")
        answer(newsroom)
        written.append(len(letters(newsroom)))
        clock.advance(timedelta(days=1))
    clock.advance(timedelta(days=30))
    ask(newsroom, address)
    answer(newsroom)

    assert written == [1, 2, 3, 3, 3, 3]
    assert len(letters(newsroom)) == 4


def test_request_beyond_the_limit_leaves_no_trace(newsroom: Newsroom) -> None:
    ask(newsroom)
    ask(newsroom, slug="monthly")
    answer(newsroom)

    assert states(newsroom, NEW) == ["pending"]


def test_known_reader_gets_a_link_to_their_settings(newsroom: Newsroom, clock) -> None:
    ask(newsroom, ANNA, kind=RequestKind.SETTINGS)
    answer(newsroom)

    token = body(newsroom).partition("http://127.0.0.1:8000/s/")[2].split()[0]
    passing = newsroom.app.signer.read_until(Purpose.OPEN_SETTINGS, token, clock.now())
    with newsroom.app.db.read() as session:
        subscriber = find_by_address(session, newsroom.app.sealer, ANNA)
    assert letters(newsroom) == [(SETTINGS, ANNA)]
    assert subscriber is not None
    assert (passing.public_id, passing.until) == (
        subscriber.public_id,
        clock.now() + timedelta(hours=1),
    )


def test_settings_of_one_reader_are_linked_so_often_a_day(newsroom: Newsroom, clock) -> None:
    for _ in range(5):
        ask(newsroom, ANNA, kind=RequestKind.SETTINGS)
        clock.advance(timedelta(minutes=1))
    answer(newsroom)

    assert letters(newsroom) == [(SETTINGS, ANNA)] * 3


def test_settings_are_linked_though_a_confirmation_was_written_today(newsroom) -> None:
    ask(newsroom, ANNA, "monthly")
    ask(newsroom, ANNA, kind=RequestKind.SETTINGS)
    answer(newsroom)

    assert letters(newsroom) == [(CONFIRM, ANNA), (SETTINGS, ANNA)]


def test_who_left_gets_at_their_data_though_somebody_asked_in_their_name(
    newsroom: Newsroom,
) -> None:
    newsroom.unsubscribe(ANNA)
    ask(newsroom, ANNA)
    answer(newsroom)
    ask(newsroom, ANNA, kind=RequestKind.SETTINGS)
    answer(newsroom)

    assert letters(newsroom) == [(CONFIRM, ANNA), (SETTINGS, ANNA)]


def test_name_is_the_last_that_was_typed_before_anybody_confirmed(newsroom, clock) -> None:
    """The first may be that of somebody who typed another's address."""
    ask(newsroom, NEW, name="Buy now")
    answer(newsroom)
    clock.advance(timedelta(days=1))
    ask(newsroom, NEW, name="Nora")
    answer(newsroom)

    with newsroom.app.db.read() as session:
        nora = find_by_address(session, newsroom.app.sealer, NEW)
    assert newsroom.app.sealer.open(nora.name_sealed) == "Nora"


def _unknown(_newsroom: Newsroom) -> str:
    return "nobody@example.net"


def _pending(newsroom: Newsroom) -> str:
    ask(newsroom)
    answer(newsroom)
    return NEW


def _complained(newsroom: Newsroom) -> str:
    make_suppressed(newsroom, ANNA, SuppressionReason.COMPLAINED)
    return ANNA


@pytest.mark.parametrize("who", [_unknown, _pending, _complained])
def test_nobody_else_gets_a_link_to_settings(newsroom: Newsroom, who) -> None:
    address = who(newsroom)
    before = letters(newsroom)
    ask(newsroom, address, kind=RequestKind.SETTINGS)

    assert answer(newsroom) == 1
    assert letters(newsroom) == before


def test_request_that_cannot_be_answered_is_dropped_without_a_word_about_anybody(
    newsroom: Newsroom, caplog
) -> None:
    with newsroom.app.db.write() as session:
        gone = Newsletter(
            slug="gone", furniture={}, skip_dates=[], created_at=newsroom.app.clock.now()
        )
        session.add(gone)
    ask(newsroom, "nora@example.net", "gone")
    ask(newsroom, "ben@example.net")

    with caplog.at_level(logging.DEBUG):
        assert answer(newsroom) == 2

    assert letters(newsroom) == [(CONFIRM, "ben@example.net")]
    assert count(newsroom, ReaderRequest) == 0
    [dropped] = [r for r in caplog.records if r.name == "digest.correspondence.requests"]
    assert dropped.getMessage() == "a request is dropped"
    assert dropped.fields["error"] == "NotFound"
    assert not [r for r in caplog.records if "nora" in str(vars(r))]


def test_many_requests_are_answered_some_dozens_at_a_time(newsroom: Newsroom) -> None:
    for number in range(60):
        ask(newsroom, f"reader{number}@example.net")

    assert [answer(newsroom) for _ in range(3)] == [50, 10, 0]
    assert len(letters(newsroom)) == 60


def test_what_counts_no_longer_is_forgotten(newsroom: Newsroom, clock) -> None:
    app = newsroom.app
    ask(newsroom)
    answer(newsroom)
    stamp = app.signer.sign_until(Purpose.FORM, "weekly", clock.now() + timedelta(days=1))
    with app.db.write() as session:
        spend(session, app.signer.read_until(Purpose.FORM, stamp, clock.now()))
    clock.advance(timedelta(hours=23))
    forget_old(app.db, clock)
    kept = count(newsroom, SpentLink), count(newsroom, PublicHit)
    clock.advance(timedelta(days=30))
    forget_old(app.db, clock)

    assert kept == (1, 1)
    assert (count(newsroom, SpentLink), count(newsroom, PublicHit)) == (0, 0)


def test_address_that_nobody_confirmed_is_forgotten_after_thirty_days(newsroom, clock) -> None:
    ask(newsroom, wording="Yes.")
    answer(newsroom)
    clock.advance(timedelta(days=30))
    forget_old(newsroom.app.db, clock)
    assert states(newsroom, NEW) == ["pending"]

    clock.advance(timedelta(seconds=1))
    forget_old(newsroom.app.db, clock)

    assert states(newsroom, NEW) == []
    assert count(newsroom, Subscriber) == 1


def test_reader_of_another_newsletter_keeps_that(newsroom: Newsroom, clock) -> None:
    ask(newsroom, ANNA, "monthly")
    answer(newsroom)
    clock.advance(timedelta(days=31))

    forget_old(newsroom.app.db, clock)

    assert states(newsroom, ANNA) == ["active"]


def test_who_was_a_reader_once_is_not_forgotten(newsroom: Newsroom, clock) -> None:
    newsroom.unsubscribe(ANNA)
    ask(newsroom, ANNA)
    answer(newsroom)
    clock.advance(timedelta(days=31))

    forget_old(newsroom.app.db, clock)

    assert states(newsroom, ANNA) == ["pending"]


def test_who_confirmed_is_not_forgotten(newsroom: Newsroom, clock) -> None:
    ask(newsroom)
    answer(newsroom)
    with newsroom.app.db.write() as session:
        mine = session.scalars(
            select(Subscription.public_id).where(Subscription.state == "pending")
        )
        confirm(session, mine.one(), now=clock.now(), origin="test")
    clock.advance(timedelta(days=31))

    forget_old(newsroom.app.db, clock)

    assert states(newsroom, NEW) == ["active"]


def test_one_mailbox_under_twenty_tags_is_written_to_once(newsroom: Newsroom) -> None:
    for number in range(20):
        ask(newsroom, f"nora+{number}@example.net")

    assert answer(newsroom) == 20
    assert [subject for subject, _ in letters(newsroom)] == [CONFIRM]

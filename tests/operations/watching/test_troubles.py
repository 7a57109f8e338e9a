"""A trouble is told once when it begins and once when it is over."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from digest.config import Config, check
from digest.db import Database
from digest.models import Notice
from digest.operations.watching.alerts import ALERTS
from digest.operations.watching.troubles import Kept, Seen, Teller, judge, list_troubles
from digest.sealed import Sealer

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
DOWN = ("relay-down", "main")
AFTER, CALM = ALERTS["relay-down"].after, ALERTS["relay-down"].calm
SECOND = timedelta(seconds=1)


def kept(since: datetime, seen_at: datetime, *, told: bool) -> dict[tuple[str, str], Kept]:
    return {DOWN: Kept(since, seen_at, told, "")}


@pytest.mark.parametrize(
    ("lasts", "told", "began"),
    [(AFTER - SECOND, False, []), (AFTER, False, [DOWN]), (2 * AFTER, True, [])],
)
def test_trouble_is_told_once_it_has_lasted_for_long_enough(lasts, told, began) -> None:
    plan = judge(kept(NOW - lasts, NOW - SECOND, told=told), [Seen(*DOWN)], NOW)

    assert plan.began == began
    assert plan.seen[DOWN][0] == NOW - lasts


def test_since_when_may_be_known_better_than_by_the_first_look() -> None:
    plan = judge({}, [Seen(*DOWN, since=NOW - AFTER)], NOW)

    assert plan.began == [DOWN]


@pytest.mark.parametrize(
    ("silent", "told", "over", "gone"),
    [
        (CALM - SECOND, True, [], []),
        (CALM, True, [DOWN], []),
        (CALM, False, [], [DOWN]),
    ],
)
def test_trouble_is_over_once_it_was_not_seen_for_a_while(silent, told, over, gone) -> None:
    plan = judge(kept(NOW - 2 * AFTER, NOW - silent, told=told), [], NOW)

    assert (list(plan.over), plan.gone) == (over, gone)


def test_row_of_an_alert_that_there_is_no_more_is_put_away() -> None:
    old = ("of-an-older-program", "x")

    assert judge({old: Kept(NOW, NOW, True, "")}, [], NOW).gone == [old]


@pytest.fixture
def teller(sealer: Sealer) -> Teller:
    newsletter = {
        "slug": "weekly", "name": "The Gazette", "host": "gazette.example", "relay": "main",
        "postal_address": "12 Quay Street", "sender": {"name": "G", "address": "a@gazette.example"},
    }  # fmt: skip
    tables = {
        "web": {"public_url": "https://gazette.example"},
        "relays": {"main": {"backend": "memory"}},
        "newsletters": [newsletter],
        "watching": {"operators": ["root@gazette.example", "ops@gazette.example"]},
    }
    return Teller(check(Config, tables, where="here"), sealer)


def subjects(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(Notice.subject).order_by(Notice.id)))


def test_flapping_trouble_is_two_mails_to_each_operator(any_db, teller) -> None:
    found = [Seen(*DOWN, detail="421 busy", since=NOW - AFTER)]
    minute = timedelta(minutes=1)
    for number, seen in enumerate([found, [], found, found, [], [], [], []]):
        with any_db.write() as session:
            teller.write(session, seen, NOW + number * minute)

    title = "The relay main is out of order"
    assert subjects(any_db) == [title] * 2 + [f"Over: {title}"] * 2
    with any_db.read() as session:
        assert list_troubles(session) == {}


def test_mail_says_what_since_when_and_what_to_do(db, teller, sealer) -> None:
    with db.write() as session:
        teller.write(session, [Seen(*DOWN, detail="421 busy", since=NOW - AFTER)], NOW)
    with db.read() as session:
        notice = session.scalars(select(Notice)).first()
    assert notice is not None
    body = sealer.open(notice.body_sealed)

    assert notice.kind == "alert"
    assert body.startswith("The relay main is out of order, since 2026-11-27 06:55 UTC.\n")
    assert "\n  421 busy\n" in body
    assert "docs/alerts.md#relay-down" in body


def test_same_trouble_told_by_two_processes_is_one_mail(db, teller) -> None:
    for _ in range(2):
        with db.write() as session:
            teller.happened(session, "clock-jumped", "back by 300 seconds", "", NOW)

    assert subjects(db) == ["The clock jumped back by 300 seconds"] * 2

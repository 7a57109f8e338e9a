"""Ledgers of long ago become signed sums, provable at every moment; letters go in time."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from digest.clock import FixedClock
from digest.delivery.ledger.shrinking import Draft, add_up, drop_rows, is_shrunk, write_sums
from digest.delivery.ledger.sums import Sums, count_sums, verify_issue
from digest.delivery.outcome import Rejected, Uncertain
from digest.errors import Conflict, Refused
from digest.keys import new_key_ring, with_new_key
from digest.models import (
    Base,
    Chunk,
    Delivery,
    DeliveryEvent,
    InstanceValue,
    Issue,
    LedgerSum,
    Notice,
    NoticeState,
    SuppressionReason,
    Tombstone,
)
from digest.operations import housekeeping
from digest.operations.housekeeping import keep_house, keep_house_daily, shrink
from digest.operations.reception import count_reception
from digest.outbox import NoticeText, enqueue
from digest.scheduler import tick_once
from digest.subscribers.suppression import suppress
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
READERS = [f"r{number}@example.org" for number in range(8)]
OLD = timedelta(days=91)


def never() -> bool:
    return False


@pytest.fixture(params=["sqlite", "postgres"])
def newsroom(request, tmp_path, clock: FixedClock) -> Iterator[Newsroom]:
    url = "sqlite:///digest.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    with open_newsroom(tmp_path, clock, url=url) as opened:
        opened.subscribe(*READERS)
        yield opened


@pytest.fixture
def sent(newsroom: Newsroom, run) -> str:
    """An issue with an accepted, a rejected and an uncertain copy among eight."""
    newsroom.backend.script(lambda e: e.rcpt_to == READERS[0], Rejected(550, "no such user"))
    newsroom.backend.script(lambda e: e.rcpt_to == READERS[1], Uncertain("no reply"))
    issue = newsroom.ready(FRIDAY)
    run(tick_once(newsroom.app))
    with newsroom.app.db.write() as session:
        session.execute(update(Issue).values(state="sent", sent_at=newsroom.app.clock.now()))
    return issue


def count(newsroom: Newsroom, model: type[Base]) -> int:
    with newsroom.app.db.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def sums_of(newsroom: Newsroom) -> Sums:
    with newsroom.app.db.read() as session:
        return count_sums(session, 1, newsroom.app.keys)


def drafted(session: Session, clock: FixedClock) -> Draft:
    issue = session.get_one(Issue, 1)
    return add_up(session, issue, came_back={"complaints": 0, "bounces": 0}, now=clock.now())


def problems(newsroom: Newsroom) -> list[str]:
    with newsroom.app.db.read() as session:
        return verify_issue(session, 1, newsroom.app.keys)


def test_sums_stay_and_rows_go(newsroom, sent, clock: FixedClock) -> None:
    before = sums_of(newsroom)
    clock.advance(OLD)

    keep_house(newsroom.app, never)

    assert (before.accepted, before.rejected, before.uncertain) == (6, 1, 1)
    assert sums_of(newsroom) == before
    assert problems(newsroom) == []
    assert [count(newsroom, table) for table in (Delivery, Chunk, DeliveryEvent)] == [0, 0, 0]
    assert newsroom.state(sent) == "sent"


def test_ledger_is_kept_until_its_day(newsroom, sent, clock: FixedClock) -> None:
    clock.advance(timedelta(days=89))

    keep_house(newsroom.app, never)

    assert (count(newsroom, Delivery), count(newsroom, LedgerSum)) == (8, 0)


def test_sums_tell_groups_and_times_and_nobody(newsroom, sent, clock: FixedClock) -> None:
    clock.advance(OLD)
    keep_house(newsroom.app, never)

    with newsroom.app.db.read() as session:
        kept = session.get_one(LedgerSum, 1).sums
    assert kept["groups"] == {"other": {"accepted": 6, "rejected": 1, "uncertain": 1}}
    assert kept["rows"] == {
        "audience": {"accepted": 6, "rejected": 1, "uncertain": 1},
        "joined": {},
    }
    assert kept["frozen"] == 8
    assert kept["first_dot"].startswith("2026-11-27T06:59")


def test_issue_is_provable_after_every_step(newsroom, sent, clock: FixedClock) -> None:
    """As a kill between any two transactions would leave it."""
    clock.advance(OLD)
    app, before = newsroom.app, sums_of(newsroom)
    seen = []
    with app.db.write() as session:
        write_sums(session, app.keys, drafted(session, clock), clock.now())
    for _ in range(4):
        seen.append((sums_of(newsroom) == before, problems(newsroom)))
        with app.db.write() as session:
            drop_rows(session, 1, 2)

    assert seen == [(True, [])] * 4
    assert count(newsroom, Delivery) == 0


def test_stopped_half_way_it_goes_on_another_day(newsroom, sent, clock: FixedClock) -> None:
    clock.advance(OLD)
    keep_house(newsroom.app, lambda: True)
    half = (count(newsroom, LedgerSum), count(newsroom, Delivery))

    keep_house(newsroom.app, never)

    assert half == (1, 7)  # the doubt goes with the sums
    assert count(newsroom, Delivery) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"accepted": 7, "uncertain": 0, "rejected": 1},
        {"accepted": 6, "uncertain": 1, "rejected": 1, "skipped": 0},
    ],
)
def test_changed_sums_are_found(newsroom, sent, clock: FixedClock, change) -> None:
    clock.advance(OLD)
    keep_house(newsroom.app, never)
    with newsroom.app.db.write() as session:
        kept = session.get_one(LedgerSum, 1)
        kept.sums = {**kept.sums, "rows": {"audience": change, "joined": {}}}

    assert problems(newsroom) == ["the sums were changed: their signature does not fit"]
    assert not sums_of(newsroom).genuine


def test_sums_of_another_issue_do_not_fit(newsroom, sent, clock: FixedClock) -> None:
    clock.advance(OLD)
    keep_house(newsroom.app, never)
    with newsroom.app.db.write() as session:
        session.execute(update(Issue).where(Issue.number == 1).values(public_id="another"))

    assert problems(newsroom) == ["the sums were changed: their signature does not fit"]


def test_older_message_key_still_proves_and_a_stranger_s_does_not(
    newsroom, sent, clock: FixedClock
) -> None:
    clock.advance(OLD)
    keep_house(newsroom.app, never)

    with newsroom.app.db.read() as session:
        assert verify_issue(session, 1, with_new_key(newsroom.app.keys, "message")) == []
        assert verify_issue(session, 1, new_key_ring()) != []


def test_changed_audience_and_added_rows_are_found(newsroom, sent, clock: FixedClock) -> None:
    clock.advance(OLD)
    app = newsroom.app
    with app.db.write() as session:
        write_sums(session, app.keys, drafted(session, clock), clock.now())
        session.execute(update(Issue).values(audience_count=9))
        session.execute(
            update(Delivery).where(Delivery.state == "rejected").values(state="skipped")
        )

    assert problems(newsroom) == [
        "9 subscribers were frozen and 8 are signed",
        "the signed sums do not add up: " + str(sums_of(newsroom)),
        "1 rows are there that are not in the signed sums",
    ]


def test_ledger_that_does_not_balance_keeps_its_rows(newsroom, sent, clock: FixedClock) -> None:
    clock.advance(OLD)
    with newsroom.app.db.write() as session:
        session.execute(update(Issue).values(audience_count=9))

    keep_house(newsroom.app, never)

    assert (count(newsroom, Delivery), count(newsroom, LedgerSum)) == (8, 0)


def test_what_changed_while_it_was_added_up_is_left_for_later(
    newsroom, sent, clock: FixedClock
) -> None:
    clock.advance(OLD)
    app = newsroom.app
    with app.db.read() as session:
        draft = drafted(session, clock)
    with app.db.write() as session:
        session.execute(
            update(Delivery).where(Delivery.state == "uncertain").values(state="accepted")
        )

    with app.db.write() as session, pytest.raises(Conflict):
        write_sums(session, app.keys, draft, clock.now())

    assert (count(newsroom, LedgerSum), count(newsroom, Delivery)) == (0, 8)


def test_sums_are_written_once(newsroom, sent, clock: FixedClock) -> None:
    clock.advance(OLD)
    app = newsroom.app
    with app.db.write() as session:
        draft = drafted(session, clock)

        written = [write_sums(session, app.keys, draft, clock.now()) for _ in range(2)]

    assert written == [True, False]


def test_rows_that_joining_may_need_stay(newsroom, sent, clock: FixedClock) -> None:
    clock.advance(timedelta(days=13))
    with pytest.raises(Refused, match="needs its rows for 14 days"):
        shrink(newsroom.app, 1, never)

    with newsroom.app.db.write() as session, pytest.raises(Refused, match="once its sums"):
        drop_rows(session, 1, 10)


def test_issue_that_is_being_sent_is_not_shrunk(newsroom, clock: FixedClock) -> None:
    newsroom.ready(FRIDAY)
    newsroom.app.sender.tick()
    clock.advance(OLD)

    with pytest.raises(Refused, match="is sending and needs its rows"):
        shrink(newsroom.app, 1, never)


def test_complaints_and_bounces_are_kept_as_they_were(newsroom, sent, clock: FixedClock) -> None:
    app = newsroom.app
    with app.db.write() as session:
        complained = SuppressionReason.COMPLAINED
        suppress(session, app.sealer, READERS[2], complained, now=clock.now())
    clock.advance(OLD)

    def reception():
        with app.db.read() as session:
            return count_reception(session, session.get_one(Issue, 1), count_sums(session, 1))

    before = reception()
    keep_house(app, never)

    assert (before.complaints, before.bounces) == (1, 1)
    assert reception() == before


def test_done_letters_go_after_thirty_days_and_waiting_ones_stay(
    newsroom, clock: FixedClock
) -> None:
    app, now = newsroom.app, clock.now()
    with app.db.write() as session:
        for key in ("done", "failed", "waiting"):
            enqueue(session, app.sealer, kind="x", newsletter_slug="weekly", address="a@b.example",
                    text=NoticeText("Hello", "…"), dedupe_key=key, now=now)  # fmt: skip
        for key, state in [("done", NoticeState.ACCEPTED), ("failed", NoticeState.FAILED)]:
            session.execute(
                update(Notice).where(Notice.dedupe_key == key).values(state=state, done_at=now)
            )
    left = []
    for days in (29, 2):
        clock.advance(timedelta(days=days))
        keep_house(app, never)
        left.append(count(newsroom, Notice))

    assert left == [3, 1]


def test_tombstones_and_signs_of_life_go(newsroom, sent, clock: FixedClock) -> None:
    app = newsroom.app
    app.beat("scheduler")
    with app.db.write() as session:
        session.add(Tombstone(issue_id=1, address_index=bytes(32), at=clock.now()))
    clock.advance(timedelta(days=15))

    keep_house(app, never)

    assert count(newsroom, Tombstone) == 0
    with app.db.read() as session:
        names = session.scalars(select(InstanceValue.name)).all()
    assert not [name for name in names if name.startswith("alive:")]


def test_house_is_kept_once_a_day(newsroom, sent, clock: FixedClock) -> None:
    keep_house_daily(newsroom.app, never)
    clock.advance(OLD)
    with newsroom.app.db.write() as session:
        session.execute(
            update(InstanceValue)
            .where(InstanceValue.name == housekeeping.DONE)
            .values(at=clock.now() - timedelta(hours=23))
        )
    keep_house_daily(newsroom.app, never)
    before = count(newsroom, LedgerSum)
    clock.advance(timedelta(hours=2))

    keep_house_daily(newsroom.app, never)

    with newsroom.app.db.read() as session:
        assert (before, is_shrunk(session, 1)) == (0, True)


def test_cron_keeps_house_too(newsroom, sent, clock: FixedClock, run) -> None:
    clock.advance(OLD)

    run(tick_once(newsroom.app))

    assert count(newsroom, LedgerSum) == 1

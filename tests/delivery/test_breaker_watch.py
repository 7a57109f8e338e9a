"""What follows from reports: alerts once each, and an issue that servers refuse is paused."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from digest.clock import FixedClock
from digest.config import Config, check
from digest.db import Database
from digest.delivery.breaker.bad_message import is_about_message, judge_issue
from digest.delivery.breaker.rows import Change, load_relays
from digest.delivery.breaker.watch import Watch
from digest.delivery.outcome import Accepted, Outcome, Rejected
from digest.errors import BackendDown
from digest.models import Delivery, DeliveryState, Issue, Notice
from digest.sealed import Sealer

MINUTE = timedelta(minutes=1)
POLICY = Rejected(550, "5.7.1 not from you")
Frozen = Callable[..., int]


def newsletter(slug: str, *alerts: str) -> dict[str, object]:
    return {
        "slug": slug,
        "name": slug,
        "host": "courier.example",
        "sender": {"name": slug, "address": "letters@courier.example"},
        "relay": "main",
        "spare_relays": ["spare"],
        "postal_address": "12 Quay Street",
        "alerts": alerts,
    }


@pytest.fixture
def config() -> Config:
    desk, chief = "desk@courier.example", "chief@courier.example"
    values = {
        "web": {"public_url": "https://courier.example"},
        "relays": {name: {"backend": "memory"} for name in ("main", "spare")},
        "newsletters": [newsletter("weekly", desk), newsletter("daily", desk, chief)],
    }
    return check(Config, values, where="test")


@pytest.fixture
def watch(config: Config, sealer: Sealer) -> Watch:
    return Watch(config, sealer)


def fail(db: Database, watch: Watch, now: datetime, code: int = 0) -> Change:
    error = BackendDown("main: refused our sender: jane@example.org", code=code)
    with db.write() as session:
        return watch.note_down(session, "main", error, began=now, now=now)


def note(db: Database, watch: Watch, now: datetime, *outcomes: Outcome) -> None:
    with db.write() as session:
        watch.note_outcomes(session, "main", [("google", o) for o in outcomes], now)


def take_turn(db: Database, watch: Watch, relay: str, now: datetime) -> None:
    with db.write() as session:
        watch.note_turn(session, relay, "weekly", load_relays(session), now)


def subjects(db: Database) -> list[str]:
    with db.read() as session:
        return list(session.scalars(select(Notice.subject).order_by(Notice.id)))


def bodies(db: Database, sealer: Sealer) -> str:
    with db.read() as session:
        return "".join(sealer.open(body) for body in session.scalars(select(Notice.body_sealed)))


def test_refused_setup_is_told_to_everybody_once(
    db: Database, watch: Watch, clock: FixedClock, sealer: Sealer
) -> None:
    now = clock.now()
    for minutes in (0, 1, 3, 8):
        fail(db, watch, now + minutes * MINUTE, 550)

    assert subjects(db) == ["The relay main refuses us"] * 2
    assert "jane" not in bodies(db, sealer)


def test_broken_connection_is_told_to_nobody(db: Database, watch: Watch, clock: FixedClock) -> None:
    fail(db, watch, clock.now())

    assert subjects(db) == []


def test_group_that_refuses_us_is_told_once_for_a_trouble(
    db: Database, watch: Watch, clock: FixedClock
) -> None:
    note(db, watch, clock.now(), *[POLICY] * 5)
    note(db, watch, clock.now() + 11 * MINUTE, POLICY)

    assert subjects(db) == ["Mail to google is refused and rests"] * 2


def test_spare_takes_over_and_gives_back_with_a_word_each(
    db: Database, watch: Watch, clock: FixedClock
) -> None:
    now = clock.now()
    for minutes in (0, 6):
        fail(db, watch, now + minutes * MINUTE)
    for minutes in (6, 7):
        take_turn(db, watch, "main", now + minutes * MINUTE)
        take_turn(db, watch, "spare", now + minutes * MINUTE)
    note(db, watch, now + 8 * MINUTE, Accepted())
    note(db, watch, now + 9 * MINUTE, Accepted())

    assert subjects(db) == ["The relay spare takes over", "The relay main is back"]


def test_short_trouble_is_told_to_nobody(db: Database, watch: Watch, clock: FixedClock) -> None:
    fail(db, watch, clock.now())
    take_turn(db, watch, "main", clock.now() + MINUTE)
    note(db, watch, clock.now() + MINUTE, Accepted())

    assert subjects(db) == []


@pytest.mark.parametrize(
    ("accepted", "refusals", "paused"), [(False, 9, False), (False, 10, True), (True, 10, False)]
)
def test_issue_is_judged_by_its_first_copies(accepted: bool, refusals: int, paused: bool) -> None:
    why = judge_issue(accepted=accepted, refusals=refusals, reply="5.3.4 too big")

    assert (why is not None) is paused


@pytest.mark.parametrize(
    ("outcome", "about"),
    [
        (Rejected(552, "5.3.4 too big"), True),
        (Rejected(554, "5.6.0 no such thing"), True),
        (Rejected(550, "5.1.1 no such user"), False),
        (POLICY, False),
        (Accepted(), False),
    ],
)
def test_message_is_blamed_by_its_own_codes(outcome: Outcome, about: bool) -> None:
    assert is_about_message(outcome) is about


def refuse_message(db: Database, count: int) -> None:
    with db.write() as session:
        ids = session.scalars(select(Delivery.id).order_by(Delivery.id).limit(count)).all()
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(ids))
            .values(state=DeliveryState.REJECTED, reason="message", reply="5.3.4 too big")
        )


def judge(db: Database, watch: Watch, issue_id: int, now: datetime) -> str | None:
    with db.write() as session:
        return watch.note_refused_message(session, issue_id, now)


def test_issue_refused_from_its_first_copies_is_paused_once(
    any_db: Database, watch: Watch, frozen: Frozen, clock: FixedClock
) -> None:
    issue_id = frozen(readers=14)
    refuse_message(any_db, 12)

    first, second = (judge(any_db, watch, issue_id, clock.now()) for _ in range(2))

    with any_db.read() as session:
        issue = session.get_one(Issue, issue_id)
    assert (issue.paused, issue.paused_why) == (True, first)
    assert "5.3.4 too big" in str(first)
    assert second is None
    assert subjects(any_db) == ["Number 1 is paused"]


def test_issue_that_somebody_took_goes_on(
    any_db: Database, watch: Watch, frozen: Frozen, clock: FixedClock
) -> None:
    issue_id = frozen(readers=14)
    refuse_message(any_db, 12)
    with any_db.write() as session:
        last = session.scalars(select(Delivery).order_by(Delivery.id.desc()).limit(1)).one()
        last.state = DeliveryState.ACCEPTED

    assert judge(any_db, watch, issue_id, clock.now()) is None


def test_few_refusals_of_the_message_pause_nothing(
    any_db: Database, watch: Watch, frozen: Frozen, clock: FixedClock
) -> None:
    issue_id = frozen(readers=14)
    refuse_message(any_db, 9)

    assert judge(any_db, watch, issue_id, clock.now()) is None

"""How an issue was received: who complained, what bounced, and when that is too much."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from digest.clock import FixedClock
from digest.curation.issues import find_issue
from digest.delivery.feedback.events import Feedback, FeedbackKind
from digest.delivery.feedback.taking import take
from digest.delivery.ledger.sums import count_sums
from digest.delivery.outcome import Rejected
from digest.models import Delivery, SuppressionReason
from digest.operations.reception import Mood, Reception, count_reception
from digest.scheduler import tick_once
from digest.subscribers.lifecycle import erase, find_by_address
from digest.subscribers.suppression import suppress, suppress_index
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
READERS = [f"reader{number}@example.org" for number in range(4)]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 27, 6, 59, tzinfo=UTC))


@pytest.fixture
def newsroom(tmp_path, clock):
    with open_newsroom(tmp_path, clock) as newsroom:
        newsroom.subscribe(*READERS)
        yield newsroom


def say(newsroom: Newsroom, address: str, reason: SuppressionReason) -> None:
    app = newsroom.app
    with app.db.write() as session:
        suppress(session, app.sealer, address, reason, now=app.clock.now())


def received(newsroom: Newsroom, issue: str) -> Reception:
    with newsroom.app.db.read() as session:
        row = find_issue(session, issue)
        return count_reception(session, row, count_sums(session, row.id))


def send(newsroom: Newsroom, run, day: date = FRIDAY) -> str:
    issue = newsroom.ready(day)
    run(tick_once(newsroom.app))
    return issue


def test_complaints_and_bounces_count_for_the_issue_before_them(newsroom, clock, run) -> None:
    first = send(newsroom, run)
    clock.advance(timedelta(days=1))
    say(newsroom, READERS[0], SuppressionReason.COMPLAINED)
    say(newsroom, READERS[1], SuppressionReason.BOUNCED)
    clock.advance(timedelta(days=6))
    second = send(newsroom, run, FRIDAY + timedelta(days=7))
    say(newsroom, READERS[2], SuppressionReason.COMPLAINED)

    assert received(newsroom, first) == Reception(accepted=4, complaints=1, bounces=1)
    assert received(newsroom, second) == Reception(accepted=2, complaints=1, bounces=0)


def test_what_came_back_stays_with_its_issue_whatever_an_operator_does(
    newsroom, clock, run
) -> None:
    issue = send(newsroom, run)
    app = newsroom.app
    with app.db.read() as session:
        copies = session.scalars(select(Delivery).order_by(Delivery.id)).all()
    soft, complaint = FeedbackKind.BOUNCED, FeedbackKind.COMPLAINED
    told = [
        Feedback(
            kind,
            clock.now(),
            "",
            event_id=f"{copy.id}",
            reference=f"delivery {copy.id}",
            status=code,
        )
        for copy, kind, code in zip(
            copies, (soft, soft, complaint), ("4.2.2", "5.1.1", ""), strict=False
        )
    ]
    with app.db.write() as session:
        take(session, app.feedback_rules, "postmark", told, clock.now())
    before = received(newsroom, issue)
    for address in READERS:
        say(newsroom, address, SuppressionReason.MANUAL)

    assert (before.accepted, before.complaints, before.bounces) == (4, 1, 2)
    assert received(newsroom, issue) == before


def test_what_came_back_is_not_gone_through_anew_for_each_suppression(newsroom, run) -> None:
    issue = send(newsroom, run)
    said: list[str] = []
    with newsroom.app.db.read() as session:
        row = find_issue(session, issue)
        sums = count_sums(session, row.id)
        driver = session.connection().connection.driver_connection
        driver.set_trace_callback(said.append)
        count_reception(session, row, sums)
        driver.set_trace_callback(None)
    (statement,) = [sql for sql in said if "FROM suppressions" in sql]
    with newsroom.app.db.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()

    parents = {step[0]: step[1] for step in plan}
    anew = {step[0] for step in plan if "CORRELATED" in step[3]}
    (told,) = [step for step in plan if "feedback_events" in step[3]]
    above, at = set(), told[0]
    while at := parents.get(at, 0):
        above.add(at)
    assert not above & anew


def test_rejected_copy_is_one_bounce_though_its_address_is_suppressed(newsroom, run) -> None:
    newsroom.backend.script(
        lambda envelope: envelope.rcpt_to == READERS[0], Rejected(550, "5.1.1 no such user")
    )
    issue = send(newsroom, run)
    say(newsroom, READERS[0], SuppressionReason.BOUNCED)

    assert received(newsroom, issue) == Reception(accepted=3, complaints=0, bounces=1)


def test_complaint_of_a_reader_who_did_not_get_the_issue_is_about_another(newsroom, run) -> None:
    issue = send(newsroom, run)
    newsroom.subscribe("late@example.org")
    say(newsroom, "late@example.org", SuppressionReason.COMPLAINED)

    assert received(newsroom, issue).complaints == 0


def test_complaint_outlives_the_erased_reader(newsroom, clock, run) -> None:
    issue = send(newsroom, run)
    say(newsroom, READERS[0], SuppressionReason.COMPLAINED)
    app = newsroom.app
    with app.db.write() as session:
        subscriber = find_by_address(session, app.sealer, READERS[0])
        erase(session, app.sealer, subscriber.id, clock.now())

    assert received(newsroom, issue).complaints == 1


def test_what_another_system_heard_is_no_reception(newsroom, run) -> None:
    issue = send(newsroom, run)
    app = newsroom.app
    with app.db.write() as session:
        index, now = app.sealer.index("stranger@example.net"), app.clock.now()
        suppress_index(session, index, SuppressionReason.COMPLAINED, now=now, detail="import 7")

    assert received(newsroom, issue).complaints == 0


def test_other_suppressions_and_earlier_ones_are_no_reception(newsroom, clock, run) -> None:
    say(newsroom, READERS[0], SuppressionReason.COMPLAINED)
    clock.advance(timedelta(seconds=1))
    issue = send(newsroom, run)
    say(newsroom, READERS[1], SuppressionReason.MANUAL)

    assert received(newsroom, issue) == Reception(accepted=3, complaints=0, bounces=0)


def test_issue_that_was_not_begun_has_no_reception(newsroom) -> None:
    issue = newsroom.draft(FRIDAY)

    with pytest.raises(ValueError, match="not begun"):
        received(newsroom, issue)


@pytest.mark.parametrize(
    ("accepted", "complaints", "mood"),
    [
        (10_000, 0, Mood.CALM),
        (10_000, 10, Mood.CALM),
        (10_000, 11, Mood.UNEASY),
        (10_000, 29, Mood.UNEASY),
        (10_000, 30, Mood.GRAVE),
        (3, 1, Mood.GRAVE),
        (0, 0, Mood.CALM),
        (0, 1, Mood.GRAVE),
    ],
)
def test_complaints_are_judged_by_the_lines_of_gmail_and_yahoo(
    accepted: int, complaints: int, mood: Mood
) -> None:
    assert Reception(accepted, complaints, bounces=0).mood is mood


@pytest.mark.parametrize(
    ("accepted", "count", "words"),
    [
        (2_500, 3, "3 (0.12 %)"),
        (200_000, 1_200, "1,200 (0.60 %)"),
        (0, 2, "2"),
        (5, 0, "0 (0.00 %)"),
    ],
)
def test_counts_are_told_with_their_per_cent(accepted: int, count: int, words: str) -> None:
    assert Reception(accepted, complaints=0, bounces=0).in_words(count) == words

"""How fast copies leave and when it ends, from what was read; relays in words; what became of all
copies.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from digest.db import Database
from digest.delivery.breaker.judgement import Down
from digest.delivery.breaker.rows import record_down
from digest.delivery.breaker.wording import Health, describe_relays
from digest.delivery.ledger.sums import Sums
from digest.delivery.ledger.tally import find_delivery, step_for, tally_rows
from digest.delivery.progress import Progress, copies_per_minute, expected_end, read_progress
from digest.models import Delivery, DeliveryState, IssueState
from digest.testing.newsroom import open_newsroom

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HALF = Progress(
    at=NOW,
    state=IssueState.SENDING,
    paused=False,
    paused_why="",
    stopped=False,
    began_at=NOW - MINUTE,
    sent_at=None,
    sums=Sums(1000, 490, 10, 500, 0, 0, 0, 0),
    last_due=NOW,
    relays=(),
)


def test_pace_is_that_of_the_last_minute() -> None:
    points = [(NOW + n * SECOND, 10 * n) for n in range(0, 120, 10)]
    points += [(NOW + 120 * SECOND, 1100)]
    assert copies_per_minute(points) == 1100 - 600
    assert copies_per_minute(points[:1]) is None
    assert copies_per_minute([]) is None
    assert copies_per_minute([(NOW, 5), (NOW + SECOND, 9)]) is None


def test_pace_is_never_below_nothing() -> None:
    """Rows that are sent again are open once more."""
    assert copies_per_minute([(NOW, 50), (NOW + 10 * SECOND, 40)]) == 0


def test_end_follows_from_what_is_open() -> None:
    assert expected_end(HALF, 100.0) == NOW + 5 * MINUTE
    assert expected_end(HALF, None) is None
    assert expected_end(HALF, 0.0) is None


def test_end_is_not_before_the_last_hour_that_copies_wait_for() -> None:
    waits = replace(HALF, last_due=NOW + timedelta(hours=9))
    assert expected_end(waits, 100.0) == waits.last_due
    assert expected_end(waits, None) == waits.last_due


@pytest.mark.parametrize(
    "change",
    [{"paused": True}, {"stopped": True}, {"state": IssueState.SENT}, {"sums": Sums(9, *[0] * 7)}],
)
def test_what_does_not_move_has_no_end_to_expect(change) -> None:
    assert expected_end(replace(HALF, **change), 100.0) is None


def test_progress_is_complete_only_when_nothing_is_open() -> None:
    nearly = replace(HALF, sums=Sums(1_000_000, 1, 0, 999_999, 0, 0, 0, 0))
    assert nearly.percent == 99
    assert replace(HALF, sums=Sums(0, *[0] * 7)).percent == 100
    moods = [replace(HALF, paused=True, stopped=True), replace(HALF, paused=True), HALF]
    assert [each.mood for each in moods] == ["stopped", "paused", "sending"]


def settle(db: Database, states: list[tuple[DeliveryState, str, str, timedelta]]) -> None:
    with db.write() as session:
        rows = session.query(Delivery).order_by(Delivery.id).all()
        for row, (state, reason, relay, after) in zip(rows, states, strict=True):
            row.state, row.reason, row.relay = state, reason, relay
            row.done_at = NOW + after if state is not DeliveryState.PENDING else None


ENDS = [
    (DeliveryState.ACCEPTED, "", "main", timedelta(0)),
    (DeliveryState.ACCEPTED, "", "main", timedelta(seconds=59)),
    (DeliveryState.ACCEPTED, "", "spare", timedelta(minutes=2, seconds=1)),
    (DeliveryState.REJECTED, "refused", "main", timedelta(seconds=5)),
    (DeliveryState.SKIPPED, "left", "", timedelta(seconds=5)),
    (DeliveryState.PENDING, "", "", timedelta(0)),
]


def test_every_copy_is_in_the_tally_once(any_db: Database, frozen) -> None:
    issue_id = frozen(readers=6)
    settle(any_db, ENDS)

    with any_db.read() as session:
        tally = tally_rows(session, issue_id, NOW, NOW + timedelta(hours=1))

    accepted, rejected = DeliveryState.ACCEPTED, DeliveryState.REJECTED
    assert tally.relays["main"] == {accepted: 2, rejected: 1}
    assert tally.relays["spare"] == {accepted: 1}
    assert sum(map(Counter.total, tally.relays.values())) == 6
    assert tally.reasons == {
        (rejected, "refused"): 1,
        (DeliveryState.SKIPPED, "left"): 1,
        (DeliveryState.PENDING, ""): 1,
    }
    assert tally.step == MINUTE
    assert tally.times == [(NOW, 2), (NOW + MINUTE, 0), (NOW + 2 * MINUTE, 1)]


@pytest.mark.parametrize(
    ("length", "step"),
    [(SECOND, SECOND), (timedelta(hours=2), MINUTE), (timedelta(days=900), timedelta(days=1))],
)
def test_times_are_as_fine_as_they_can_be_read(length, step) -> None:
    assert step_for(length) == step


def test_one_reader_s_row_is_found(any_db: Database, frozen) -> None:
    issue_id = frozen(readers=2)
    with any_db.read() as session:
        own = session.query(Delivery).order_by(Delivery.id).first()
        assert own is not None
        found = find_delivery(session, issue_id, own.subscriber_id)
        assert found is not None
        assert found.id == own.id
        assert find_delivery(session, issue_id, 999) is None
        assert find_delivery(session, issue_id + 1, own.subscriber_id) is None


def test_relays_are_told_in_words(tmp_path, clock) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        db, configured = newsroom.app.db, newsroom.configured
        with db.read() as session:
            assert describe_relays(session, configured, clock.now()) == [
                Health(True, "main takes copies.")
            ]
        with db.write() as session:
            record_down(session, "main", Down("421 4.3.2 shutting down", clock.now()), clock.now())
        with db.read() as session:
            (told,) = describe_relays(session, configured, clock.now())
            assert not told.well
            assert told.words.startswith("main is out of order, tried again at ")
            assert told.words.endswith("421 4.3.2 shutting down")
            clock.advance(timedelta(hours=1))
            (told,) = describe_relays(session, configured, clock.now())
            assert "is being tried again" in told.words


def test_reading_has_all_of_it(any_db: Database, frozen, tmp_path, clock) -> None:
    issue_id = frozen(readers=4)
    with open_newsroom(tmp_path / "other", clock) as newsroom, any_db.read() as session:
        progress = read_progress(session, newsroom.configured, issue_id, clock.now())
    assert (progress.sums.audience, progress.settled, progress.mood) == (4, 0, "sending")
    assert progress.last_due == clock.now()

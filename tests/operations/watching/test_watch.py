"""Every trouble that operators are told of is found where it is, and not where it is not."""

import shutil
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, update

from digest.config import WatchingConfig
from digest.curation.source_list import add_source, record_poll
from digest.delivery.breaker.judgement import Down
from digest.delivery.breaker.rows import record_down
from digest.delivery.feedback.keeping import keep_message
from digest.delivery.home.judgement import Why
from digest.delivery.home.rows import write_hold
from digest.delivery.outcome import Uncertain
from digest.errors import FetchFailed
from digest.models import (
    InstanceValue,
    Notice,
    RelayStanding,
    Slot,
    SlotState,
    Source,
    SuppressionReason,
)
from digest.operations.keys.changing import export_ring
from digest.operations.watching.alerts import ALERTS
from digest.operations.watching.looking import look_over
from digest.operations.watching.marks import BACKED_UP, SEEN
from digest.operations.watching.ping import list_open_work
from digest.operations.watching.pulses import Pulses
from digest.operations.watching.watch import AWAY, Reading, Watcher, jumped_by
from digest.outbox import NoticeText, enqueue
from digest.scheduler import tick_once
from digest.subscribers.suppression import suppress

FRIDAY = date(2026, 11, 27)
MINUTE = timedelta(minutes=1)


def kinds(newsroom, known=()) -> list[str]:
    found = {seen.kind for seen in look_over(newsroom.app, known)}
    return sorted(found - {"keys-not-copied"})


def set_watching(newsroom, **values) -> None:
    config = newsroom.app.config
    watching = config.watching.model_copy(update=values)
    assert isinstance(watching, WatchingConfig)
    newsroom.app.config = config.model_copy(update={"watching": watching})


def test_well_newsroom_is_silent(newsroom) -> None:
    assert kinds(newsroom) == []


def test_message_that_nobody_understood_and_a_hold_are_troubles(newsroom, clock) -> None:
    app = newsroom.app
    with app.db.write() as session:
        rules, why = app.config.feedback, "no report"
        for raw in (b"Subject: ?\n\n", b"Subject: !\n\n"):
            keep_message(
                session, app.sealer, raw, place="pipe", why=why, rules=rules, now=clock.now()
            )
        write_hold(session, Why.RESTORED, clock.now(), detail="")

    details = {seen.kind: seen.detail for seen in look_over(app, ())}

    assert details["messages-kept"] == "2 of them"
    assert details["held"] == "the database was restored from a backup"
    with app.db.read() as session:
        left = list_open_work(app, session, clock.now())
    assert "nothing is sent before digest takeover" in left


def test_whole_relay_and_groups_that_rest_are_told_apart(newsroom, clock) -> None:
    now = clock.now()
    with newsroom.app.db.write() as session:
        for group in ("", "google"):
            session.add(
                RelayStanding(
                    relay="main", domain_group=group, open_until=now + MINUTE, reason="421 busy",
                    failures=1, refusals=5, down_since=now, changed_at=now,
                )
            )  # fmt: skip

    assert kinds(newsroom) == ["group-rests", "relay-down"]

    clock.advance(timedelta(hours=2))  # nobody has met it since

    assert kinds(newsroom) == []


def test_letters_that_nobody_tried_wait(newsroom, clock) -> None:
    app = newsroom.app
    with app.db.write() as session:
        enqueue(
            session, app.sealer, kind="confirm", newsletter_slug="weekly", address="a@b.example",
            text=NoticeText("Please confirm", "…"), dedupe_key="1", now=clock.now(),
        )  # fmt: skip
    at_once = kinds(newsroom)
    clock.advance(3 * MINUTE)

    assert (at_once, kinds(newsroom)) == ([], ["letters-wait"])


def test_failing_source_is_found_until_it_is_read(newsroom, clock) -> None:
    with newsroom.app.db.write() as session:
        source = add_source(
            session, kind="feed", url="https://courier.example/feed", name="C", now=clock.now()
        )
        record_poll(session, source.id, FetchFailed("no"), clock.now())
        source_id = source.id

    assert kinds(newsroom) == ["sources-failing"]

    with newsroom.app.db.write() as session:
        session.get_one(Source, source_id).failures = 0

    assert kinds(newsroom) == []


def test_disk_is_low_until_a_fifth_more_than_the_limit_is_free(newsroom) -> None:
    free = shutil.disk_usage(newsroom.app.path.parent).free // 1_000_000
    set_watching(newsroom, disk_free_mb=round(free * 0.9))

    assert kinds(newsroom) == []
    assert kinds(newsroom, {("disk-low", "database")}) == ["disk-low"]

    set_watching(newsroom, disk_free_mb=2 * free)

    assert kinds(newsroom) == ["disk-low"]


def test_backup_that_is_old_or_was_never_made(newsroom, clock) -> None:
    set_watching(newsroom, backup_days=2)
    never = kinds(newsroom)
    newsroom.app.note(BACKED_UP, "")
    made = kinds(newsroom)
    clock.advance(timedelta(days=2, minutes=1))

    assert (never, made, kinds(newsroom)) == (["backup-old"], [], ["backup-old"])


def test_keys_without_a_copy(newsroom, tmp_path) -> None:
    before = {seen.kind for seen in look_over(newsroom.app, ())}
    export_ring(newsroom.app, tmp_path / "keys", None)

    assert "keys-not-copied" in before
    assert "keys-not-copied" not in {seen.kind for seen in look_over(newsroom.app, ())}


def send(newsroom, run, readers: int) -> None:
    newsroom.subscribe(*(f"reader{number}@example.org" for number in range(readers)))
    newsroom.ready(FRIDAY)
    run(tick_once(newsroom.app))


def complain(newsroom, *numbers: int) -> None:
    app = newsroom.app
    for number in numbers:
        with app.db.write() as session:
            reason = SuppressionReason.COMPLAINED
            address = f"reader{number}@example.org"
            suppress(session, app.sealer, address, reason, now=app.clock.now())


def test_one_complaint_is_a_person_and_two_of_five_are_grave(newsroom, run) -> None:
    send(newsroom, run, 5)
    complain(newsroom, 0)
    one = kinds(newsroom)
    complain(newsroom, 1)

    assert (one, kinds(newsroom)) == ([], ["complaints-grave"])


def test_copies_in_doubt_are_found_for_two_weeks(newsroom, run, clock) -> None:
    newsroom.backend.script(lambda _: True, Uncertain("lost"))
    send(newsroom, run, 1)

    assert kinds(newsroom) == ["copies-uncertain"]

    clock.advance(timedelta(days=15))

    assert "copies-uncertain" not in kinds(newsroom)


def test_due_slot_that_nobody_opened(newsroom, clock) -> None:
    newsroom.app.sender.tick()
    with newsroom.app.db.write() as session:
        session.execute(delete(Notice))  # that nothing is approved
    clock.advance(timedelta(minutes=4))

    assert kinds(newsroom) == ["slot-not-opened"]

    with newsroom.app.db.write() as session:
        session.execute(update(Slot).values(state=SlotState.HELD))

    assert kinds(newsroom) == []


def test_operators_hear_that_the_scheduler_was_away(newsroom, clock, told) -> None:
    Watcher(newsroom.app).look()
    clock.advance(AWAY)
    Watcher(newsroom.app).look()
    silent = told()
    clock.advance(AWAY + MINUTE)
    Watcher(newsroom.app).look()

    assert silent == []
    assert told() == ["The scheduler was away from 2026-11-27 07:14 to 2026-11-27 07:30 UTC"]


def test_first_round_of_all_has_nobody_been_away(newsroom, told) -> None:
    with newsroom.app.db.write() as session:
        assert session.get(InstanceValue, SEEN) is None

    Watcher(newsroom.app).look()

    assert told() == []


@pytest.mark.parametrize(
    ("wall", "steady", "jump"),
    [(60, 60, 0), (61, 60, 0), (-240, 60, -300), (360, 60, 300), (180, 60, 0)],
)
def test_clock_that_is_set_is_told_from_time_that_passes(clock, wall, steady, jump) -> None:
    now = clock.now()
    after = Reading(now + timedelta(seconds=wall), 1000.0 + steady)

    assert jumped_by(Reading(now, 1000.0), after) == timedelta(seconds=jump)


def test_operators_hear_of_a_clock_that_was_set_back(newsroom, clock, told) -> None:
    class Watch:
        """A clock whose steady half goes on while the other is turned back."""

        steady = 0.0

        def now(self):
            return clock.now()

        def monotonic(self) -> float:
            return self.steady

    newsroom.app.clock = watch = Watch()
    watcher = Watcher(newsroom.app)
    watcher.look()
    clock.advance(timedelta(minutes=-5))
    watch.steady = 60.0
    watcher.look()

    assert told() == ["The clock jumped back by 360 seconds"]


def test_hanging_loop_is_told_and_over_when_it_turns_again(newsroom, clock, told) -> None:
    pulses = Pulses(clock.monotonic)
    beat = pulses.expect("drain main", 60)
    watcher = Watcher(newsroom.app, pulses)
    clock.advance(2 * MINUTE)
    watcher.look()
    beat()
    clock.advance(ALERTS["part-hangs"].calm)
    beat()
    watcher.look()

    title = "The loop drain main of the scheduler hangs"
    assert told() == [title, f"Over: {title}"]


def test_relay_that_is_down_is_told_after_its_patience(newsroom, clock, told) -> None:
    down = Down("refused", clock.now())
    with newsroom.app.db.write() as session:
        record_down(session, "main", down, clock.now())
    for _ in range(6):
        Watcher(newsroom.app).look()
        clock.advance(MINUTE)

    assert told() == ["The relay main is out of order"]

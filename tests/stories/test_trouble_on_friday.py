"""Relays refuse, vanish and fall silent; readers leave at the last moment; every copy is accounted
for.
"""

import asyncio
import contextlib
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from digest.app import open_app
from digest.blocks import FULL
from digest.clock import FixedClock
from digest.curation.issues import find_issue, plan_extra
from digest.db import Transactor
from digest.delivery.outcome import Deferred, Rejected, Uncertain
from digest.errors import BackendDown
from digest.models import StoredRendering
from digest.scheduler import tick_once
from digest.subscribers.lifecycle import find_by_address
from digest.testing.newsroom import Newsroom

FRIDAY = date(2026, 11, 27)
ANNA, BEN, CLEO = "anna@example.org", "ben@example.org", "cleo@example.org"


def to(address: str):
    return lambda envelope: envelope.rcpt_to == address


def reached(newsroom: Newsroom) -> list[str]:
    return sorted(envelope.rcpt_to for envelope, _ in newsroom.backend.accepted)


@pytest.fixture
def issue(newsroom: Newsroom) -> str:
    newsroom.subscribe(ANNA, BEN, CLEO)
    return newsroom.ready(FRIDAY)


def test_deferred_copy_is_tried_again_and_arrives_once(newsroom, issue, clock, run) -> None:
    newsroom.backend.script(to(BEN), Deferred(451, "4.7.1 greylisted"), at="stage")
    run(tick_once(newsroom.app))
    assert reached(newsroom) == [ANNA, CLEO]
    assert newsroom.state(issue) == "sending"

    clock.advance(timedelta(minutes=40))
    run(tick_once(newsroom.app))

    assert reached(newsroom) == [ANNA, BEN, CLEO]
    assert newsroom.state(issue) == "sent"


def test_deferred_after_the_dot_is_tried_again(newsroom, issue, clock, run) -> None:
    newsroom.backend.script(to(BEN), Deferred(452, "4.3.1 disk full"))
    run(tick_once(newsroom.app))

    clock.advance(timedelta(minutes=40))
    run(tick_once(newsroom.app))

    assert reached(newsroom) == [ANNA, BEN, CLEO]
    assert newsroom.problems(issue) == []


def test_copy_deferred_for_ever_expires_with_its_window(newsroom, issue, clock, run) -> None:
    newsroom.backend.script(to(BEN), Deferred(451, "4.3.0 later"), at="stage", times=None)
    for _ in range(20):
        run(tick_once(newsroom.app))
        clock.advance(timedelta(hours=5))

    assert newsroom.sums(issue).expired == 1
    assert newsroom.state(issue) == "sent"


def test_refused_copy_is_never_tried_again(newsroom, issue, clock, run) -> None:
    newsroom.backend.script(to(BEN), Rejected(550, "5.1.1 no such user"), at="stage")
    run(tick_once(newsroom.app))
    clock.advance(timedelta(hours=3))
    run(tick_once(newsroom.app))

    assert reached(newsroom) == [ANNA, CLEO]
    assert newsroom.sums(issue).rejected == 1


def test_silence_after_the_dot_is_uncertain_and_not_sent_again(newsroom, issue, clock, run) -> None:
    newsroom.backend.script(to(BEN), Uncertain("no reply"), arrives=True)
    run(tick_once(newsroom.app))
    clock.advance(timedelta(hours=3))
    run(tick_once(newsroom.app))

    assert reached(newsroom) == [ANNA, BEN, CLEO]
    assert newsroom.sums(issue).uncertain == 1
    assert newsroom.problems(issue) == []


def test_dead_relay_leaves_every_copy_pending_and_says_so(newsroom, issue, run, clock) -> None:
    newsroom.backend.down = "connection refused"

    with pytest.raises(BackendDown, match="refused"):
        run(tick_once(newsroom.app))

    assert newsroom.sums(issue).pending == 3
    newsroom.backend.down = ""
    clock.advance(timedelta(seconds=2))  # it rests after a failure
    run(tick_once(newsroom.app))
    assert reached(newsroom) == [ANNA, BEN, CLEO]


def test_wrong_password_blames_nobody(newsroom, issue, run) -> None:
    refusal = Rejected(535, "5.7.8 authentication failed")
    newsroom.backend.script(lambda _: True, refusal, at="stage", times=None)

    with pytest.raises(BackendDown, match="our set-up"):
        run(tick_once(newsroom.app))

    assert newsroom.sums(issue).pending == 3


def test_copy_that_breaks_every_connection_waits_and_holds_up_nobody(newsroom, issue, run) -> None:
    newsroom.backend.script(to(BEN), BackendDown("lost"), at="stage", times=None)

    run(tick_once(newsroom.app))

    assert reached(newsroom) == [ANNA, CLEO]
    assert newsroom.sums(issue).pending == 1


def test_reader_who_leaves_after_the_freeze_gets_nothing(newsroom, issue, run) -> None:
    newsroom.app.sender.tick()
    newsroom.unsubscribe(BEN)

    run(newsroom.app.sender.drain(asyncio.Event(), until_idle=True))

    assert reached(newsroom) == [ANNA, CLEO]
    assert newsroom.sums(issue).skipped == 1


def test_reader_who_leaves_between_stage_and_dot_gets_nothing(newsroom, issue, run) -> None:
    def leave_at_the_last_moment(envelope) -> bool:
        if envelope.rcpt_to == BEN:
            newsroom.unsubscribe(BEN)
        return False

    newsroom.backend.script(leave_at_the_last_moment, Deferred(), at="stage", times=None)

    run(tick_once(newsroom.app))

    assert reached(newsroom) == [ANNA, CLEO]
    assert newsroom.sums(issue).skipped == 1
    assert newsroom.problems(issue) == []


def test_reader_who_joins_after_the_freeze_is_not_in_this_audience(newsroom, issue, run) -> None:
    newsroom.app.sender.tick()
    newsroom.subscribe("dora@example.org")

    run(newsroom.app.sender.drain(asyncio.Event(), until_idle=True))

    assert reached(newsroom) == [ANNA, BEN, CLEO]


def test_altered_bytes_are_never_sent(newsroom: Newsroom, issue: str, run) -> None:
    with newsroom.app.db.write() as session:
        stored = session.query(StoredRendering).filter_by(edition=FULL).one()
        stored.document = stored.document.replace(b"Headline 1", b"Headline X")

    run(tick_once(newsroom.app))

    assert reached(newsroom) == ["desk@courier.example"]


def test_friday_needs_no_templates(newsroom: Newsroom, issue: str, run, tmp_path: Path) -> None:
    """What was approved is sent even where the templates have gone since."""
    newsroom.app.__dict__["templates"] = None
    shutil.rmtree(tmp_path / "templates", ignore_errors=True)

    run(tick_once(newsroom.app))

    assert reached(newsroom) == [ANNA, BEN, CLEO]


def test_retry_keeps_its_message_id(newsroom, issue, clock: FixedClock, run) -> None:
    newsroom.backend.script(to(BEN), Deferred(452, "4.3.1 full"), arrives=True)
    run(tick_once(newsroom.app))
    clock.advance(timedelta(minutes=40))
    run(tick_once(newsroom.app))

    ids = [
        line
        for envelope, message in newsroom.backend.accepted
        for line in message.split(b"\r\n")
        if envelope.rcpt_to == BEN and line.startswith(b"Message-ID:")
    ]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_two_senders_share_an_issue_without_a_double(newsroom, run, tmp_path: Path) -> None:
    addresses = [f"r{number}@example.org" for number in range(60)]
    newsroom.subscribe(*addresses)
    newsroom.ready(FRIDAY)
    newsroom.app.sender.tick()
    with open_app(tmp_path / "config.toml", clock=newsroom.app.clock) as other:
        other._relays["main"] = newsroom.app.relay("main")

        async def both() -> None:
            stop = asyncio.Event()
            await asyncio.gather(
                newsroom.app.sender.drain(stop, until_idle=True),
                other.sender.drain(stop, until_idle=True),
            )

        run(both())

    assert reached(newsroom) == sorted(addresses)


def test_address_the_relay_cannot_parse_is_that_readers_matter(newsroom, issue, run) -> None:
    refusal = Rejected(501, "5.1.3 bad recipient address syntax")
    newsroom.backend.script(to(BEN), refusal, at="stage", times=None)

    run(tick_once(newsroom.app))

    assert reached(newsroom) == [ANNA, CLEO]
    assert newsroom.sums(issue).rejected == 1


def test_known_outcomes_survive_a_relay_that_goes_down(newsroom, issue, run) -> None:
    """Anna's 250 is known; that nobody else can be reached must not put it in doubt."""
    newsroom.backend.script(
        lambda e: e.rcpt_to != ANNA, BackendDown("gone"), at="stage", times=None
    )

    with contextlib.suppress(BackendDown):
        run(tick_once(newsroom.app))

    sums = newsroom.sums(issue)
    assert (sums.accepted, sums.dotted, sums.uncertain) == (1, 0, 0)


@pytest.mark.parametrize("commit", [1, 2, 3])
def test_commit_that_fails_once_loses_and_doubles_nothing(newsroom, issue, run, commit) -> None:
    """The first commit allows dots, the next ones carry outcomes too; each may meet a full disk."""
    committer = newsroom.app.sender._committer
    failing = committer._store = FailsOnce(committer._store, at=commit)

    with contextlib.suppress(OSError):
        run(tick_once(newsroom.app))
    run(tick_once(newsroom.app))

    assert failing.failed
    assert reached(newsroom) == [ANNA, BEN, CLEO]
    assert newsroom.sums(issue).accepted == 3


class FailsOnce:
    """A store whose one write number `at` fails."""

    def __init__(self, store: Transactor, at: int) -> None:
        self._store, self._left = store, at
        self.failed = False

    def transact(self):
        self._left -= 1
        if self._left == 0:
            self.failed = True
            raise OSError("the disk is full")
        return self._store.transact()

    def close(self):
        self._store.close()


def test_issue_that_cannot_be_prepared_holds_up_no_other(newsroom, issue, run) -> None:
    newsroom.app.sender.tick()
    with newsroom.app.db.write() as session:
        stored = session.query(StoredRendering).filter_by(edition=FULL).one()
        stored.document = stored.document.replace(b"Headline 1", b"Headline X")
    other = newsroom.draft(date(2026, 12, 4))
    newsroom.approve(other)
    newsroom.make_due(other)

    run(tick_once(newsroom.app))

    assert newsroom.sums(issue).pending == 3
    assert newsroom.sums(other).accepted == 3


def test_address_that_does_not_open_waits_and_holds_up_nobody(newsroom, issue, run) -> None:
    with newsroom.app.db.write() as session:
        ben = find_by_address(session, newsroom.app.sealer, BEN)
        ben.address_sealed = ben.address_sealed[:-1] + bytes([ben.address_sealed[-1] ^ 1])

    run(tick_once(newsroom.app))

    assert reached(newsroom) == [ANNA, CLEO]
    assert newsroom.sums(issue).pending == 1


def test_extra_that_nobody_approved_by_its_moment_is_held_and_stays_so(
    newsroom, clock, run
) -> None:
    newsroom.subscribe("anna@example.org")
    extra = newsroom.draft()
    with newsroom.app.db.write() as session:
        plan_extra(session, find_issue(session, extra), clock.now())

    run(tick_once(newsroom.app))
    told = [message for _, message in newsroom.backend.accepted]
    newsroom.approve(extra)
    run(tick_once(newsroom.app))

    assert any(b"The extra number 1 was held" in message for message in told)
    assert newsroom.state(extra) == "approved"
    assert len(newsroom.backend.accepted) == len(told)


def test_extra_whose_moment_passed_long_ago_is_missed(newsroom, clock, run) -> None:
    newsroom.subscribe(ANNA)
    extra = newsroom.draft()
    newsroom.approve(extra)
    with newsroom.app.db.write() as session:
        plan_extra(session, find_issue(session, extra), clock.now())
    clock.advance(timedelta(days=3))

    run(tick_once(newsroom.app))

    told = [message for _, message in newsroom.backend.accepted]
    assert any(b"The extra number 1 was missed" in message for message in told)
    assert ANNA not in reached(newsroom)
    assert newsroom.state(extra) == "approved"


def test_two_processes_send_a_notice_once(newsroom, clock, run, tmp_path: Path) -> None:
    newsroom.draft(FRIDAY)
    clock.advance(timedelta(minutes=2))
    newsroom.app.sender.tick()
    with open_app(tmp_path / "config.toml", clock=clock) as other:
        other._relays["main"] = newsroom.app.relay("main")

        async def both() -> None:
            await asyncio.gather(*(app.notices.send_waiting() for app in (newsroom.app, other)))

        run(both())

    assert reached(newsroom) == ["desk@courier.example"]

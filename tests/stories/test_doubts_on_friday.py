"""Nobody knows whether Ben got his copy; somebody pauses the run, or stops it; still nobody is lost
and every row has an end.
"""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from digest.app import open_app
from digest.clock import FixedClock
from digest.curation.issues import find_issue, pause_issue, resume_issue, stop_issue
from digest.delivery.ledger.doubts import apply_evidence, list_doubts, settle_doubt
from digest.delivery.ledger.stopping import stop_rows
from digest.delivery.ledger.weighing import SETTLING, Evidence, EvidenceKind
from digest.delivery.outcome import Deferred, Uncertain
from digest.models import Delivery, DeliveryState
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
READERS = tuple(f"reader{number:02}@example.org" for number in range(20))
BEN = READERS[7]
Opened = Callable[..., Newsroom]


@pytest.fixture
def opened(tmp_path: Path, clock: FixedClock) -> Iterator[Opened]:
    """Open a newsroom with twenty readers under a policy; it waits six hours for evidence."""
    rooms = []

    def make(policy: str = "hold", relay: str = 'backend = "memory"') -> Newsroom:
        more = {"uncertain_hours = 0": f'uncertain_hours = 6\nuncertain = "{policy}"'}
        room = open_newsroom(tmp_path, clock, more=more, relay=relay)
        rooms.append(room)
        newsroom = room.__enter__()
        newsroom.subscribe(*READERS)
        return newsroom

    yield make
    for room in rooms:
        room.__exit__(None, None, None)


def to_ben(envelope) -> bool:
    return envelope.rcpt_to == BEN


def got(newsroom: Newsroom, address: str = BEN) -> int:
    return sum(envelope.rcpt_to == address for envelope, _ in newsroom.backend.accepted)


def lose_ben(newsroom: Newsroom, run, *, arrives: bool, times: int | None = 1) -> str:
    """Send everybody's copy; of Ben's there is no answer."""
    issue = newsroom.ready(FRIDAY)
    newsroom.backend.script(to_ben, Uncertain("no reply"), arrives=arrives, times=times)
    run(tick_once(newsroom.app))
    assert newsroom.sums(issue).uncertain == 1
    return issue


def doubtful(newsroom: Newsroom, issue: str) -> int:
    with newsroom.app.db.read() as session:
        (doubt,) = list_doubts(session, find_issue(session, issue).id)
        return doubt.delivery_id


def tell(newsroom: Newsroom, id: int, kind: EvidenceKind) -> DeliveryState | None:
    now = newsroom.app.clock.now()
    with newsroom.app.db.write() as session:
        return apply_evidence(session, Evidence(id, kind, "test", now), now)


def later(newsroom: Newsroom, clock: FixedClock, run, hours: float) -> None:
    clock.advance(timedelta(hours=hours))
    run(tick_once(newsroom.app))
    run(tick_once(newsroom.app))  # what one round closes, the next need not


@pytest.mark.parametrize("arrives", [True, False])
def test_held_doubt_is_shown_and_never_sent_again(opened, clock, run, arrives) -> None:
    newsroom = opened("hold")
    issue = lose_ben(newsroom, run, arrives=arrives)
    later(newsroom, clock, run, 5)
    assert newsroom.state(issue) == "sending"

    later(newsroom, clock, run, 2)

    assert (newsroom.state(issue), got(newsroom)) == ("sent", int(arrives))
    assert newsroom.sums(issue).uncertain == 1


@pytest.mark.parametrize("arrives", [True, False])
def test_doubt_may_be_assumed_away(opened, clock, run, arrives) -> None:
    newsroom = opened("assume_accepted")
    issue = lose_ben(newsroom, run, arrives=arrives)

    later(newsroom, clock, run, 7)

    assert (newsroom.state(issue), got(newsroom)) == ("sent", int(arrives))
    assert newsroom.sums(issue).accepted == len(READERS)


@pytest.mark.parametrize("arrives", [True, False])
def test_resend_reaches_everybody_and_somebody_twice(opened, clock, run, arrives) -> None:
    """At least once; the second copy has the Message-ID of the first."""
    newsroom = opened("resend")
    issue = lose_ben(newsroom, run, arrives=arrives)

    later(newsroom, clock, run, 7)

    copies = [message for envelope, message in newsroom.backend.accepted if to_ben(envelope)]
    names = {message.split(b"Message-ID: ")[1].split(b"\r\n")[0] for message in copies}
    assert (len(copies), len(names)) == (2 if arrives else 1, 1)
    assert (newsroom.state(issue), newsroom.problems(issue)) == ("sent", [])


def test_resend_to_a_relay_that_never_answers_ends(opened, clock, run) -> None:
    newsroom = opened("resend")
    issue = lose_ben(newsroom, run, arrives=True, times=None)

    for _ in range(8):
        later(newsroom, clock, run, 7)

    assert (newsroom.state(issue), got(newsroom)) == ("sent", 4)
    assert newsroom.sums(issue).uncertain == 1


@pytest.mark.parametrize("arrives", [True, False])
def test_evidence_settles_a_doubt_as_it_really_was(opened, clock, run, arrives) -> None:
    newsroom = opened("hold")
    issue = lose_ben(newsroom, run, arrives=arrives)
    clock.advance(SETTLING)
    kind = EvidenceKind.ACCEPTED if arrives else EvidenceKind.UNKNOWN_TO_RELAY

    tell(newsroom, doubtful(newsroom, issue), kind)
    later(newsroom, clock, run, 0)

    assert (newsroom.state(issue), got(newsroom)) == ("sent", 1)
    assert newsroom.sums(issue).accepted == len(READERS)


def test_bounce_of_a_doubtful_copy_rejects_it(opened, clock, run) -> None:
    newsroom = opened("hold")
    issue = lose_ben(newsroom, run, arrives=True)

    tell(newsroom, doubtful(newsroom, issue), EvidenceKind.REFUSED)
    later(newsroom, clock, run, 0)

    assert (newsroom.state(issue), newsroom.sums(issue).rejected) == ("sent", 1)


def test_person_may_send_again_after_the_issue_was_closed(opened, clock, run) -> None:
    newsroom = opened("hold")
    issue = lose_ben(newsroom, run, arrives=False)
    later(newsroom, clock, run, 60)
    assert newsroom.state(issue) == "sent"

    with newsroom.app.db.write() as session:
        id, now = list_doubts(session, find_issue(session, issue).id)[0].delivery_id, clock.now()
        assert settle_doubt(session, id, DeliveryState.PENDING, by="Ada", now=now)
    later(newsroom, clock, run, 0)

    assert (newsroom.state(issue), got(newsroom)) == ("sent", 1)
    assert newsroom.problems(issue) == []


def test_reader_who_left_meanwhile_is_not_sent_to_again(opened, clock, run) -> None:
    newsroom = opened("resend")
    issue = lose_ben(newsroom, run, arrives=False)
    newsroom.unsubscribe(BEN)

    later(newsroom, clock, run, 7)

    assert (newsroom.sums(issue).skipped, got(newsroom)) == (1, 0)


def during(newsroom: Newsroom, number: int, act: Callable[[], None]) -> None:
    """Do something while copy number so-and-so waits for its dot's commit."""
    staged = itertools.count()
    newsroom.backend.script(
        lambda _: next(staged) == number and act() is not None, Deferred(), at="stage"
    )


def paused(newsroom: Newsroom, issue: str) -> Callable[[], None]:
    def act() -> None:
        with newsroom.app.db.write() as session:
            assert pause_issue(session, find_issue(session, issue).id, "a wrong headline")

    return act


def stopped(newsroom: Newsroom, issue: str) -> Callable[[], None]:
    def act() -> None:
        with newsroom.app.db.write() as session:
            id, now = find_issue(session, issue).id, newsroom.app.clock.now()
            assert stop_issue(session, id, now)
            stop_rows(session, id, now)

    return act


def test_pause_in_the_middle_lets_no_further_dot_be_written(opened, run) -> None:
    newsroom = opened()
    issue = newsroom.ready(FRIDAY)
    before = []
    pause = paused(newsroom, issue)
    during(newsroom, 7, lambda: (pause(), before.append(newsroom.sums(issue)))[0])

    run(tick_once(newsroom.app))

    (then,), after = before, newsroom.sums(issue)
    assert 0 < after.accepted == then.accepted + then.dotted < len(READERS)
    assert (after.dotted, after.pending) == (0, len(READERS) - after.accepted)
    assert newsroom.state(issue) == "sending"


def test_resumed_run_reaches_everybody_once(opened, clock, run) -> None:
    newsroom = opened()
    issue = newsroom.ready(FRIDAY)
    during(newsroom, 7, paused(newsroom, issue))
    run(tick_once(newsroom.app))
    with newsroom.app.db.write() as session:
        assert resume_issue(session, find_issue(session, issue).id)

    later(newsroom, clock, run, 0)

    assert [got(newsroom, reader) for reader in READERS] == [1] * len(READERS)
    assert newsroom.state(issue) == "sent"


def test_stop_in_the_middle_balances_and_closes(opened, clock, run) -> None:
    newsroom = opened()
    issue = newsroom.ready(FRIDAY)
    during(newsroom, 7, stopped(newsroom, issue))

    run(tick_once(newsroom.app))
    later(newsroom, clock, run, 0)

    sums = newsroom.sums(issue)
    assert (sums.open, sums.balanced, newsroom.state(issue)) == (0, True, "sent")
    assert 0 < sums.accepted == len(newsroom.backend.accepted) < len(READERS)
    with newsroom.app.db.read() as session:
        skipped = select(Delivery.reason).where(Delivery.state == DeliveryState.SKIPPED)
        assert set(session.scalars(skipped)) == {"stopped"}


def test_stop_by_one_process_is_obeyed_by_another(opened, tmp_path: Path, clock, run) -> None:
    newsroom = opened()
    issue = newsroom.ready(FRIDAY)
    with open_app(tmp_path / "config.toml", clock=clock) as other:
        other._relays["main"] = newsroom.app.relay("main")
        newsroom.app.sender.tick()
        stopped(newsroom, issue)()

        run(other.sender.drain(asyncio.Event(), until_idle=True))
        other.sender.tick()

    assert newsroom.backend.accepted == []
    assert newsroom.state(issue) == "sent"

"""Refusals in the session count as bounces do, each once."""

from datetime import timedelta

import pytest

from digest.clock import FixedClock
from digest.config import FeedbackConfig
from digest.delivery.feedback.events import Feedback, FeedbackKind
from digest.delivery.feedback.refusals import SETTLED
from digest.delivery.feedback.taking import Taken
from digest.delivery.feedback.upkeep import keep_feedback, take_all_refusals
from digest.delivery.outcome import Deferred, Outcome, Rejected
from digest.models import FeedbackEvent, SuppressionReason
from digest.scheduler import tick_once
from digest.subscribers.suppression import find_reason
from digest.testing.newsroom import Newsroom, open_newsroom
from tests.delivery.feedback.postbag import BEGAN, Postbag

ANNA = "anna@example.org"


@pytest.fixture
def newsroom(tmp_path, clock):
    more = {"[relays.main]": "[feedback]\nsoft_issues = 1\nsoft_days = 0\n\n[relays.main]"}
    with open_newsroom(tmp_path, clock, more=more) as newsroom:
        newsroom.subscribe(ANNA, "ben@example.org")
        yield newsroom


def refuse(newsroom: Newsroom, clock: FixedClock, run, outcome: Outcome) -> Taken:
    """Send an issue whose copy to Anna is refused, and take in what the ledger says of it."""
    newsroom.backend.script(lambda envelope: envelope.rcpt_to == ANNA, outcome)
    newsroom.ready(clock.now().date())
    run(tick_once(newsroom.app))
    clock.advance(SETTLED + timedelta(seconds=1))
    return take(newsroom)


def take(newsroom: Newsroom) -> Taken:
    app = newsroom.app
    return take_all_refusals(app.db, app.feedback_rules, app.clock, lambda: False)


def reason(newsroom: Newsroom) -> SuppressionReason | None:
    with newsroom.app.db.read() as session:
        return find_reason(session, newsroom.app.sealer, ANNA)


@pytest.mark.parametrize(
    ("outcome", "taken"),
    [
        (Rejected(550, "5.1.1 no such user"), Taken(suppressed=1)),
        (Rejected(553, "not an e-mail address", reason="address"), Taken(suppressed=1)),
        (Rejected(550, "5.2.2 full"), Taken(suspended=1)),
        (Rejected(550, "5.7.1 blocked by reputation"), Taken(noted=1)),
        (Rejected(552, "100 octets; the relay takes 10", reason="size"), Taken(noted=1)),
        (Rejected(553, "no SMTPUTF8 (5.6.7)", reason="smtputf8"), Taken(noted=1)),
    ],
)
def test_refusal_is_taken_in_once(newsroom, clock, run, outcome: Outcome, taken: Taken) -> None:
    assert refuse(newsroom, clock, run, outcome) == taken
    assert take(newsroom) == Taken()
    assert (reason(newsroom) is None) is (taken.noted == 1)


def test_copy_that_waits_for_its_next_try_is_no_refusal(newsroom, clock, run) -> None:
    assert refuse(newsroom, clock, run, Deferred(450, "4.2.2 full")) == Taken()


def test_line_that_is_fresh_waits_for_those_before_it(newsroom, clock, run) -> None:
    newsroom.backend.script(lambda envelope: envelope.rcpt_to == ANNA, Rejected(550, "5.1.1 no"))
    newsroom.ready(clock.now().date())
    run(tick_once(newsroom.app))

    assert take(newsroom) == Taken()
    clock.advance(SETTLED + timedelta(seconds=1))
    assert take(newsroom) == Taken(suppressed=1)


def test_what_is_old_goes_and_what_counts_stays(postbag: Postbag) -> None:
    postbag.feedback = FeedbackConfig(remembered_days=60, kept_days=30)
    anna = postbag.add_reader(ANNA)
    for _ in range(11):
        postbag.bounce(postbag.send(anna), "5.7.1")
    at = BEGAN + timedelta(weeks=1)
    postbag.take(Feedback(FeedbackKind.COMPLAINED, at, "who@example.org"), trusted=False)
    clock = FixedClock(BEGAN + timedelta(weeks=10, hours=2))

    keep_feedback(postbag.db, postbag.rules, clock, lambda: False)

    kept: list[FeedbackEvent] = postbag.events()
    assert len(kept) == 9  # without the one that is nobody's
    assert min(event.received_at for event in kept) >= clock.now() - timedelta(days=60)

"""An issue was wrong: exactly those whose copy was accepted get the correction, each once."""

from collections.abc import Iterator
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.curation.corrections import add_correction, open_mail
from digest.curation.issues import find_issue, plan_extra
from digest.delivery.departure import foresee_departure
from digest.delivery.ledger.joining import Joiner, send_latest
from digest.delivery.outcome import Rejected
from digest.errors import Refused
from digest.models import Issue, IssueState, LedgerSum, SuppressionReason
from digest.scheduler import tick_once
from digest.subscribers.lifecycle import find_by_address
from digest.subscribers.standing import list_subscriptions
from digest.subscribers.suppression import suppress
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
GOT_IT = ("anna@example.org", "ben@example.org")
REFUSED, LEFT, SUPPRESSED, LATE = (
    "nobody@reject.example",
    "cem@example.org",
    "dora@example.org",
    "emil@example.org",
)


class Town:
    """A newsroom that sent an issue on Friday, of which one copy was refused."""

    def __init__(self, newsroom: Newsroom, run) -> None:
        self.newsroom, self.app, self._run = newsroom, newsroom.app, run
        newsroom.subscribe(*GOT_IT, REFUSED, LEFT, SUPPRESSED)
        unknown = Rejected(550, "no such mailbox")
        newsroom.backend.script(lambda copy: copy.rcpt_to == REFUSED, unknown)
        self.issue = newsroom.ready(FRIDAY)
        self.tick()
        assert newsroom.state(self.issue) == "sent"
        newsroom.subscribe(LATE)

    def tick(self) -> None:
        self._run(tick_once(self.app))

    def correct(self) -> str:
        """Open the mail, approve it and send it off as an extra; return what it is called."""
        now = self.app.clock.now()
        with self.app.db.write() as session:
            issue = find_issue(session, self.issue)
            note = add_correction(session, issue, note="It votes on Monday.", now=now)
            extra = open_mail(session, issue, note, subject="Correction: Issue 1", now=now)
            name = f"weekly/{extra.number}"
        self.newsroom.approve(name)
        self.send_off(name)
        return name

    def send_off(self, name: str) -> None:
        with self.app.db.write() as session:
            plan_extra(session, find_issue(session, name), self.app.clock.now())

    def corrections(self) -> list[str]:
        """Return who got the correction."""
        return sorted(
            envelope.rcpt_to
            for envelope, message in self.newsroom.backend.accepted
            if str(message_from_bytes(message, policy=default)["Subject"]).startswith("Correction")
        )


@pytest.fixture(params=["sqlite", "postgres"])
def town(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock, run) -> Iterator[Town]:
    url = {}
    if request.param == "postgres":
        url = {"url": request.getfixturevalue("postgres_url")}
    with open_newsroom(tmp_path, clock, **url) as newsroom:
        yield Town(newsroom, run)


def test_exactly_those_who_got_it_get_the_correction_once(town: Town, clock: FixedClock) -> None:
    newsroom = town.newsroom
    newsroom.unsubscribe(LEFT)
    suppress_address(newsroom, SUPPRESSED)
    clock.advance(timedelta(days=1))

    name = town.correct()
    town.tick()
    town.tick()

    assert town.corrections() == sorted(GOT_IT)
    assert newsroom.state(name) == "sent"
    assert str(newsroom.sums(name)) == (
        "accepted=2 rejected=0 skipped=0 expired=0 uncertain=0 audience=2"
    )
    assert newsroom.problems(name) == []
    assert newsroom.problems(town.issue) == []


def suppress_address(newsroom: Newsroom, address: str) -> None:
    app = newsroom.app
    with app.db.write() as session:
        suppress(session, app.sealer, address, SuppressionReason.COMPLAINED, now=app.clock.now())


def test_who_leaves_between_freeze_and_dot_is_skipped(town: Town, clock: FixedClock) -> None:
    name = town.correct()
    town.app.sender.tick()  # freezes, and hands nothing over
    town.newsroom.unsubscribe(GOT_IT[1])
    town.tick()

    assert GOT_IT[1] not in town.corrections()
    assert town.newsroom.sums(name).skipped == 1
    assert town.newsroom.problems(name) == []


def test_who_joins_after_the_correction_gets_the_issue_and_not_its_correction(
    town: Town, clock: FixedClock
) -> None:
    town.correct()
    town.tick()
    app = town.app
    with app.db.write() as session:
        subscriber = find_by_address(session, app.sealer, LATE)
        assert subscriber is not None
        [(_, subscription)] = list_subscriptions(session, subscriber.id)
        joiner = Joiner(subscription, [subscriber.address_index])
        issue_id = send_latest(session, joiner, now=app.clock.now())
        assert issue_id == find_issue(session, town.issue).id
    town.tick()
    assert LATE not in town.corrections()


def test_desk_foresees_only_those(town: Town) -> None:
    name = town.correct()
    app = town.app
    with app.db.read() as session:
        issue = find_issue(session, name)
        departure = foresee_departure(
            session, app.config, town.newsroom.configured, issue, app.clock.now()
        )
    assert departure is not None
    assert departure.readers == 4


def test_shrunk_ledger_is_never_taken_for_an_empty_audience(town: Town) -> None:
    name = town.correct()
    app = town.app
    with app.db.write() as session:
        issue = find_issue(session, town.issue)
        session.add(
            LedgerSum(
                issue_id=issue.id, sums={}, key_id="k", mac=b"x" * 32, shrunk_at=app.clock.now()
            )
        )
    town.tick()

    assert town.newsroom.state(name) == "approved"
    assert town.corrections() == []


def test_correction_waits_while_its_issue_is_sent_again(town: Town) -> None:
    name = town.correct()
    with town.app.db.write() as session:
        issue = find_issue(session, town.issue)
        issue.state = IssueState.SENDING
        issue.paused = True
    town.app.sender.open_due_slots(town.app.clock.now())
    assert town.newsroom.state(name) == "approved"

    with town.app.db.write() as session:
        find_issue(session, town.issue).paused = False
    town.tick()
    town.tick()
    assert town.newsroom.state(name) == "sent"


def test_correction_without_words_is_no_issue(town: Town) -> None:
    name = town.correct()
    with town.app.db.write() as session:
        issue: Issue = find_issue(session, name)
        issue.topper = {}
    with pytest.raises(Refused, match="no picks"):
        town.newsroom.render(name)

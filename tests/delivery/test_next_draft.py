"""The next draft opens by itself, once, for the right day, with what stands."""

import threading
from datetime import date, datetime, timedelta

import pytest

from digest.clock import FixedClock
from digest.config import NewsletterConfig
from digest.curation.issues import cancel_issue, edit_issue, find_issue_on
from digest.curation.newsletters import skip_date
from digest.db import Database
from digest.delivery.next_draft import day_to_follow, draft_after, follow_up
from digest.delivery.slots import list_due_slots, plan_slots, set_due_by_hand, settle_slot
from digest.errors import Conflict, Refused
from digest.models import Issue, IssueState, SlotState
from digest.scheduler import open_drafts
from digest.testing.newsroom import Newsroom, open_newsroom
from tests.curation.newsroom import NOW, THIS_WEEK, Week

NEXT_WEEK = date(2026, 12, 4)
FRIDAY_AT_SEVEN = datetime.fromisoformat("2026-11-27T07:00:00+00:00")
CONFIGURED = NewsletterConfig.model_validate(
    {
        "slug": "weekly",
        "name": "The Harbour Courier",
        "host": "courier.example",
        "relay": "main",
        "sender": {"name": "The Harbour Courier", "address": "letters@courier.example"},
        "postal_address": "12 Quay Street, Harbour Town",
    }
)


def settle(session, week: Week, state: SlotState = SlotState.FIRED) -> None:
    """Plan the slots of this Friday and settle what is due."""
    schedule = CONFIGURED.schedule.as_schedule()
    plan_slots(session, week.newsletter, schedule, FRIDAY_AT_SEVEN)
    for slot in list_due_slots(session, [week.newsletter.id], FRIDAY_AT_SEVEN):
        settle_slot(session, slot, state, FRIDAY_AT_SEVEN)


@pytest.mark.parametrize("state", [SlotState.FIRED, SlotState.HELD, SlotState.MISSED])
def test_draft_follows_a_settled_slot_once(any_db: Database, state: SlotState) -> None:
    with any_db.write() as session:
        week = Week(session)
        issue = week.issue()
        edit_issue(session, issue, {"topper": {"text": "Hello.", "signed": "Ada"}, "appeal": False})
        assert day_to_follow(session, CONFIGURED, NOW) is None
        settle(session, week, state)
        opened = follow_up(session, CONFIGURED, FRIDAY_AT_SEVEN)
        again = follow_up(session, CONFIGURED, FRIDAY_AT_SEVEN)

        assert opened is not None
        assert (opened.slot_date, opened.state) == (NEXT_WEEK, IssueState.DRAFT)
        assert (opened.topper, opened.appeal) == ({"signed": "Ada"}, False)
        assert again is None


def test_cancelled_draft_stays_cancelled(any_db: Database) -> None:
    with any_db.write() as session:
        week = Week(session)
        edit_issue(session, week.issue(), {"subject": "This week"})
        settle(session, week)
        opened = follow_up(session, CONFIGURED, FRIDAY_AT_SEVEN)
        cancel_issue(session, opened)
        assert follow_up(session, CONFIGURED, FRIDAY_AT_SEVEN) is None


def test_skipped_date_has_no_draft(any_db: Database) -> None:
    with any_db.write() as session:
        week = Week(session)
        edit_issue(session, week.issue(), {"subject": "This week"})
        skip_date(session, week.newsletter, NEXT_WEEK)
        settle(session, week)
        opened = follow_up(session, CONFIGURED, FRIDAY_AT_SEVEN)
        assert opened.slot_date == date(2026, 12, 11)


def test_newsletter_that_rests_piles_up_no_drafts(any_db: Database) -> None:
    with any_db.write() as session:
        week = Week(session)
        settle(session, week)
        assert follow_up(session, CONFIGURED, FRIDAY_AT_SEVEN) is None  # there was no issue
        other = Week(session, "other")
        other.issue()  # opened, and nobody touched it
        settle(session, other)
        configured = CONFIGURED.model_copy(update={"slug": "other"})
        assert follow_up(session, configured, FRIDAY_AT_SEVEN) is None


def test_draft_after_is_the_next_slot_s_wherever_it_was_moved(any_db: Database) -> None:
    with any_db.write() as session:
        week = Week(session)
        issue, extra = week.issue(), week.issue(None)
        wednesday = date(2026, 12, 2)
        at = FRIDAY_AT_SEVEN + timedelta(days=5)
        set_due_by_hand(session, week.newsletter.id, wednesday, due_at=at)
        found = draft_after(session, issue, CONFIGURED, NOW)
        assert found.slot_date == wednesday
        assert draft_after(session, issue, CONFIGURED, NOW).id == found.id
        assert draft_after(session, found, CONFIGURED, NOW).slot_date == NEXT_WEEK
        assert draft_after(session, extra, CONFIGURED, NOW).id == issue.id
        issue.state = IssueState.SENDING
        session.flush()
        assert draft_after(session, extra, CONFIGURED, NOW).id == found.id


def test_when_all_is_skipped_nothing_can_be_held_over(any_db: Database) -> None:
    with any_db.write() as session:
        week = Week(session)
        issue = week.issue()
        days = [THIS_WEEK + timedelta(days=7 * n) for n in range(1, 80)]
        week.newsletter.skip_dates = [day.isoformat() for day in days]
        session.flush()
        with pytest.raises(Refused, match="Every slot in sight is skipped"):
            draft_after(session, issue, CONFIGURED, NOW)


def test_two_daemons_at_once_open_one_draft(any_db: Database) -> None:
    with any_db.write() as session:
        week = Week(session)
        edit_issue(session, week.issue(), {"subject": "This week"})
        settle(session, week)
    opened: list[int] = []
    together = threading.Barrier(2)

    def daemon() -> None:
        together.wait()
        try:
            with any_db.write() as session:
                issue = follow_up(session, CONFIGURED, FRIDAY_AT_SEVEN)
                opened.extend([issue.number] if issue else [])
        except Conflict:
            return

    threads = [threading.Thread(target=daemon) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with any_db.read() as session:
        assert opened == [2]
        assert session.query(Issue).count() == 2


def test_ticks_open_next_week_s_draft_when_the_issue_leaves(tmp_path, clock: FixedClock) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        newsroom.subscribe("anna@example.org")
        newsroom.ready(THIS_WEEK)
        for _ in range(2):
            _tick(newsroom)
        with newsroom.app.db.read() as session:
            issues = session.query(Issue).order_by(Issue.number).all()
            assert [(i.number, i.slot_date) for i in issues] == [(1, THIS_WEEK), (2, NEXT_WEEK)]
            assert find_issue_on(session, issues[0].newsletter_id, NEXT_WEEK).version == 1


def _tick(newsroom: Newsroom) -> None:
    newsroom.app.sender.tick()
    open_drafts(newsroom.app)

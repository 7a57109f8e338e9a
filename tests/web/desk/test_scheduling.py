"""When an issue leaves, at the desk: another moment, now, never, not then; and two people."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta

import pytest

from digest.clock import FixedClock
from digest.curation.issues import edit_issue, find_issue
from digest.delivery.slots import find_slot
from digest.errors import Refused
from digest.models import AuditEntry, Issue, IssueState, Role, Slot, SlotState
from digest.press.approval import approve
from digest.rendering.fingerprint import issue_hash
from digest.scheduler import tick_once
from tests.web.conftest import ANNA, BEN, WebHouse
from tests.web.desk.conftest import Browser, Desk

FRIDAY = date(2026, 11, 27)
NEXT = date(2026, 12, 4)


def issue_of(desk: Desk, name: str) -> Issue:
    with desk.app.db.read() as session:
        return find_issue(session, name)


def slot_of(desk: Desk, day: date) -> Slot:
    with desk.app.db.read() as session:
        slot = find_slot(session, 1, day)
        assert slot is not None
        return slot


def approved(desk: Desk, day: date | None = NEXT) -> str:
    name = desk.house.newsroom.draft(day=day)
    desk.house.newsroom.approve(name)
    return name


def arrived(desk: Desk) -> list[str]:
    """Return which readers have a copy; the newsroom's alarms are left out."""
    reached = (envelope.rcpt_to for envelope, _ in desk.house.newsroom.backend.accepted)
    return sorted(address for address in reached if address != "desk@courier.example")


def send_now(desk: Desk, browser: Browser, name: str, typed: str | None = None) -> int:
    shown = issue_of(desk, name).approved_hash or ""
    fields = {"typed": name if typed is None else typed, "hash": shown}
    return browser.post(f"/desk/{name}/schedule/send-now", **fields).status_code


def test_everybody_sees_when_it_leaves_and_a_publisher_may_change_it(desk: Desk) -> None:
    name = approved(desk)
    page = desk.signed_in(Role.EDITOR).get(f"/desk/{name}/schedule").text
    for words in ("Friday, 4 December 2026 at 07:00", "UTC", "Content cut-off", "2 of now"):
        assert words in page
    assert "About Friday, 4 December at 07:00" in page  # the last copy
    assert "limited by the connections that the relay main allows." in page
    assert "relays.main" not in page
    assert "It is approved, and leaves by itself" in page
    assert f'action="/desk/{name}' not in page

    page = desk.signed_in(Role.PUBLISHER).get(f"/desk/{name}/schedule").text
    for act in ("move", "send-now", "cancel", "stop-the-presses"):
        assert f'action="/desk/{name}/schedule/{act}"' in page
    assert "2 readers get it" in page


def test_draft_says_what_happens_unless_it_is_approved(desk: Desk) -> None:
    name = desk.house.newsroom.draft(day=NEXT)
    page = desk.signed_in(Role.PUBLISHER).get(f"/desk/{name}/schedule").text
    assert "If nobody approves it by then, nothing is sent" in page
    assert "send-now" not in page


@pytest.fixture
def berlin(
    open_house: Callable[..., AbstractContextManager[WebHouse]], clock: FixedClock
) -> Iterator[Desk]:
    more = {'timezone = "UTC"': 'timezone = "Europe/Berlin", readers_morning = true'}
    with open_house(more=more) as house:
        desk = Desk(house, clock)
        with desk.browsers:
            yield desk


def test_readers_own_mornings_are_told(berlin: Desk) -> None:
    name = berlin.house.newsroom.draft(day=NEXT)
    page = berlin.signed_in(Role.PUBLISHER).get(f"/desk/{name}/schedule").text
    assert "Thursday, 3 December at 18:00, Europe/Berlin; 3 December, 17:00 UTC" in page
    assert "everybody gets it at 07:00 where they are" in page


def test_moment_is_set_by_hand_and_taken_back(desk: Desk) -> None:
    name = approved(desk)
    browser = desk.signed_in(Role.PUBLISHER)

    moved = browser.post(f"/desk/{name}/schedule/move", day="2026-12-05", time="09:30")

    assert moved.headers["location"] == f"/desk/{name}/schedule"
    page = browser.get(f"/desk/{name}/schedule").text
    assert "Saturday, 5 December 2026 at 09:30" in page
    assert "Somebody set this by hand" in page
    assert issue_of(desk, name).state is IssueState.APPROVED
    browser.post(f"/desk/{name}/schedule/take-back")
    assert "Friday, 4 December 2026 at 07:00" in browser.get(f"/desk/{name}/schedule").text
    assert desk.verbs(of_people=True) == ["set the moment", "take the moment back"]


@pytest.mark.parametrize(("day", "time"), [("", ""), ("2026-11-26", "07:00"), ("x", "07:00")])
def test_moment_that_cannot_be_is_refused(desk: Desk, day: str, time: str) -> None:
    name = approved(desk)
    browser = desk.signed_in(Role.PUBLISHER)
    assert browser.post(f"/desk/{name}/schedule/move", day=day, time=time).status_code == 422
    assert desk.verbs(of_people=True) == []


@pytest.mark.parametrize("typed", ["", "weekly", "weekly/2", "yes"])
def test_nothing_is_sent_by_a_click_alone(desk: Desk, run, typed: str) -> None:
    name = approved(desk)
    assert send_now(desk, desk.signed_in(Role.PUBLISHER), name, typed) == 422
    run(tick_once(desk.app))
    assert arrived(desk) == []


def test_typed_name_sends_it_once(desk: Desk, run) -> None:
    name = approved(desk)
    browser = desk.signed_in(Role.PUBLISHER)

    assert send_now(desk, browser, name) == 303
    assert send_now(desk, browser, name) == 303  # a second click
    run(tick_once(desk.app))
    again = send_now(desk, browser, name)

    assert again == 403
    assert arrived(desk) == [ANNA, BEN]
    assert desk.verbs(of_people=True)[0] == "send now"
    assert "Number 1 is being sent" not in browser.get("/desk").text
    assert "It was sent on" in browser.get(f"/desk/{name}/schedule").text


def test_extra_is_begun_and_sent(desk: Desk, run) -> None:
    browser = desk.signed_in(Role.PUBLISHER)
    begun = browser.post("/desk/weekly/extra")
    assert begun.headers["location"] == "/desk/weekly/1"
    assert "an extra" in browser.get("/desk/weekly/1").text
    assert "It is an extra, outside the schedule" in browser.get("/desk/weekly/1/schedule").text
    assert "/desk/weekly/1/schedule" in browser.get("/desk").text

    name = approved(desk, day=None)
    assert send_now(desk, browser, name) == 303
    run(tick_once(desk.app))

    assert ANNA in arrived(desk)
    assert issue_of(desk, name).state is IssueState.SENT


def test_draft_is_not_sent_now(desk: Desk) -> None:
    name = desk.house.newsroom.draft(day=NEXT)
    assert send_now(desk, desk.signed_in(Role.PUBLISHER), name) == 403


def test_other_bytes_than_those_that_were_shown_are_not_sent(desk: Desk, run) -> None:
    name = approved(desk)
    browser = desk.signed_in(Role.PUBLISHER)
    fields = {"typed": name, "hash": "0" * 64}
    assert browser.post(f"/desk/{name}/schedule/send-now", **fields).status_code == 409
    run(tick_once(desk.app))
    assert arrived(desk) == []


def test_issue_is_cancelled_by_its_name(desk: Desk) -> None:
    name = approved(desk)
    browser = desk.signed_in(Role.PUBLISHER)
    assert browser.post(f"/desk/{name}/schedule/cancel", typed="weekly").status_code == 422
    assert issue_of(desk, name).state is IssueState.APPROVED

    assert browser.post(f"/desk/{name}/schedule/cancel", typed=name).status_code == 303

    assert issue_of(desk, name).state is IssueState.CANCELLED
    assert "It was cancelled" in browser.get(f"/desk/{name}/schedule").text


def test_stopped_presses_let_nothing_out(desk: Desk, clock: FixedClock, run) -> None:
    name = approved(desk, FRIDAY)
    browser = desk.signed_in(Role.PUBLISHER)

    stopped = browser.post(f"/desk/{name}/schedule/stop-the-presses")

    assert stopped.headers["location"] == f"/desk/{name}/schedule"
    clock.advance(timedelta(hours=1))
    run(tick_once(desk.app))
    assert ANNA not in arrived(desk)
    assert issue_of(desk, name).state is IssueState.DRAFT
    assert "the approval no longer counts" in browser.get(f"/desk/{name}").text
    assert slot_of(desk, FRIDAY).state is SlotState.HELD
    assert "held, because nothing was approved" in browser.get(f"/desk/{name}/schedule").text
    assert desk.verbs(of_people=True) == ["stop the presses"]


def test_presses_that_have_begun_are_paused(desk: Desk, run) -> None:
    """The page still showed the button of an approved issue."""
    name = desk.house.newsroom.ready(FRIDAY)
    desk.app.sender.tick()
    browser = desk.signed_in(Role.PUBLISHER)

    stopped = browser.post(f"/desk/{name}/schedule/stop-the-presses")

    assert stopped.headers["location"] == f"/desk/{name}/sending"
    run(tick_once(desk.app))
    assert arrived(desk) == []
    assert "The presses were stopped." in browser.get(f"/desk/{name}/sending").text


def test_eight_dates_are_listed_and_left_out(desk: Desk, clock: FixedClock, run) -> None:
    name = approved(desk, FRIDAY)
    browser = desk.signed_in(Role.PUBLISHER)
    page = browser.get("/desk/weekly/dates").text
    assert page.count("Leave it out") == 8
    assert "Friday, 15 January 2027" in page

    assert browser.post("/desk/weekly/dates/skip", day=FRIDAY.isoformat()).status_code == 303
    assert browser.post("/desk/weekly/dates/skip", day="2026-12-25").status_code == 303

    page = browser.get("/desk/weekly/dates").text
    assert page.count("Plan it again") == 2
    assert "Number 1 stays as it is and does not leave by itself" in page
    assert "was left out" in browser.get(f"/desk/{name}/schedule").text
    clock.advance(timedelta(hours=1))
    run(tick_once(desk.app))
    assert arrived(desk) == []
    assert issue_of(desk, name).state is IssueState.APPROVED


def test_draft_of_a_far_date_that_is_left_out_has_no_moment(desk: Desk) -> None:
    name = desk.house.newsroom.draft(day=date(2026, 12, 25))
    browser = desk.signed_in(Role.PUBLISHER)
    assert "Friday, 25 December 2026 at 07:00" in browser.get(f"/desk/{name}/schedule").text
    browser.post("/desk/weekly/dates/skip", day="2026-12-25")
    assert "25 December, is left out" in browser.get(f"/desk/{name}/schedule").text
    browser.post("/desk/weekly/dates/unskip", day="2026-12-25")
    assert "Friday, 25 December 2026 at 07:00" in browser.get(f"/desk/{name}/schedule").text
    with desk.app.db.read() as session:
        told = [e.detail for e in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert told == [{"day": "2026-12-25"}] * 2


@pytest.mark.parametrize("day", ["", "2026-11-28", "2026-11-20", "x", "2026-13-01"])
def test_only_a_date_to_come_is_left_out(desk: Desk, day: str) -> None:
    browser = desk.signed_in(Role.PUBLISHER)
    assert browser.post("/desk/weekly/dates/skip", day=day).status_code == 422


def test_dates_are_read_by_all_and_changed_by_publishers(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    page = browser.get("/desk/weekly/dates").text
    assert "Friday, 4 December 2026" in page
    assert "Leave it out" not in page
    assert 'href="/desk/weekly/dates"' in browser.get("/desk").text


def test_week_says_that_what_was_told_to_leave_is_leaving(desk: Desk) -> None:
    name = approved(desk, FRIDAY)
    publisher = desk.signed_in(Role.PUBLISHER)
    assert "It is due" not in publisher.get("/desk").text

    assert send_now(desk, publisher, name) == 303

    page = publisher.get("/desk").text
    assert "It is due: the first copies leave within moments" in page


@pytest.fixture
def two(
    open_house: Callable[..., AbstractContextManager[WebHouse]], clock: FixedClock
) -> Iterator[Desk]:
    """A desk where two people must approve."""
    more = {"postal_address": "second_person = true\npostal_address"}
    with open_house(more=more) as house:
        house.newsroom.subscribe(ANNA, BEN)
        desk = Desk(house, clock)
        with desk.browsers:
            yield desk


def approve_at_desk(desk: Desk, browser: Browser, name: str) -> int:
    seen = issue_hash(desk.house.newsroom.render(name))
    return browser.post(f"/desk/{name}/approve", hash=seen).status_code


def test_one_person_s_approval_sends_nothing(two: Desk, clock: FixedClock, run) -> None:
    name = two.house.newsroom.draft(day=FRIDAY)
    ada = two.signed_in(Role.PUBLISHER, "ada")

    assert approve_at_desk(two, ada, name) == 303
    week = two.signed_in(Role.EDITOR, "ben").get("/desk").text
    assert "Ada has approved it; it waits for a second person" in week
    assert "It goes once somebody has approved it" not in week
    clock.advance(timedelta(hours=1))
    run(tick_once(two.app))

    assert ANNA not in arrived(two)
    assert issue_of(two, name).state is IssueState.DRAFT
    page = ada.get(f"/desk/{name}/preview").text
    assert "Somebody else has to approve them, too" in page
    assert "Approve these bytes" not in page
    assert "waits for a second person" in ada.get(f"/desk/{name}/schedule").text
    assert approve_at_desk(two, ada, name) == 403
    assert send_now(two, ada, name) == 403
    assert two.verbs(of_people=True) == ["approve first of two"]


def test_second_person_makes_it_approved(two: Desk, clock: FixedClock, run) -> None:
    name = two.house.newsroom.draft(day=FRIDAY)
    ada, ben = two.signed_in(Role.EDITOR, "ada"), two.signed_in(Role.EDITOR, "ben")
    approve_at_desk(two, ada, name)
    assert "It takes you, as the second person" in ben.get(f"/desk/{name}/preview").text

    assert approve_at_desk(two, ben, name) == 303

    assert issue_of(two, name).state is IssueState.APPROVED
    assert "Approved by Ada and Ben." in ada.get(f"/desk/{name}/preview").text
    assert "By Ada and Ben" in ada.get(f"/desk/{name}/schedule").text
    clock.advance(timedelta(hours=1))
    run(tick_once(two.app))
    assert arrived(two) == [ANNA, BEN]
    assert "By Ada and Ben" in ada.get(f"/desk/{name}/proof").text
    assert two.verbs(of_people=True) == ["approve first of two", "approve"]


def test_edit_voids_both_approvals_where_everybody_sees_it(two: Desk) -> None:
    name = two.house.newsroom.draft(day=FRIDAY)
    ada, ben = two.signed_in(Role.EDITOR, "ada"), two.signed_in(Role.EDITOR, "ben")
    for browsers in ([ada], [ada, ben]):
        for browser in browsers:
            assert approve_at_desk(two, browser, name) == 303
        with two.app.db.write() as session:
            edit_issue(session, find_issue(session, name), {"preheader": f"{len(browsers)}"})

        issue = issue_of(two, name)
        assert (issue.state, issue.approved_hash, issue.first_hash) == (
            *(IssueState.DRAFT, None, None),
        )
        assert "approval no longer counts" in ada.get(f"/desk/{name}").text
        assert "Approved by" not in ada.get(f"/desk/{name}/preview").text


def test_command_line_s_name_is_a_person_too(two: Desk) -> None:
    name = two.house.newsroom.draft(day=FRIDAY)
    newsroom = two.house.newsroom
    assert newsroom.approve(name).waits
    with pytest.raises(Refused, match="somebody else"):
        newsroom.approve(name)

    done = approve(two.app.db, newsroom.press, name, newsroom.configured, by="ben", clock=two.clock)

    assert not done.waits
    assert issue_of(two, name).state is IssueState.APPROVED


def test_moment_in_the_past_of_utc_may_be_ahead_of_the_newsletter(berlin: Desk) -> None:
    """Typed on the clock of the newsletter, wherever the server stands."""
    name = berlin.house.newsroom.draft(day=NEXT)
    browser = berlin.signed_in(Role.PUBLISHER)
    browser.post(f"/desk/{name}/schedule/move", day="2026-11-27", time="08:05")
    assert slot_of(berlin, NEXT).due_at == datetime(2026, 11, 27, 7, 5, tzinfo=UTC)


def test_extra_that_was_stopped_leaves_only_when_a_publisher_says_so_again(desk: Desk) -> None:
    name = approved(desk, None)
    browser = desk.signed_in(Role.PUBLISHER)
    assert send_now(desk, browser, name) == 303
    browser.post(f"/desk/{name}/schedule/stop-the-presses")

    desk.house.newsroom.approve(name)  # as an editor does who has put it right
    asyncio.run(tick_once(desk.app))

    assert issue_of(desk, name).state is IssueState.APPROVED
    assert "It leaves only when somebody says when" in browser.get(f"/desk/{name}/schedule").text


@pytest.mark.parametrize("page", ["schedule", "preview"])
def test_operators_alone_are_told_the_key_of_what_limits_it(desk: Desk, page: str) -> None:
    name = approved(desk)
    words = "limited by the connections that the relay main allows"
    shown = desk.signed_in(Role.OPERATOR).get(f"/desk/{name}/{page}").text
    assert f"{words}: <code>relays.main.connections</code>" in shown
    shown = desk.signed_in(Role.PUBLISHER).get(f"/desk/{name}/{page}").text
    assert words in shown
    assert "relays.main" not in shown

"""A Friday is as long as the earth is round: everybody gets the issue at seven where they are."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from digest.clock import FixedClock
from digest.curation.issues import find_issue, plan_extra
from digest.curation.newsletters import find_newsletter
from digest.models import Subscription
from digest.scheduler import tick_once
from digest.subscribers.lifecycle import add_active, find_by_address
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST_MORNING = datetime(2026, 11, 26, 17, tzinfo=UTC)  # seven on Kiritimati
SEVEN_IN_LONDON = datetime(2026, 11, 27, 7, tzinfo=UTC)
SEVEN_IN_HONOLULU = SEVEN_IN_LONDON + timedelta(hours=10)
STEP = timedelta(minutes=30)
ZONES = {
    "auckland@example.org": "Pacific/Auckland",
    "tokyo@example.net": "Asia/Tokyo",
    "kolkata@example.org": "Asia/Kolkata",
    "london@example.org": "Europe/London",
    "john@example.org": "America/St_Johns",
    "york@gmail.com": "America/New_York",
    "honolulu@example.org": "Pacific/Honolulu",
}
Arrivals = dict[str, tuple[datetime, ...]]


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    with open_newsroom(tmp_path, FixedClock(MONDAY), more=schedule("07:00:00")) as opened:
        yield opened


def schedule(at: str) -> dict[str, str]:
    """Return the change of configuration that follows the readers' mornings."""
    old = 'time = 07:00:00, timezone = "UTC"'
    return {old: f'time = {at}, timezone = "Europe/London", readers_morning = true'}


def subscribe(newsroom: Newsroom, zones: Mapping[str, str | None]) -> None:
    with newsroom.app.db.write() as session:
        for address, zone in zones.items():
            add_active(
                session,
                newsroom.app.sealer,
                newsletter_id=find_newsletter(session, "weekly").id,
                address=address,
                name=None,
                language=None,
                timezone=zone,
                now=newsroom.app.clock.now(),
                origin="test",
            )


def clock_of(newsroom: Newsroom) -> FixedClock:
    clock = newsroom.app.clock
    assert isinstance(clock, FixedClock)
    return clock


def tick_at(newsroom: Newsroom, run: Callable, *moments: datetime) -> Arrivals:
    """Let the scheduler tick at these moments and return when each reader's copies came."""
    came: Arrivals = {}
    for moment in moments:
        clock_of(newsroom).set(moment)
        before = len(newsroom.backend.accepted)
        run(tick_once(newsroom.app))
        for envelope, _ in newsroom.backend.accepted[before:]:
            came[envelope.rcpt_to] = (*came.get(envelope.rcpt_to, ()), moment)
    came.pop("desk@courier.example", None)
    return came


def half_hours(start: datetime, end: datetime) -> list[datetime]:
    return [start + number * STEP for number in range((end - start) // STEP + 1)]


def on_the_wall(came: Arrivals, zones: dict[str, str]) -> dict[str, str]:
    return {
        reader: " ".join(f"{at.astimezone(ZoneInfo(zones[reader])):%A %H:%M}" for at in moments)
        for reader, moments in came.items()
    }


def test_everybody_gets_one_at_seven_where_they_are(newsroom: Newsroom, run) -> None:
    subscribe(newsroom, ZONES)
    issue = newsroom.draft(FRIDAY)
    newsroom.approve(issue)

    came = tick_at(newsroom, run, *half_hours(FIRST_MORNING - STEP, SEVEN_IN_HONOLULU + STEP))

    assert on_the_wall(came, ZONES) == dict.fromkeys(ZONES, "Friday 07:00")
    assert newsroom.problems(issue) == []


def test_issue_is_sent_when_the_last_morning_has_come(newsroom: Newsroom, run) -> None:
    subscribe(newsroom, ZONES)
    issue = newsroom.draft(FRIDAY)
    newsroom.approve(issue)

    tick_at(newsroom, run, FIRST_MORNING, SEVEN_IN_LONDON, SEVEN_IN_HONOLULU - STEP)
    assert newsroom.state(issue) == "sending"
    tick_at(newsroom, run, SEVEN_IN_HONOLULU)

    assert newsroom.state(issue) == "sent"


def test_reader_whose_zone_is_not_known_follows_the_newsletter(newsroom: Newsroom, run) -> None:
    subscribe(newsroom, {"nowhere@example.org": None, "mars@example.org": None})
    set_zone(newsroom, "mars@example.org", "Mars/Olympus_Mons")
    newsroom.approve(newsroom.draft(FRIDAY))

    came = tick_at(newsroom, run, FIRST_MORNING, SEVEN_IN_LONDON - STEP, SEVEN_IN_LONDON)

    assert came == dict.fromkeys(("nowhere@example.org", "mars@example.org"), (SEVEN_IN_LONDON,))


def set_zone(newsroom: Newsroom, address: str, zone: str) -> None:
    """Write what no form would let pass, such as a zone that a later tzdata dropped."""
    with newsroom.app.db.write() as session:
        reader = find_by_address(session, newsroom.app.sealer, address)
        assert reader is not None
        mine = Subscription.subscriber_id == reader.id
        session.execute(update(Subscription).where(mine).values(timezone=zone))


def test_reader_who_leaves_before_their_morning_gets_none(newsroom: Newsroom, run) -> None:
    subscribe(newsroom, ZONES)
    issue = newsroom.draft(FRIDAY)
    newsroom.approve(issue)
    tick_at(newsroom, run, FIRST_MORNING, SEVEN_IN_LONDON)

    newsroom.unsubscribe("honolulu@example.org")
    came = tick_at(newsroom, run, SEVEN_IN_HONOLULU)

    assert sorted(came) == ["john@example.org", "york@gmail.com"]
    sums = newsroom.sums(issue)
    assert (newsroom.state(issue), sums.accepted, sums.skipped) == ("sent", 6, 1)


def test_reader_who_pauses_before_their_morning_gets_none(newsroom: Newsroom, run) -> None:
    subscribe(newsroom, ZONES)
    newsroom.approve(newsroom.draft(FRIDAY))
    tick_at(newsroom, run, FIRST_MORNING)

    with newsroom.app.db.write() as session:
        session.execute(update(Subscription).values(state="paused"))

    assert tick_at(newsroom, run, SEVEN_IN_HONOLULU) == {}


def test_clocks_that_jump_that_friday_bring_no_copy_early_or_twice(tmp_path: Path, run) -> None:
    """Jerusalem's clocks go from two to three in the night of 27 March 2026."""
    zones = {"jaffa@example.org": "Asia/Jerusalem", "amman@example.org": "Asia/Amman"}
    monday = FixedClock(datetime(2026, 3, 23, 12, tzinfo=UTC))
    midnight = datetime(2026, 3, 27, tzinfo=UTC)
    with open_newsroom(tmp_path, monday, more=schedule("02:30:00")) as newsroom:
        subscribe(newsroom, zones)
        newsroom.approve(newsroom.draft(date(2026, 3, 27)))
        came = tick_at(newsroom, run, *half_hours(midnight - 3 * STEP, midnight + 4 * STEP))

    assert on_the_wall(came, zones) == {
        "amman@example.org": "Friday 02:30",
        "jaffa@example.org": "Friday 03:00",
    }


def test_desk_is_told_by_the_first_morning(newsroom: Newsroom, run) -> None:
    issue = newsroom.draft(FRIDAY)

    tick_at(newsroom, run, FIRST_MORNING - timedelta(hours=24), FIRST_MORNING - STEP, FIRST_MORNING)

    told = [str(message_from_bytes(message)["Subject"]) for _, message in newsroom.backend.accepted]
    assert told == [
        "No approved issue for 2026-11-27",
        "No approved issue for 2026-11-27",
        "The issue of 2026-11-27 was held",
    ]
    assert newsroom.state(issue) == "draft"


def test_issue_sent_late_by_hand_waits_for_mornings_still_to_come(newsroom: Newsroom, run) -> None:
    subscribe(newsroom, ZONES)
    issue = newsroom.draft(FRIDAY)
    now = SEVEN_IN_LONDON + timedelta(hours=3)
    tick_at(newsroom, run, FIRST_MORNING, now)
    newsroom.approve(issue)
    newsroom.make_due(issue)

    came = tick_at(newsroom, run, *half_hours(now, SEVEN_IN_HONOLULU))

    west = {reader: came.pop(reader) for reader in list(ZONES)[-3:]}
    assert came == dict.fromkeys(list(ZONES)[:-3], (now,))
    assert on_the_wall(west, ZONES) == dict.fromkeys(list(ZONES)[-3:], "Friday 07:00")


def test_extra_goes_to_everybody_at_its_moment(newsroom: Newsroom, run) -> None:
    subscribe(newsroom, ZONES)
    issue = newsroom.draft()
    newsroom.approve(issue)
    with newsroom.app.db.write() as session:
        plan_extra(session, find_issue(session, issue), MONDAY + STEP)

    assert tick_at(newsroom, run, MONDAY, MONDAY + STEP) == dict.fromkeys(ZONES, (MONDAY + STEP,))

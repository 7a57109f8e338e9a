"""The archive knows what was sent, in the order it was sent, and nothing else."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from digest.blocks import FULL
from digest.errors import NotFound
from digest.press.archive.past import (
    Entry,
    find_around,
    find_edition,
    list_editions,
    list_entries,
    read_issues,
)
from digest.testing.past import file_issue, write_issue

ZONE = ZoneInfo("Pacific/Auckland")


def entries(desk) -> list[Entry]:
    with desk.db.read() as session:
        return list_entries(session, desk.newsletter_id)


def read(desk):
    with desk.db.read() as session:
        found = list_entries(session, desk.newsletter_id)
        return read_issues(session, [entry.id for entry in found], ZONE)


def test_what_was_sent_is_listed_newest_first_and_drafts_are_not(desk) -> None:
    desk.send()
    desk.draft()
    desk.clock.advance(timedelta(days=7))
    desk.send()

    assert [entry.number for entry in entries(desk)] == [3, 1]


def test_issue_written_earlier_and_sent_later_is_the_newer_one(desk) -> None:
    now = desk.clock.now()
    with desk.db.write() as session:
        late = write_issue(session, [{"headline": "Late"}], now=now)
        early = write_issue(session, [{"headline": "Early"}], now=now)
        file_issue(session, early, now)
        file_issue(session, late, now + timedelta(days=1))

    assert [entry.number for entry in entries(desk)] == [1, 2]


def test_issue_is_read_with_its_stories_the_lead_first(desk) -> None:
    desk.send(
        {"headline": "Fog", "section": "Opinion", "blurb": "Thick.", "byline": "Ada"},
        {"headline": "Rain", "section": "News"},
        {"headline": "Hail", "section": "Features"},
        subject="Weather",
        preheader="All of it",
    )

    [issue] = read(desk)

    assert (issue.subject, issue.preheader) == ("Weather", "All of it")
    assert [(p.section, p.headline) for p in issue.picks] == [
        ("Opinion", "Fog"),
        ("News", "Rain"),
        ("Features", "Hail"),
    ]
    assert issue.lead is issue.picks[0]
    assert (issue.picks[0].blurb, issue.picks[0].byline) == ("Thick.", "Ada")
    assert issue.published == issue.updated == desk.clock.now()


def test_issue_is_dated_by_its_slot_and_an_extra_by_the_day_of_its_approval_there(desk) -> None:
    desk.clock.advance(timedelta(hours=6))  # 12:59 on Friday in London, Saturday in Auckland
    desk.send(day=date(2026, 11, 27))
    desk.send()

    assert [issue.day for issue in read(desk)] == [date(2026, 11, 28), date(2026, 11, 27)]


def test_neighbours_are_found_and_missing_at_the_ends(desk) -> None:
    for _ in range(3):
        desk.send()
        desk.clock.advance(timedelta(days=7))
    around = {number: find_around(entries(desk), number) for number in (1, 2, 3)}

    assert [(a.older, a.newer) for a in around.values()] == [(None, 2), (1, 3), (2, None)]


@pytest.mark.parametrize("number", [0, 2, 99])
def test_number_that_was_not_sent_is_not_found(desk, number: int) -> None:
    desk.send()
    desk.draft()

    with pytest.raises(NotFound):
        find_around(entries(desk), number)


def test_issue_whose_bytes_are_gone_is_not_found(desk) -> None:
    desk.send()
    [entry] = entries(desk)

    with desk.db.read() as session:
        assert list_editions(session, desk.newsletter_id) == set()
        with pytest.raises(NotFound, match="number 1"):
            find_edition(session, entry, FULL)

"""The search finds issues by any of their words, and reads each issue's words from the database
once.
"""

from datetime import timedelta

import pytest
from sqlalchemy import event

from digest.press.archive.past import list_entries
from digest.press.archive.shelf import Shelf
from digest.press.archive.words import words_of


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def find(desk, shelf: Shelf, query: str) -> list[int]:
    with desk.db.read() as session:
        entries = list_entries(session, desk.newsletter_id)
        found = shelf.find(session, desk.newsletter_id, entries, words_of(query))
        return [entry.number for entry in found]


@pytest.mark.parametrize(
    "query",
    ["subject", "PREHEADER", "headline", "blurb", "byline", "features", "byline subject features"],
)
def test_issue_is_found_by_everything_that_is_said_in_it(desk, shelf, query: str) -> None:
    desk.send(
        {"headline": "The headline", "blurb": "Its blurb"},
        {"headline": "Rain", "byline": "Their byline", "section": "Features"},
        subject="The subject",
        preheader="Its preheader",
    )
    desk.send()

    assert find(desk, shelf, query) == [1]


def test_found_issues_come_newest_first(desk, shelf) -> None:
    for headline in ("Fog", "Rain", "More fog"):
        desk.send({"headline": headline})
        desk.clock.advance(timedelta(days=7))

    assert find(desk, shelf, "fog") == [3, 1]


def test_drafts_are_not_found(desk, shelf) -> None:
    desk.draft({"headline": "Fog"})

    assert find(desk, shelf, "fog") == []


def test_words_of_two_issues_do_not_add_up(desk, shelf) -> None:
    desk.send({"headline": "Fog"})
    desk.send({"headline": "Rain"})

    assert find(desk, shelf, "fog rain") == []


def test_issue_that_is_sent_later_is_found_too(desk, shelf) -> None:
    desk.send({"headline": "Fog"})
    find(desk, shelf, "fog")
    desk.clock.advance(timedelta(days=7))
    desk.send({"headline": "Fog again"})

    assert find(desk, shelf, "fog") == [2, 1]


def test_words_are_read_from_the_database_once(desk, shelf) -> None:
    desk.send({"headline": "Fog"})
    find(desk, shelf, "fog")
    asked: list[str] = []
    event.listen(desk.db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    assert find(desk, shelf, "fog") == [1]
    assert len([statement for statement in asked if "FROM" in statement]) == 1
    assert not [statement for statement in asked if "picks" in statement]

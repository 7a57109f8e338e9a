"""Sections: in an order, under names of their own, put away and never deleted."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy.orm import Session

from digest.curation.inbox import find_article, take_in
from digest.curation.issues import cancel_issue, new_issue
from digest.curation.newsletters import list_sections
from digest.curation.picks import move_pick, pick_article
from digest.curation.sections import (
    SECTIONS_MOST,
    add_section,
    find_own_section,
    list_put_away,
    move_section,
    put_away_section,
    rename_section,
)
from digest.curation.sources.base import FoundArticle
from digest.db import Database
from digest.errors import BadInput, Conflict, NotFound, Refused
from digest.models import Issue, Newsletter, Pick, Section

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
URL = "https://courier.example/cranes"


@pytest.fixture
def session(any_db: Database) -> Iterator[Session]:
    with any_db.write() as session:
        for slug in ("weekly", "daily"):
            newsletter = Newsletter(slug=slug, furniture={}, skip_dates=[], created_at=NOW)
            session.add(newsletter)
            session.flush()
            for heading in ("News", "Features", "Opinion"):
                add_section(session, newsletter, heading)
        yield session


def weekly(session: Session) -> Newsletter:
    return session.query(Newsletter).filter_by(slug="weekly").one()


def headings(session: Session) -> list[str]:
    sections = list_sections(session, weekly(session).id)
    assert [each.position for each in sections] == list(range(1, len(sections) + 1))
    return [section.heading for section in sections]


def called(session: Session, heading: str, slug: str = "weekly") -> Section:
    newsletter = session.query(Newsletter).filter_by(slug=slug).one()
    return session.query(Section).filter_by(newsletter_id=newsletter.id, heading=heading).one()


def picked(session: Session, heading: str) -> Pick:
    issue = new_issue(session, weekly(session), slot_date=date(2026, 11, 27), now=NOW)
    take_in(session, [FoundArticle(url=URL, title="Cranes")], None, NOW)
    return pick_article(session, issue, find_article(session, URL), called(session, heading))


def issue_of(session: Session, pick: Pick) -> Issue:
    return session.get_one(Issue, pick.issue_id)


def test_section_is_added_last(session: Session) -> None:
    add_section(session, weekly(session), "  By the\nnumbers ")
    assert headings(session) == ["News", "Features", "Opinion", "By the numbers"]


@pytest.mark.parametrize("heading", ["", " \n", "x" * 201])
def test_name_that_is_none_is_refused(session: Session, heading: str) -> None:
    with pytest.raises(BadInput):
        add_section(session, weekly(session), heading)


def test_name_is_there_once_whatever_its_case(session: Session) -> None:
    with pytest.raises(Conflict):
        add_section(session, weekly(session), "NEWS")
    with pytest.raises(Conflict):
        rename_section(session, weekly(session), called(session, "News"), "features")


def test_section_may_change_the_case_of_its_name(session: Session) -> None:
    rename_section(session, weekly(session), called(session, "News"), "NEWS")
    assert headings(session)[0] == "NEWS"


@pytest.mark.parametrize(
    ("position", "order"),
    [
        (1, ["Opinion", "News", "Features"]),
        (2, ["News", "Opinion", "Features"]),
        (99, ["News", "Features", "Opinion"]),
    ],
)
def test_section_moves(session: Session, position: int, order: list[str]) -> None:
    move_section(session, weekly(session), called(session, "Opinion"), position)
    assert headings(session) == order


def test_section_put_away_keeps_its_row_and_comes_back(session: Session) -> None:
    section = called(session, "Features")
    put_away_section(session, weekly(session), section)
    assert headings(session) == ["News", "Opinion"]
    assert [each.heading for each in list_put_away(session, weekly(session).id)] == ["Features"]

    assert add_section(session, weekly(session), "features").id == section.id
    assert headings(session) == ["News", "Opinion", "features"]


def test_section_of_an_open_issue_stays(session: Session) -> None:
    pick = picked(session, "Features")
    with pytest.raises(Refused, match="number 1: move them first"):
        put_away_section(session, weekly(session), called(session, "Features"))

    cancel_issue(session, issue_of(session, pick))
    put_away_section(session, weekly(session), called(session, "Features"))
    assert headings(session) == ["News", "Opinion"]


def test_nothing_is_put_into_what_was_put_away(session: Session) -> None:
    pick = picked(session, "News")
    put_away_section(session, weekly(session), called(session, "Features"))
    with pytest.raises(Conflict, match="was put away"):
        move_pick(session, issue_of(session, pick), pick, called(session, "Features"), 1)


def test_last_section_stays(session: Session) -> None:
    for heading in ("News", "Features"):
        put_away_section(session, weekly(session), called(session, heading))
    with pytest.raises(Refused, match="needs a section"):
        put_away_section(session, weekly(session), called(session, "Opinion"))


def test_section_of_another_newsletter_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        find_own_section(session, weekly(session), called(session, "News", "daily").id)


def test_there_is_an_end_of_sections(session: Session) -> None:
    for number in range(SECTIONS_MOST - 3):
        add_section(session, weekly(session), f"Section {number}")
    with pytest.raises(Refused):
        add_section(session, weekly(session), "One more")

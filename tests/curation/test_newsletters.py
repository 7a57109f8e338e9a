"""What the database keeps of a newsletter: seeded once, the editors' own afterwards."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from digest.config import InitialConfig, NewsletterConfig, SenderConfig
from digest.curation.issues import new_issue
from digest.curation.newsletters import (
    find_newsletter,
    find_section,
    list_sections,
    next_issue_slot,
    seed_newsletters,
    skip_date,
)
from digest.db import Database
from digest.errors import ConfigError, NotFound
from digest.models import Newsletter

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    with db.write() as session:
        yield session


def configured(slug: str = "weekly", **initial: Any) -> NewsletterConfig:
    """Return a newsletter as the configuration file would have it."""
    return NewsletterConfig(
        slug=slug,
        name=slug.title(),
        host="courier.example",
        sender=SenderConfig(name="Courier", address="letters@courier.example"),
        relay="main",
        postal_address="12 Quay Street",
        initial=InitialConfig(**initial),
    )


def headings(session: Session, slug: str = "weekly") -> list[str]:
    """Return a newsletter's headings in their order."""
    newsletter = find_newsletter(session, slug)
    return [section.heading for section in list_sections(session, newsletter.id)]


def test_seeding_writes_sections_and_furniture(session: Session) -> None:
    seed_newsletters(session, [configured(sections=["News", "Sport"], tagline="T")], now=NOW)

    assert headings(session) == ["News", "Sport"]
    assert find_newsletter(session, "weekly").furniture == {
        "tagline": "T",
        "about": "",
        "corrections_address": None,
        "accent": "#a4161a",
        "look": "front-page",
        "typeface": "serif",
        "logo": None,
        "appeal": None,
    }


def test_seeding_again_adds_nothing(session: Session) -> None:
    seed_newsletters(session, [configured(sections=["News"])], now=NOW)

    again = seed_newsletters(session, [configured(sections=["News"])], now=NOW)

    assert again == []
    assert headings(session) == ["News"]


def test_seeding_keeps_what_editors_changed(session: Session) -> None:
    newsletter, *_ = seed_newsletters(session, [configured(sections=["News"])], now=NOW)
    newsletter.furniture = {**newsletter.furniture, "tagline": "The editors' own"}
    list_sections(session, newsletter.id)[0].heading = "Top stories"
    session.flush()

    seed_newsletters(session, [configured(sections=["News", "Sport"], tagline="New")], now=NOW)

    assert headings(session) == ["Top stories"]
    assert find_newsletter(session, "weekly").furniture["tagline"] == "The editors' own"


def test_new_newsletter_is_added_beside_the_others(session: Session) -> None:
    seed_newsletters(session, [configured()], now=NOW)

    added = seed_newsletters(session, [configured(), configured("sport")], now=NOW)

    assert [newsletter.slug for newsletter in added] == ["sport"]


def test_lost_newsletter_with_issues_is_named(session: Session) -> None:
    newsletter, *_ = seed_newsletters(session, [configured(), configured("sport")], now=NOW)
    new_issue(session, newsletter, slot_date=None, now=NOW)

    with pytest.raises(ConfigError, match="newsletters: weekly: not configured any more"):
        seed_newsletters(session, [configured("sport")], now=NOW)


def test_lost_newsletter_without_issues_may_go(session: Session) -> None:
    seed_newsletters(session, [configured(), configured("sport")], now=NOW)

    assert seed_newsletters(session, [configured("sport")], now=NOW) == []


def test_lost_newsletter_stops_the_seeding_of_others(session: Session) -> None:
    newsletter, *_ = seed_newsletters(session, [configured()], now=NOW)
    new_issue(session, newsletter, slot_date=None, now=NOW)

    with pytest.raises(ConfigError):
        seed_newsletters(session, [configured("sport")], now=NOW)
    assert [row.slug for row in session.query(Newsletter)] == ["weekly"]


def test_two_sections_of_one_name_are_refused(session: Session) -> None:
    with pytest.raises(ConfigError, match=r"'weekly': initial\.sections has 'News' twice"):
        seed_newsletters(session, [configured(sections=["News", "news"])], now=NOW)


def test_section_is_found_in_any_case(session: Session) -> None:
    newsletter, *_ = seed_newsletters(session, [configured(sections=["Über uns"])], now=NOW)

    assert find_section(session, newsletter.id, "ÜBER UNS").heading == "Über uns"


def test_unknown_section_lists_those_there_are(session: Session) -> None:
    newsletter, *_ = seed_newsletters(session, [configured(sections=["News", "Sport"])], now=NOW)

    with pytest.raises(NotFound, match=r"no section 'Arts' \(there are: News, Sport\)"):
        find_section(session, newsletter.id, "Arts")


def test_unknown_newsletter_says_what_to_do(session: Session) -> None:
    with pytest.raises(NotFound, match="no newsletter 'weekly' in the database: run digest mig"):
        find_newsletter(session, "weekly")


def test_next_slot_passes_over_the_skipped_dates(session: Session) -> None:
    newsletter, *_ = seed_newsletters(session, [configured()], now=NOW)
    schedule = configured().schedule.as_schedule()
    for day in (date(2026, 11, 27), date(2026, 12, 4)):
        skip_date(session, newsletter, day)

    assert next_issue_slot(newsletter, schedule, NOW).local_date == date(2026, 12, 11)


def test_next_slot_without_skipped_dates_is_the_schedule_s(session: Session) -> None:
    newsletter, *_ = seed_newsletters(session, [configured()], now=NOW)

    due = next_issue_slot(newsletter, configured().schedule.as_schedule(), NOW)

    assert due.local_date == date(2026, 11, 27)


def test_skipped_date_is_kept_once(session: Session) -> None:
    newsletter, *_ = seed_newsletters(session, [configured()], now=NOW)
    for day in (date(2026, 12, 25), date(2026, 11, 27), date(2026, 12, 25)):
        skip_date(session, newsletter, day)

    assert newsletter.skip_dates == ["2026-11-27", "2026-12-25"]

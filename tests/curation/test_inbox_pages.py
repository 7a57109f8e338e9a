"""The inbox page by page, on both databases: nothing twice, nothing left out."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from digest.curation.inbox import dismiss, find_article, take_in
from digest.curation.inbox_pages import Kept, Wanted, read_page, read_row
from digest.curation.row_numbers import row_number
from digest.curation.sources.base import FoundArticle
from digest.db import Database
from digest.errors import BadInput

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


def articles(hours: list[int | None]) -> list[FoundArticle]:
    """Return articles that were published so many hours ago; some do not say when."""
    return [
        FoundArticle(
            f"https://courier.example/{number}",
            f"Headline {number}",
            published_at=None if ago is None else NOW - timedelta(hours=ago),
        )
        for number, ago in enumerate(hours)
    ]


def walk(db: Database, most: int, **wanted: str) -> list[str]:
    """Return the headlines of every page, one after the other."""
    titles: list[str] = []
    before = ""
    with db.read() as session:
        while True:
            page = read_page(session, Wanted(before=before, **wanted), most=most)  # type: ignore[arg-type]
            titles += [row.article.title for row in page.rows]
            if not page.older:
                return titles
            before = page.older


def test_pages_hold_every_article_once(any_db: Database) -> None:
    with any_db.write() as session:
        take_in(session, articles([3, None, 1, 1, 1, 2, None, 0]), None, NOW)

    assert walk(any_db, 3) == [f"Headline {n}" for n in (7, 6, 1, 4, 3, 2, 5, 0)]


def test_search_goes_on_over_pages(any_db: Database) -> None:
    with any_db.write() as session:
        take_in(session, articles(list(range(30))), None, NOW)

    assert walk(any_db, 2, search="HEADLINE 2") == [
        f"Headline {number}" for number in range(30) if "2" in str(number)
    ]


def test_article_that_was_set_aside_is_with_those(any_db: Database) -> None:
    with any_db.write() as session:
        take_in(session, articles([1, 2]), None, NOW)
        dismiss(session, find_article(session, "https://courier.example/0").id)

    assert walk(any_db, 5) == ["Headline 1"]
    assert walk(any_db, 5, kept=Kept.ASIDE) == ["Headline 0"]
    assert walk(any_db, 5, kept=Kept.ALL) == ["Headline 0", "Headline 1"]
    with any_db.read() as session:
        row = read_row(session, find_article(session, "https://courier.example/0"))
        assert (row.is_aside, row.source, row.places) == (True, "", ())


@settings(max_examples=60, deadline=None)
@given(text=st.text(min_size=1).filter(lambda text: row_number(text) is None))
def test_any_cursor_and_source_is_refused(text: str) -> None:
    for wanted in (Wanted(before=text), Wanted(source=f"x{text}")):
        with Session() as session, pytest.raises(BadInput):
            read_page(session, wanted, most=1)

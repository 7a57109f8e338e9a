"""Sources and the inbox: what is kept, what is corrected, what is left alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from digest.curation.inbox import (
    FromSource,
    IntakeReport,
    add_article,
    dismiss,
    find_article,
    list_inbox,
    restore,
    take_in,
)
from digest.curation.source_list import (
    add_source,
    change_source,
    due_sources,
    find_source,
    list_sources,
    next_poll,
    record_poll,
    remove_source,
    set_source_active,
)
from digest.curation.sources.base import FoundArticle
from digest.db import Database
from digest.errors import BadInput, ConfigError, Conflict, FetchFailed, NotFound, Refused
from digest.fetch import Fetched
from digest.models import (
    Article,
    ArticleState,
    Issue,
    IssueState,
    Layout,
    Newsletter,
    Pick,
    Section,
    Source,
)

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
FEED = "digest.curation.sources.feed:FeedSource"
FOG = FoundArticle("https://courier.example/fog?utm_source=rss", "Fog", "Thick.")


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    with db.write() as session:
        yield session


def source_of(session: Session, url: str = "https://courier.example/feed") -> Source:
    """Add a source and return it."""
    return add_source(session, url=url, kind=FEED, name="Courier", now=NOW)


def pick(session: Session, article: Article) -> None:
    """Put an article into a draft."""
    newsletter = Newsletter(slug="weekly", furniture={}, skip_dates=[], created_at=NOW)
    session.add(newsletter)
    session.flush()
    section = Section(newsletter_id=newsletter.id, heading="News", position=1)
    issue = Issue(
        **{"public_id": "i1", "newsletter_id": newsletter.id, "number": 1},
        **{"state": IssueState.DRAFT, "topper": {}, "quote": {}, "numbers": [], "created_at": NOW},
    )
    session.add_all([section, issue])
    session.flush()
    ids = {"issue_id": issue.id, "article_id": article.id, "section_id": section.id}
    session.add(Pick(**ids, position=1, layout=Layout.LEAD, headline=article.title))
    session.flush()


def test_new_source_is_due_at_once(session: Session) -> None:
    source = source_of(session)

    assert [due.id for due in due_sources(session, NOW)] == [source.id]


def test_source_is_found_by_number_and_by_url(session: Session) -> None:
    source = source_of(session)

    assert find_source(session, str(source.id)) is find_source(session, source.url) is source


def test_missing_source_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound, match="no source 7"):
        find_source(session, 7)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"url": "javascript:alert(1)"}, BadInput),
        ({"url": "/feed"}, BadInput),
        ({"name": " \n"}, BadInput),
        ({"kind": "carrier-pigeon"}, ConfigError),
    ],
)
def test_unusable_source_is_refused(
    session: Session, changes: dict[str, str], error: type[Exception]
) -> None:
    values = {"url": "https://courier.example/feed", "kind": FEED, "name": "Courier", **changes}

    with pytest.raises(error):
        add_source(session, **values, now=NOW)
    assert list_sources(session) == []


def test_second_source_of_a_url_is_a_conflict(session: Session) -> None:
    source_of(session)

    with pytest.raises(Conflict):
        source_of(session)


def test_resting_source_is_not_due(session: Session) -> None:
    source = source_of(session)
    set_source_active(session, source.id, False, NOW)

    assert due_sources(session, NOW) == []
    assert list_sources(session) == [source]


def test_woken_source_is_due_at_once(session: Session) -> None:
    source = source_of(session)
    record_poll(session, source.id, FetchFailed("down"), NOW, every=HOUR)
    set_source_active(session, source.id, False, NOW)
    set_source_active(session, source.id, True, NOW)

    assert (due_sources(session, NOW), source.failures) == ([source], 0)


def test_poll_keeps_validators(session: Session) -> None:
    source = source_of(session)
    fetched = Fetched(source.url, 200, b"", etag='"1"', last_modified="today")
    record_poll(session, source.id, fetched, NOW, every=HOUR)

    assert (source.etag, source.last_modified) == ('"1"', "today")
    assert (source.polled_at, source.next_poll_at) == (NOW, NOW + HOUR)


def test_not_modified_keeps_the_old_validators(session: Session) -> None:
    source = source_of(session)
    source.etag = '"1"'
    record_poll(session, source.id, Fetched(source.url, 304, not_modified=True), NOW)

    assert source.etag == '"1"'


def test_failures_are_counted_until_a_success(session: Session) -> None:
    source = source_of(session)
    for _ in range(2):
        record_poll(session, source.id, FetchFailed("the server answered 503"), NOW, every=HOUR)

    assert (source.failures, source.last_error) == (2, "the server answered 503")
    assert source.next_poll_at == NOW + 4 * HOUR
    record_poll(session, source.id, Fetched(source.url, 200), NOW, every=HOUR)
    assert (source.failures, source.last_error, source.next_poll_at) == (0, "", NOW + HOUR)


@given(st.integers(0, 10**6), st.timedeltas(timedelta(seconds=1), timedelta(days=30)))
def test_next_poll_waits_longer_and_never_more_than_a_day(failures: int, every: timedelta) -> None:
    pause = next_poll(failures, NOW, every) - NOW

    assert every <= pause <= max(every, timedelta(days=1))
    assert pause <= next_poll(failures + 1, NOW, every) - NOW


def test_article_is_taken_in_once(any_db: Database) -> None:
    with any_db.write() as session:
        source = source_of(session)
        first = take_in(session, [FOG, FOG], source.id, NOW)
        again = replace(FOG, url="https://COURIER.example/fog#top")
        second = take_in(session, [again], source.id, NOW)

        assert (first, second) == (IntakeReport(new=1, known=1), IntakeReport(known=1))
        assert len(list_inbox(session)) == 1


def test_article_keeps_all_that_was_found(session: Session) -> None:
    found = FoundArticle(
        **{"url": "https://a.example/x", "title": "T", "summary": "S", "author": "A"},
        **{"published_at": NOW, "image_url": "https://a.example/i.jpg", "image_alt": "alt"},
        **{"image_credit": "C", "categories": ("one",), "body_html": "<p>b</p>"},
        **{"site_name": "Site", "language": "ur"},
    )
    take_in(session, [found], None, NOW)
    row = find_article(session, "https://a.example/x")

    for name in ("url", "title", "summary", "author", "published_at", "image_url", "image_alt"):
        assert getattr(row, name) == getattr(found, name)
    assert (row.image_credit, row.categories, row.body_html) == ("C", ["one"], "<p>b</p>")
    assert (row.site_name, row.language, row.created_at) == ("Site", "ur", NOW)


def test_waiting_article_is_corrected_by_its_source(any_db: Database) -> None:
    with any_db.write() as session:
        source = source_of(session)
        take_in(session, [FOG], source.id, NOW)
        report = take_in(session, [replace(FOG, title="Fog lifts")], source.id, NOW)

        assert report == IntakeReport(updated=1)
        assert find_article(session, FOG.url).title == "Fog lifts"


def test_picked_article_is_left_alone(session: Session) -> None:
    source = source_of(session)
    take_in(session, [FOG], source.id, NOW)
    pick(session, find_article(session, FOG.url))
    report = take_in(session, [replace(FOG, title="Fog lifts")], source.id, NOW)

    assert report == IntakeReport(known=1)
    assert find_article(session, FOG.url).title == "Fog"


def test_dismissed_article_stays_dismissed(session: Session) -> None:
    source = source_of(session)
    take_in(session, [FOG], source.id, NOW)
    dismiss(session, find_article(session, FOG.url).id)
    report = take_in(session, [replace(FOG, title="Fog lifts")], source.id, NOW)

    article = find_article(session, FOG.url)
    assert report == IntakeReport(known=1)
    assert (article.title, article.state) == ("Fog", ArticleState.DISMISSED)


@pytest.mark.parametrize("typed_in", [True, False])
def test_another_source_corrects_nothing(session: Session, typed_in: bool) -> None:
    first = None if typed_in else source_of(session).id
    second = source_of(session, "https://other.example/feed").id
    take_in(session, [FOG], first, NOW)
    report = take_in(session, [replace(FOG, title="Other words")], second, NOW)

    assert report == IntakeReport(known=1)
    assert find_article(session, FOG.url).title == "Fog"


def test_added_article_is_in_the_inbox(session: Session) -> None:
    article = add_article(session, FOG, now=NOW)

    assert list_inbox(session) == [article]
    assert (article.source_id, article.canonical_url) == (None, "https://courier.example/fog")


@pytest.mark.parametrize(("dismissed", "word"), [(False, "there"), (True, "set aside")])
def test_article_added_twice_is_a_conflict(session: Session, dismissed: bool, word: str) -> None:
    article = add_article(session, FOG, now=NOW)
    if dismissed:
        dismiss(session, article.id)

    with pytest.raises(Conflict, match=f"{word} already, as article {article.id}"):
        add_article(session, replace(FOG, title="Again"), now=NOW)


@pytest.mark.parametrize("ref", ["{id}", " {id} ", "https://COURIER.example:443/fog?fbclid=1#x"])
def test_article_is_found_by_number_and_any_url(session: Session, ref: str) -> None:
    article = add_article(session, FOG, now=NOW)

    assert find_article(session, ref.format(id=article.id)) is article


@pytest.mark.parametrize("ref", [99, "99", "9" * 40, "https://a.example/", "nonsense", ""])
def test_missing_article_is_not_found(session: Session, ref: int | str) -> None:
    with pytest.raises(NotFound):
        find_article(session, ref)


def test_inbox_shows_the_newest_first(session: Session) -> None:
    for hour, title in ((1, "old"), (3, "new"), (2, "middle")):
        at = NOW - timedelta(days=1) + hour * HOUR
        found = FoundArticle(f"https://a.example/{title}", title, published_at=at)
        add_article(session, found, now=NOW)
    add_article(session, FoundArticle("https://a.example/undated", "undated"), now=NOW)

    titles = [article.title for article in list_inbox(session, limit=3)]
    assert titles == ["undated", "new", "middle"]


@pytest.mark.parametrize(
    ("search", "count"),
    [("", 2), ("fog", 1), ("FOG thick", 1), ("fog ferry", 0), ("МОСКВА", 1), ("%", 0), ("_", 0)],
)
def test_inbox_search_finds_words_in_any_script(session: Session, search: str, count: int) -> None:
    add_article(session, FOG, now=NOW)
    add_article(session, FoundArticle("https://a.example/m", "Письмо", author="Москва"), now=NOW)

    assert len(list_inbox(session, search=search)) == count


def test_picked_article_leaves_the_inbox(session: Session) -> None:
    pick(session, add_article(session, FOG, now=NOW))

    assert list_inbox(session) == []


def test_picked_article_cannot_be_dismissed(session: Session) -> None:
    article = add_article(session, FOG, now=NOW)
    pick(session, article)

    with pytest.raises(Refused, match="is picked"):
        dismiss(session, article.id)


def test_restored_article_is_back_in_the_inbox(session: Session) -> None:
    article = add_article(session, FOG, now=NOW)
    dismiss(session, article.id)

    assert list_inbox(session) == []
    restore(session, article.id)
    assert list_inbox(session) == [article]


def test_source_is_changed_and_removed_and_its_articles_stay(any_db: Database) -> None:
    with any_db.write() as session:
        source = source_of(session)
        number, kind = source.id, source.kind
        take_in(session, [FOG], number, NOW)
        fields = {"url": "https://courier.example/new", "kind": kind, "name": "Harbour wire"}
        assert change_source(session, number, **fields, now=NOW) == ["address", "name"]
        assert change_source(session, number, **fields, now=NOW) == []
    with any_db.write() as session:
        assert remove_source(session, number, aside=True) == FromSource(waiting=1, settled=0)
    with any_db.read() as session:
        article = find_article(session, FOG.url)
        assert (article.source_id, article.state) == (None, ArticleState.DISMISSED)
        assert article.site_name == "Harbour wire"
        with pytest.raises(NotFound):
            find_source(session, number)

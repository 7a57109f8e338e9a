"""The feed is an Atom document (RFC 4287) that stays the same on every mirror."""

import re
from datetime import UTC, date, datetime, timedelta

import feedparser
import pytest
from lxml import etree, html

from digest.press.archive.past import PastIssue, PastPick
from digest.testing.past import publish
from digest.web.archive.feed import Publication, atom_feed
from digest.web.archive.places import file_addresses, served_addresses

FEED = "/n/weekly/feed.atom"
ATOM = {"a": "http://www.w3.org/2005/Atom"}


def tree(body: bytes) -> etree._Element:
    return etree.fromstring(body)


def parsed(body: bytes) -> feedparser.FeedParserDict:
    """Return the feed as a feed reader reads it, refusing what is not well formed."""
    found = feedparser.parse(
        body, response_headers={"content-type": "application/atom+xml; charset=utf-8"}
    )
    assert not found.bozo, found.bozo_exception
    assert found.version == "atom10"
    return found


def problems(feed: etree._Element) -> list[str]:
    """Return what RFC 4287 (sections 4.1.1 and 4.1.2) requires and the feed has not."""
    found = []
    if not feed.findtext("a:author/a:name", "", ATOM):
        found.append("no author")
    if len(feed.findall("a:link[@rel='self']", ATOM)) != 1:
        found.append("no link to itself")
    ids = [element.text for element in feed.iterfind(".//a:id", ATOM)]
    if len(set(ids)) != len(ids):
        found.append("two of one id")
    for element in (feed, *feed.findall("a:entry", ATOM)):
        found += element_problems(element)
    return found


def element_problems(element: etree._Element) -> list[str]:
    """Return what a feed and an entry alike must have and this one has not."""
    names = ("id", "title", "updated")
    found = [f"not one {name}" for name in names if len(element.findall(f"a:{name}", ATOM)) != 1]
    stamps = [*element.findall("a:updated", ATOM), *element.findall("a:published", ATOM)]
    dated = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
    found += [f"{s.text!r} is no date (RFC 3339)" for s in stamps if not dated.fullmatch(s.text)]
    identity = element.findtext("a:id", "", ATOM)
    if not re.fullmatch(r"tag:[a-z0-9.-]+,\d{4}-\d\d-\d\d:[\w/-]+", identity):
        found.append(f"{identity!r} is no tag URI (RFC 4151)")
    return found


def test_feed_is_what_the_standard_asks_for(house) -> None:
    stories = [
        {"headline": "Fog & <rain>", "blurb": "It was\nthick & wet."},
        {"headline": "Hail", "section": "Opinion", "byline": "Ada"},
    ]
    publish(house.newsroom, stories, subject="Weather & <more>", preheader="All of it")

    answer = house.client.get(FEED)

    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert problems(tree(answer.content)) == []
    found = parsed(answer.content)
    assert found.feed.title == "The Harbour Courier"
    assert found.feed.language == "en"
    [entry] = found.entries
    assert entry.summary == "All of it"
    assert entry.link == "http://127.0.0.1:8000/n/weekly/archive/1"
    assert entry.published == entry.updated == "2026-11-27T06:59:00Z"
    content = html.fragment_fromstring(entry.content[0].value)
    assert entry.content[0].type == "text/html"
    assert [a.text for a in content.iter("a")] == ["Fog & <rain>", "Hail"]
    assert [a.get("href") for a in content.iter("a")] == [
        *("https://courier.example/1/0", "https://courier.example/1/1"),
    ]
    assert [p.text for p in content.iter("p")] == ["It was thick & wet.", "Ada"]
    assert [h.text for h in content.iter("h2")] == ["Opinion"]


def test_feed_without_issues_is_valid_too(house) -> None:
    answer = house.client.get(FEED)

    assert problems(tree(answer.content)) == []
    assert parsed(answer.content).entries == []


def test_feed_has_the_twenty_newest(house) -> None:
    for number in range(1, 22):
        publish(house.newsroom, subject=f"Issue {number}")
        house.app.clock.advance(timedelta(days=7))

    found = parsed(house.client.get(FEED).content)

    assert [entry.title for entry in found.entries] == [f"Issue {n}" for n in range(21, 1, -1)]
    assert found.feed.updated == found.entries[0].updated


def test_feed_may_be_kept_for_a_while_and_is_not_sent_twice(house) -> None:
    publish(house.newsroom)
    first = house.client.get(FEED)
    etag, modified = first.headers["etag"], first.headers["last-modified"]

    asked = [
        house.client.get(FEED, headers=headers)
        for headers in (
            {"If-None-Match": etag},
            {"If-None-Match": f'"other", W/{etag}'},
            {"If-Modified-Since": modified},
        )
    ]

    assert first.headers["cache-control"] == "public, max-age=300"
    assert modified == "Fri, 27 Nov 2026 06:59:00 GMT"
    assert [(answer.status_code, answer.content) for answer in asked] == [(304, b"")] * 3
    assert [answer.headers["etag"] for answer in asked] == [etag] * 3


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": '"other"'},
        # The tag decides where both are told (RFC 9110, section 13.1.3).
        {"If-None-Match": '"other"', "If-Modified-Since": "Fri, 27 Nov 2026 06:59:00 GMT"},
        {"If-Modified-Since": "Fri, 27 Nov 2026 06:58:59 GMT"},
        {"If-Modified-Since": "yesterday"},
    ],
)
def test_feed_is_sent_to_whoever_has_another_one(house, headers: dict[str, str]) -> None:
    publish(house.newsroom)

    assert house.client.get(FEED, headers=headers).status_code == 200


def test_new_issue_changes_the_feed(house) -> None:
    publish(house.newsroom)
    before = house.client.get(FEED)
    house.app.clock.advance(timedelta(days=7))
    publish(house.newsroom)

    known = {
        "If-None-Match": before.headers["etag"],
        "If-Modified-Since": before.headers["last-modified"],
    }
    after = house.client.get(FEED, headers=known)

    assert after.status_code == 200
    assert len(parsed(after.content).entries) == 2


def publication(house) -> Publication:
    return Publication(house.newsroom.configured, datetime(2026, 1, 5, tzinfo=UTC))


def issue(*picks: PastPick, subject: str = "This week") -> PastIssue:
    sent = datetime(2026, 11, 27, 7, tzinfo=UTC)
    return PastIssue(1, "abc", 1, 1, date(2026, 11, 27), subject, "", sent, picks)


def test_ids_are_the_same_on_every_mirror(house) -> None:
    places = [
        served_addresses("https://letters.example", "weekly"),
        served_addresses("https://mirror.example/below", "weekly"),
        file_addresses("http://abcdefgh.onion"),
    ]

    feeds = [tree(atom_feed(publication(house), [issue()], place)) for place in places]

    ids = [[element.text for element in feed.iterfind(".//a:id", ATOM)] for feed in feeds]
    assert ids == [["tag:courier.example,2026-01-05:weekly", *ids[0][1:]]] * 3
    assert len({feed.find("a:entry/a:link", ATOM).get("href") for feed in feeds}) == 3


def test_what_no_document_may_hold_is_left_out(house) -> None:
    picks = [
        PastPick("News", "Fog\x00\x0b\ufffe\ud800", "javascript:alert(1)"),
        PastPick("Op\x1fed", "<script>alert(1)</script>", "https://courier.example/2"),
    ]

    body = atom_feed(
        publication(house), [issue(*picks, subject="A\x08B")], file_addresses("https://m.example")
    )

    [entry] = parsed(body).entries
    assert entry.title == "AB"
    content = tree(body).findtext("a:entry/a:content", "", ATOM)
    assert "javascript" not in content
    assert "<script" not in content
    assert [a.text for a in html.fragment_fromstring(content).iter("a")] == [
        "<script>alert(1)</script>"
    ]


def test_arabic_feed_says_its_language_and_direction(arabic_house) -> None:
    publish(arabic_house.newsroom, [{"headline": "ضباب"}], subject="الأسبوع")

    feed = tree(arabic_house.client.get(FEED).content)

    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "ar"
    assert '<div lang="ar" dir="rtl">' in feed.findtext("a:entry/a:content", "", ATOM)


def test_guarded_feed_has_the_name_of_its_sender(guarded_house) -> None:
    publish(guarded_house.newsroom, [{"headline": "The quay", "url": "https://mirror.example/a"}])

    answer = guarded_house.client.get(FEED)

    assert not re.search("courier|harbour", answer.text.casefold())
    assert problems(tree(answer.content)) == []
    assert parsed(answer.content).feed.title == "Friday letter"

"""The sample site over a real socket: feed, pages, pictures, conditional requests."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import feedparser
import httpx
import pytest
from lxml import html
from PIL import Image

from digest.demo.newsroom import Newsroom, load_newsroom
from digest.demo.site import SampleSite, set_text

NOW = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def newsroom() -> Newsroom:
    return load_newsroom()


@pytest.fixture(scope="module")
def site(newsroom: Newsroom) -> Iterator[SampleSite]:
    with SampleSite(now=NOW, newsroom=newsroom) as site:
        yield site


@pytest.fixture
def browser(site: SampleSite) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url, trust_env=False) as client:
        yield client


def test_feed_carries_every_article_in_full(browser: httpx.Client, newsroom: Newsroom) -> None:
    feed = feedparser.parse(browser.get("/feed.xml").content)

    assert not feed.bozo
    assert [entry.title for entry in feed.entries] == [a.headline for a in newsroom.articles]
    assert [entry.author for entry in feed.entries] == [a.byline for a in newsroom.articles]
    assert [entry.summary for entry in feed.entries] == [a.dek for a in newsroom.articles]
    assert all(entry.content[0].value.count("<p>") >= 2 for entry in feed.entries)


def test_feed_dates_articles_back_from_now(browser: httpx.Client, newsroom: Newsroom) -> None:
    entry = feedparser.parse(browser.get("/feed.xml").content).entries[0]

    published = datetime(*entry.published_parsed[:6], tzinfo=UTC)
    assert published == newsroom.articles[0].published_at(NOW)


def test_feed_names_category_and_kicker(browser: httpx.Client, newsroom: Newsroom) -> None:
    entry = feedparser.parse(browser.get("/feed.xml").content).entries[0]

    first = newsroom.articles[0]
    assert [tag.term for tag in entry.tags] == [first.category, first.kicker]


def test_feed_pictures_can_be_fetched_and_say_what_they_show(
    browser: httpx.Client, newsroom: Newsroom
) -> None:
    entries = feedparser.parse(browser.get("/feed.xml").content).entries
    for entry, article in zip(entries, newsroom.articles, strict=True):
        (media,) = entry.media_content
        answer = browser.get(media["url"])

        assert answer.headers["content-type"] == "image/jpeg"
        assert Image.open(io.BytesIO(answer.content)).size == (1200, 800)
        assert entry.media_credit[0]["content"] == article.picture.credit
        assert article.picture.alt in str(entry)


def test_feed_asked_again_is_not_modified(browser: httpx.Client) -> None:
    etag = browser.get("/feed.xml").headers["etag"]
    again = browser.get("/feed.xml", headers={"If-None-Match": f'"other", W/{etag}'})

    assert (again.status_code, again.content) == (304, b"")


def test_feed_with_a_stale_validator_is_sent_whole(browser: httpx.Client) -> None:
    answer = browser.get("/feed.xml", headers={"If-None-Match": '"stale"'})

    assert answer.status_code == 200
    assert answer.content.startswith(b"<?xml")


def test_article_page_describes_itself(browser: httpx.Client, newsroom: Newsroom) -> None:
    for article in newsroom.articles:
        page = html.fromstring(browser.get(f"/articles/{article.slug}").content)
        structured = json.loads(page.xpath("string(//script[@type='application/ld+json'])"))

        assert structured["@type"] == "NewsArticle"
        assert structured["headline"] == article.headline
        assert page.xpath("string(//meta[@property='og:title']/@content)") == article.headline
        assert page.xpath("string(//article//img/@alt)") == article.picture.alt
        assert len(page.xpath("//div[@class='body']/p")) == len(article.paragraphs)


def test_front_page_links_every_article(browser: httpx.Client, newsroom: Newsroom) -> None:
    page = html.fromstring(browser.get("/").content)

    links = [link.rsplit("/", 1)[1] for link in page.xpath("//main//h2/a/@href")]
    assert links == [article.slug for article in newsroom.articles]


@pytest.mark.parametrize(
    "path",
    ["/articles/none", "/pictures/none.jpg", "/pictures/../newsroom.toml", "/articles/", "/x"],
)
def test_site_knows_no_other_page(browser: httpx.Client, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_site_answers_head_without_a_body(browser: httpx.Client) -> None:
    answer = browser.head("/feed.xml")

    assert int(answer.headers["content-length"]) > 10_000
    assert answer.content == b""


def test_site_closes_its_port() -> None:
    with SampleSite(now=NOW) as site:
        url = site.url

    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def test_text_is_escaped_before_italics_are_set() -> None:
    assert set_text("<b> & *Maid of Hesk*") == "&lt;b&gt; &amp; <em>Maid of Hesk</em>"

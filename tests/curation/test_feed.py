"""What the feed source makes of entries, good and bad."""

from datetime import UTC, datetime

import pytest

from digest.curation.sources.base import FoundArticle, SourceResult
from digest.curation.sources.feed import FeedSource
from digest.errors import BadInput
from digest.fetch import Fetched

HEAD = (
    '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"'
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>The Courier</title>'
)
ITEM = "<title>Fog</title><link>https://courier.example/fog</link>"


def read(body: str | bytes, content_type: str | None = "application/rss+xml") -> SourceResult:
    """Read a body as if it came from the Courier."""
    data = body.encode() if isinstance(body, str) else body
    return FeedSource().read(
        Fetched("https://courier.example/feed?key=k3y", 200, data, content_type)
    )


def item(inner: str, head: str = HEAD) -> FoundArticle:
    """Return the one article of a feed with one item."""
    (article,) = read(f"{head}<item>{inner}</item></channel></rss>").articles
    return article


def test_entry_becomes_an_article() -> None:
    article = item(
        ITEM + "<description>Thick &amp;amp; grey.</description><dc:creator>Ana Sá</dc:creator>"
        "<pubDate>Fri, 27 Nov 2026 07:00:00 +0100</pubDate><category>Harbour</category>"
    )

    assert article == FoundArticle(
        url="https://courier.example/fog",
        title="Fog",
        summary="Thick & grey.",
        author="Ana Sá",
        published_at=datetime(2026, 11, 27, 6, tzinfo=UTC),
        categories=("Harbour",),
        site_name="The Courier",
    )


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "ftp://a.example/x", ""]
)
def test_entry_without_a_web_link_is_a_problem(link: str) -> None:
    result = read(
        f"{HEAD}<item>{ITEM}</item><item><title>Trap</title><link>{link}</link></item></channel></rss>"
    )

    assert len(result.articles) == 1
    assert result.problems == ("entry 2 (“Trap”): its link is missing or not http or https",)


def test_entry_without_a_headline_is_a_problem() -> None:
    result = read(f"{HEAD}<item><link>https://a.example/x</link></item></channel></rss>")

    assert result.problems == ("entry 1: it has no headline",)


def test_relative_link_is_resolved() -> None:
    assert item("<title>Fog</title><link>/fog</link>").url == "https://courier.example/fog"


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("&lt;b&gt;Fog&lt;/b&gt; lifts", "Fog lifts"),
        ("<![CDATA[<script>x()</script>Fog]]>", "Fog"),
        ("Q&amp;amp;A", "Q&A"),
        ("  Fog\n lifts ", "Fog lifts"),
    ],
)
def test_title_is_plain_text(given: str, title: str) -> None:
    assert item(f"<title>{given}</title><link>https://a.example/</link>").title == title


def test_full_text_is_cleaned() -> None:
    article = item(
        f"{ITEM}<description>Short.</description><content:encoded><![CDATA[<p onclick='x()'>Long "
        "<a href='/more'>text</a><img src='/p.gif'><script>x()</script></p>]]></content:encoded>"
    )

    assert article.summary == "Short."
    assert article.body_html == (
        '<p>Long <a href="https://courier.example/more" rel="noopener noreferrer">text</a></p>'
    )


def test_long_description_is_the_full_text_too() -> None:
    article = item(f"{ITEM}<description>&lt;p&gt;{'word ' * 400}&lt;/p&gt;</description>")

    assert len(article.summary) <= 700
    assert article.summary.endswith("word…")
    assert article.body_html.count("word") == 400


@pytest.mark.parametrize(
    "media",
    [
        '<media:content url="/fog.jpg" medium="image"/>',
        '<media:content url="/fog.jpg" type="image/jpeg"/>',
        '<media:content url="/fog.mp4" type="video/mp4"/><media:thumbnail url="/fog.jpg"/>',
        '<media:group><media:content url="/fog.jpg"/></media:group>',
        '<enclosure url="/talk.mp3" type="audio/mpeg" length="1"/>'
        '<enclosure url="/fog.jpg" type="image/jpeg" length="1"/>',
        "<description>&lt;p&gt;&lt;img src='/fog.jpg'&gt;Grey&lt;/p&gt;</description>",
        "<media:content url='javascript:x' medium='image'/><media:thumbnail url='/fog.jpg'/>",
    ],
)
def test_picture_is_found(media: str) -> None:
    assert item(ITEM + media).image_url == "https://courier.example/fog.jpg"


def test_picture_brings_alt_and_credit() -> None:
    article = item(
        f'{ITEM}<description>Grey.</description><media:content url="/fog.jpg" medium="image">'
        "<media:description>The pier in fog</media:description>"
        "<media:credit>Ana Sá</media:credit></media:content>"
    )

    assert (article.image_alt, article.image_credit) == ("The pier in fog", "Ana Sá")
    assert (article.summary, article.body_html) == ("Grey.", "")


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("Fri, 27 Nov 2026 07:00:00 GMT", datetime(2026, 11, 27, 7, tzinfo=UTC)),
        ("2026-11-27T07:00:00+05:30", datetime(2026, 11, 27, 1, 30, tzinfo=UTC)),
        ("2026-11-27T07:00:00", datetime(2026, 11, 27, 7, tzinfo=UTC)),
        ("soon", None),
        ("0001-01-01T00:00:00Z", None),
        ("9999-99-99T00:00:00Z", None),
        ("", None),
    ],
)
def test_date_is_utc_or_none(given: str, moment: datetime | None) -> None:
    assert item(f"{ITEM}<pubDate>{given}</pubDate>").published_at == moment


BOMB = (
    '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    '<rss version="2.0"><channel>&b;</channel></rss>'
)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp037"]
)
def test_entities_are_refused_in_every_encoding(encoding: str) -> None:
    body = f'<?xml version="1.0"?>{BOMB}'.encode(encoding)

    with pytest.raises(BadInput, match="XML entities"):
        read(body)


def test_entities_in_a_declared_encoding_are_refused() -> None:
    body = b'<?xml version="1.0" encoding="utf-7"?>' + BOMB.encode("utf-7").replace(b"!", b"+ACE-")

    with pytest.raises(BadInput, match="XML entities"):
        read(body)


def test_entities_in_an_encoding_of_the_header_are_refused() -> None:
    with pytest.raises(BadInput, match="XML entities"):
        read(BOMB.encode("utf-7").replace(b"!", b"+ACE-"), "text/xml; charset=utf-7")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("", "it is empty"),
        ("<!DOCTYPE html><html><body>Hello</body></html>", "but a web page"),
        ("hello", "content type: application/rss"),
        ("{}", "not a feed"),
        ("<rss version='2.0'><channel><title>Cut", "not a feed"),
    ],
)
def test_what_is_no_feed_is_bad_input(body: str, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint) as failure:
        read(body)
    assert "k3y" not in str(failure.value)


def test_empty_feed_is_no_failure() -> None:
    assert read(f"{HEAD}</channel></rss>") == SourceResult(())


def test_broken_feed_gives_what_it_can_and_says_so() -> None:
    result = read(f"{HEAD}<item>{ITEM}</item><item><title>Cut & gone")

    assert result.articles[0].title == "Fog"
    assert "not well-formed" in result.problems[0]


def test_wrong_content_type_is_no_problem() -> None:
    assert read(f"{HEAD}<item>{ITEM}</item></channel></rss>", "text/plain").problems == ()


def test_charset_of_the_header_is_used() -> None:
    body = f"{HEAD}<item><title>Café</title><link>/c</link></item></channel></rss>".encode(
        "latin-1"
    )

    assert read(body, "text/xml; charset=iso-8859-1").articles[0].title == "Café"


def test_right_to_left_feed_keeps_its_letters() -> None:
    article = item(
        "<title>کراچی کی خبر</title><link>/خبر</link>",
        HEAD + "<language>ur</language>",
    )

    assert (article.title, article.language) == ("کراچی کی خبر", "ur")
    assert article.url == "https://courier.example/%D8%AE%D8%A8%D8%B1"

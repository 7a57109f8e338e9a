"""What a page says about itself, and which voice counts."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.curation.linked_data import read_linked_data
from digest.curation.metadata import PICTURES_MOST, parse_date, read_metadata, read_page
from digest.curation.sources.base import FoundArticle
from digest.errors import BadInput

URL = "https://www.courier.example/2026/fog?from=home"
LINKED = {
    "@type": "NewsArticle",
    "headline": "Fog closes the harbour",
    "description": "No ferry until noon.",
    "author": [{"@type": "Person", "name": "Ana Sá"}, "Bo Ek", "https://courier.example/u/3"],
    "datePublished": "2026-11-27T07:00:00+01:00",
    "image": [{"@type": "ImageObject", "url": "/ld.jpg", "creditText": "Bo Ek"}],
    "publisher": {"name": "The Harbour Courier"},
    "inLanguage": "en-GB",
    "articleSection": ["Harbour"],
}
GRAPH = (
    '<meta property="og:title" content="OG title">'
    '<meta property="og:description" content="OG text">'
    '<meta property="og:image" content="/og.jpg"><meta property="og:image:alt" content="A pier">'
    '<meta property="og:site_name" content="OG site"><meta property="og:locale" content="de_AT">'
    '<meta property="article:author" content="https://facebook.example/x">'
    '<meta name="author" content="Eva Ruß"><meta name="twitter:title" content="TW title">'
    '<meta property="article:published_time" content="2026-11-26">'
    "<title>HTML title</title>"
)


def linked(value: object) -> str:
    """Return JSON-LD in its script."""
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


def read(head: str, body: str = "") -> FoundArticle:
    """Read a page of the Courier."""
    return read_metadata(f"<html><head>{head}</head><body>{body}</body></html>", URL)


def test_json_ld_comes_first() -> None:
    article = read(GRAPH + linked(LINKED))

    assert article.title == "Fog closes the harbour"
    assert article.summary == "No ferry until noon."
    assert article.author == "Ana Sá, Bo Ek"
    assert article.published_at == datetime(2026, 11, 27, 6, tzinfo=UTC)
    assert (article.site_name, article.language) == ("The Harbour Courier", "en-GB")
    assert article.categories == ("Harbour",)


def test_open_graph_comes_second() -> None:
    article = read(GRAPH)

    assert (article.title, article.summary, article.author) == ("OG title", "OG text", "Eva Ruß")
    assert article.published_at == datetime(2026, 11, 26, tzinfo=UTC)
    assert (article.site_name, article.language) == ("OG site", "de-AT")


def test_shared_picture_comes_with_its_alt() -> None:
    article = read(GRAPH + linked(LINKED))

    assert article.image_url == "https://www.courier.example/og.jpg"
    assert (article.image_alt, article.image_credit) == ("A pier", "")


def test_json_ld_picture_takes_its_alt_from_the_page() -> None:
    article = read(linked(LINKED), '<img src="/ld.jpg" alt="Fog over the pier">')

    assert article.image_url == "https://www.courier.example/ld.jpg"
    assert (article.image_alt, article.image_credit) == ("Fog over the pier", "Bo Ek")


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        ('<meta name="twitter:title" content="T"><title>H</title>', "", "T"),
        ("<title>H</title>", "<h1>One</h1>", "H"),
        ("<title> </title>", "<h1>One <em>word</em></h1>", "One word"),
    ],
)
def test_title_falls_back(head: str, body: str, title: str) -> None:
    assert read(head, body).title == title


def test_page_without_a_headline_is_bad_input() -> None:
    with pytest.raises(BadInput, match="no headline") as failure:
        read("", "<p>text</p>")
    assert "from=home" not in str(failure.value)


@pytest.mark.parametrize(
    ("canonical", "url"),
    [
        ("/2026/fog", "https://www.courier.example/2026/fog"),
        ("https://courier.example/2026/fog", "https://courier.example/2026/fog"),
        ("https://amp.courier.example/fog", "https://amp.courier.example/fog"),
        ("https://evil.example/2026/fog", URL),
        ("https://www.courier.example/", URL),
        ("javascript:alert(1)", URL),
    ],
)
def test_canonical_link_counts_on_its_own_site(canonical: str, url: str) -> None:
    assert read(f"<title>Fog</title><link rel='canonical' href='{canonical}'>").url == url


def test_url_in_json_ld_is_taken_literally() -> None:
    node = {**LINKED, "url": "https://courier.example/a?x=1&copy=2"}

    assert read_linked_data([json.dumps(node)]).url == "https://courier.example/a?x=1&copy=2"


@pytest.mark.parametrize(
    "value",
    [
        [{"@type": "BreadcrumbList"}, LINKED],
        {"@graph": [{"@type": "WebPage"}, {**LINKED, "@type": ["Thing", "ReportageNewsArticle"]}]},
        {"@type": "WebPage", "mainEntity": LINKED},
        [{"@type": "Article", "headline": "Other"}, LINKED],
    ],
)
def test_news_article_is_found_where_it_hides(value: object) -> None:
    assert read("<title>H</title>" + linked(value)).title == "Fog closes the harbour"


@pytest.mark.parametrize(
    "broken",
    [
        '{"@type": "NewsArticle", "headline": "x"',
        "not json",
        "[" * 100_000,
        "null",
        '{"@type": "NewsArticle", "headline": {"a": 1}, "author": 7, "image": [[1]], "url": []}',
        '{"@type": 5}',
        '{"@graph": {"@graph": {"@graph": {"@graph": {"@type": "NewsArticle"}}}}}',
    ],
)
def test_broken_json_ld_leaves_the_rest(broken: str) -> None:
    head = f'<title>HTML title</title><script type="application/ld+json">{broken}</script>'

    assert read(head).title == "HTML title"


@pytest.mark.parametrize("wrap", ["<!--{}-->", "/*<![CDATA[*/{}/*]]>*/", "{};", "\n{}\n"])
def test_wrapped_json_ld_is_read(wrap: str) -> None:
    assert read_linked_data([wrap.replace("{}", json.dumps(LINKED))]).title


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["@type", "@graph", "headline", "author", "image", "url", "name"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_json_ld_of_any_shape_is_survived(value: object) -> None:
    node = {
        "@type": "NewsArticle",
        "headline": "Fog",
        "author": value,
        "image": value,
        "url": value,
    }

    assert read("<title>H</title>" + linked([node, value])).title


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-27T07:00:00Z", datetime(2026, 11, 27, 7, tzinfo=UTC)),
        ("2026-11-27 07:00", datetime(2026, 11, 27, 7, tzinfo=UTC)),
        ("2026-11-27T07:00:00.123456789+0100", datetime(2026, 11, 27, 6, 0, 0, 123456, UTC)),
        ("Fri, 27 Nov 2026 07:00:00 +0530", datetime(2026, 11, 27, 1, 30, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_date_is_utc_or_none(text: str, moment: datetime | None) -> None:
    assert parse_date(text) == moment


@given(st.text(max_size=60))
def test_any_date_is_survived(text: str) -> None:
    moment = parse_date(text)

    assert moment is None or moment.tzinfo is UTC


def test_pictures_are_offered_once_each_best_first() -> None:
    head = GRAPH + '<meta name="twitter:image" content="/og.jpg">' + linked(LINKED)
    body = (
        '<img src="/inside.jpg" alt="Boats"><img src="/og.jpg" alt="Twice">'
        '<img src="/count.gif" width="1"><img src="javascript:x"><img src="/ld.jpg">'
    )
    page = read_page(f"<html><head>{head}</head><body>{body}</body></html>", URL)

    site = "https://www.courier.example"
    assert [each.url for each in page.pictures] == [
        f"{site}/og.jpg",
        f"{site}/ld.jpg",
        f"{site}/inside.jpg",
    ]
    assert [each.alt for each in page.pictures] == ["A pier", "", "Boats"]
    assert page.pictures[0].url == page.article.image_url


def test_pictures_of_a_page_are_a_choice_and_no_flood() -> None:
    body = "".join(f'<img src="/{number}.jpg">' for number in range(100))
    page = read_page(f"<html><title>Fog</title><body>{body}</body></html>", URL)

    assert len(page.pictures) == PICTURES_MOST
    assert page.article.image_url == ""


@pytest.mark.parametrize(
    "text",
    [
        "".join(f'<meta property="og:image" content="/{n}.jpg">' for n in range(2_000))
        + '<title>Fog</title><body><img src="/fog.jpg" alt="Fog">'
        + '<img src="/pier.jpg" alt="A pier">' * 2_000,
        "<title>Fog</title>" + "<h1>" * 200 + "<i></i>" * 200_000,
        "<h1>" * 200 + "<i></i>" * 200_000 + "<h1>Fog",
    ],
)
def test_page_made_to_keep_us_busy_is_read_in_little_time(text: str) -> None:
    started = perf_counter()
    with suppress(BadInput):  # no headline, when the parser gives up before it
        assert read_page(text, URL).article.title == "Fog"

    assert perf_counter() - started < 5

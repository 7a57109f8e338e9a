"""Plain text and safe HTML out of whatever comes in."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.curation.cleaning import first_picture, plain_text, safe_html

BASE = "https://courier.example/a/b"


class Tags(HTMLParser):
    """Collects the tags with their attributes, and the words, of an HTML text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("Fog & ferries", "Fog & ferries"),
        ("Q&amp;A", "Q&A"),
        ("<p>One</p><p>Two</p>", "One Two"),
        ("super<b>market</b>", "supermarket"),
        ("a<br>b", "a b"),
        ("1 < 2", "1 < 2"),
        ("<script>x()</script>safe<style>p{}</style>", "safe"),
        ("<!-- hidden -->seen", "seen"),
        ("  two\n\tlines\u2028here ", "two lines here"),
        ("bell\x07 and nul\0", "bell and nul"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("<p></p>", ""),
    ],
)
def test_plain_text_keeps_the_words(markup: str, words: str) -> None:
    assert plain_text(markup) == words


@given(st.text(max_size=200))
def test_plain_text_is_one_folded_line(markup: str) -> None:
    words = plain_text(markup)

    assert words == " ".join(words.split())


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<p style='background:url(javascript:alert(1))'>x</p>",
        "<iframe src='https://evil.example'></iframe>",
        "<a href='//evil.example/x' onclick=alert(1) style=color:red target=_blank>x</a>",
        "<form action='https://evil.example'><input name=a></form>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<base href='https://evil.example/'><meta http-equiv=refresh content='0;url=x'>",
    ],
)
def test_safe_html_leaves_nothing_that_acts(attack: str) -> None:
    found = Tags()
    found.feed(safe_html(f"<p>before</p>{attack}", BASE))

    assert "before" in found.words
    assert {tag for tag, _ in found.tags} <= {"p", "a", "b"}
    assert all(
        name == "rel" or (name == "href" and value.startswith("https://"))
        for _, attributes in found.tags
        for name, value in attributes
    )


def test_safe_html_makes_links_absolute() -> None:
    cleaned = safe_html("<p><a href='/c?d=1'>c</a></p>", BASE)

    assert 'href="https://courier.example/c?d=1"' in cleaned


def test_safe_html_flattens_deep_nesting() -> None:
    deep = "<blockquote>" * 60 + "a & b" + "</blockquote>" * 60

    assert safe_html(deep, BASE) == "<p>a &amp; b</p>"


def test_safe_html_keeps_fifty_levels() -> None:
    deep = "<blockquote>" * 50 + "a" + "</blockquote>" * 50

    assert safe_html(deep, BASE).count("<blockquote>") == 50


@pytest.mark.parametrize("tag", ["<div>", "<b>", "<a><b>", "<table><td>", "<object>" + "<div>" * 9])
def test_safe_html_takes_no_time_over_a_hundred_thousand_tags(tag: str) -> None:
    started = time.monotonic()
    safe_html(tag * 100_000 + "x", BASE)

    assert time.monotonic() - started < 5


def test_safe_html_without_words_is_empty() -> None:
    assert safe_html("<p><img src='https://pixel.example/1.gif'></p>", BASE) == ""


def test_first_picture_skips_pixels() -> None:
    markup = "<img src='/1.gif' width=1 height=1><img src='/fog.jpg' alt='Fog  &amp; pier'>"
    picture = first_picture(markup, BASE)

    assert picture is not None
    assert (picture.url, picture.alt) == ("https://courier.example/fog.jpg", "Fog & pier")

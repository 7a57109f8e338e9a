"""Clean lines, language tags and web URLs out of whatever comes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.curation.plain import language_tag, shorten, web_url

BASE = "https://courier.example/a/b"


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://e.example/x", "https://e.example/x"),
        ("HTTPS://E.example/x", "https://E.example/x"),
        ("/x", "https://courier.example/x"),
        ("c", "https://courier.example/a/c"),
        ("//cdn.example/x", "https://cdn.example/x"),
        (" https://e.example/x\n", "https://e.example/x"),
        ("https://e.example/خبر?q=ü", "https://e.example/%D8%AE%D8%A8%D8%B1?q=%C3%BC"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://e.example/a b%20c", "https://e.example/a%20b%20c"),
        ("javascript:alert(1)", None),
        ("JaVaScRiPt:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:text/html,x", None),
        ("mailto:a@e.example", None),
        ("ftp://e.example/", None),
        ("https://u:p@e.example/", None),
        ("https:///x", None),
        ("https:x", None),
        ("http:/x", None),
        ("https://[::1", None),
        ("https://e.example:99999/", None),
        ("https://e.example/" + "x" * 5000, None),
        ("", None),
    ],
)
def test_web_url_is_absolute_or_none(link: str, url: str | None) -> None:
    assert web_url(link, BASE) == url


@given(st.text(max_size=80))
def test_web_url_twice_is_once(link: str) -> None:
    url = web_url(link, BASE)

    assert url is None or web_url(url) == url


@pytest.mark.parametrize(
    ("text", "short"),
    [("one two three", "one two…"), ("short", "short"), ("abcdefghijkl", "abcdefghi…")],
)
def test_shorten_cuts_between_words(text: str, short: str) -> None:
    assert shorten(text, 10) == short


@pytest.mark.parametrize(
    ("text", "tag"),
    [("en_US", "en-US"), (" ur ", "ur"), ("zh-Hant-TW", "zh-Hant-TW"), ("the English", "")],
)
def test_language_tag_is_a_tag_or_empty(text: str, tag: str) -> None:
    assert language_tag(text) == tag

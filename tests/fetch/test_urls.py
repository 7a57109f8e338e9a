"""Which texts are URLs, what of them goes on the wire, and that no reader sees another host."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.errors import FetchFailed
from digest.fetch.urls import PORTS, Url, parse_url

NO_URLS = [
    *("http://", "http:/x.example/", "//x.example/", "x.example", "mailto:a@x.example", "data:,x"),
    *("http://[::1", "http://::1/", "http://x.example]/", "http://x.example[::1]/"),
    *("http://[::1]x/", "http://[::1]:80:80/", "http://[v1.x]/", "http://[1.2.3.4]/"),
    *("http://[fe80::1%25eth0]/", "http://x.example:80:81/", "http://x.example:port/"),
    *("http://x.example:-1/", "http://x.example:0/", "http://x.example:65536/"),
    *("http://x.example:\u0664\u0664/", "http://x.example:000080/"),
    *("http://@x.example/", "http://:@x.example/", "http://u@x.example/", "http://a@b@x.example/"),
    *("http://x.example\\@y.example/", "http://x.example\t.y.example/", " http://x.example/"),
    *("http://x\u2100.example/", "http://\uff0fx.example/", "http://\u2024\u2024.example/"),
    *("http://xn--\u00e4.example/", "http://\ud800.example/", "http://x.example/" + "a" * 65_536),
]


@pytest.mark.parametrize("text", NO_URLS)
def test_text_that_is_no_plain_url_is_refused(text: str) -> None:
    with pytest.raises(FetchFailed):
        parse_url(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("HTTP://X.Example", Url("http", "x.example", 80, "/")),
        ("https://x.example:443/a?b=c#d", Url("https", "x.example", 443, "/a?b=c", "d")),
        ("https://x.example:/a", Url("https", "x.example", 443, "/a")),
        ("https://x.example:8443?b", Url("https", "x.example", 8443, "/?b")),
        ("http://[2606:4700::0001]:81/", Url("http", "2606:4700::1", 81, "/")),
        ("http://b\u00fccher.example/", Url("http", "xn--bcher-kva.example", 80, "/")),
        ("http://127\u30020\u30020\u30021/", Url("http", "127.0.0.1", 80, "/")),
        ("http://x.example/\u00e4 ".strip(), Url("http", "x.example", 80, "/%C3%A4")),
        ("http://x.example/a%2Fb%/'[]", Url("http", "x.example", 80, "/a%2Fb%/'[]")),
        ('http://x.example/<">?\'<">', Url("http", "x.example", 80, "/%3C%22%3E?%27%3C%22%3E")),
        ("http://x.example/a/./b/../c/..", Url("http", "x.example", 80, "/a/")),
        ("http://x.example/../../etc//passwd", Url("http", "x.example", 80, "/etc//passwd")),
        ("http://x.example//y.example/", Url("http", "x.example", 80, "//y.example/")),
    ],
)
def test_url_is_read_into_what_goes_on_the_wire(text: str, url: Url) -> None:
    assert parse_url(text) == url


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("next", "https://x.example:8443/a/next"),
        ("/next?b=1", "https://x.example:8443/next?b=1"),
        ("?page=2", "https://x.example:8443/a/b?page=2"),
        ("//y.example/z", "https://y.example/z"),
        ("http://y.example", "http://y.example/"),
        ("../../\u00e4", "https://x.example:8443/%C3%A4"),
    ],
)
def test_location_is_read_where_it_was_found(location: str, leads_to: str) -> None:
    assert str(parse_url("https://x.example:8443/a/b?c#d").join(location)) == leads_to


@pytest.mark.parametrize("location", ["a b", "/a\tb", "http://[::1", "\\\\y.example\\", "ftp://y/"])
def test_location_that_is_no_url_is_refused(location: str) -> None:
    with pytest.raises(FetchFailed):
        parse_url("https://x.example/").join(location)


@given(st.text(), st.text("abAB.:@[]/?#%\\0179-_\u3002\u00e4", max_size=40))
@example("", "x.example/..//y")
def test_what_is_written_back_is_read_the_same(front: str, rest: str) -> None:
    """One URL, one host: writing it out and reading it again changes nothing."""
    try:
        url = parse_url(f"http://{front[:5]}{rest}")
    except FetchFailed:
        return

    assert parse_url(str(url)) == url
    assert re.fullmatch(r"/[!-~]*", url.target)
    assert url.host.isascii()
    assert not set(url.host) & set("/?#@[]\\")
    assert url.port in PORTS.values() or url.authority.endswith(f":{url.port}")

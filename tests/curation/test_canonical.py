"""Which URLs are the same article."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.curation.canonical import canonical_url


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTPS://Courier.Example/Fog", "https://courier.example/Fog"),
        ("https://courier.example", "https://courier.example/"),
        ("https://courier.example:443/a", "https://courier.example/a"),
        ("http://courier.example:80/a", "http://courier.example/a"),
        ("http://courier.example:443/a", "http://courier.example:443/a"),
        ("https://courier.example:/a", "https://courier.example/a"),
        ("http://[2001:DB8::443]/a", "http://[2001:db8::443]/a"),
        ("https://courier.example/a#comments", "https://courier.example/a"),
        ("https://c.example/a?utm_source=x&id=7&UTM_Medium=y", "https://c.example/a?id=7"),
        ("https://c.example/a?fbclid=1&gclid=2", "https://c.example/a"),
        ("https://c.example/a?b=2&a=1&b=%2F", "https://c.example/a?b=2&a=1&b=%2F"),
        ("https://c.example/a?", "https://c.example/a"),
        (
            "https://c.example/a?ref=front&q=utm_source",
            "https://c.example/a?ref=front&q=utm_source",
        ),
        (" https://c.example/a ", "https://c.example/a"),
    ],
)
def test_canonical_url_drops_what_names_no_article(url: str, canonical: str) -> None:
    assert canonical_url(url) == canonical


@given(
    st.sampled_from(["http", "https"]),
    st.sampled_from(["a.example", "A.example:80", "a.example:443", "a.example:80:80"[:12]]),
    st.lists(st.sampled_from(["", "a", "utm_x=1", "b=2", "gclid", "%20=c", "="]), max_size=5),
)
def test_canonical_url_twice_is_once(scheme: str, host: str, pairs: list[str]) -> None:
    once = canonical_url(f"{scheme}://{host}/p?{'&'.join(pairs)}")

    assert canonical_url(once) == once

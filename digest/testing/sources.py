"""The claims every source must meet, as a class to inherit from in a pytest file.

A plug-in's author writes ``class TestMySource(SourceContract)`` with `make_source` and `samples`;
pytest and hypothesis run the rest. docs/adding-a-source.md shows one.
"""

# ruff: noqa: S101 - asserting is what these methods are for

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.curation.sources.base import FoundArticle, Source, SourceResult
from digest.errors import BadInput
from digest.fetch import Fetched

# Python's own audit events (PEP 578) for leaving the process or reading a file.
OUTSIDE = ("socket.connect", "socket.getaddrinfo", "urllib.Request", "subprocess.Popen", "open")
# The same fuzz runs for every source that inherits it; that is the point.
fuzzed = settings(suppress_health_check=[HealthCheck.differing_executors], max_examples=80)


class SourceContract:
    """Inherit, fill in the two methods, and pytest collects the claims."""

    def make_source(self) -> Source:
        """Return a new source of the kind under test."""
        raise NotImplementedError

    def samples(self) -> Sequence[Fetched]:
        """Return fetched bodies this source can read, each with at least one article."""
        raise NotImplementedError

    def test_sample_gives_articles(self) -> None:
        for sample in self.samples():
            assert self.make_source().read(sample).articles

    def test_url_is_absolute_http(self) -> None:
        for article in self._articles():
            assert_web_url(article.url)
            if article.image_url:
                assert_web_url(article.image_url)

    def test_text_is_one_line(self) -> None:
        for article in self._articles():
            assert_plain(article)

    def test_time_is_aware(self) -> None:
        for article in self._articles():
            assert article.published_at is None or article.published_at.utcoffset() is not None

    def test_same_bytes_give_the_same_result(self) -> None:
        for sample in self.samples():
            assert self.make_source().read(sample) == self.make_source().read(sample)

    def test_reading_stays_inside_the_process(self) -> None:
        source = self.make_source()
        for sample in self.samples():
            source.read(sample)  # what is imported late is imported now
            with watched() as seen:
                source.read(sample)

            assert seen == []

    @pytest.mark.parametrize(
        "body", [b"", b"\0", b"\xff\xfe\x00", b"<", b"\x89PNG\r\n\x1a\n", b"{}"]
    )
    def test_garbage_is_bad_input(self, body: bytes) -> None:
        for sample in self.samples():
            with pytest.raises(BadInput, match=urlsplit(sample.url).hostname):
                self.make_source().read(altered(sample, body))

    @fuzzed
    @given(body=st.binary(max_size=400))
    def test_any_bytes_are_read_or_bad_input(self, body: bytes) -> None:
        for sample in self.samples():
            self._read_or_refuse(altered(sample, body))

    @fuzzed
    @given(data=st.data())
    def test_damaged_sample_is_read_or_bad_input(self, data: st.DataObject) -> None:
        sample = data.draw(st.sampled_from(list(self.samples())))
        cut = data.draw(st.integers(0, len(sample.body)))
        length = data.draw(st.integers(0, 30))
        wedge = data.draw(st.binary(max_size=30) | st.sampled_from([b"<", b"&#0;", b"]]>", b"\0"]))
        self._read_or_refuse(
            altered(sample, sample.body[:cut] + wedge + sample.body[cut + length :])
        )

    def _articles(self) -> Iterator[FoundArticle]:
        for sample in self.samples():
            yield from self.make_source().read(sample).articles

    def _read_or_refuse(self, fetched: Fetched) -> None:
        try:
            result = self.make_source().read(fetched)
        except BadInput:
            return
        assert isinstance(result, SourceResult)
        for article in result.articles:
            assert_web_url(article.url)
            assert_plain(article)


def altered(sample: Fetched, body: bytes) -> Fetched:
    """Return a sample with another body."""
    return Fetched(sample.url, sample.status, body, sample.content_type)


def assert_web_url(url: str) -> None:
    """Fail unless a URL is absolute, http(s), ASCII, and free of credentials and white space."""
    parts = urlsplit(url)
    assert parts.scheme in {"http", "https"}
    assert parts.hostname
    assert "@" not in parts.netloc
    assert url.isascii()
    assert not any(character.isspace() for character in url)


def assert_plain(article: FoundArticle) -> None:
    """Fail unless there is a headline and every text field but the full text is one folded line."""
    assert article.title
    for field in fields(article):
        value = getattr(article, field.name)
        if isinstance(value, str) and field.name != "body_html":
            assert value == " ".join(value.split())
            assert not any(ord(character) < 32 for character in value)


_watchers: dict[int, list[str]] = {}


def _notice(event: str, _arguments: tuple[object, ...]) -> None:
    seen = _watchers.get(threading.get_ident())
    if seen is not None and event in OUTSIDE:
        seen.append(event)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Yield a list that collects what this thread does outside the process while the block runs."""
    if not _watchers.get(0):
        _watchers[0] = ["the hook is installed; audit hooks cannot be removed"]
        sys.addaudithook(_notice)
    seen = _watchers[threading.get_ident()] = []
    try:
        yield seen
    finally:
        del _watchers[threading.get_ident()]

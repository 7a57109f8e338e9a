"""Every source we ship meets the contract."""

import socket
from collections.abc import Sequence

from digest.curation.sources.base import Source
from digest.curation.sources.feed import FeedSource
from digest.curation.sources.page import PageSource
from digest.fetch import Fetched
from digest.testing.sources import SourceContract, watched

RSS = """<?xml version="1.0"?>
<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"
     xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>The Harbour Courier</title><language>en-GB</language>
<item><title>Ferry &amp;amp; fog</title><link>/ferry</link>
<pubDate>Fri, 27 Nov 2026 06:00:00 +0100</pubDate><category>Harbour</category>
<description>&lt;p&gt;Late.&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;</description>
<content:encoded>&lt;p onclick="x()"&gt;Very &lt;a href="/l"&gt;late&lt;/a&gt;.</content:encoded>
<media:content url="/fog.jpg" type="image/jpeg"/></item>
<item><title>کراچی کی خبر</title><link>https://courier.example/خبر</link></item>
<item><title>Trap</title><link>javascript:alert(1)</link></item>
</channel></rss>"""
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de">
<title>Der Bote</title><entry><title type="html">Nebel &lt;b&gt;heute&lt;/b&gt;</title>
<link href="https://bote.example/nebel"/><updated>2026-11-26T09:00:00</updated>
<author><name>Eva Ruß</name></author><content type="html">&lt;p&gt;Dicht.&lt;/p&gt;</content>
</entry></feed>"""
PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Fog | Courier</title>
<link rel="canonical" href="/fog"><meta property="og:image" content="/fog.jpg">
<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Fog closes harbour",
"datePublished": "2026-11-27", "author": [{"name": "Ana Sá"}]}</script></head><body></body>"""


class TestFeedSource(SourceContract):
    """The feed source."""

    def make_source(self) -> Source:
        return FeedSource()

    def samples(self) -> Sequence[Fetched]:
        return [
            Fetched("https://courier.example/feed", 200, RSS.encode(), "application/rss+xml"),
            Fetched(
                "https://bote.example/feed", 200, ATOM.encode("utf-16"), "application/atom+xml"
            ),
        ]


class TestPageSource(SourceContract):
    """The page source."""

    def make_source(self) -> Source:
        return PageSource()

    def samples(self) -> Sequence[Fetched]:
        return [
            Fetched("https://courier.example/fog?p=1", 200, PAGE.encode(), "text/html"),
            Fetched("https://courier.example/fog", 200, PAGE.encode("utf-16"), "text/html"),
        ]


def test_watch_notices_a_look_up() -> None:
    with watched() as seen:
        socket.getaddrinfo("127.0.0.1", 80)

    assert "socket.getaddrinfo" in seen

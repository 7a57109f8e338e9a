"""An issue's page in the archive: the bytes as approved, with two things put into them when it is
shown, which no copy has: what the page says of itself, and a bar above the issue.
"""

import re

from markupsafe import Markup

from digest.press.archive.past import Around
from digest.press.preview import NOBODYS_BLOCKS
from digest.rendering.personalise import fill_file
from digest.rendering.stored import Rendering
from digest.web.archive.places import Places
from digest.web.pages import Masthead, Pages

HEAD = re.compile(r"<head(?:\s[^>]*)?>")
BODY = re.compile(r"<body(?:\s[^>]*)?>")
# What follows may be long, and a browser looks for it in the first 1,024 bytes only.
CHARSET = Markup('<meta charset="utf-8">')
IMAGE = re.compile(r"<img\s[^>]*>")
ALT = re.compile(r'\salt="([^"]*)"')
OUTSIDE = re.compile(r'\ssrc="(?!data:)')


def nobodys_copy(rendering: Rendering, places: Places, itself: str) -> str:
    """Return an issue as nobody's copy, whose own links are relative: they hold on any mirror.

    Links that need a token lead to a page that says so; `itself` is the link to this page.
    """
    links = {
        "unsubscribe_url": places.own_copy,
        "remind_later_url": places.own_copy,
        "view_url": itself,
        "address": "…",
    }
    return fill_file(rendering, links, NOBODYS_BLOCKS)


def with_head(html: str, tags: Markup) -> str:
    """Return a page with tags put first into its head."""
    return HEAD.sub(lambda found: f"{found[0]}{CHARSET}\n{tags}\n", html, count=1)


def with_bar(html: str, bar: str) -> str:
    """Return a page with a bar put first into its body."""
    return BODY.sub(lambda found: f"{found[0]}{bar}", html, count=1)


def without_linked_pictures(html: str) -> str:
    """Return a page in whose linked pictures' place stand their descriptions."""

    def words_of(found: re.Match[str]) -> str:
        if not OUTSIDE.search(found[0]):
            return found[0]
        alt = ALT.search(found[0])
        return f"<span>{alt[1]}</span>" if alt and alt[1] else ""

    return IMAGE.sub(words_of, html)


def issue_bar(pages: Pages, masthead: Masthead, around: Around, places: Places) -> str:
    """Return the bar above an issue: whose archive it is, the issues before and after, how to
    join.
    """
    html, _ = pages.render("archive_bar.html", masthead, around=around, places=places)
    return html

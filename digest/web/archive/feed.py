"""The feed of an archive: its newest issues as an Atom document (RFC 4287). Pure.

What it and its entries are called (tag URIs, RFC 4151) follows from host, slug and the issue's own
id, so that a reader who changes to a mirror sees nothing twice.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from lxml import etree, html
from markupsafe import Markup

from digest.config import NewsletterConfig
from digest.curation.cleaning import safe_html
from digest.press.archive.corrected import PastCorrection
from digest.press.archive.past import PastIssue, PastPick
from digest.rendering.links import is_web_link
from digest.rendering.theme import direction_of
from digest.web.archive.cards import ATOM, shortened, unguarded, written
from digest.web.archive.places import Addresses

ENTRIES = 20
FORBIDDEN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
NAMESPACE = "http://www.w3.org/2005/Atom"
NAMES: Any = {None: NAMESPACE}  # lxml's stubs know no default namespace
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True)
class Publication:
    """Whose feed it is; `since` is when the newsletter began here, `tagline` what it says of
    itself.
    """

    configured: NewsletterConfig
    since: datetime
    tagline: str = ""

    @property
    def name(self) -> str:
        """Return what it may be called in public: a guarded one by its sender's name."""
        return unguarded(self.configured, self.configured.name) or self.configured.sender.name

    def tag(self, what: str) -> str:
        """Return a name for something of it that stays, whatever host it is read from."""
        day: date = self.since.date()
        return f"tag:{self.configured.host},{day.isoformat()}:{what}"


def updated_of(publication: Publication, issues: Sequence[PastIssue]) -> datetime:
    """Return when a feed of these issues last changed."""
    return max((issue.updated for issue in issues), default=publication.since)


def atom_feed(
    publication: Publication,
    issues: Sequence[PastIssue],
    addresses: Addresses,
    *,
    correction: str = "Correction",
) -> bytes:
    """Return the feed of these issues, the newest first, as UTF-8; `correction` is the word that
    leads a correction, in the newsletter's language.
    """
    feed = etree.Element(f"{{{NAMESPACE}}}feed", nsmap=NAMES)
    feed.set(LANGUAGE, publication.configured.language)
    _text(feed, "title", publication.name)
    if tagline := unguarded(publication.configured, publication.tagline):
        _text(feed, "subtitle", tagline)
    _text(feed, "id", publication.tag(publication.configured.slug))
    _text(feed, "updated", written(updated_of(publication, issues)))
    _link(feed, "self", addresses.feed, ATOM)
    _link(feed, "alternate", addresses.index, "text/html")
    author = etree.SubElement(feed, f"{{{NAMESPACE}}}author")
    _text(author, "name", publication.name)
    for issue in issues:
        feed.append(_entry(publication, issue, addresses, correction))
    written_feed: bytes = etree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return written_feed


def _entry(
    publication: Publication, issue: PastIssue, addresses: Addresses, correction: str
) -> etree._Element:
    entry = etree.Element(f"{{{NAMESPACE}}}entry")
    slug = publication.configured.slug
    _text(entry, "title", issue.subject)
    _text(entry, "id", publication.tag(f"{slug}/{issue.public_id}"))
    _link(entry, "alternate", addresses.issue_at(issue.number), "text/html")
    _text(entry, "published", written(issue.published))
    _text(entry, "updated", written(issue.updated))
    if issue.preheader:
        _text(entry, "summary", shortened(issue.preheader))
    content = _text(entry, "content", _content(issue, publication.configured.language, correction))
    content.set("type", "html")
    return entry


def _text(parent: etree._Element, name: str, value: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    element.text = _allowed(value)
    return element


def _allowed(text: str) -> str:
    """Return a text without what no XML document may hold."""
    return FORBIDDEN.sub("", text)


def _line(text: str) -> str:
    return _allowed(" ".join(text.split()))


def _link(parent: etree._Element, relation: str, url: str, kind: str) -> None:
    values = {"rel": relation, "type": kind, "href": url}
    etree.SubElement(parent, f"{{{NAMESPACE}}}link", values)


def _content(issue: PastIssue, language: str, correction: str) -> str:
    """Return an issue as HTML: its corrections, the lead, then each section with its list."""
    frame = html.Element("div")
    for each in issue.corrections:
        _add_correction(frame, each, correction)
    for section, picks in groupby(issue.picks, key=_section_of):
        if section:
            etree.SubElement(frame, "h2").text = _allowed(section)
        stories = etree.SubElement(frame, "ul")
        for pick in picks:
            _add_story(stories, pick)
    # Escaped on the way here; cleaned once more, like all that came from outside.
    stories_html = safe_html(etree.tostring(frame, encoding="unicode", method="html"), "")
    opening = Markup('<div lang="{}" dir="{}">').format(language, direction_of(language))
    return f"{opening}{stories_html}</div>"


def _add_correction(frame: etree._Element, each: PastCorrection, word: str) -> None:
    head = etree.SubElement(frame, "p")
    etree.SubElement(head, "strong").text = _line(f"{word} ({each.day}) {each.headline}")
    for line in each.note.splitlines():
        if line.strip():
            etree.SubElement(frame, "p").text = _line(line)


def _section_of(pick: PastPick) -> str:
    return "" if pick.is_lead else pick.section


def _add_story(stories: etree._Element, pick: PastPick) -> None:
    story = etree.SubElement(stories, "li")
    headline = etree.SubElement(story, "a", href=pick.url) if is_web_link(pick.url) else story
    headline.text = _line(pick.headline)
    for text in (pick.blurb, pick.byline):
        if text.strip():
            etree.SubElement(story, "p").text = _line(text)

"""What a page says of itself to those who show a link to it: social cards (https://ogp.me, and the
``twitter:card`` beside it), search engines, feed readers. Pure.

Of a guarded newsletter nothing is said that holds one of its `guarded_names`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from babel import Locale
from babel.core import get_global
from markupsafe import Markup

from digest.config import NewsletterConfig, names_it
from digest.curation.plain import one_line, shorten
from digest.press.archive.past import PastIssue, PastPick
from digest.rendering.links import is_web_link
from digest.rendering.written import locale_of

DESCRIPTION_MOST = 300  # characters; what shows cards cuts earlier
ATOM = "application/atom+xml"


@dataclass(frozen=True, slots=True)
class Card:
    """What is said of a page. `url` is its own address, empty when it has none that is known."""

    title: str
    kind: str  # article or website
    url: str = ""
    description: str = ""
    site_name: str = ""
    locale: str = ""
    image: str = ""
    image_alt: str = ""
    published: datetime | None = None


def issue_card(
    issue: PastIssue, configured: NewsletterConfig, *, url: str, pictures: bool = True
) -> Card:
    """Return the card of an issue; its picture is the lead's, where pictures are linked."""
    headlines = " · ".join(pick.headline for pick in issue.picks)
    lead = issue.lead if pictures and configured.shown_pictures == "linked" else None
    image = picture_of(lead) if lead and not configured.guarded else ""
    return Card(
        title=unguarded(configured, issue.subject),
        kind="article",
        url=url,
        description=unguarded(configured, shortened(issue.preheader or headlines)),
        site_name=unguarded(configured, configured.name),
        locale=locale_name(configured.language),
        image=image,
        image_alt=shortened(lead.picture_alt or lead.headline) if lead and image else "",
        published=issue.published,
    )


def unguarded(configured: NewsletterConfig, text: str) -> str:
    """Return a text, or nothing when it holds a name that a guarded newsletter must not show."""
    named = configured.guarded and any(names_it(text, n) for n in configured.guarded_names)
    return "" if named else text


def picture_of(pick: PastPick) -> str:
    """Return the address of a story's picture, empty when it has none that may stand in a page."""
    return pick.picture_url if is_web_link(pick.picture_url) else ""


def shortened(text: str) -> str:
    """Return a text as one line of a card."""
    return shorten(one_line(text), DESCRIPTION_MOST)


def locale_name(language: str) -> str:
    """Return a language as cards name it, such as ``en_US``: with the territory it is likely of."""
    locale = locale_of(language)
    if locale.territory is None:
        likely = get_global("likely_subtags").get(str(locale))
        locale = Locale.parse(likely) if likely else locale
    return "_".join(part for part in (locale.language, locale.territory) if part)


def head_of(card: Card, *, feed: str = "", indexed: bool = True) -> Markup:
    """Return the card as tags for a page's head; `feed` is the link to the feed."""
    tags = [_meta("name", "robots", "index, follow" if indexed else "noindex")]
    tags += [_meta(kind, name, value) for kind, name, value in _said(card) if value]
    if card.url:
        tags.append(link_tag("canonical", card.url))
    if feed:
        tags.append(Markup('<link rel="alternate" type="{}" href="{}">').format(ATOM, feed))
    return Markup("\n").join(tags)


def _said(card: Card) -> Iterator[tuple[str, str, str]]:
    yield "name", "description", card.description
    yield "property", "og:title", card.title
    yield "property", "og:type", card.kind
    yield "property", "og:url", card.url
    yield "property", "og:description", card.description
    yield "property", "og:site_name", card.site_name
    yield "property", "og:locale", card.locale
    yield "property", "og:image", card.image
    yield "property", "og:image:alt", card.image_alt
    yield "property", "article:published_time", written(card.published) if card.published else ""
    yield "name", "twitter:card", "summary_large_image" if card.image else "summary"


def _meta(kind: str, name: str, value: str) -> Markup:
    return Markup('<meta {}="{}" content="{}">').format(kind, name, value)


def link_tag(relation: str, url: str) -> Markup:
    """Return a ``<link>`` of a page's head."""
    return Markup('<link rel="{}" href="{}">').format(relation, url)


def written(at: datetime) -> str:
    """Return an instant as feeds and cards write it (RFC 3339), in UTC and whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

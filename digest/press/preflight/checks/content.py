"""Group 12: the articles themselves: twice, elsewhere, too old, unfinished, or run before."""

import re
from collections.abc import Iterator
from datetime import timedelta

from digest.curation.canonical import canonical_url
from digest.curation.titles import is_same_title
from digest.press.preflight.findings import Level
from digest.press.preflight.hosts import belongs_to, host_of
from digest.press.preflight.material import EarlierPick, Material
from digest.press.preflight.registry import Said, check
from digest.rendering.view import PickView

PLACEHOLDERS = re.compile(
    r"(?i:\blorem ipsum\b|\bdolor sit amet\b|\bto be written\b|\[headline\]|\[link\])"
    r"|\bTK(?:TK)*\b|\bXXX+\b|\bTODO\b|\bFIXME\b|\bTBC\b|\bTBD\b|\?\?\?+|\{\{|\{%"
)


@check("article-twice", Level.BLOCK, "An article is in the issue twice.")
def article_twice(material: Material) -> Iterator[Said]:
    """By its address, trackers left out."""
    seen: dict[str, PickView] = {}
    for pick in material.picks:
        first = seen.setdefault(canonical_url(pick.url), pick)
        if first is not pick:
            yield Said(f"the same article stands under {first.headline!r}", pick.headline)


@check("headline-twice", Level.WARN, "Two headlines in the issue say the same.")
def headline_twice(material: Material) -> Iterator[Said]:
    """Of different articles."""
    for number, pick in enumerate(material.picks):
        for other in material.picks[:number]:
            same = is_same_title(pick.headline, other.headline)
            if same and canonical_url(pick.url) != canonical_url(other.url):
                yield Said(f"nearly the same headline as {other.headline!r}", pick.headline)


@check("article-elsewhere", Level.WARN, "An article is not on the paper's own hosts.")
def article_elsewhere(material: Material) -> Iterator[Said]:
    """Own are the sender's domain, the newsletter's host, and `preflight.allowed_hosts`. A guarded
    newsletter's own names are neutral on purpose: of it only the hosts in that list are judged.
    """
    own = _own_hosts(material)
    if material.is_trial or not own:
        return
    elsewhere: dict[str, list[str]] = {}
    for pick in material.picks:
        host = host_of(material.original_of(pick.url))
        if host and not belongs_to(host, own):
            elsewhere.setdefault(host, []).append(pick.headline)
    for host, (first, *others) in elsewhere.items():
        more = f" (and {len(others)} more)" if others else ""
        yield Said(f"{host} is none of the paper's hosts: is it meant?{more}", first)


def _own_hosts(material: Material) -> list[str]:
    newsletter, allowed = material.newsletter, material.rules.allowed_hosts
    if newsletter.guarded:
        return [*allowed]
    return [newsletter.sender.address.rpartition("@")[2].lower(), newsletter.host, *allowed]


@check("article-future", Level.WARN, "An article is dated later than the issue.")
def article_future(material: Material) -> Iterator[Said]:
    """A day is let go, for clocks and time zones."""
    for pick in material.picks:
        facts = material.articles.get(pick.url)
        if facts and facts.published_at:
            latest = max(material.view.date, material.now.date()) + timedelta(days=1)
            if facts.published_at.date() > latest:
                yield Said(f"it is dated {facts.published_at.date()}: embargoed?", pick.headline)


@check("article-old", Level.WARN, "An article is older than the newsletter's readers expect.")
def article_old(material: Material) -> Iterator[Said]:
    """More than `preflight.oldest_days` before the issue."""
    for pick in material.picks:
        facts = material.articles.get(pick.url)
        if facts and facts.published_at:
            days = (material.view.date - facts.published_at.date()).days
            if days > material.rules.oldest_days:
                yield Said(f"it is {days} days old, of {facts.published_at.date()}", pick.headline)


@check("placeholder", Level.WARN, "Words that stand for others still to be written.")
def placeholder(material: Material) -> Iterator[Said]:
    """Lorem ipsum, TK, XXX, TODO, ??? and template marks."""
    for words, pick in _written(material):
        if found := PLACEHOLDERS.search(words):
            yield Said(f"{found[0]!r} looks unfinished", pick)


def _written(material: Material) -> Iterator[tuple[str, str]]:
    view = material.view
    yield from ((view.subject, ""), (view.preheader, ""))
    if view.topper:
        yield f"{view.topper.text} {view.topper.signed}", ""
    if view.quote:
        yield f"{view.quote.text} {view.quote.who}", ""
    yield from ((f"{figure} {words}", "") for figure, words in view.numbers)
    for pick in material.picks:
        yield f"{pick.headline} {pick.kicker} {pick.blurb} {pick.byline}", pick.headline


@check("ran-before", Level.WARN, "An article was in an earlier issue of this newsletter.")
def ran_before(material: Material) -> Iterator[Said]:
    """The same address, or nearly the same headline, in an issue approved or sent; unless an
    editor said why it may run again.
    """
    for pick in material.picks:
        facts = material.articles.get(pick.url)
        if facts and facts.ran_before_allowed:
            continue
        address = facts.canonical_url if facts else canonical_url(material.original_of(pick.url))
        earlier = next((one for one in material.earlier if one.canonical_url == address), None)
        if earlier is not None:
            yield Said(f"it ran in {_when(earlier)}", pick.headline)
            continue
        title = facts.title if facts else ""
        earlier = next((e for e in material.earlier if _is_same(e, pick.headline, title)), None)
        if earlier is not None:
            yield Said(
                f"nearly the same headline ran in {_when(earlier)}: {earlier.headline!r}",
                pick.headline,
            )


def _is_same(earlier: EarlierPick, headline: str, title: str) -> bool:
    """Return whether two articles say the same, in the editors' words or in their own."""
    ours, theirs = {headline, title} - {""}, {earlier.headline, earlier.title} - {""}
    return any(is_same_title(one, other) for one in ours for other in theirs)


def _when(earlier: EarlierPick) -> str:
    return f"number {earlier.number}" + (f" of {earlier.day}" if earlier.day else "")

"""Group 16: what the drift watch saw last. Asks nobody, and says how old its word is."""

from collections.abc import Iterator
from datetime import timedelta

from digest.curation.drift import Drift, Kind
from digest.press.preflight.findings import Level
from digest.press.preflight.material import ArticleFacts, Material
from digest.press.preflight.registry import Said, check

OLD = timedelta(hours=24)
WORDS = {
    Kind.HEADLINE: "its headline is now {now!r}",
    Kind.CORRECTION: "its page says {now!r}",
    Kind.MOVED: "its address now leads to {now}",
    Kind.REVISED: "its text was changed at {now}",
}
CHANGES = frozenset(WORDS)
UNREAD = frozenset({Kind.UNREACHED, Kind.UNREADABLE})


@check("watch-gone", Level.BLOCK, "An article was gone when its page was read last.")
def watch_gone(material: Material) -> Iterator[Said]:
    """404 and 410; “Check now” on the board and `digest issue watch` read all pages anew."""
    for drift, read, headline in _drifts(material):
        if drift.kind is Kind.GONE:
            yield Said(f"its page is gone: {drift.now} ({read})", headline)


@check("watch-embargo", Level.WARN, "An article's page says that it may not be shown yet.")
def watch_embargo(material: Material) -> Iterator[Said]:
    """It says “embargo” in one of several languages, or is dated in the future."""
    for drift, read, headline in _drifts(material):
        if drift.kind is Kind.EMBARGO:
            yield Said(f"not to be shown yet: {drift.now} ({read})", headline)


@check("watch-changed", Level.WARN, "An article is not what it was when it was picked.")
def watch_changed(material: Material) -> Iterator[Said]:
    """Headline, address, a correction, or a text that says it was changed; until an editor says at
    the board that it is fine.
    """
    for drift, read, headline in _drifts(material):
        if drift.kind in CHANGES:
            words = WORDS[drift.kind].format(now=drift.now[:200])
            yield Said(f"{words} ({read})", headline)


@check("watch-unread", Level.WARN, "An article's page could not be read.")
def watch_unread(material: Material) -> Iterator[Said]:
    """It did not answer, refused us, or is no page with a headline."""
    for drift, read, headline in _drifts(material):
        if drift.kind in UNREAD:
            yield Said(f"look at it yourself: {drift.now} ({read})", headline)


@check("watch-old", Level.NOTE, "An article's page was not read for long.")
def watch_old(material: Material) -> Iterator[Said]:
    """More than a day; nothing is said of articles that are not watched."""
    for facts, headline in _watched(material):
        watched = facts.watched
        if watched and watched.read_at and material.now - watched.read_at > OLD:
            yield Said(f"last {_when(facts)}", headline)


def _drifts(material: Material) -> Iterator[tuple[Drift, str, str]]:
    for facts, headline in _watched(material):
        for drift in facts.watched.drifts if facts.watched else ():
            yield drift, _when(facts), headline


def _watched(material: Material) -> Iterator[tuple[ArticleFacts, str]]:
    for pick in material.picks:
        facts = material.articles.get(pick.url)
        if facts is not None and facts.watched is not None:
            yield facts, pick.headline


def _when(facts: ArticleFacts) -> str:
    read_at = facts.watched.read_at if facts.watched else None
    return f"read on {read_at:%Y-%m-%d at %H:%M} UTC" if read_at else "not read yet"

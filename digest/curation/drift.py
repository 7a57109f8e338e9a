"""Drift: what has become of an article since it was picked; pure.

A `Seen` is a page as it was once. Two of them give the drifts between them, which an editor looks
at: takes the new headline, or says that it is fine, which makes the present what is compared with.
"""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from digest.curation.canonical import canonical_url
from digest.curation.titles import is_same_title, words_in_order

MARKS_MOST = 5


class Kind(enum.StrEnum):
    """What may become of an article; the worst come first."""

    GONE = "gone"
    EMBARGO = "embargo"
    HEADLINE = "headline"
    CORRECTION = "correction"
    MOVED = "moved"
    REVISED = "revised"
    UNREADABLE = "unreadable"
    UNREACHED = "unreached"


ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that is not as it was: what it was, and what it is now, each in words."""

    kind: Kind
    then: str = ""
    now: str = ""

    @property
    def may_be_accepted(self) -> bool:
        """Whether an editor may say that it is fine: a page that is gone never is."""
        return self.kind is not Kind.GONE

    def to_json(self) -> dict[str, str]:
        """Return it as JSON knows it."""
        return {"kind": self.kind.value, "then": self.then, "now": self.now}

    @classmethod
    def from_json(cls, value: Mapping[str, str]) -> "Drift":
        """Return what `to_json` gave."""
        return cls(Kind(value["kind"]), value["then"], value["now"])


@dataclass(frozen=True, slots=True)
class Seen:
    """An article's page as it was read once.

    `url` is where it was after redirects. `marks` are its corrections and updates, in its own
    words. `modified` is the moment of its last change as ISO 8601, `embargo` why it may not be
    shown yet. `gone`, `unreached` and `unreadable` say in words why there is nothing else.
    """

    title: str = ""
    url: str = ""
    text_digest: str = ""
    marks: tuple[str, ...] = ()
    modified: str = ""
    embargo: str = ""
    gone: str = ""
    unreached: str = ""
    unreadable: str = ""

    @property
    def was_read(self) -> bool:
        """Whether there was a page with a headline."""
        return bool(self.title)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        return {**asdict(self), "marks": [*self.marks]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Seen":
        """Return what `to_json` gave."""
        return cls(**{**value, "marks": tuple(value["marks"])})


def begin_watch(title: str, url: str, first: Seen) -> Seen:
    """Return what an article is compared with from now on, when its page is read the first time.

    Sources often say a headline in another way than the page does: one that is nearly the same, or
    holds the other, is the same here, and the page's own words count from then on. Where it is
    another one, or a redirect leads elsewhere, that is drift already. An embargo, and a page that
    cannot be read, are never how it should be.
    """
    same_title = first.was_read and (
        _holds(first.title, title) or is_same_title(first.title, title)
    )
    return Seen(
        title=first.title if same_title else title,
        url=first.url if is_same_place(first.url, url) else url,
        text_digest=first.text_digest,
        marks=first.marks,
        modified=first.modified,
    )


def _holds(one: str, other: str) -> bool:
    ours, theirs = one.casefold().strip(), other.casefold().strip()
    return bool(ours and theirs) and (ours in theirs or theirs in ours)


def accept(then: Seen, now: Seen) -> Seen:
    """Return what is compared with after an editor said that the present is fine."""
    if now.was_read:
        return now
    # What could not be read has nothing to compare with; what was there before stays.
    return replace(then, unreached=now.unreached, unreadable=now.unreadable)


def accept_headline(then: Seen, now: Seen) -> Seen:
    """Return what is compared with after an editor took the new headline, and said no more."""
    return replace(then, title=now.title) if now.was_read else then


def compare(then: Seen, now: Seen) -> list[Drift]:
    """Return what is not as it was, the worst first."""
    return sorted(_drifts(then, now), key=lambda each: ORDER[each.kind])


def _drifts(then: Seen, now: Seen) -> Iterator[Drift]:
    if now.gone:
        yield Drift(Kind.GONE, now=now.gone)
    elif now.unreached:
        yield from [] if then.unreached else [Drift(Kind.UNREACHED, now=now.unreached)]
    elif not now.was_read:
        yield from [] if then.unreadable else [Drift(Kind.UNREADABLE, now=now.unreadable)]
    else:
        yield from _changes(then, now)


def _changes(then: Seen, now: Seen) -> Iterator[Drift]:
    if then.title and words_in_order(then.title) != words_in_order(now.title):
        yield Drift(Kind.HEADLINE, then.title, now.title)
    if then.url and not is_same_place(then.url, now.url):
        yield Drift(Kind.MOVED, then.url, now.url)
    if now.embargo and now.embargo != then.embargo:
        yield Drift(Kind.EMBARGO, now=now.embargo)
    marks = [mark for mark in now.marks if mark not in then.marks]
    for mark in marks[:MARKS_MOST]:
        yield Drift(Kind.CORRECTION, now=mark)
    if not marks and _was_revised(then, now):
        yield Drift(Kind.REVISED, then.modified, now.modified)


def _was_revised(then: Seen, now: Seen) -> bool:
    """Return whether a page says that it was changed since, and its text was."""
    if not then.text_digest or then.text_digest == now.text_digest:
        return False
    before, after = _moment(then.modified), _moment(now.modified)
    return after is not None and (before is None or after > before)


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def is_same_place(one: str, other: str) -> bool:
    """Return whether two addresses are one place: http or https, with www or without."""
    return _place(one) == _place(other)


def _place(url: str) -> tuple[str, str, str]:
    parts = urlsplit(canonical_url(url))
    return parts.netloc.removeprefix("www."), parts.path.rstrip("/"), parts.query

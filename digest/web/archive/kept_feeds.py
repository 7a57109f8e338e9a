"""Feeds as they were made last, one of each newsletter: feed readers ask all day, and an answer
changes once a week.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from digest.web.archive.feed import ENTRIES, atom_feed, updated_of
from digest.web.archive.opened import Archive
from digest.web.archive.places import Addresses


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as bytes; `etag` names exactly these (RFC 9110, section 8.8.3)."""

    body: bytes
    etag: str
    updated: datetime


@dataclass(frozen=True, slots=True)
class KeptFeeds:
    """The feeds of one instance. May be used by several threads: two may make the same one."""

    _made: dict[str, tuple[object, Feed]] = field(default_factory=dict)

    def find(self, archive: Archive, addresses: Addresses, correction: str = "Correction") -> Feed:
        """Return an archive's feed; made anew when an issue is new or corrected, or what is said of
        it all changes.
        """
        entries = archive.entries()[:ENTRIES]
        key = (archive.publication, addresses, tuple(entries))
        known, feed = self._made.get(archive.configured.slug, (None, None))
        if feed is None or known != key:
            issues = archive.read(*entries)
            body = atom_feed(archive.publication, issues, addresses, correction=correction)
            etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            feed = Feed(body, etag, updated_of(archive.publication, issues))
            self._made[archive.configured.slug] = (key, feed)
        return feed

"""The search in past issues: their words, kept in this process as they are compared.

A stranger may ask often, so a search reads from the database only which issues there are; the words
of an issue are read once, and again should its version change. Holds some kilobytes an issue.
"""

from collections.abc import Sequence
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.models import Issue, Pick, Section
from digest.press.archive.past import Entry
from digest.press.archive.words import fold, has_all

AT_ONCE = 200  # issues whose words are read by one statement

Key = tuple[int, int]  # of an issue: id and version


class Shelf:
    """The searchable words of every archive of one instance. May be used by several threads."""

    def __init__(self) -> None:
        self._texts: dict[int, dict[Key, str]] = {}  # by newsletter
        self._filling = Lock()

    def find(
        self, session: Session, newsletter_id: int, entries: Sequence[Entry], words: Sequence[str]
    ) -> list[Entry]:
        """Return those of a newsletter's entries that have all the words, in the same order."""
        texts = self._filled(session, newsletter_id, entries)
        return [entry for entry in entries if has_all(texts[_key(entry)], words)]

    def _filled(
        self, session: Session, newsletter_id: int, entries: Sequence[Entry]
    ) -> dict[Key, str]:
        wanted = {_key(entry) for entry in entries}
        texts = self._texts.get(newsletter_id, {})
        if texts.keys() == wanted:
            return texts
        with self._filling:  # whoever comes second finds the work of the first
            known = self._texts.get(newsletter_id, {})
            missing = [entry for entry in entries if _key(entry) not in known]
            read = _read_texts(session, missing)
            texts = {key: text for key, text in (known | read).items() if key in wanted}
            self._texts[newsletter_id] = texts
        return texts


def _key(entry: Entry) -> Key:
    return entry.id, entry.version


def _read_texts(session: Session, entries: Sequence[Entry]) -> dict[Key, str]:
    texts: dict[Key, str] = {}
    for begin in range(0, len(entries), AT_ONCE):
        part = entries[begin : begin + AT_ONCE]
        lines = _read_lines(session, [entry.id for entry in part])
        texts |= {_key(entry): fold("\n".join(lines[entry.id])) for entry in part}
    return texts


def _read_lines(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    """Return by issue all that is searched: its own words, then those of its stories."""
    own = session.execute(select(Issue.id, Issue.subject, Issue.preheader).where(Issue.id.in_(ids)))
    lines = {issue_id: [subject, preheader] for issue_id, subject, preheader in own}
    picks = session.execute(
        select(Pick.issue_id, Section.heading, Pick.headline, Pick.blurb, Pick.byline)
        .join(Section, Pick.section_id == Section.id)
        .where(Pick.issue_id.in_(ids))
    )
    for issue_id, *words in picks:
        lines[issue_id] += words
    return lines

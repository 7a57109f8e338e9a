"""Past issues as the public may read them: what editors wrote and what was approved, nothing of any
reader. Only reads.

An issue is in the archive from the moment its sending begins. It keeps that place: nothing in it
can be edited from then on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.errors import NotFound
from digest.mirrors import Mirrored, Order
from digest.models import Article, Issue, IssueState, Layout, Pick, Section, StoredRendering
from digest.press.archive.corrected import (
    PastCorrection,
    last_changes,
    read_corrections,
    right_links,
)
from digest.rendering.mirroring import changer, shown
from digest.rendering.stored import Rendering

PUBLIC = (IssueState.SENDING, IssueState.SENT)
# Not the whole row: preflight's report in it is longer than all the rest.
ISSUE_COLUMNS = (
    *(Issue.id, Issue.public_id, Issue.number, Issue.version, Issue.slot_date),
    *(Issue.approved_at, Issue.sending_at, Issue.subject, Issue.preheader, Issue.mirrors),
)
PICK_COLUMNS = (
    *(Pick.issue_id, Section.heading, Pick.layout, Pick.headline, Pick.blurb, Pick.byline),
    *(Article.url, Pick.image_url, Pick.image_alt),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """An issue's place in the archive."""

    id: int
    number: int
    version: int
    corrected: datetime | None = None  # when its corrections last changed


@dataclass(frozen=True, slots=True)
class Around:
    """An entry and the numbers of its neighbours, None at either end."""

    entry: Entry
    older: int | None
    newer: int | None


@dataclass(frozen=True, slots=True)
class PastPick:
    """A story in an issue, in the editor's words. All of it is plain text."""

    section: str
    headline: str
    url: str
    blurb: str = ""
    byline: str = ""
    is_lead: bool = False
    picture_url: str = ""
    picture_alt: str = ""


@dataclass(frozen=True, slots=True)
class PastIssue:
    """What the archive says of an issue. `day` is the date at its head."""

    id: int
    public_id: str
    number: int
    version: int
    day: date
    subject: str
    preheader: str
    published: datetime  # when its sending began
    picks: tuple[PastPick, ...]  # the lead first, then in reading order
    corrections: tuple[PastCorrection, ...] = ()
    corrected: datetime | None = None  # when they last changed

    @property
    def updated(self) -> datetime:
        """When it last changed for its readers."""
        return max(self.published, self.corrected or self.published)

    @property
    def lead(self) -> PastPick | None:
        """Return the story that opens the issue."""
        return next((pick for pick in self.picks if pick.is_lead), None)


def list_entries(session: Session, newsletter_id: int) -> list[Entry]:
    """Return the places of all past issues of a newsletter, the newest first. A correction that was
    mailed has none of its own: its note stands with the issue that it corrects.
    """
    changes = last_changes()
    rows = session.execute(
        select(Issue.id, Issue.number, Issue.version, changes.c.at)
        .outerjoin(changes, changes.c.issue_id == Issue.id)
        .where(
            Issue.newsletter_id == newsletter_id,
            Issue.state.in_(PUBLIC),
            Issue.sending_at.is_not(None),
            Issue.corrects_id.is_(None),
        )
        .order_by(Issue.sending_at.desc(), Issue.number.desc())
    )
    return [Entry(*row) for row in rows]


def find_around(entries: Sequence[Entry], number: int) -> Around:
    """Return the entry of that number between its neighbours; NotFound when there is none."""
    at = next((place for place, entry in enumerate(entries) if entry.number == number), None)
    if at is None:
        raise NotFound(f"no past issue has the number {number}")
    older = entries[at + 1].number if at + 1 < len(entries) else None
    newer = entries[at - 1].number if at else None
    return Around(entries[at], older, newer)


def read_issues(session: Session, ids: Sequence[int], zone: ZoneInfo) -> list[PastIssue]:
    """Return the issues with these ids, in that order; `zone` tells the day of an extra."""
    picks: dict[int, list[PastPick]] = {}
    corrections = read_corrections(session, ids, zone)
    for row in _pick_rows(session, ids):
        links = right_links(corrections.get(row.issue_id, ()))
        picks.setdefault(row.issue_id, []).append(_pick(row, links))
    found = session.execute(select(*ISSUE_COLUMNS).where(Issue.id.in_(ids)))
    issues = {
        row.id: _issue(row, [_led(pick, row.mirrors) for pick in picks.get(row.id, [])], zone)
        for row in found
    }
    return [
        replace(issues[issue_id], corrections=corrections.get(issue_id, ())) for issue_id in ids
    ]


def _pick_rows(session: Session, ids: Sequence[int]) -> Iterable[Any]:
    return session.execute(
        select(*PICK_COLUMNS)
        .join(Section, Pick.section_id == Section.id)
        .join(Article, Article.id == Pick.article_id)
        .where(Pick.issue_id.in_(ids))
        .order_by(Pick.issue_id, Section.position, Pick.position)
    ).all()


def _pick(row: Any, links: Mapping[str, str]) -> PastPick:
    return PastPick(
        section=row.heading,
        headline=row.headline,
        url=links.get(row.url, row.url),
        blurb=row.blurb,
        byline=row.byline,
        is_lead=row.layout is Layout.LEAD,
        picture_url=row.image_url,
        picture_alt=row.image_alt,
    )


def _led(pick: PastPick, chosen: Order | None) -> PastPick:
    """Return a story with its links led by the mirrors that were chosen for its issue."""
    if not chosen:
        return pick
    mirrors = [Mirrored(of, tuple(addresses)) for of, addresses in chosen.items()]
    change = changer(mirrors, lambda of: chosen[of][0])
    return replace(
        pick,
        url=change(pick.url),
        blurb=change(pick.blurb),
        picture_url=change(pick.picture_url),
    )


def _issue(row: Any, picks: list[PastPick], zone: ZoneInfo) -> PastIssue:
    # An extra is dated by the day of its approval, as in the copies.
    approved: datetime = row.approved_at or row.sending_at
    return PastIssue(
        id=row.id,
        public_id=row.public_id,
        number=row.number,
        version=row.version,
        day=row.slot_date or approved.astimezone(zone).date(),
        subject=row.subject,
        preheader=row.preheader,
        published=row.sending_at,
        picks=tuple(sorted(picks, key=lambda pick: not pick.is_lead)),
    )


def list_editions(session: Session, newsletter_id: int) -> set[tuple[int, str]]:
    """Return which editions are kept of a newsletter's issues: pairs of an issue's id and an
    edition. An issue that was sent long ago may lack some.
    """
    rows = session.execute(
        select(StoredRendering.issue_id, StoredRendering.edition)
        .join(Issue, Issue.id == StoredRendering.issue_id)
        .where(Issue.newsletter_id == newsletter_id, StoredRendering.issue_version == Issue.version)
    )
    return {(issue_id, edition) for issue_id, edition in rows}


def find_edition(session: Session, entry: Entry, edition: str) -> Rendering:
    """Return an edition of a past issue as approved, led by the mirrors that were chosen for it;
    NotFound when it was not kept.
    """
    document = session.scalar(
        select(StoredRendering.document).where(
            StoredRendering.issue_id == entry.id,
            StoredRendering.issue_version == entry.version,
            StoredRendering.edition == edition,
        )
    )
    if document is None:
        raise NotFound(f"number {entry.number} has no edition {edition!r}")
    return shown(Rendering.from_bytes(document), find_order(session, entry.id))


def find_order(session: Session, issue_id: int) -> Order | None:
    """Return the mirrors that were chosen for a past issue, None where there are none."""
    return session.scalar(select(Issue.mirrors).where(Issue.id == issue_id))

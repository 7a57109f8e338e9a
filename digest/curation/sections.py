"""The sections of a newsletter, as editors change them. None is ever deleted: old issues stand
under it, and readers may have asked to be spared it. It is put away instead, and comes back when
one of the same name is added.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.curation.issues import OPEN_TO_EDITS
from digest.curation.newsletters import list_sections
from digest.curation.plain import one_line
from digest.errors import BadInput, Conflict, NotFound, Refused
from digest.models import Issue, Newsletter, Pick, Section

HEADING_MOST = 200  # characters
SECTIONS_MOST = 40


def find_own_section(session: Session, newsletter: Newsletter, section_id: int) -> Section:
    """Return a section in use of this newsletter and no other; NotFound when there is none."""
    section = session.get(Section, section_id)
    if section is None or section.newsletter_id != newsletter.id or section.put_away:
        raise NotFound(f"{newsletter.slug} has no section {section_id}")
    return section


def add_section(session: Session, newsletter: Newsletter, heading: str) -> Section:
    """Add a section, last; BadInput for a name that cannot be one, Conflict when there is one of
    that name.
    """
    _lock(session, newsletter)
    heading, present = _heading(heading), list_sections(session, newsletter.id)
    if len(present) >= SECTIONS_MOST:
        raise Refused(f"{newsletter.slug} has {SECTIONS_MOST} sections; no mail has room for more")
    section = _of_that_name(session, newsletter, heading)
    if section is None:
        section = Section(newsletter_id=newsletter.id, heading=heading, position=0)
        session.add(section)
    elif not section.put_away:
        raise Conflict(f"There is a section “{section.heading}” already.")
    section.heading, section.put_away = heading, False
    _number([*present, section])
    session.flush()
    return section


def rename_section(
    session: Session, newsletter: Newsletter, section: Section, heading: str
) -> None:
    """Give a section another name; issues that were approved keep the old one in their bytes."""
    _lock(session, newsletter)
    heading = _heading(heading)
    other = _of_that_name(session, newsletter, heading)
    if other is not None and other.id != section.id:
        away = " It was put away; add it again instead." if other.put_away else ""
        raise Conflict(f"There is a section “{other.heading}” already.{away}")
    section.heading = heading
    session.flush()


def move_section(session: Session, newsletter: Newsletter, section: Section, position: int) -> None:
    """Put a section at a position among those in use, from 1; beyond the end means last."""
    _lock(session, newsletter)
    if position < 1:
        raise BadInput("positions count from 1")
    others = [each for each in list_sections(session, newsletter.id) if each.id != section.id]
    others.insert(position - 1, section)
    _number(others)
    session.flush()


def put_away_section(session: Session, newsletter: Newsletter, section: Section) -> None:
    """Offer a section no more; Refused while an open issue has articles in it, and for the last
    one.
    """
    _lock(session, newsletter)
    # Whoever picks into it holds this row, too: one of both comes second and sees the other.
    session.refresh(section, with_for_update=True)
    if len(list_sections(session, newsletter.id)) == 1:
        raise Refused("A newsletter needs a section: add another one first.")
    if numbers := _used_in(session, section):
        named = ", ".join(f"number {number}" for number in numbers)
        raise Refused(f"“{section.heading}” has articles in {named}: move them first.")
    section.put_away = True
    session.flush()
    _number(list_sections(session, newsletter.id))
    session.flush()


def list_put_away(session: Session, newsletter_id: int) -> Sequence[Section]:
    """Return the sections that were put away, by name."""
    return session.scalars(
        select(Section)
        .where(Section.newsletter_id == newsletter_id, Section.put_away)
        .order_by(Section.heading)
    ).all()


def _lock(session: Session, newsletter: Newsletter) -> None:
    session.refresh(newsletter, with_for_update=True)


def _heading(text: str) -> str:
    heading = one_line(text)
    if not heading:
        raise BadInput("A section needs a name.")
    if len(heading) > HEADING_MOST:
        raise BadInput(f"A section's name has at most {HEADING_MOST} characters.")
    return heading


def _of_that_name(session: Session, newsletter: Newsletter, heading: str) -> Section | None:
    everything = session.scalars(select(Section).where(Section.newsletter_id == newsletter.id))
    same = (each for each in everything if each.heading.casefold() == heading.casefold())
    return next(same, None)


def _number(sections: Sequence[Section]) -> None:
    for position, section in enumerate(sections, 1):
        section.position = position


def _used_in(session: Session, section: Section) -> Sequence[int]:
    return session.scalars(
        select(Issue.number)
        .join(Pick, Pick.issue_id == Issue.id)
        .where(Pick.section_id == section.id, Issue.state.in_(OPEN_TO_EDITS))
        .distinct()
        .order_by(Issue.number)
    ).all()

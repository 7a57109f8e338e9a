"""What the database keeps of a newsletter: sections, furniture, skip dates, seeded once from the
configuration.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from digest.clock import Due, Schedule, next_slot
from digest.config import InitialConfig, NewsletterConfig, check
from digest.curation.standing import check_standing
from digest.errors import BadInput, ConfigError, NotFound
from digest.mirrors import Mirrored, Order, choose
from digest.models import Issue, Newsletter, Section

_BY_SLUG = select(Newsletter).where(Newsletter.slug == bindparam("slug"))  # every page asks it


def seed_newsletters(
    session: Session, configured: Sequence[NewsletterConfig], *, now: datetime
) -> list[Newsletter]:
    """Add the newsletters that are new in the configuration; those already there keep what editors
    made of them.

    ConfigError when a newsletter with issues has disappeared from the configuration, or has two
    sections of one name.
    """
    _refuse_lost(session, {newsletter.slug for newsletter in configured})
    known = set(session.scalars(select(Newsletter.slug)))
    return [_seed(session, c, now) for c in configured if c.slug not in known]


def _refuse_lost(session: Session, configured: set[str]) -> None:
    lost = session.scalars(
        select(Newsletter.slug)
        .where(Newsletter.slug.not_in(configured), Newsletter.id.in_(select(Issue.newsletter_id)))
        .order_by(Newsletter.slug)
    ).all()
    if lost:
        raise ConfigError(
            f"newsletters: {', '.join(lost)}: not configured any more, but there are issues "
            "in the database"
        )


def _seed(session: Session, configured: NewsletterConfig, now: datetime) -> Newsletter:
    initial = configured.initial
    _refuse_same_headings(configured)
    newsletter = Newsletter(
        slug=configured.slug,
        furniture=initial.model_dump(mode="json", exclude={"sections"}),
        skip_dates=[],
        created_at=now,
    )
    session.add(newsletter)
    session.flush()
    session.add_all(
        Section(newsletter_id=newsletter.id, heading=heading, position=position)
        for position, heading in enumerate(initial.sections, 1)
    )
    return newsletter


def _refuse_same_headings(configured: NewsletterConfig) -> None:
    headings = [heading.casefold() for heading in configured.initial.sections]
    for heading in configured.initial.sections:
        if headings.count(heading.casefold()) > 1:
            raise ConfigError(
                f"newsletter {configured.slug!r}: initial.sections has {heading!r} twice"
            )


def find_newsletter(session: Session, slug: str) -> Newsletter:
    """Return the newsletter of that slug; NotFound when the database has none."""
    newsletter = session.scalar(_BY_SLUG, {"slug": slug})
    if newsletter is None:
        raise NotFound(f"no newsletter {slug!r} in the database: run digest migrate")
    return newsletter


def list_sections(session: Session, newsletter_id: int) -> list[Section]:
    """Return a newsletter's sections in their order, without those that were put away."""
    return list(
        session.scalars(
            select(Section)
            .where(Section.newsletter_id == newsletter_id, Section.put_away.is_(False))
            .order_by(Section.position)
        )
    )


def find_section(session: Session, newsletter_id: int, heading: str) -> Section:
    """Return the section with that heading, whatever its case; NotFound lists those there are."""
    sections = list_sections(session, newsletter_id)
    for section in sections:
        if section.heading.casefold() == heading.casefold():
            return section
    known = ", ".join(section.heading for section in sections)
    raise NotFound(f"no section {heading!r} (there are: {known})")


def get_section(session: Session, section_id: int) -> Section:
    """Return the section of that number; NotFound when there is none."""
    section = session.get(Section, section_id)
    if section is None:
        raise NotFound(f"there is no section {section_id}")
    return section


def next_issue_slot(newsletter: Newsletter, schedule: Schedule, now: datetime) -> Due:
    """Return the first slot after `now` that falls on none of the newsletter's skip dates."""
    due = next_slot(schedule, now)
    while due.local_date.isoformat() in newsletter.skip_dates:
        due = next_slot(schedule, due.due_at)
    return due


def change_furniture(
    session: Session, newsletter: Newsletter, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Change what stands in the furniture of every issue to come; return all of it as it is now.

    The names are those of ``[newsletters.initial]``, but sections; ConfigError says which are wrong
    and how. Approved issues keep the look they were approved with.
    """
    if "sections" in changes:
        raise ConfigError(f"{newsletter.slug}: sections are not part of the furniture")
    wanted = {**newsletter.furniture, **changes}
    checked = check(InitialConfig, wanted, where=newsletter.slug)
    newsletter.furniture = checked.model_dump(mode="json", exclude={"sections"})
    session.flush()
    return newsletter.furniture


def order_mirrors(
    session: Session, newsletter: Newsletter, mirrors: Iterable[Mirrored], order: Order
) -> dict[str, list[str]]:
    """Keep the order in which a probe found the mirrors; return the whole order, which the next
    issue takes when its audience is frozen. What `order` does not speak of stays as it was; an
    empty list goes back to the operator's own order.

    BadInput names what is not mirrored, and addresses that are not listed.
    """
    listed = {mirror.of: mirror for mirror in mirrors}
    for of, addresses in order.items():
        _refuse_unlisted(newsletter.slug, of, addresses, listed)
    whole = {**(newsletter.mirror_order or {}), **{of: [*at] for of, at in order.items()}}
    newsletter.mirror_order = {of: at for of, at in whole.items() if at and of in listed} or None
    session.flush()
    return choose(listed.values(), newsletter.mirror_order)


def _refuse_unlisted(
    slug: str, of: str, addresses: Sequence[str], listed: Mapping[str, Mirrored]
) -> None:
    if of not in listed:
        known = ", ".join(listed) or "none"
        raise BadInput(f"{slug}: {of!r} is not mirrored (in newsletters.mirrors: {known})")
    for address in addresses:
        if address not in listed[of].at:
            known = ", ".join(listed[of].at)
            raise BadInput(f"{slug}: {address!r} is no mirror of {of} (there are: {known})")
        if addresses.count(address) > 1:
            raise BadInput(f"{slug}: {of}: {address!r} is there twice")


def present_order(session: Session, issue: Issue) -> Order | None:
    """Return the order of mirrors in which an issue is shown: the one chosen when its audience was
    frozen, before that the present one; None: the operator's.
    """
    return issue.mirrors or session.get_one(Newsletter, issue.newsletter_id).mirror_order


def mark_standing(session: Session, newsletter: Newsletter, names: Iterable[str]) -> None:
    """Mark which words of an issue the next draft begins with; BadInput for one that is none."""
    newsletter.standing = check_standing(names)
    session.flush()


def skip_date(session: Session, newsletter: Newsletter, day: date) -> None:
    """Plan no issue on that local date."""
    newsletter.skip_dates = sorted({*newsletter.skip_dates, day.isoformat()})
    session.flush()


def unskip_date(session: Session, newsletter: Newsletter, day: date) -> None:
    """Plan that local date again, where the schedule has it."""
    newsletter.skip_dates = sorted({*newsletter.skip_dates} - {day.isoformat()})
    session.flush()

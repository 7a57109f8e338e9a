"""One newsletter's archive, opened for reading: its issues, its name, its look. Only reads."""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.config import Config, NewsletterConfig
from digest.errors import NotFound
from digest.models import Newsletter
from digest.press.archive.past import Entry, PastIssue, list_entries, read_issues
from digest.web.archive.feed import Publication
from digest.web.pages import Masthead, find_masthead


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive, while its session is open. `site` is where the reader pages are."""

    session: Session
    newsletter_id: int
    configured: NewsletterConfig
    publication: Publication
    masthead: Masthead
    site: str

    def entries(self) -> list[Entry]:
        """Return the places of its issues, newest first."""
        return list_entries(self.session, self.newsletter_id)

    def read(self, *entries: Entry) -> list[PastIssue]:
        """Return what is said of these issues, in this order."""
        zone = self.configured.schedule.as_schedule().zone
        issues = read_issues(self.session, [entry.id for entry in entries], zone)
        pairs = zip(issues, entries, strict=True)
        return [replace(issue, corrected=entry.corrected) for issue, entry in pairs]


def find_archive(session: Session, config: Config, slug: str) -> Archive:
    """Return a newsletter's archive; NotFound when there is no such newsletter, or its past issues
    are not public.
    """
    configured = next((each for each in config.newsletters if each.slug == slug), None)
    row = session.scalar(select(Newsletter).where(Newsletter.slug == slug))
    if configured is None or row is None or not configured.has_archive:
        raise NotFound(f"there is no public archive of {slug!r}")
    tagline = str(row.furniture.get("tagline") or "")
    return Archive(
        session=session,
        newsletter_id=row.id,
        configured=configured,
        publication=Publication(configured, row.created_at, tagline),
        masthead=find_masthead(session, config, row.id),
        site=config.site_of(configured),
    )

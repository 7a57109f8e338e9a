"""One newsletter's archive, opened for reading: its issues, its name, its look. Only reads."""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.config import Config, NewsletterConfig, mirrors_of
from digest.errors import NotFound
from digest.mirrors import choose
from digest.models import Newsletter
from digest.press.archive.past import Entry, PastIssue, list_entries, read_issues
from digest.rendering.mirroring import Change, changer
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
    mirrors: tuple[tuple[str, str], ...] = ()  # what is mirrored, and the address it is found at

    def entries(self) -> list[Entry]:
        """Return the places of its issues, newest first."""
        return list_entries(self.session, self.newsletter_id)

    def read(self, *entries: Entry) -> list[PastIssue]:
        """Return what is said of these issues, in this order, with links that open now."""
        zone = self.configured.schedule.as_schedule().zone
        issues = read_issues(self.session, [entry.id for entry in entries], zone)
        if not self.mirrors:
            return issues
        chosen = dict(self.mirrors)
        change = changer(mirrors_of(self.configured, self.site), chosen.__getitem__)
        return [_through(issue, change) for issue in issues]


def _through(issue: PastIssue, change: Change) -> PastIssue:
    picks = (
        replace(pick, url=change(pick.url), picture_url=change(pick.picture_url))
        for pick in issue.picks
    )
    return replace(issue, picks=tuple(picks))


def find_archive(session: Session, config: Config, slug: str) -> Archive:
    """Return a newsletter's archive; NotFound when there is no such newsletter, or its past issues
    are not public.
    """
    configured = next((each for each in config.newsletters if each.slug == slug), None)
    row = session.scalar(select(Newsletter).where(Newsletter.slug == slug))
    if configured is None or row is None or not configured.has_archive:
        raise NotFound(f"there is no public archive of {slug!r}")
    site = config.site_of(configured)
    chosen = choose(mirrors_of(configured, site), row.mirror_order)
    tagline = str(row.furniture.get("tagline") or "")
    return Archive(
        session=session,
        newsletter_id=row.id,
        configured=configured,
        publication=Publication(configured, row.created_at, tagline),
        masthead=find_masthead(session, config, row.id),
        site=site,
        mirrors=tuple((of, addresses[0]) for of, addresses in sorted(chosen.items())),
    )

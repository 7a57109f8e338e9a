"""An issue as its pages at the desk need it, and the name that is typed before what cannot be
undone.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from digest.app import App
from digest.config import NewsletterConfig
from digest.curation.issues import find_issue
from digest.errors import BadInput
from digest.models import Issue
from digest.web.desk.doors import HOME
from digest.web.forms import PostedForm


@dataclass(frozen=True, slots=True)
class AnIssue:
    """An issue with what its newsletter's configuration says."""

    issue: Issue
    name: str
    configured: NewsletterConfig

    @property
    def path(self) -> str:
        """Return where it is at the desk."""
        return f"{HOME}/{self.name}"

    @property
    def zone(self) -> ZoneInfo:
        """Return the newsletter's own time zone."""
        return ZoneInfo(self.configured.schedule.timezone)

    def local(self, moment: datetime) -> datetime:
        """Return a moment on the newsletter's own clock."""
        return moment.astimezone(self.zone)


def open_issue(instance: App, session: Session, slug: str, number: int) -> AnIssue:
    """Return an issue by its newsletter and number; NotFound, BadInput or ConfigError where there
    is none.
    """
    name = f"{slug}/{number}"
    return AnIssue(find_issue(session, name), name, instance.config.newsletter(slug))


def require_typed(form: PostedForm, name: str) -> None:
    """Raise BadInput unless somebody typed what the issue is called: nothing that cannot be undone
    is one click away.
    """
    if form.text("typed") != name:
        raise BadInput(f"Nothing was done: type {name} into the field to do this.")

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
from digest.curation.newsletters import present_order
from digest.errors import BadInput
from digest.mirrors import Order
from digest.models import Issue
from digest.web.desk.doors import HOME
from digest.web.forms import PostedForm


@dataclass(frozen=True, slots=True)
class AnIssue:
    """An issue with what its newsletter's configuration says."""

    issue: Issue
    name: str
    configured: NewsletterConfig
    order: Order | None  # of the mirrors in which it is shown

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


def open_issue(instance: App, session: Session, name: str) -> AnIssue:
    """Return an issue by its name, ``weekly/3``; NotFound, BadInput or ConfigError where there is
    none.
    """
    issue = find_issue(session, name)
    configured = instance.config.newsletter(name.partition("/")[0])
    return AnIssue(issue, name, configured, present_order(session, issue))


def require_typed(form: PostedForm, name: str) -> None:
    """Raise BadInput unless somebody typed what the issue is called: nothing that cannot be undone
    is one click away.
    """
    if form.text("typed") != name:
        raise BadInput(f"Nothing was done: type {name} into the field to do this.")

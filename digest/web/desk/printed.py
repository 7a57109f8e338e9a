"""An issue at hand for whoever looks at it: what its newsletter's configuration says, and the bytes
that were rendered of it last.
"""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from sqlalchemy.orm import Session

from digest.app import App
from digest.config import NewsletterConfig
from digest.curation.issues import find_issue
from digest.curation.newsletters import present_order
from digest.mirrors import Order
from digest.models import Issue
from digest.press.approval import draft_view, list_renderings
from digest.rendering.stored import Rendering
from digest.rendering.view import IssueView
from digest.web.desk.doors import HOME

MOST_KEPT = 8  # issues whose bytes are at hand


@dataclass(frozen=True, slots=True)
class Opened:
    """An issue with what its newsletter's configuration says."""

    issue: Issue
    name: str
    configured: NewsletterConfig
    order: Order | None

    @property
    def path(self) -> str:
        """Return where it is at the desk."""
        return f"{HOME}/{self.name}"


def open_issue(instance: App, session: Session, reference: str) -> Opened:
    """Return an issue by its name; NotFound when there is none."""
    issue = find_issue(session, reference)
    configured = instance.config.newsletter(reference.partition("/")[0])
    return Opened(issue, reference, configured, present_order(session, issue))


class Printed:
    """The bytes of the issues that were looked at last, until they would be others."""

    def __init__(self, instance: App) -> None:
        self._instance = instance
        self._kept = OrderedDict[str, tuple[IssueView, list[Rendering]]]()
        self._guard = Lock()

    def of(self, opened: Opened) -> list[Rendering]:
        """Return what was approved, or what would be approved now; Refused when it is not ready for
        that, RenderingFailed when it does not compile.
        """
        app, issue = self._instance, opened.issue
        with app.db.read() as session:
            if issue.approved_hash and (stored := list_renderings(session, issue)):
                return stored
            view = draft_view(session, issue, opened.configured, app.clock.now())
        return self.render(view, opened.configured)

    def render(self, view: IssueView, configured: NewsletterConfig) -> list[Rendering]:
        """Return what the press makes of an issue, from the last time where that was the same."""
        name = f"{configured.slug}/{view.number}"
        with self._guard:  # one renders, the other frames of the page wait for it
            kept, renderings = self._kept.pop(name, (None, []))
            if kept != view:
                renderings = self._instance.press.render(view, configured)
            self._kept[name] = view, renderings
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return renderings

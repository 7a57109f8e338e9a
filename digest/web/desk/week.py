"""This week: the issue in the making of each newsletter, when it goes, and what it lacks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from digest.app import App
from digest.config import NewsletterConfig
from digest.curation.issues import find_issue_on, list_issues, list_sending, new_issue
from digest.curation.newsletters import find_newsletter, next_issue_slot
from digest.curation.picks import list_picks
from digest.delivery.slots import find_next_slot, find_slot
from digest.editors.audit import note
from digest.models import Issue, IssueState, Newsletter, Pick, Role
from digest.web.desk.an_issue import AnIssue, open_issue
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes
from digest.web.desk.watching import Watching

A_FEW = 6  # past issues


@dataclass(frozen=True, slots=True)
class Making:
    """One newsletter's next issue: none yet, or the draft, with what it lacks."""

    configured: NewsletterConfig
    day: date
    due_at: datetime  # in the newsletter's own zone
    issue: Issue | None
    picks: int
    missing: list[str]
    others: list[Issue]


@dataclass(frozen=True, slots=True)
class WeekPages:
    """The handlers of the first page."""

    instance: App
    pages: DeskPages
    watching: Watching = field(repr=False)

    def show(self, request: Request) -> Response:
        """Show every newsletter's next issue."""
        app = self.instance
        with app.db.read() as session:
            makings = [self._making(session, each) for each in app.config.newsletters]
            under_way = [_called(session, app, each) for each in list_sending(session)]
        return self.pages.show(
            "week.html",
            signed_of(request),
            makings=makings,
            under_way=[(each, self.watching.look(each.issue)) for each in under_way],
        )

    def _making(self, session: Session, configured: NewsletterConfig) -> Making:
        newsletter, now = find_newsletter(session, configured.slug), self.instance.clock.now()
        day, due = _next(session, newsletter, configured, now)
        issue = find_issue_on(session, newsletter.id, day)
        picks = [pick for _, pick, _ in list_picks(session, issue.id)] if issue else []
        recent = list_issues(session, newsletter.id, A_FEW + 1)
        return Making(
            configured,
            day,
            due.astimezone(configured.schedule.as_schedule().zone),
            issue,
            len(picks),
            _missing(issue, picks) if issue else [],
            [each for each in recent if issue is None or each.id != issue.id][:A_FEW],
        )

    def begin(self, request: Request, slug: str) -> Response:
        """Open the draft of a newsletter's next issue; Conflict when somebody just did."""
        app, signed, now = self.instance, signed_of(request), self.instance.clock.now()
        with app.db.write() as session:
            newsletter = find_newsletter(session, slug)
            configured = app.config.newsletter(slug)
            day, _ = _next(session, newsletter, configured, now)
            issue = new_issue(session, newsletter, slot_date=day, now=now)
            note(session, signed.editor_id, "begin", f"{slug}/{issue.number}", now)
        return RedirectResponse(HOME, 303)


def _called(session: Session, app: App, issue: Issue) -> AnIssue:
    slug = session.get_one(Newsletter, issue.newsletter_id).slug
    return open_issue(app, session, slug, issue.number)


def _next(
    session: Session, newsletter: Newsletter, configured: NewsletterConfig, now: datetime
) -> tuple[date, datetime]:
    """Return the next slot's local date and moment, as an editor moved it or the schedule says."""
    slot = find_next_slot(session, newsletter.id, now)
    if slot is not None:
        return slot.local_date, slot.due_at
    schedule = configured.schedule.as_schedule()
    due = next_issue_slot(newsletter, schedule, now)
    # What was sent before its time is not what is made next.
    while (slot := find_slot(session, newsletter.id, due.local_date)) and slot.settled_at:
        due = next_issue_slot(newsletter, schedule, due.due_at)
    return due.local_date, due.due_at


def _missing(issue: Issue, picks: Sequence[Pick]) -> list[str]:
    """Return what a draft lacks, most urgent first; nothing once it is approved."""
    if issue.state is not IssueState.DRAFT:
        return []
    pictures = [pick for pick in picks if pick.image_url and not pick.image_alt]
    lacks = {
        "articles: none is picked yet": not picks,
        "a subject": not issue.subject,
        "a line for the inbox (preheader)": not issue.preheader,
        "a first word to the readers": not issue.topper.get("text"),
        f"words for {len(pictures)} pictures (alt texts)": bool(pictures),
    }
    return [words for words, lacking in lacks.items() if lacking]


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of the first page."""
    week = WeekPages(desk.instance, desk.pages, desk.watching)
    desk.look("", week.show, Role.CONTRIBUTOR)
    desk.act("/{slug}/begin", week.begin, Role.CONTRIBUTOR)

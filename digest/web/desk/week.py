"""This week: the issue in the making of each newsletter, when it goes, and what it lacks."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from digest.app import App
from digest.clock import Due
from digest.config import NewsletterConfig
from digest.curation.issues import find_issue_on, list_issues, list_sending
from digest.curation.newsletters import find_newsletter
from digest.curation.picks import list_picks
from digest.delivery.next_draft import next_due, open_draft
from digest.delivery.slots import find_slot
from digest.editors.accounts import list_editors, name_of_record
from digest.editors.audit import last_hands, note
from digest.models import Issue, IssueState, Newsletter, Role, SlotState
from digest.web.desk.ages import age
from digest.web.desk.an_issue import AnIssue, open_issue
from digest.web.desk.board_notes import cutoff_of
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.lacking import list_missing, list_worries
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes
from digest.web.desk.watching import Watching

A_FEW = 6  # past issues
LATELY = timedelta(days=7)


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
    cutoff_at: datetime  # in the newsletter's own zone
    is_late: bool  # the cut-off is over
    worries: list[str]  # what to look at before it is approved
    hands: list[tuple[str, datetime]]  # who changed it lately, and when last
    first: str  # who approved it as the first of two, while it waits for the second
    is_leaving: bool  # its moment has come and the scheduler takes it up within moments


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
            may_approve=signed_of(request).role.may(Role.EDITOR),
            age=partial(age, now=app.clock.now()),
            under_way=[(each, self.watching.look(each.issue)) for each in under_way],
        )

    def _making(self, session: Session, configured: NewsletterConfig) -> Making:
        newsletter, now = find_newsletter(session, configured.slug), self.instance.clock.now()
        due = next_due(session, newsletter, configured, now)
        issue = find_issue_on(session, newsletter.id, due.local_date)
        slot = find_slot(session, newsletter.id, due.local_date)
        if slot is not None and slot.state is SlotState.PLANNED:
            due = Due(due.local_date, slot.due_at)  # "send now" made it a moment that is past
        cutoff_at = cutoff_of(due.due_at, configured)
        picks = [pick for _, pick, _ in list_picks(session, issue.id)] if issue else []
        recent = list_issues(session, newsletter.id, A_FEW + 1)
        return Making(
            configured,
            due.local_date,
            due.due_at.astimezone(configured.schedule.as_schedule().zone),
            issue,
            len(picks),
            list_missing(issue, picks) if issue else [],
            [each for each in recent if issue is None or each.id != issue.id][:A_FEW],
            cutoff_at,
            cutoff_at <= now,
            list_worries(session, issue) if issue else [],
            self._hands(session, f"{configured.slug}/{issue.number}") if issue else [],
            self._first(session, issue) if issue else "",
            issue is not None and issue.state is IssueState.APPROVED and due.due_at <= now,
        )

    def _first(self, session: Session, issue: Issue) -> str:
        """Return who approved a draft that waits for a second person; empty when none does."""
        if issue.state is not IssueState.DRAFT or not issue.first_hash:
            return ""
        return name_of_record(session, self.instance.sealer, issue.first_by)

    def _hands(self, session: Session, reference: str) -> list[tuple[str, datetime]]:
        """Return who worked on an issue lately, the last one first."""
        hands = last_hands(session, reference, self.instance.clock.now() - LATELY)
        if not hands:
            return []
        names = {each.id: each.name for each in list_editors(session, self.instance.sealer)}
        return [(names[id], at) for id, at in hands if id in names]

    def begin(self, request: Request, slug: str) -> Response:
        """Open the draft of a newsletter's next issue; who comes second is shown the first's."""
        app, signed, now = self.instance, signed_of(request), self.instance.clock.now()
        with app.db.write() as session:
            newsletter = find_newsletter(session, slug)
            due = next_due(session, newsletter, app.config.newsletter(slug), now)
            if find_issue_on(session, newsletter.id, due.local_date) is None:
                issue = open_draft(session, newsletter, due.local_date, now)
                note(session, signed.editor_id, "begin", f"{slug}/{issue.number}", now)
        return RedirectResponse(HOME, 303)


def _called(session: Session, app: App, issue: Issue) -> AnIssue:
    slug = session.get_one(Newsletter, issue.newsletter_id).slug
    return open_issue(app, session, f"{slug}/{issue.number}")


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of the first page."""
    week = WeekPages(desk.instance, desk.pages, desk.watching)
    desk.look("", week.show, Role.CONTRIBUTOR)
    desk.act("/{slug}/begin", week.begin, Role.CONTRIBUTOR)

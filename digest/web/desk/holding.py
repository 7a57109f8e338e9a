"""What goes from one week to the next: a pick that is held over, and the words that stand."""

from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.curation.board_changes import change_issue
from digest.curation.issues import find_issue, refuse_closed
from digest.curation.newsletters import find_newsletter, mark_standing
from digest.curation.picks import find_pick
from digest.delivery.next_draft import draft_after
from digest.editors.audit import note
from digest.errors import Conflict
from digest.models import Role
from digest.web.desk.board_fields import mark_of, pick_fields
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, RowId
from digest.web.forms import Form


@dataclass(frozen=True, slots=True)
class HoldingPages:
    """The handlers of holding over and of standing words."""

    instance: App
    pages: DeskPages

    def hold_over(
        self, request: Request, slug: str, number: int, article_id: RowId, form: Form
    ) -> Response:
        """Move a pick to the next slot's draft, unless somebody worked on it since the form was
        shown.
        """
        app, editor_id, now = self.instance, signed_of(request).editor_id, self.instance.clock.now()
        with app.db.write() as session:
            issue = find_issue(session, f"{slug}/{number}")
            session.refresh(issue, with_for_update=True)
            refuse_closed(session, issue, "be changed")
            pick = find_pick(session, issue, article_id)
            if form.text("was") != mark_of(pick_fields(pick)):
                raise Conflict(
                    "Somebody changed this article since. Look at it before holding it over."
                )
            later = draft_after(session, issue, app.config.newsletter(slug), now)
            change_issue(session, issue, editor_id, pick, later, now)
            detail = {"article": article_id, "to": later.number, "version": issue.version}
            note(session, editor_id, "hold over", f"{slug}/{number}", now, detail)
            detail = {"article": article_id, "from": number, "version": later.version}
            note(session, editor_id, "take over", f"{slug}/{later.number}", now, detail)
        return RedirectResponse(f"{HOME}/{slug}/{number}", 303)

    def stand(self, request: Request, slug: str, number: int, form: Form) -> Response:
        """Mark which words go on into the drafts to come."""
        names, now = form.all("standing"), self.instance.clock.now()
        with self.instance.db.write() as session:
            find_issue(session, f"{slug}/{number}")
            mark_standing(session, find_newsletter(session, slug), names)
            detail = {"standing": ", ".join(names)}
            note(session, signed_of(request).editor_id, "standing words", slug, now, detail)
        return RedirectResponse(f"{HOME}/{slug}/{number}?open=words#card-words", 303)


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of holding over and of standing words."""
    holding, path = HoldingPages(desk.instance, desk.pages), "/{slug}/{number:int}"
    desk.act(f"{path}/picks/{{article_id:int}}/hold-over", holding.hold_over, Role.CONTRIBUTOR)
    desk.act(f"{path}/standing", holding.stand, Role.EDITOR)

"""Letting an article run again, with a reason that stays with the pick."""

from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.curation.board_changes import change_pick
from digest.curation.issues import find_issue
from digest.curation.picks import find_pick
from digest.editors.audit import note
from digest.errors import BadInput
from digest.models import Role
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, RowId
from digest.web.forms import Form

LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class RanBeforePages:
    """The handler of letting an article run again."""

    instance: App
    pages: DeskPages

    def allow(
        self, request: Request, slug: str, number: int, article_id: RowId, form: Form
    ) -> Response:
        """Keep why a pick may run again; with `no` take that back. Both can be undone."""
        reason = "" if form.text("no") else form.text("reason")
        if not form.text("no") and not 0 < len(reason) <= LONGEST_REASON:
            raise BadInput(f"Say in 1 to {LONGEST_REASON} characters why it may run again.")
        now, editor_id = self.instance.clock.now(), signed_of(request).editor_id
        with self.instance.db.write() as session:
            issue = find_issue(session, f"{slug}/{number}")
            session.refresh(issue, with_for_update=True)
            pick = find_pick(session, issue, article_id)
            changes = {"ran_before_allowed": reason}
            change_pick(session, issue, editor_id, pick, changes, now)
            verb = "allow rerun" if reason else "no rerun after all"
            detail = {"article": article_id, "reason": reason, "version": issue.version}
            note(session, editor_id, verb, f"{slug}/{number}", now, detail)
        return RedirectResponse(f"{HOME}/{slug}/{number}#card-{article_id}", 303)


def add_routes(desk: DeskRoutes) -> None:
    """Add the route of letting an article run again."""
    pages, path = RanBeforePages(desk.instance, desk.pages), "/{slug}/{number:int}"
    desk.act(f"{path}/picks/{{article_id:int}}/allow", pages.allow, Role.CONTRIBUTOR)

"""The record of who did what."""

from dataclasses import dataclass

from fastapi import Request, Response

from digest.app import App
from digest.editors.accounts import list_editors
from digest.editors.audit import list_entries
from digest.models import Role
from digest.web.desk.doors import signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, RowId

A_PAGE = 50


@dataclass(frozen=True, slots=True)
class AuditPages:
    """The handler of the record."""

    instance: App
    pages: DeskPages

    def show(self, request: Request, before: RowId | None = None) -> Response:
        """Show the newest entries, or those before an entry."""
        app = self.instance
        with app.db.read() as session:
            entries = list_entries(session, before=before, most=A_PAGE + 1)
            names = {each.id: each.name for each in list_editors(session, app.sealer)}
        older = entries[A_PAGE - 1].id if len(entries) > A_PAGE else None
        return self.pages.show(
            "audit.html", signed_of(request), entries=entries[:A_PAGE], names=names, older=older
        )


def add_routes(desk: DeskRoutes) -> None:
    """Add the route of the record."""
    desk.look("/audit", AuditPages(desk.instance, desk.pages).show, Role.OPERATOR)

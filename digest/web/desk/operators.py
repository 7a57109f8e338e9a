"""What belongs to operators: the configuration in force, to be read and not changed here."""

from dataclasses import dataclass

from fastapi import Request, Response

import digest
from digest.app import App
from digest.models import Role
from digest.operations.in_force import list_in_force
from digest.revisions import current_revision, known_revisions
from digest.web.desk.doors import signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes

KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True)
class OperatorPages:
    """The handler of the page for operators."""

    instance: App
    pages: DeskPages

    def show(self, request: Request) -> Response:
        """Show the configuration, the version and the store."""
        app = self.instance
        dialect = app.db.engine.dialect.name
        return self.pages.show(
            "operators.html",
            signed_of(request),
            groups=list_in_force(app.config),
            version=digest.__version__,
            database=KINDS.get(dialect, dialect),
            revision=current_revision(app.db) or "none",
            newest=known_revisions()[-1],
        )


def add_routes(desk: DeskRoutes) -> None:
    """Add the route of the page for operators."""
    shown = OperatorPages(desk.instance, desk.pages)
    desk.look("/settings/operators", shown.show, Role.OPERATOR)

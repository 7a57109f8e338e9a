"""What comes back, for operators: how often what followed, and the messages that nobody understood,
without an address in clear.
"""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.correspondence.incoming.returned_again import drop_message, read_again
from digest.delivery.feedback.keeping import count_kept, find_kept, list_kept, open_kept
from digest.delivery.feedback.showing import count_since
from digest.editors.audit import note
from digest.logs import redact
from digest.models import Role
from digest.web.desk.doors import signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, RowId
from digest.web.forms import Form

HERE = "/desk/settings/returned"
LATELY = timedelta(days=30)
A_PAGE = 50
SHOWN = 6_000  # characters of one message


@dataclass(frozen=True, slots=True)
class ReturnedPages:
    """The handlers of what comes back."""

    instance: App
    pages: DeskPages

    def show(self, request: Request, understood: bool | None = None) -> Response:
        """Show the counts and the newest messages; `understood` is how the last one was read."""
        app = self.instance
        with app.db.read() as session:
            counts = count_since(session, app.clock.now() - LATELY)
            kept = list_kept(session, most=A_PAGE)
            waiting = count_kept(session)
        return self.pages.show(
            "returned.html",
            signed_of(request),
            counts=counts,
            kept=kept,
            waiting=waiting,
            rules=app.config.feedback,
            understood=understood,
        )

    def show_one(self, request: Request, number: RowId) -> Response:
        """Show one message, its addresses and tokens left out."""
        app = self.instance
        with app.db.read() as session:
            kept = find_kept(session, number)
            text = open_kept(app.sealer, kept).decode("utf-8", "replace")
        return self.pages.show(
            "returned_message.html",
            signed_of(request),
            kept=kept,
            text=redact(text)[:SHOWN],
            cut=len(text) > SHOWN,
        )

    def retry(self, request: Request, number: RowId, form: Form) -> Response:
        """Read one message once more."""
        app = self.instance
        with app.db.read() as session:
            place = find_kept(session, number).place
        done = read_again(app.db, app.reception(place), app.clock, number)
        self._note(request, "read returned mail again", number)
        return RedirectResponse(f"{HERE}?understood={'yes' if done else 'no'}", 303)

    def drop(self, request: Request, number: RowId, form: Form) -> Response:
        """Remove one message."""
        drop_message(self.instance.db, number)
        self._note(request, "remove returned mail", number)
        return RedirectResponse(HERE, 303)

    def _note(self, request: Request, verb: str, number: int) -> None:
        app, editor = self.instance, signed_of(request).editor_id
        with app.db.write() as session:
            note(session, editor, verb, f"message {number}", app.clock.now())


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of what comes back."""
    pages, path = ReturnedPages(desk.instance, desk.pages), "/settings/returned"
    desk.look(path, pages.show, Role.OPERATOR)
    desk.look(f"{path}/{{number}}", pages.show_one, Role.OPERATOR)
    desk.act(f"{path}/{{number}}/retry", pages.retry, Role.OPERATOR)
    desk.act(f"{path}/{{number}}/drop", pages.drop, Role.OPERATOR)

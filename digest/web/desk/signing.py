"""Signing in with a password, and out."""

from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.editors.attempts import HOUR, TooMany
from digest.editors.audit import note
from digest.editors.sessions import end_session
from digest.models import Role
from digest.web.desk.doors import COOKIE, HOME, SIGN_IN, Door, safe_after, signed_of
from digest.web.desk.entrance import Entrance, Passage
from digest.web.desk.knocking import Knocking
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import TOO_MANY, DeskRoutes
from digest.web.forms import Form


@dataclass(frozen=True, slots=True)
class SigningPages:
    """The handlers of signing in and out."""

    instance: App
    pages: DeskPages
    door: Door
    entrance: Entrance
    knocking: Knocking

    def show(self, request: Request, after: str = HOME) -> Response:
        """Show the form."""
        return self._form(safe_after(after), "", "", 200)

    def sign_in(self, request: Request, form: Form) -> Response:
        """Take somebody further who knows their password; say the same of every other pair."""
        address, after = form.text("address"), safe_after(form.text("after"))
        try:
            passage = self._try(request, address, form.raw("password"))
        except TooMany as error:
            return self._form(after, address, str(error), TOO_MANY)
        if passage is None:
            wrong = "No editor has this address and this password."
            return self._form(after, address, wrong, 401)
        return self.entrance.lead(passage, after)

    def _form(self, after: str, address: str, error: str, status: int) -> Response:
        answer = self.pages.show(
            "sign_in.html",
            status=status,
            after=after,
            address=address,
            error=error,
            links=self.instance.config.desk.mailed_links,
        )
        if status == TOO_MANY:
            answer.headers["Retry-After"] = str(int(HOUR.total_seconds()))
        return answer

    def _try(self, request: Request, address: str, password: str) -> Passage | None:
        """Return how somebody goes on, None for a wrong pair."""
        known = self.knocking.try_password(request, address, password)
        if known is None:
            return None
        with self.instance.db.write() as session:
            editor = known.take(session)
            if editor is None:
                return None
            return self.entrance.go_on(session, request, editor, known.attempt, "password")

    def sign_out(self, request: Request) -> Response:
        """Sign this browser out."""
        app, signed = self.instance, signed_of(request)
        with app.db.write() as session:
            end_session(session, request.cookies[COOKIE])
            note(session, signed.editor_id, "sign out", "the desk", app.clock.now())
        answer = RedirectResponse(SIGN_IN, 303)
        self.door.drop(answer)
        return answer


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of signing in and out."""
    entrance = Entrance(desk.instance, desk.pages, desk.door)
    knocking = Knocking(desk.instance)
    signing = SigningPages(desk.instance, desk.pages, desk.door, entrance, knocking)
    desk.look_anybody("/sign-in", signing.show)
    desk.act_anybody("/sign-in", signing.sign_in)
    desk.act("/sign-out", signing.sign_out, Role.CONTRIBUTOR)

"""Signing in and out."""

from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.editors.accounts import check_password
from digest.editors.audit import note
from digest.editors.sessions import end_session, open_session
from digest.models import Role
from digest.web.desk.doors import COOKIE, HOME, Door, safe_after, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes
from digest.web.forms import Form


@dataclass(frozen=True, slots=True)
class SigningPages:
    """The handlers of signing in and out."""

    instance: App
    pages: DeskPages
    door: Door

    def show(self, request: Request, after: str = HOME) -> Response:
        """Show the form."""
        return self.pages.show("sign_in.html", after=safe_after(after), address="", error="")

    def sign_in(self, request: Request, form: Form) -> Response:
        """Sign somebody in who knows their password; say the same of every other pair."""
        app, now = self.instance, self.instance.clock.now()
        address, after = form.text("address"), safe_after(form.text("after"))
        with app.db.write() as session:
            editor = check_password(session, app.sealer, address, form.raw("password"))
            secret = ""
            if editor is not None:
                secret = open_session(session, editor, now, app.config.desk.session_hours)
                note(session, editor.id, "sign in", "the desk", now)
        if not secret:
            wrong = "No editor has this address and this password."
            return self.pages.show(
                "sign_in.html", status=401, after=after, address=address, error=wrong
            )
        answer = RedirectResponse(after, 303)
        self.door.keep(answer, secret)
        return answer

    def sign_out(self, request: Request) -> Response:
        """Sign this browser out."""
        app, signed = self.instance, signed_of(request)
        with app.db.write() as session:
            end_session(session, request.cookies[COOKIE])
            note(session, signed.editor_id, "sign out", "the desk", app.clock.now())
        answer = RedirectResponse(f"{HOME}/sign-in", 303)
        self.door.drop(answer)
        return answer


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of signing in and out."""
    signing = SigningPages(desk.instance, desk.pages, desk.door)
    desk.look_anybody("/sign-in", signing.show)
    desk.act_anybody("/sign-in", signing.sign_in)
    desk.act("/sign-out", signing.sign_out, Role.CONTRIBUTOR)

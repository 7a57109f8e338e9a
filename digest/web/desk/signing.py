"""Signing in and out."""

from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.editors.accounts import find_kept, take_known
from digest.editors.attempts import HOUR, attempt_of, forgive, may_try
from digest.editors.audit import note
from digest.editors.passwords import hash_password, is_outdated, is_password
from digest.editors.sessions import end_session, open_session
from digest.models import Role
from digest.subscribers.door.limits import network_of
from digest.web.desk.doors import COOKIE, HOME, Door, safe_after, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes
from digest.web.forms import Form, visitor_address

TOO_MANY = 429


class TooMany(Exception):
    """Signing in was tried too often."""


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
        address, after = form.text("address"), safe_after(form.text("after"))
        try:
            secret = self._try(request, address, form.raw("password"))
        except TooMany:
            return self._again(after, address, "Too many attempts. Try again in an hour.", 429)
        if not secret:
            wrong = "No editor has this address and this password."
            return self._again(after, address, wrong, 401)
        answer = RedirectResponse(after, 303)
        self.door.keep(answer, secret)
        return answer

    def _again(self, after: str, address: str, error: str, status: int) -> Response:
        answer = self.pages.show(
            "sign_in.html", status=status, after=after, address=address, error=error
        )
        if status == TOO_MANY:
            answer.headers["Retry-After"] = str(int(HOUR.total_seconds()))
        return answer

    def _try(self, request: Request, address: str, password: str) -> str:
        """Return a new session's secret, none for a wrong pair; the work is the same for every
        address, and no transaction is open while the password is looked at.
        """
        app, now = self.instance, self.instance.clock.now()
        host = visitor_address(request, app.config.web.trusted_proxies)
        attempt = attempt_of(app.sealer, address, network_of(host))
        with app.db.write() as session:
            allowed = may_try(session, attempt, now)
            kept = find_kept(session, app.sealer, address)
        if not allowed:
            raise TooMany
        if not is_password(kept.password_hash, password):
            return ""
        renewed = hash_password(password) if is_outdated(kept.password_hash) else ""
        with app.db.write() as session:
            editor = take_known(session, kept, renewed)
            if editor is None:
                return ""
            forgive(session, attempt)
            end_session(session, request.cookies.get(COOKIE, ""))  # this browser's, if any
            note(session, editor.id, "sign in", "the desk", now)
            return open_session(session, editor, now, app.config.desk.session_hours)

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

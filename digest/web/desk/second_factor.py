"""After the first factor: the page that asks for the code, and the one that has who must set a
second factor up.
"""

from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.editors.attempts import CODES, HOUR, may_try
from digest.editors.audit import note
from digest.editors.second_factor import take_code
from digest.tokens import Purpose
from digest.web.desk.doors import HOME, SIGN_IN, safe_after
from digest.web.desk.entrance import CODE_PAGE, SET_UP_PAGE, Entrance
from digest.web.desk.knocking import Knocking
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import TOO_MANY, DeskRoutes
from digest.web.desk.setting_up import WRONG_CODE, SettingUp
from digest.web.forms import Form


@dataclass(frozen=True, slots=True)
class CodePages:
    """The handlers of the second page of signing in."""

    instance: App
    pages: DeskPages
    entrance: Entrance
    knocking: Knocking

    def show(self, request: Request, after: str = HOME) -> Response:
        """Ask for the code."""
        with self.instance.db.read() as session:
            ticket = self.entrance.ticket(session, request, Purpose.DESK_CODE)
        if ticket is None:
            return RedirectResponse(SIGN_IN, 303)
        return self._form(safe_after(after), "", 200)

    def _form(self, after: str, error: str, status: int) -> Response:
        answer = self.pages.show("second_factor.html", status=status, after=after, error=error)
        if status == TOO_MANY:
            answer.headers["Retry-After"] = str(int(HOUR.total_seconds()))
        return answer

    def sign_in(self, request: Request, form: Form) -> Response:
        """Sign in who has the code, or one of their recovery codes."""
        after, secret = safe_after(form.text("after")), ""
        app, now = self.instance, self.instance.clock.now()
        with app.db.write() as session:
            ticket = self.entrance.ticket(session, request, Purpose.DESK_CODE)
            if ticket is None:
                return self.entrance.start_over(after)
            attempt = self.knocking.at(request, ticket.editor)
            allowed = may_try(session, attempt, now, CODES)
            typed = form.text("code")
            taken = allowed and take_code(session, app.sealer, ticket.editor, typed, now)
            if taken:
                detail = {"by": f"{ticket.said}, {taken}"}
                secret = self.entrance.admit(session, request, ticket.editor, attempt, detail)
        if not allowed:
            return self._form(after, "Too many attempts. Try again later.", TOO_MANY)
        if not taken:
            wrong = (
                "This code is not right, or was used already. Wait for the phone's next one; "
                "of the recovery codes, take one that you have not used."
            )
            return self._form(after, wrong, 401)
        answer = RedirectResponse(after, 303)
        self.entrance.let_in(answer, secret)
        return answer


@dataclass(frozen=True, slots=True)
class MustSetUpPages:
    """The handlers for who must have a second factor and has none."""

    instance: App
    pages: DeskPages
    entrance: Entrance
    knocking: Knocking
    setting_up: SettingUp

    def show(self, request: Request, after: str = HOME) -> Response:
        """Show a new secret, and ask for its first code."""
        after = safe_after(after)
        with self.instance.db.read() as session:
            ticket = self.entrance.ticket(session, request, Purpose.DESK_MUST_SET_UP)
            if ticket is None:
                return RedirectResponse(SIGN_IN, 303)
            key = self.setting_up.begin(ticket.editor)
            return self.setting_up.show(
                session, ticket.editor, key, action=SET_UP_PAGE, after=after
            )

    def set_up(self, request: Request, form: Form) -> Response:
        """Keep the second factor whose first code came, sign in, and show the recovery codes."""
        after, key = safe_after(form.text("after")), form.text("key")
        app, now = self.instance, self.instance.clock.now()
        with app.db.write() as session:
            ticket = self.entrance.ticket(session, request, Purpose.DESK_MUST_SET_UP)
            if ticket is None:
                return self.entrance.start_over(after)
            editor, action = ticket.editor, SET_UP_PAGE
            codes = self.setting_up.finish(session, editor, key, form.text("code"))
            if not codes:
                return self.setting_up.show(
                    session, editor, key, action=action, after=after, error=WRONG_CODE
                )
            note(session, editor.id, "set up second factor", "the desk", now)
            attempt = self.knocking.at(request, editor)
            detail = {"by": f"{ticket.said}, code"}
            secret = self.entrance.admit(session, request, editor, attempt, detail)
        answer = self.pages.show("recovery_codes.html", codes=codes, after=after)
        self.entrance.let_in(answer, secret)
        return answer


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of the second page."""
    instance, pages = desk.instance, desk.pages
    entrance, knocking = Entrance(instance, pages, desk.door), Knocking(instance)
    asking = CodePages(instance, pages, entrance, knocking)
    setting = MustSetUpPages(instance, pages, entrance, knocking, SettingUp(instance, pages))
    for page, handlers in ((CODE_PAGE, asking.show), (SET_UP_PAGE, setting.show)):
        desk.look_anybody(page.removeprefix(HOME), handlers)
    desk.act_anybody(CODE_PAGE.removeprefix(HOME), asking.sign_in)
    desk.act_anybody(SET_UP_PAGE.removeprefix(HOME), setting.set_up)

"""An editor's own page: name, password, second factor, and where they are signed in.

What changes how they get in needs the password again, ends their other sessions, and gives this
browser a new one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from digest.app import App
from digest.editors.accounts import get_editor, person_of, set_name, set_password
from digest.editors.attempts import forgive
from digest.editors.audit import note
from digest.editors.passwords import LONGEST, SHORTEST, hash_password
from digest.editors.second_factor import (
    count_recovery_codes,
    drop_factor,
    must_have,
    renew_recovery_codes,
)
from digest.editors.sessions import end_marked, end_others, list_sessions, open_session
from digest.errors import BadInput, Conflict, Refused
from digest.models import Editor, Role
from digest.web.desk.ages import age
from digest.web.desk.by_mail import chosen_password
from digest.web.desk.doors import COOKIE, Door, signed_of
from digest.web.desk.knocking import Knocking, Known
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes
from digest.web.desk.setting_up import WRONG_CODE, SettingUp
from digest.web.forms import Form

ME = "/desk/me"
SET_UP = f"{ME}/second-factor/confirm"
DONE = {
    "name": "Your name is changed.",
    "password": "Your password is changed. You are signed out everywhere else.",
    "off": "Your second factor is off. You are signed out everywhere else.",
    "there": "You are signed out there.",
    "others": "You are signed out everywhere else.",
}
CHANGED = "Your account has changed meanwhile. Open the page anew."


@dataclass(frozen=True, slots=True)
class MePages:
    """The handlers of one's own page."""

    instance: App
    pages: DeskPages
    door: Door
    knocking: Knocking
    setting_up: SettingUp

    def show(self, request: Request, done: str = "") -> Response:
        """Show everything."""
        return self._show(request, said=DONE.get(done, ""))

    def _show(self, request: Request, *, said: str = "", trouble: str = "") -> Response:
        app, signed, now = self.instance, signed_of(request), self.instance.clock.now()
        secret = request.cookies[COOKIE]
        with app.db.read() as session:
            me = person_of(app.sealer, get_editor(session, signed.editor_id))
            sessions = list_sessions(session, signed.editor_id, secret, now)
            codes = count_recovery_codes(session, signed.editor_id)
        return self.pages.show(
            "me.html",
            signed,
            status=422 if trouble else 200,
            me=me,
            sessions=sessions,
            codes=codes,
            must=must_have(app.config.desk.second_factor, me.role),
            said=said,
            trouble=trouble,
            shortest=SHORTEST,
            longest=LONGEST,
            age=partial(age, now=now),
        )

    def rename(self, request: Request, form: Form) -> Response:
        """Change one's own name."""
        app = self.instance
        try:
            with app.db.write() as session:
                editor = get_editor(session, signed_of(request).editor_id)
                set_name(session, app.sealer, editor, form.text("name"))
                self._note(session, editor, "change own name")
        except BadInput as error:
            return self._show(request, trouble=f"Your name: {error}.")
        return _back("name")

    def change_password(self, request: Request, form: Form) -> Response:
        """Change one's own password."""
        try:
            known = self._prove(request, form)
            hashed = hash_password(chosen_password(form))
        except BadInput as error:
            return self._show(request, trouble=str(error))

        def change(session: Session, editor: Editor) -> Response:
            set_password(session, editor, hashed)
            self._note(session, editor, "change own password")
            return _back("password")

        return self._do(known, change)

    def begin_factor(self, request: Request, form: Form) -> Response:
        """Show the secret of a new second factor; nothing is changed yet."""
        try:
            known = self._prove(request, form)
        except BadInput as error:
            return self._show(request, trouble=str(error))
        with self.instance.db.write() as session:
            editor = self._take(session, known)
            key = self.setting_up.begin(editor)
            return self.setting_up.show(
                session, editor, key, action=SET_UP, signed=signed_of(request)
            )

    def finish_factor(self, request: Request, form: Form) -> Response:
        """Keep the second factor whose first code came, and show the recovery codes."""
        signed, key = signed_of(request), form.text("key")
        with self.instance.db.write() as session:
            editor = get_editor(session, signed.editor_id)
            codes = self.setting_up.finish(session, editor, key, form.text("code"))
            if not codes:
                return self.setting_up.show(
                    session, editor, key, action=SET_UP, signed=signed, error=WRONG_CODE
                )
            self._note(session, editor, "set up second factor")
            secret = self._reopen(session, editor)
        answer = self.pages.show("recovery_codes.html", codes=codes, after=ME)
        self.door.keep(answer, secret)
        return answer

    def drop_factor(self, request: Request, form: Form) -> Response:
        """Turn one's second factor off; Refused for who must have one."""
        if must_have(self.instance.config.desk.second_factor, signed_of(request).role):
            raise Refused("Your role needs a second factor: change it, or ask an operator.")
        try:
            known = self._prove(request, form)
        except BadInput as error:
            return self._show(request, trouble=str(error))

        def drop(session: Session, editor: Editor) -> Response:
            drop_factor(session, editor)
            self._note(session, editor, "turn off second factor")
            return _back("off")

        return self._do(known, drop)

    def renew_codes(self, request: Request, form: Form) -> Response:
        """Make one's recovery codes anew and show them."""
        try:
            known = self._prove(request, form)
        except BadInput as error:
            return self._show(request, trouble=str(error))
        with self.instance.db.write() as session:
            editor = self._take(session, known)
            if editor.totp_sealed is None:
                raise Conflict("Recovery codes stand in for a second factor: set it up first.")
            codes = renew_recovery_codes(session, self.instance.sealer, editor)
            self._note(session, editor, "renew recovery codes")
        return self.pages.show("recovery_codes.html", signed_of(request), codes=codes, after=ME)

    def end_there(self, request: Request, form: Form) -> Response:
        """Sign out in one other browser."""
        with self.instance.db.write() as session:
            editor = get_editor(session, signed_of(request).editor_id)
            if end_marked(session, editor.id, form.text("mark")):
                self._note(session, editor, "sign out elsewhere")
        return _back("there")

    def end_others(self, request: Request, form: Form) -> Response:
        """Sign out everywhere but here."""
        with self.instance.db.write() as session:
            editor = get_editor(session, signed_of(request).editor_id)
            end_others(session, editor.id, request.cookies[COOKIE])
            self._note(session, editor, "sign out elsewhere")
        return _back("others")

    def _prove(self, request: Request, form: Form) -> Known:
        """Return who is signed in, whose password was typed once more; BadInput for a wrong one."""
        editor_id = signed_of(request).editor_id
        known = self.knocking.try_own(request, editor_id, form.raw("password"))
        if known is None:
            raise BadInput("That is not your present password. Nothing was changed.")
        return known

    def _take(self, session: Session, known: Known) -> Editor:
        editor = known.take(session)
        if editor is None:
            raise Conflict(CHANGED)
        forgive(session, known.attempt)
        return editor

    def _do(self, known: Known, change: Callable[[Session, Editor], Response]) -> Response:
        """Make a change that ends all sessions, and open this browser a new one."""
        with self.instance.db.write() as session:
            editor = self._take(session, known)
            answer = change(session, editor)
            secret = self._reopen(session, editor)
        self.door.keep(answer, secret)
        return answer

    def _reopen(self, session: Session, editor: Editor) -> str:
        app = self.instance
        return open_session(session, editor, app.clock.now(), app.config.desk.session_hours)

    def _note(self, session: Session, editor: Editor, verb: str) -> None:
        note(session, editor.id, verb, "the desk", self.instance.clock.now())


def _back(done: str) -> Response:
    return RedirectResponse(f"{ME}?done={done}", 303)


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of one's own page."""
    instance, pages = desk.instance, desk.pages
    knocking, setting_up = Knocking(instance), SettingUp(instance, pages)
    me = MePages(instance, pages, desk.door, knocking, setting_up)
    desk.look("/me", me.show, Role.CONTRIBUTOR)
    acts = {
        "name": me.rename,
        "password": me.change_password,
        "second-factor": me.begin_factor,
        "second-factor/confirm": me.finish_factor,
        "second-factor/off": me.drop_factor,
        "recovery-codes": me.renew_codes,
        "sessions/end": me.end_there,
        "sessions/end-others": me.end_others,
    }
    for path, act in acts.items():
        desk.act(f"/me/{path}", act, Role.CONTRIBUTOR)

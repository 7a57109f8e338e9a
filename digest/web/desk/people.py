"""Who may work at the desk, for operators: inviting, roles, locking, and help for who lost a phone
or a password.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from digest.app import App
from digest.editors import inviting
from digest.editors.accounts import (
    get_editor,
    list_editors,
    name_in_records,
    person_of,
    set_active,
    set_role,
)
from digest.editors.audit import note
from digest.editors.letters import DeskPost
from digest.editors.second_factor import drop_factor
from digest.errors import BadInput, Conflict, NotFound
from digest.models import Editor, Role
from digest.web.desk.ages import age
from digest.web.desk.doors import signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, RowId
from digest.web.forms import Form

PEOPLE = "/desk/people"
NUMBER = re.compile(r"[0-9]{1,18}")  # that both databases can hold
MAY = {
    Role.CONTRIBUTOR: "brings articles in, picks and writes",
    Role.EDITOR: "that, and approves",
    Role.PUBLISHER: "that, and schedules, sends and looks readers up",
    Role.OPERATOR: "that, and says who else may come in",
}
DONE = {
    "role": "The role is changed, and they are signed out everywhere.",
    "lock": "They are locked out, and signed out everywhere.",
    "back": "They may come in again.",
    "second-factor": "The second factor is off, and they are signed out everywhere.",
    "invited": "An invitation is on its way.",
}
NOBODY = {"name": "", "address": "", "role": Role.EDITOR.value}

Change = Callable[[Session, Editor], None]


@dataclass(frozen=True, slots=True)
class PeoplePages:
    """The handlers of the people."""

    instance: App
    pages: DeskPages
    post: DeskPost

    def show(self, request: Request, done: str = "") -> Response:
        """Show everybody."""
        return self._show(request, said=DONE.get(done, ""))

    def _show(
        self,
        request: Request,
        *,
        said: str = "",
        trouble: str = "",
        typed: dict[str, str] = NOBODY,
        status: int = 200,
    ) -> Response:
        app = self.instance
        with app.db.read() as session:
            people = list_editors(session, app.sealer)
        return self.pages.show(
            "people.html",
            signed_of(request),
            status=status,
            people=people,
            may=MAY,
            said=said,
            trouble=trouble,
            typed=typed,
            mails=self.post.can_write,
            age=partial(age, now=app.clock.now()),
        )

    def show_one(self, request: Request, editor_id: str, done: str = "") -> Response:
        """Show one person, and what can be done about them."""
        app = self.instance
        if NUMBER.fullmatch(editor_id) is None:
            raise NotFound("there is no editor of that number")  # on a page of the desk
        with app.db.read() as session:
            person = person_of(app.sealer, get_editor(session, int(editor_id)))
        return self.pages.show(
            "person.html",
            signed_of(request),
            person=person,
            may=MAY,
            said=DONE.get(done, ""),
            mails=self.post.can_write,
            age=partial(age, now=app.clock.now()),
        )

    def invite(self, request: Request, form: Form) -> Response:
        """Add somebody and invite them."""
        app, now = self.instance, self.instance.clock.now()
        typed = {name: form.text(name) for name in NOBODY}
        try:
            role = _role(typed["role"])
            with app.db.write() as session:
                editor, link = inviting.invite(
                    session,
                    self.post,
                    name=typed["name"],
                    address=typed["address"],
                    role=role,
                    now=now,
                    by=signed_of(request).name,
                )
                self._note(session, request, "invite editor", editor, {"role": role.value})
        except (BadInput, Conflict) as error:
            status = 409 if isinstance(error, Conflict) else 422
            return self._show(request, trouble=str(error), typed=typed, status=status)
        return self._invited(request, link, f"{PEOPLE}?done=invited")

    def _invited(self, request: Request, link: str, page: str) -> Response:
        """Return to a page; where no letter could be sent, show the link, once."""
        if not link:
            return RedirectResponse(page, 303)
        return self.pages.show("invited.html", signed_of(request), link=link)

    def invite_anew(self, request: Request, editor_id: RowId, form: Form) -> Response:
        """Send somebody a new invitation, which takes their password away."""
        _be_sure(form)
        self._refuse_oneself(request, editor_id)
        with self.instance.db.write() as session:
            editor = get_editor(session, editor_id)
            by, now = signed_of(request).name, self.instance.clock.now()
            link = inviting.invite_anew(session, self.post, editor, now, by)
            self._note(session, request, "invite anew", editor)
        return self._invited(request, link, f"{_page(editor_id)}?done=invited")

    def change_role(self, request: Request, editor_id: RowId, form: Form) -> Response:
        """Change what somebody may do."""
        _be_sure(form)
        role = _role(form.text("role"))
        with self.instance.db.write() as session:
            editor = get_editor(session, editor_id)
            set_role(session, editor, role)
            self._note(session, request, "change role", editor, {"role": role.value})
        return RedirectResponse(f"{_page(editor_id)}?done=role", 303)

    def lock(self, request: Request, editor_id: RowId, form: Form) -> Response:
        """Keep somebody out."""
        _be_sure(form)
        return self._set_active(request, editor_id, False)

    def let_back(self, request: Request, editor_id: RowId, form: Form) -> Response:
        """Let somebody in again."""
        return self._set_active(request, editor_id, True)

    def _set_active(self, request: Request, editor_id: int, active: bool) -> Response:
        with self.instance.db.write() as session:
            editor = get_editor(session, editor_id)
            if editor.active is active:
                raise Conflict("They may come in already." if active else "They are locked out.")
            set_active(session, editor, active)
            self._note(session, request, "let in" if active else "lock out", editor)
        return RedirectResponse(f"{_page(editor_id)}?done={'back' if active else 'lock'}", 303)

    def reset_factor(self, request: Request, editor_id: RowId, form: Form) -> Response:
        """Take somebody's second factor away, who lost their phone and their recovery codes."""
        _be_sure(form)
        self._refuse_oneself(request, editor_id)
        with self.instance.db.write() as session:
            editor = get_editor(session, editor_id)
            if editor.totp_sealed is None:
                raise Conflict("They have no second factor.")
            drop_factor(session, editor)
            self._note(session, request, "reset second factor", editor)
        return RedirectResponse(f"{_page(editor_id)}?done=second-factor", 303)

    def _refuse_oneself(self, request: Request, editor_id: int) -> None:
        """Conflict: how one gets in oneself is changed with one's password."""
        if editor_id == signed_of(request).editor_id:
            raise Conflict("That is you: change it on your own page, with your password.")

    def _note(
        self,
        session: Session,
        request: Request,
        verb: str,
        editor: Editor,
        detail: dict[str, str] | None = None,
    ) -> None:
        about, now = name_in_records(editor.id), self.instance.clock.now()
        note(session, signed_of(request).editor_id, verb, about, now, detail)


def _page(editor_id: int) -> str:
    return f"{PEOPLE}/editor/{editor_id}"


def _be_sure(form: Form) -> None:
    """BadInput unless the box was ticked that says what will happen."""
    if form.text("sure") != "yes":
        raise BadInput("Nothing was changed: tick the box that says what will happen, too.")


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError as error:
        raise BadInput("There is no such role.") from error


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of the people."""
    app = desk.instance
    people = PeoplePages(app, desk.pages, DeskPost(app.config, app.sealer, app.signer))
    desk.look("/people", people.show, Role.OPERATOR)
    desk.act("/people/invite", people.invite, Role.OPERATOR)
    # Not /people/{editor_id}: a newsletter's issues are at /{slug}/{number}.
    one = "/people/editor/{editor_id}"
    desk.look(one, people.show_one, Role.OPERATOR)
    desk.act(f"{one}/role", people.change_role, Role.OPERATOR)
    desk.act(f"{one}/lock", people.lock, Role.OPERATOR)
    desk.act(f"{one}/back", people.let_back, Role.OPERATOR)
    desk.act(f"{one}/second-factor", people.reset_factor, Role.OPERATOR)
    desk.act(f"{one}/invite", people.invite_anew, Role.OPERATOR)

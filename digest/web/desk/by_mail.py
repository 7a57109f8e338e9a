"""Coming in by a letter: the mailed link to sign in, and the invitation.

To open a link shows a page with a button and does nothing else: programs that read mail open links.
"""

from dataclasses import dataclass

from fastapi import Request, Response
from sqlalchemy.orm import Session

from digest.app import App
from digest.editors.accounts import set_password
from digest.editors.attempts import LINKS, TooMany, may_try
from digest.editors.audit import note
from digest.editors.letters import DeskPost, desk_of
from digest.editors.passwords import LONGEST, SHORTEST, hash_password
from digest.editors.tickets import Ticket, find_ticket
from digest.errors import BadInput, Conflict, NotFound, Refused
from digest.subscribers.door.spent import is_spent, spend
from digest.tokens import Purpose
from digest.web.desk.doors import HOME
from digest.web.desk.entrance import Entrance
from digest.web.desk.knocking import Knocking
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes
from digest.web.forms import Form

DEAD = "This link is not good any more. Links run out, work once, and end with any change."


@dataclass(frozen=True, slots=True)
class LinkPages:
    """The handlers of the mailed link."""

    instance: App
    pages: DeskPages
    entrance: Entrance
    knocking: Knocking

    def mail(self, request: Request, form: Form) -> Response:
        """Mail a link to whoever has this address, and say the same whether anybody has."""
        self._refuse_where_off()
        app, now, address = self.instance, self.instance.clock.now(), form.text("address")
        attempt = self.knocking.attempt(request, address)
        with app.db.write() as session:
            allowed = may_try(session, attempt, now, LINKS)
            if allowed:
                _post_of(app).mail_link(session, address, now)
        if not allowed:
            raise TooMany
        return self.pages.show("link_mailed.html")

    def _refuse_where_off(self) -> None:
        if not self.instance.config.desk.mailed_links:
            raise NotFound("No links to sign in are mailed here.")

    def show(self, request: Request, token: str) -> Response:
        """Show the button."""
        self._refuse_where_off()
        with self.instance.db.read() as session:
            ticket = _find(self.instance, session, Purpose.DESK_LINK, token)
            if ticket is None or is_spent(session, ticket.passing):
                raise Conflict(DEAD)
        return self.pages.show("link_opened.html", key=token)

    def sign_in(self, request: Request, form: Form) -> Response:
        """Take further who has pressed the button; the link is used up."""
        self._refuse_where_off()
        with self.instance.db.write() as session:
            ticket = _find(self.instance, session, Purpose.DESK_LINK, form.text("key"))
            if ticket is None or is_spent(session, ticket.passing):
                raise Conflict(DEAD)
            if self.entrance.must_set_up(ticket.editor):
                raise Conflict(
                    "Your role needs a second factor, and you have none yet. Sign in with your"
                    " password once, and set it up."
                )
            if not spend(session, ticket.passing):
                raise Conflict(DEAD)
            attempt = self.knocking.at(request, ticket.editor)
            passage = self.entrance.go_on(session, request, ticket.editor, attempt, "mailed link")
        return self.entrance.lead(passage, HOME)


@dataclass(frozen=True, slots=True)
class InvitationPages:
    """The handlers of the invitation."""

    instance: App
    pages: DeskPages
    entrance: Entrance
    knocking: Knocking

    def show(self, request: Request, token: str) -> Response:
        """Show where the password is chosen."""
        with self.instance.db.read() as session:
            ticket = _invited(self.instance, session, token)
            return self._form(ticket, token, "")

    def _form(self, ticket: Ticket, key: str, error: str) -> Response:
        return self.pages.show(
            "invitation.html",
            status=422 if error else 200,
            key=key,
            desk=desk_of(self.instance.config),
            address=self.instance.sealer.open(ticket.editor.address_sealed),
            shortest=SHORTEST,
            longest=LONGEST,
            error=error,
        )

    def accept(self, request: Request, form: Form) -> Response:
        """Keep the password that somebody chose, and take them further."""
        app, now, key = self.instance, self.instance.clock.now(), form.text("key")
        with app.db.read() as session:  # who has no invitation makes us hash nothing
            ticket = _invited(app, session, key)
        try:
            hashed = hash_password(chosen_password(form))
        except BadInput as error:
            return self._form(ticket, key, str(error))
        with app.db.write() as session:
            editor = _invited(app, session, key).editor
            set_password(session, editor, hashed)
            note(session, editor.id, "accept invitation", "the desk", now)
            attempt = self.knocking.at(request, editor)
            passage = self.entrance.go_on(session, request, editor, attempt, "invitation")
        return self.entrance.lead(passage, HOME)


def chosen_password(form: Form) -> str:
    """Return the password that was typed twice; BadInput when it was not the same."""
    if form.raw("new") != form.raw("again"):
        raise BadInput("The two passwords are not the same.")
    return form.raw("new")


def _invited(instance: App, session: Session, token: str) -> Ticket:
    ticket = _find(instance, session, Purpose.DESK_INVITATION, token)
    if ticket is None:
        raise Refused(
            "This invitation is not good any more: it has run out, was used, or your account has"
            " changed. An operator of the desk can send another."
        )
    return ticket


def _find(instance: App, session: Session, purpose: Purpose, token: str) -> Ticket | None:
    return find_ticket(session, instance.signer, purpose, token, instance.clock.now())


def _post_of(instance: App) -> DeskPost:
    return DeskPost(instance.config, instance.sealer, instance.signer)


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of links and invitations."""
    entrance, knocking = Entrance(desk.instance, desk.pages, desk.door), Knocking(desk.instance)
    links = LinkPages(desk.instance, desk.pages, entrance, knocking)
    desk.act_anybody("/sign-in/mail", links.mail)
    desk.look_anybody("/sign-in/link/{token}", links.show)
    desk.act_anybody("/sign-in/link", links.sign_in)
    invitations = InvitationPages(desk.instance, desk.pages, entrance, knocking)
    desk.look_anybody("/invitation/{token}", invitations.show)
    desk.act_anybody("/invitation", invitations.accept)

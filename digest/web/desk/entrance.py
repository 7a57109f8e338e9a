"""The way from a first factor, a password or a mailed link, to a session.

Who has a second factor gets a ticket in a cookie, which the next page asks the code for; who must
have one and has none gets another kind, good for setting it up and for nothing else.
"""

from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from digest.app import App
from digest.editors.attempts import Attempt, forgive
from digest.editors.audit import note
from digest.editors.second_factor import must_have
from digest.editors.sessions import end_session, open_session
from digest.editors.tickets import Ticket, find_ticket, sign_ticket
from digest.models import Editor
from digest.tokens import Purpose
from digest.web.desk.doors import COOKIE, SIGN_IN, TICKET, TICKET_GOOD, Door, with_after
from digest.web.desk.pages import DeskPages

CODE_PAGE, SET_UP_PAGE = f"{SIGN_IN}/code", f"{SIGN_IN}/set-up"


@dataclass(frozen=True, slots=True)
class Passage:
    """How somebody goes on: with a session's secret, or with a ticket to a page."""

    secret: str = ""
    ticket: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Entrance:
    """Lets editors in, in the caller's transaction."""

    instance: App
    pages: DeskPages
    door: Door

    def must_set_up(self, editor: Editor) -> bool:
        """Tell whether an editor lacks a second factor that they must have."""
        rule = self.instance.config.desk.second_factor
        return editor.totp_sealed is None and must_have(rule, editor.role)

    def go_on(
        self, session: Session, request: Request, editor: Editor, attempt: Attempt, how: str
    ) -> Passage:
        """Take somebody further whose first factor was right; `how` is it for the record."""
        app = self.instance
        until = app.clock.now() + TICKET_GOOD
        if editor.totp_sealed is not None:
            ticket = sign_ticket(app.signer, Purpose.DESK_CODE, editor, until, how)
            return Passage(ticket=ticket, page=CODE_PAGE)
        if self.must_set_up(editor):
            ticket = sign_ticket(app.signer, Purpose.DESK_MUST_SET_UP, editor, until, how)
            return Passage(ticket=ticket, page=SET_UP_PAGE)
        return Passage(self.admit(session, request, editor, attempt, {"by": how}))

    def admit(
        self,
        session: Session,
        request: Request,
        editor: Editor,
        attempt: Attempt,
        detail: dict[str, str],
    ) -> str:
        """Sign somebody in; return their new session's secret."""
        app, now = self.instance, self.instance.clock.now()
        forgive(session, attempt)
        end_session(session, request.cookies.get(COOKIE, ""))  # this browser's, if any
        note(session, editor.id, "sign in", "the desk", now, detail)
        return open_session(session, editor, now, app.config.desk.session_hours)

    def ticket(self, session: Session, request: Request, purpose: Purpose) -> Ticket | None:
        """Return the ticket that a browser brings along, None when it is not good."""
        app = self.instance
        token = request.cookies.get(TICKET, "")
        return find_ticket(session, app.signer, purpose, token, app.clock.now())

    def lead(self, passage: Passage, after: str) -> Response:
        """Return what takes the browser there, and on to `after`."""
        if passage.ticket:
            answer: Response = RedirectResponse(with_after(passage.page, after), 303)
            self.door.keep_ticket(answer, passage.ticket)
            return answer
        answer = RedirectResponse(after, 303)
        self.door.keep(answer, passage.secret)
        return answer

    def let_in(self, answer: Response, secret: str) -> None:
        """Have a browser keep its session, and forget the ticket it came by."""
        self.door.keep(answer, secret)
        self.door.drop_ticket(answer)

    def start_over(self, after: str) -> Response:
        """Send a browser to the beginning, whose ticket is not good (any more)."""
        answer = self.pages.show(
            "sign_in.html",
            status=401,
            after=after,
            address="",
            error="That took too long, or your account has changed. Sign in once more.",
            links=self.instance.config.desk.mailed_links,
        )
        self.door.drop_ticket(answer)
        return answer

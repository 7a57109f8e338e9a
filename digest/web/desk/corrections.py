"""Corrections of a sent issue: a note and a right link in what is shown, and a mail to those who
got it. The bytes that were sent stay as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from digest.app import App
from digest.curation.corrections import (
    NOTE_MOST,
    add_correction,
    find_correction,
    list_corrections,
    list_mails,
    open_mail,
    take_back,
)
from digest.curation.corrigible import refuse_unmailable, refuse_unsent
from digest.curation.issues import find_issue
from digest.curation.picks import list_picks
from digest.curation.row_numbers import row_number
from digest.editors.audit import note
from digest.errors import BadInput, NotFound, Refused
from digest.models import Correction, Issue, Role
from digest.press.corrections import correction_subject
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, RowId, configured_of
from digest.web.forms import Form

FIELDS = ("note", "article", "link")
EMPTY = dict.fromkeys(FIELDS, "")


@dataclass(frozen=True, slots=True)
class Standing:
    """A correction that stands, as its page shows it."""

    row: Correction
    at: datetime  # on the newsletter's own clock
    headline: str
    wrong_url: str


@dataclass(frozen=True, slots=True)
class CorrectionPages:
    """The handlers of corrections."""

    instance: App
    pages: DeskPages

    def show(self, request: Request, slug: str, number: int) -> Response:
        """Show an issue's corrections, and the forms to add one and to mail one."""
        return self._show(request, slug, number, EMPTY)

    def _show(
        self,
        request: Request,
        slug: str,
        number: int,
        typed: dict[str, str],
        trouble: str = "",
        status: int = 200,
    ) -> Response:
        signed, configured = signed_of(request), configured_of(self.instance, slug)
        with self.instance.db.read() as session:
            issue = find_issue(session, f"{slug}/{number}")
            refuse_unsent(issue)
            picks = [(article, pick) for _, pick, article in list_picks(session, issue.id)]
            standing = _standing(session, issue, configured.schedule.as_schedule().zone)
            mails, why_no_mail = list_mails(session, issue.id), _why_no_mail(session, issue)
        return self.pages.show(
            "corrections.html",
            signed,
            status=status,
            configured=configured,
            issue=issue,
            path=_path(slug, number),
            picks=picks,
            standing=standing,
            mails=mails,
            why_no_mail=why_no_mail,
            may_mail=signed.role.may(Role.PUBLISHER),
            note_most=NOTE_MOST,
            typed=typed,
            trouble=trouble,
        )

    def add(self, request: Request, slug: str, number: int, form: Form) -> Response:
        """Add a note, and where a link should lead; the page again with what was typed when it
        cannot be."""
        app, now = self.instance, self.instance.clock.now()
        typed = {"note": form.raw("note"), "article": form.text("article")}
        typed["link"] = form.text("link")
        try:
            with app.db.write() as session:
                issue = find_issue(session, f"{slug}/{number}")
                correction = add_correction(
                    session,
                    issue,
                    note=typed["note"],
                    article_id=_article(typed["article"]),
                    right_url=typed["link"],
                    now=now,
                )
                detail = {"correction": correction.id, "link": correction.right_url}
                self._note(session, request, "correct", slug, number, detail)
        except (BadInput, NotFound) as error:
            return self._show(request, slug, number, typed, str(error), 422)
        return RedirectResponse(f"{_path(slug, number)}#correction-{correction.id}", 303)

    def withdraw(self, request: Request, slug: str, number: int, correction_id: RowId) -> Response:
        """Take a correction back; its link leads again where it led before."""
        with self.instance.db.write() as session:
            issue = find_issue(session, f"{slug}/{number}")
            correction = find_correction(session, issue, correction_id)
            take_back(session, correction, self.instance.clock.now())
            detail = {"correction": correction_id}
            self._note(session, request, "take correction back", slug, number, detail)
        return RedirectResponse(_path(slug, number), 303)

    def mail(self, request: Request, slug: str, number: int, correction_id: RowId) -> Response:
        """Open the draft of a mail to those who got the issue; its board is shown."""
        app, language = self.instance, configured_of(self.instance, slug).language
        with app.db.write() as session:
            issue = find_issue(session, f"{slug}/{number}")
            correction = find_correction(session, issue, correction_id)
            subject = correction_subject(app.templates, language, issue.subject)
            extra = open_mail(session, issue, correction, subject=subject, now=app.clock.now())
            opened = extra.number
            detail = {"correction": correction_id, "opened": opened}
            self._note(session, request, "open correction mail", slug, number, detail)
        return RedirectResponse(f"{HOME}/{slug}/{opened}", 303)

    def _note(
        self,
        session: Session,
        request: Request,
        verb: str,
        slug: str,
        number: int,
        detail: Mapping[str, object],
    ) -> None:
        editor_id, now = signed_of(request).editor_id, self.instance.clock.now()
        note(session, editor_id, verb, f"{slug}/{number}", now, detail)


def _path(slug: str, number: int) -> str:
    return f"{HOME}/{slug}/{number}/corrections"


def _article(text: str) -> int | None:
    if not text:
        return None
    number = row_number(text)
    if number is None:
        raise BadInput("Choose an article of the list.")
    return number


def _standing(session: Session, issue: Issue, zone: ZoneInfo) -> list[Standing]:
    picks = {article.id: (pick, article) for _, pick, article in list_picks(session, issue.id)}
    shown = []
    for row in list_corrections(session, issue.id):
        headline = wrong_url = ""
        if row.article_id in picks:
            pick, article = picks[row.article_id]
            headline, wrong_url = pick.headline, article.url
        shown.append(Standing(row, row.at.astimezone(zone), headline, wrong_url))
    return shown


def _why_no_mail(session: Session, issue: Issue) -> str:
    try:
        refuse_unmailable(session, issue)
    except Refused as error:
        return str(error)
    return ""


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of corrections."""
    shown, path = CorrectionPages(desk.instance, desk.pages), "/{slug}/{number:int}/corrections"
    desk.look(path, shown.show, Role.EDITOR)
    desk.act(f"{path}/add", shown.add, Role.EDITOR)
    desk.act(f"{path}/{{correction_id}}/take-back", shown.withdraw, Role.EDITOR)
    desk.act(f"{path}/{{correction_id}}/mail", shown.mail, Role.PUBLISHER)

"""The board of an issue: its words, its sections, its articles in the editor's words and order.

Everything is a form that works without scripts; scripts save while somebody types, drag and move by
keys. A field that somebody else changed since is never overwritten: both versions are shown.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from digest.app import App
from digest.curation.board_changes import (
    change_pick,
    change_place,
    change_words,
    find_last_change,
    forget_change,
    take_out,
    undo_change,
)
from digest.curation.issues import OPEN_TO_EDITS, find_issue
from digest.curation.newsletters import find_newsletter
from digest.curation.picks import find_pick
from digest.curation.standing import CHOICES as STANDING
from digest.curation.standing import list_standing
from digest.editors.accounts import name_of_record
from digest.editors.audit import note
from digest.errors import Conflict
from digest.models import Issue, Pick, Role, Section
from digest.press.approval import find_voided
from digest.web.desk.ages import age
from digest.web.desk.board_fields import (
    LONG,
    PICK_LABELS,
    WAS,
    WORDS_LABELS,
    Judged,
    judge,
    mark,
    mark_of,
    pick_fields,
    words_changes,
    words_fields,
)
from digest.web.desk.board_notes import Remarks, read_remarks
from digest.web.desk.board_places import place_asked
from digest.web.desk.board_reading import board_of, columns_of
from digest.web.desk.checking import checked_of
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, RowId
from digest.web.forms import Form, PostedForm


class _Clashed(Exception):
    """Rolls a save back; both versions are shown."""

    def __init__(self, judged: Judged, present: Mapping[str, str]) -> None:
        super().__init__("somebody was faster")
        self.judged, self.present = judged, present


@dataclass(frozen=True, slots=True)
class BoardPages:
    """The handlers of the board."""

    instance: App
    pages: DeskPages

    def show(self, request: Request, slug: str, number: int, open: str = "") -> Response:
        """Show the board; `open` is the article whose form is open, or "words"."""
        return self._page(request, "board.html", slug, number, opened=open)

    def _page(
        self, request: Request, template: str, slug: str, number: int, **values: Any
    ) -> Response:
        signed = signed_of(request)
        with self.instance.db.read() as session:
            issue = find_issue(session, f"{slug}/{number}")
            board = board_of(session, issue, slug, signed.editor_id)
            voided = find_voided(session, issue)
            approver = name_of_record(session, self.instance.sealer, issue.approved_by)
            newsletter = find_newsletter(session, slug)
            remarks = self._remarks(session, issue, slug)
        checked = checked_of(issue)
        known: dict[str, Any] = {
            "pick_labels": PICK_LABELS,
            "words_labels": WORDS_LABELS,
            "long": LONG,
        }
        return self.pages.show(
            template,
            signed,
            board=board,
            called=self.instance.config.newsletter(slug).name,
            path=board.path,
            checked=checked,
            marks=checked.marks,
            voided=voided,
            approver=approver,
            remarks=remarks,
            standing=list_standing(newsletter),
            standing_choices=STANDING,
            may_stand=signed.role.may(Role.EDITOR),
            mark=mark,
            mark_of=mark_of,
            oob=template in {"_saved.html", "_read.html"},
            **known,
            **values,
        )

    def _remarks(self, session: Session, issue: Issue, slug: str) -> Remarks:
        """Return what is said beside the words; nothing of an issue that cannot be changed."""
        app, now = self.instance, self.instance.clock.now()
        if issue.state not in OPEN_TO_EDITS:
            return Remarks(partial(age, now=now))
        return read_remarks(session, issue, app.config.newsletter(slug), now)

    def show_part(
        self, request: Request, template: str, slug: str, number: int, **values: Any
    ) -> Response:
        """Return a part of the board, as another handler asks for it."""
        return self._page(request, template, slug, number, **values)

    def save_words(self, request: Request, slug: str, number: int, form: Form) -> Response:
        """Save the issue's own words."""

        def change(session: Session, issue: Issue) -> list[str]:
            present = words_fields(issue)
            judged = _unclashed(form, present, WORDS_LABELS)
            if judged.changes:
                shaped = words_changes(judged.changes, issue)
                now, editor_id = self.instance.clock.now(), signed_of(request).editor_id
                change_words(session, issue, editor_id, shaped, now)
            return list(judged.changes)

        return self._save(request, slug, number, form, "words", change)

    def save_pick(
        self, request: Request, slug: str, number: int, article_id: RowId, form: Form
    ) -> Response:
        """Save the editor's words of a pick."""

        def change(session: Session, issue: Issue) -> list[str]:
            pick = find_pick(session, issue, article_id)
            judged = _unclashed(form, pick_fields(pick), PICK_LABELS)
            if judged.changes:
                now, editor_id = self.instance.clock.now(), signed_of(request).editor_id
                change_pick(session, issue, editor_id, pick, judged.changes, now)
            return list(judged.changes)

        return self._save(request, slug, number, form, str(article_id), change)

    def _save(
        self,
        request: Request,
        slug: str,
        number: int,
        form: PostedForm,
        part: str,
        change: Callable[[Session, Issue], list[str]],
    ) -> Response:
        try:
            with self._changing(slug, number) as (session, issue):
                if fields := change(session, issue):
                    detail = {"part": part, "fields": ", ".join(fields)}
                    self._note(session, request, issue, slug, "edit", detail)
        except _Clashed as clashed:
            return self._show_both(request, slug, number, form, part, clashed)
        if "hx-request" not in request.headers:
            return _back(slug, number, part, opened=True)
        return self._page(request, "_saved.html", slug, number, part=part, saved=bool(fields))

    @contextmanager
    def _changing(self, slug: str, number: int) -> Iterator[tuple[Session, Issue]]:
        """Hold an issue for one change: others who change it wait, and see what was changed."""
        with self.instance.db.write() as session:
            issue = find_issue(session, f"{slug}/{number}")
            session.refresh(issue, with_for_update=True)
            yield session, issue

    def _note(
        self,
        session: Session,
        request: Request,
        issue: Issue,
        slug: str,
        verb: str,
        detail: dict[str, Any],
    ) -> None:
        now, editor_id = self.instance.clock.now(), signed_of(request).editor_id
        detail = {**detail, "version": issue.version}
        note(session, editor_id, verb, f"{slug}/{issue.number}", now, detail)

    def _show_both(
        self,
        request: Request,
        slug: str,
        number: int,
        form: PostedForm,
        part: str,
        clashed: _Clashed,
    ) -> Response:
        """Show what is there now beside what was asked for, and let whoever asked decide."""
        judged, labels = clashed.judged, WORDS_LABELS if part == "words" else PICK_LABELS
        # What would be posted to take mine after all: their value is now the one that was seen.
        mine = {name: form.raw(name) for name in labels if name in form.fields}
        marks = {WAS + name: form.text(WAS + name) for name in mine}
        marks |= {WAS + each.field: mark(each.theirs) for each in judged.clashes}
        scripted = "hx-request" in request.headers
        answer = self._page(
            request,
            "_clash.html" if scripted else "clash.html",
            slug,
            number,
            part=part,
            clashes=judged.clashes,
            scripted=scripted,  # "Saved" of the field before may not stand beside what is not saved
            mine=mine | marks,
            action=_action_of(slug, number, part),
        )
        answer.status_code = 409
        if scripted:
            answer.headers["HX-Retarget"] = f"#clash-{part}"
            answer.headers["HX-Reswap"] = "innerHTML"
        return answer

    def move(
        self, request: Request, slug: str, number: int, article_id: RowId, form: Form
    ) -> Response:
        """Move a pick: up, down, to the section before or after, or to where it was dropped."""
        with self._changing(slug, number) as (session, issue):
            pick = find_pick(session, issue, article_id)
            if form.text("was") != str(pick.section_id):
                raise Conflict("Somebody moved this article to another section. Open the board.")
            section, position = _asked(session, issue, pick, form)
            before, now = issue.version, self.instance.clock.now()
            change_place(session, issue, signed_of(request).editor_id, pick, section, position, now)
            if issue.version != before:
                detail = {"article": article_id, "to": f"{section.heading} {position}"}
                self._note(session, request, issue, slug, "move", detail)
        return _back(slug, number, str(article_id))

    def remove(
        self, request: Request, slug: str, number: int, article_id: RowId, form: Form
    ) -> Response:
        """Take a pick out of the issue, unless somebody worked on it since the form was shown."""
        with self._changing(slug, number) as (session, issue):
            pick = find_pick(session, issue, article_id)
            if form.text("was") != mark_of(pick_fields(pick)):
                raise Conflict(
                    "Somebody changed this article since. Look at it before removing it."
                )
            take_out(session, issue, signed_of(request).editor_id, pick, self.instance.clock.now())
            self._note(session, request, issue, slug, "remove", {"article": article_id})
        return _back(slug, number, "")

    def undo(self, request: Request, slug: str, number: int, form: Form) -> Response:
        """Undo this editor's last change; one that no longer can be is forgotten, and told."""
        last, editor_id = form.text("change"), signed_of(request).editor_id
        try:
            with self._changing(slug, number) as (session, issue):
                change = find_last_change(session, issue.id, editor_id)
                if change is None or str(change.id) != last:
                    raise Conflict("You changed something since. Open the board anew.")
                part = str(change.article_id or "words")
                undo_change(session, issue, change)
                self._note(session, request, issue, slug, "undo", {"part": part})
        except Conflict:
            self._forget(slug, number, editor_id, last)
            raise
        return _back(slug, number, part)

    def _forget(self, slug: str, number: int, editor_id: int, last: str) -> None:
        with self._changing(slug, number) as (session, issue):
            change = find_last_change(session, issue.id, editor_id)
            if change is not None and str(change.id) == last:
                forget_change(session, change.id)


def _unclashed(form: PostedForm, present: dict[str, str], labels: Mapping[str, str]) -> Judged:
    judged = judge(form, present, labels)
    if judged.clashes:
        raise _Clashed(judged, present)
    return judged


def _asked(session: Session, issue: Issue, pick: Pick, form: PostedForm) -> tuple[Section, int]:
    columns = columns_of(session, issue, lambda placed, _: placed.article_id)
    wanted, position = place_asked(
        columns, pick.article_id, form.text("to"), form.text("section"), form.text("before")
    )
    return session.get_one(Section, wanted), position


def _action_of(slug: str, number: int, part: str) -> str:
    tail = "words" if part == "words" else f"picks/{part}"
    return f"{HOME}/{slug}/{number}/{tail}"


def _back(slug: str, number: int, part: str, *, opened: bool = False) -> RedirectResponse:
    query = f"?open={part}" if opened else ""
    place = f"#card-{part}" if part else ""
    return RedirectResponse(f"{HOME}/{slug}/{number}{query}{place}", 303)


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of the board."""
    board, path = BoardPages(desk.instance, desk.pages), "/{slug}/{number:int}"
    desk.look(path, board.show, Role.CONTRIBUTOR)
    desk.act(f"{path}/words", board.save_words, Role.CONTRIBUTOR)
    desk.act(f"{path}/undo", board.undo, Role.CONTRIBUTOR)
    desk.act(f"{path}/picks/{{article_id:int}}", board.save_pick, Role.CONTRIBUTOR)
    desk.act(f"{path}/picks/{{article_id:int}}/move", board.move, Role.CONTRIBUTOR)
    desk.act(f"{path}/picks/{{article_id:int}}/remove", board.remove, Role.CONTRIBUTOR)

"""The drift watch at the desk: reading an issue's articles now, and deciding about what changed."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.curation.board_changes import change_pick
from digest.curation.issues import find_issue, refuse_closed
from digest.curation.picks import find_pick, list_picks
from digest.curation.watches import (
    accept_new_headline,
    accept_present,
    follow_picks,
    list_unread_since,
)
from digest.editors.audit import note
from digest.models import Role
from digest.web.desk.board import BoardPages
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, RowId
from digest.web.forms import Form

A_STEP = 2  # articles that are read before somebody who waits is told how far it is


@dataclass(frozen=True, slots=True)
class Reading:
    """How far the reading of an issue's articles is. `since`: when it was asked for."""

    path: str
    since: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class DriftPages:
    """The handlers of the drift watch."""

    instance: App
    pages: DeskPages

    def check(self, request: Request, slug: str, number: int, form: Form) -> Response:
        """Read an issue's articles now.

        Without scripts all of them before there is an answer. With htmx a few, and the answer asks
        for the next ones by itself until every article was read since the first request.
        """
        scripted = "hx-request" in request.headers
        since = self._since(form.text("since")) if scripted else None
        self._follow(request, slug, number, begins=since is None)
        since = since or self.instance.clock.now()
        unread, total = self._unread(slug, number, since)
        for article_id in unread[:A_STEP] if scripted else unread:
            self.instance.reread_article(article_id, now=True)
        if not scripted:
            return RedirectResponse(f"{HOME}/{slug}/{number}", 303)
        left = max(len(unread) - A_STEP, 0)
        reading = Reading(f"{HOME}/{slug}/{number}", since.isoformat(), total - left, total)
        if left:
            return self.pages.show("_reading.html", signed_of(request), reading=reading)
        board = BoardPages(self.instance, self.pages)
        return board.show_part(request, "_read.html", slug, number, reading=reading)

    def _since(self, text: str) -> datetime | None:
        """Return when the reading was asked for; None: it begins. A moment to come is none, or it
        would not end.
        """
        try:
            asked = datetime.fromisoformat(text)
        except ValueError:
            return None
        over = asked.tzinfo is not None and asked <= self.instance.clock.now()
        return asked if over else None

    def _follow(self, request: Request, slug: str, number: int, *, begins: bool) -> None:
        """Watch what is picked by now: only what is watched is ever read."""
        now = self.instance.clock.now()
        with self.instance.db.write() as session:
            issue = find_issue(session, f"{slug}/{number}")
            refuse_closed(session, issue, "be read again")
            follow_picks(session, now)
            if begins:
                editor_id = signed_of(request).editor_id
                note(session, editor_id, "check articles", f"{slug}/{number}", now)

    def _unread(self, slug: str, number: int, since: datetime) -> tuple[list[int], int]:
        with self.instance.db.read() as session:
            issue = find_issue(session, f"{slug}/{number}")
            refuse_closed(session, issue, "be read again")
            unread = list_unread_since(session, issue.id, since)
            return [*unread], len(list_picks(session, issue.id))

    def accept(
        self, request: Request, slug: str, number: int, article_id: RowId, form: Form
    ) -> Response:
        """Say that an article is fine as it is now."""
        now, editor_id = self.instance.clock.now(), signed_of(request).editor_id
        with self.instance.db.write() as session:
            issue = find_issue(session, f"{slug}/{number}")
            refuse_closed(session, issue, "be changed")
            find_pick(session, issue, article_id)
            accept_present(session, article_id, mark=form.text("mark"))
            detail = {"article": article_id}
            note(session, editor_id, "drift is fine", f"{slug}/{number}", now, detail)
        return self._back(slug, number, article_id)

    def take_headline(
        self, request: Request, slug: str, number: int, article_id: RowId, form: Form
    ) -> Response:
        """Put the article's new headline in the place of the editor's; it can be undone."""
        now, editor_id = self.instance.clock.now(), signed_of(request).editor_id
        with self.instance.db.write() as session:
            issue = find_issue(session, f"{slug}/{number}")
            session.refresh(issue, with_for_update=True)
            pick = find_pick(session, issue, article_id)
            headline = accept_new_headline(session, article_id, mark=form.text("mark"))
            change_pick(session, issue, editor_id, pick, {"headline": headline}, now)
            detail = {"article": article_id, "version": issue.version}
            note(session, editor_id, "take headline", f"{slug}/{number}", now, detail)
        return self._back(slug, number, article_id)

    def _back(self, slug: str, number: int, article_id: int) -> Response:
        return RedirectResponse(f"{HOME}/{slug}/{number}#card-{article_id}", 303)


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of the drift watch."""
    drift, path = DriftPages(desk.instance, desk.pages), "/{slug}/{number:int}"
    desk.act(f"{path}/watch", drift.check, Role.CONTRIBUTOR)
    desk.act(f"{path}/picks/{{article_id:int}}/fine", drift.accept, Role.CONTRIBUTOR)
    desk.act(f"{path}/picks/{{article_id:int}}/headline", drift.take_headline, Role.CONTRIBUTOR)

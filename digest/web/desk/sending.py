"""An issue under way: live progress with the ledger's sums, and a publisher's few buttons."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from digest.app import App
from digest.curation.issues import pause_issue, resume_issue
from digest.delivery.departure import when_due
from digest.delivery.running import refuse_not_running, stop_run
from digest.editors.audit import note
from digest.errors import Refused
from digest.models import IssueState, Role
from digest.web.desk.an_issue import AnIssue, open_issue, require_typed
from digest.web.desk.doors import COOKIE, signed_of
from digest.web.desk.pages import HEADERS, DeskPages
from digest.web.desk.routes import DeskRoutes, RowId
from digest.web.desk.watching import Watching
from digest.web.forms import Form

EVENTS = "text/event-stream"
# A proxy would keep events until they fill a page of its own.
AT_ONCE = {"X-Accel-Buffering": "no"}
BEGUN = (IssueState.SENDING, IssueState.SENT)


@dataclass(frozen=True, slots=True)
class SendingPages:
    """The handlers of an issue under way."""

    instance: App
    pages: DeskPages
    watching: Watching = field(repr=False)

    def show(self, request: Request, slug: str, number: RowId) -> Response:
        """Show how an issue stands and, to a publisher, the buttons."""
        opened = self._open(slug, number)
        issue, seen = opened.issue, None
        if issue.state in BEGUN:
            seen = self.watching.look(issue)
        return self.pages.show(
            "sending.html",
            signed_of(request),
            opened=opened,
            seen=seen,
            is_due=self._is_due(opened),
            alive=self.instance.hears_scheduler(),
            may_steer=signed_of(request).role.may(Role.PUBLISHER),
        )

    def part(self, request: Request, slug: str, number: RowId) -> Response:
        """Return how an issue stands as a part of a page, for who asks again and again."""
        issue = self._open(slug, number).issue
        if issue.state not in BEGUN:
            return Response(status_code=204)
        return HTMLResponse(self.watching.look(issue).html, headers=HEADERS)

    async def events(self, request: Request, slug: str, number: RowId) -> Response:
        """Return how an issue stands as a stream of events; 204 where nothing moves, upon which a
        browser does not ask again, 503 where too many watch.
        """
        issue = (await run_in_threadpool(self._open, slug, number)).issue
        secret = request.cookies.get(COOKIE, "")
        if issue.state is not IssueState.SENDING:
            return Response(status_code=204)
        if not self.watching.has_room(secret):
            raise HTTPException(503, "Too many pages watch.", {"Retry-After": "60"})
        if request.method == "HEAD":
            return Response(media_type=EVENTS)
        stream = self.watching.events(issue.id, secret)
        return StreamingResponse(stream, media_type=EVENTS, headers=AT_ONCE)

    def pause(self, request: Request, slug: str, number: RowId, form: Form) -> Response:
        """Let no further copy leave."""

        def act(session: Session, opened: AnIssue) -> None:
            refuse_not_running(opened.issue, opened.name, "be paused")
            pause_issue(session, opened.issue.id, form.text("why"))

        return self._steer(request, slug, number, "pause", act)

    def resume(self, request: Request, slug: str, number: RowId) -> Response:
        """Let a paused issue go on."""

        def act(session: Session, opened: AnIssue) -> None:
            refuse_not_running(opened.issue, opened.name, "be resumed")
            if not resume_issue(session, opened.issue.id):
                raise Refused(f"{opened.name} is not paused")

        return self._steer(request, slug, number, "resume", act)

    def ask_stop(self, request: Request, slug: str, number: RowId) -> Response:
        """Ask once more before a run is ended for good. A page of its own: nothing on it is swapped
        or reloaded while somebody types.
        """
        opened = self._open(slug, number)
        refuse_not_running(opened.issue, opened.name, "be stopped")
        sums = self.watching.look(opened.issue).progress.sums
        return self.pages.show("stop.html", signed_of(request), opened=opened, sums=sums)

    def stop(self, request: Request, slug: str, number: RowId, form: Form) -> Response:
        """End a run for good, if its name was typed."""

        def act(session: Session, opened: AnIssue) -> None:
            require_typed(form, opened.name)
            refuse_not_running(opened.issue, opened.name, "be stopped")
            stop_run(session, opened.issue, opened.name, self.instance.clock)

        return self._steer(request, slug, number, "stop", act)

    def _open(self, slug: str, number: int) -> AnIssue:
        with self.instance.db.read() as session:
            return open_issue(self.instance, session, f"{slug}/{number}")

    def _is_due(self, opened: AnIssue) -> bool:
        """Tell whether an approved issue leaves with the next round."""
        if opened.issue.state is not IssueState.APPROVED:
            return False
        with self.instance.db.read() as session:
            due = when_due(session, opened.issue, opened.configured)
        return due is not None and due <= self.instance.clock.now()

    def _steer(
        self,
        request: Request,
        slug: str,
        number: int,
        verb: str,
        act: Callable[[Session, AnIssue], None],
    ) -> Response:
        """Do one thing and write it down, in one transaction."""
        app = self.instance
        with app.db.write() as session:
            opened = open_issue(app, session, f"{slug}/{number}")
            act(session, opened)
            note(session, signed_of(request).editor_id, verb, opened.name, app.clock.now())
        return RedirectResponse(f"{opened.path}/sending", 303)


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of an issue under way."""
    pages = SendingPages(desk.instance, desk.pages, desk.watching)
    path = "/{slug}/{number}/sending"
    desk.look(path, pages.show, Role.CONTRIBUTOR)
    desk.look(f"{path}/progress", pages.part, Role.CONTRIBUTOR)
    desk.look(f"{path}/events", pages.events, Role.CONTRIBUTOR)
    desk.act(f"{path}/pause", pages.pause, Role.PUBLISHER)
    desk.act(f"{path}/resume", pages.resume, Role.PUBLISHER)
    desk.look(f"{path}/stop", pages.ask_stop, Role.PUBLISHER)
    desk.act(f"{path}/stop", pages.stop, Role.PUBLISHER)

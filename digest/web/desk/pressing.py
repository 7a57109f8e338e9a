"""An issue as its readers will have it: the exact bytes in a frame, what preflight says of them,
and the approval that is bound to them.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from sqlalchemy.orm import Session

from digest.app import App
from digest.config import NewsletterConfig, pages_at
from digest.curation.issues import find_issue
from digest.curation.newsletters import present_order
from digest.delivery.departure import Departure, foresee_departure
from digest.editors.accounts import list_editors, name_in_records
from digest.editors.audit import note
from digest.errors import BadInput, NotFound, Refused, RenderingFailed
from digest.mirrors import Order
from digest.models import Issue, Role
from digest.press.approval import approve, draft_view, list_renderings
from digest.press.preflight.records import find_report
from digest.press.preflight.run import run_preflight
from digest.press.preview import neutral_values
from digest.rendering.fingerprint import issue_hash
from digest.rendering.mirroring import shown
from digest.rendering.offline import shown_inside
from digest.rendering.personalise import fill_html, fill_text
from digest.rendering.stored import Rendering
from digest.rendering.view import IssueView
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes
from digest.web.forms import Form

MOST_KEPT = 8  # issues whose bytes are at hand
LOOKS = ("desktop", "phone", "dark", "text")
# A mail is somebody else's page: it runs nothing, asks for pictures alone, and stands in our frame.
FRAME = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; "
        "frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """An issue with what its newsletter's configuration says."""

    issue: Issue
    name: str
    configured: NewsletterConfig
    order: Order | None

    @property
    def path(self) -> str:
        """Return where it is at the desk."""
        return f"{HOME}/{self.name}"


class Printed:
    """The bytes of the issues that were looked at last, until they would be others."""

    def __init__(self, instance: App) -> None:
        self._instance = instance
        self._kept = OrderedDict[int, tuple[IssueView, list[Rendering]]]()
        self._guard = Lock()

    def of(self, opened: Opened) -> list[Rendering]:
        """Return what was approved, or what would be approved now; Refused when it is not ready for
        that, RenderingFailed when it does not compile.
        """
        app, issue = self._instance, opened.issue
        with app.db.read() as session:
            if issue.approved_hash and (stored := list_renderings(session, issue)):
                return stored
            view = draft_view(session, issue, opened.configured, app.clock.now())
        with self._guard:  # one renders, the other frames of the page wait for it
            kept, renderings = self._kept.pop(issue.id, (None, []))
            if kept != view:
                renderings = app.press.render(view, opened.configured)
            self._kept[issue.id] = view, renderings
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return renderings


@dataclass(frozen=True, slots=True)
class PressPages:
    """The handlers of preview, preflight and approval."""

    instance: App
    pages: DeskPages
    printed: Printed = field(repr=False)

    def show(
        self, request: Request, slug: str, number: str, edition: str = "full", look: str = "desktop"
    ) -> Response:
        """Show an issue's bytes, what preflight last said, and the way to approve."""
        opened, why_not = self._open(f"{slug}/{number}"), ""
        editions: list[str] = []
        content_hash = ""
        try:
            renderings = self.printed.of(opened)
            editions = [each.edition for each in renderings]
            content_hash = issue_hash(renderings)
        except (Refused, RenderingFailed, BadInput) as error:
            why_not = str(error)
        report = find_report(opened.issue)
        return self.pages.show(
            "preview.html",
            signed_of(request),
            opened=opened,
            editions=editions,
            edition=edition if edition in editions else "full",
            look=look if look in LOOKS else LOOKS[0],
            looks=LOOKS,
            content_hash=content_hash,
            approver=self._name_of(opened.issue.approved_by),
            first=self._name_of(opened.issue.first_by),
            is_first=opened.issue.first_by == name_in_records(signed_of(request).editor_id),
            why_not=why_not,
            report=report,
            stale=report is not None and report.version != opened.issue.version,
            departure=self._departure(opened),
            may_approve=signed_of(request).role.may(Role.EDITOR),
        )

    def frame(self, request: Request, slug: str, number: str, file: str) -> Response:
        """Return one edition's bytes, ``full.html`` or ``full.txt``, as nobody's copy."""
        opened = self._open(f"{slug}/{number}")
        edition, _, suffix = file.rpartition(".")
        found = next((one for one in self.printed.of(opened) if one.edition == edition), None)
        if found is None or suffix not in {"html", "txt"}:
            raise NotFound(f"{opened.name} has no {file}")
        rendering = shown(found, opened.order)
        site = pages_at(self.instance.config, opened.configured, opened.order)
        values = neutral_values(site, opened.issue.public_id)
        if suffix == "txt":
            return PlainTextResponse(fill_text(rendering, values), headers=FRAME)
        html = shown_inside(fill_html(rendering, values), rendering.pictures)
        return HTMLResponse(html, headers=FRAME)

    def preflight(self, request: Request, slug: str, number: str, form: Form) -> Response:
        """Look an issue over and keep what was found; with `online` links and pictures are asked
        for, too.
        """
        app, opened = self.instance, self._open(f"{slug}/{number}")
        run_preflight(
            app.db,
            app.press,
            opened.name,
            opened.configured,
            clock=app.clock,
            fetcher=app.fetcher if form.text("online") else None,
        )
        return RedirectResponse(f"{opened.path}/preview#preflight", 303)

    def approve(self, request: Request, slug: str, number: str, form: Form) -> Response:
        """Approve exactly the bytes that were looked at; Conflict when they are others by now."""
        app, signed = self.instance, signed_of(request)
        opened = self._open(f"{slug}/{number}")
        approved = approve(
            app.db,
            app.press,
            opened.name,
            opened.configured,
            by=name_in_records(signed.editor_id),
            clock=app.clock,
            seen_hash=form.text("hash"),
        )
        with app.db.write() as session:
            detail = {"hash": approved.content_hash}
            verb = "approve first of two" if approved.waits else "approve"
            note(session, signed.editor_id, verb, opened.name, app.clock.now(), detail)
        return RedirectResponse(f"{opened.path}/preview", 303)

    def _open(self, reference: str) -> Opened:
        with self.instance.db.read() as session:
            return self._opened(session, reference)

    def _opened(self, session: Session, reference: str) -> Opened:
        issue = find_issue(session, reference)
        configured = self.instance.config.newsletter(reference.partition("/")[0])
        return Opened(issue, reference, configured, present_order(session, issue))

    def _name_of(self, approver: str) -> str:
        """Return an approver's name; as it is where the command line wrote it."""
        with self.instance.db.read() as session:
            people = list_editors(session, self.instance.sealer)
        return next((p.name for p in people if name_in_records(p.id) == approver), approver)

    def _departure(self, opened: Opened) -> tuple[Departure, datetime | None] | None:
        """Return when an issue would leave, and its last copy's moment on the newsletter's own
        clock.
        """
        app = self.instance
        with app.db.read() as session:
            found = foresee_departure(
                session, app.config, opened.configured, opened.issue, app.clock.now()
            )
        if found is None:
            return None
        zone = ZoneInfo(opened.configured.schedule.timezone)
        return found, found.last_at.astimezone(zone) if found.last_at else None


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of preview, preflight and approval."""
    press = PressPages(desk.instance, desk.pages, Printed(desk.instance))
    desk.look("/{slug}/{number}/preview", press.show, Role.CONTRIBUTOR)
    desk.look("/{slug}/{number}/preview/{file}", press.frame, Role.CONTRIBUTOR)
    desk.act("/{slug}/{number}/preflight", press.preflight, Role.CONTRIBUTOR)
    desk.act("/{slug}/{number}/approve", press.approve, Role.EDITOR)
